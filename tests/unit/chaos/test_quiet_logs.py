"""The scan of the product's logs: what it must find, and what it must leave alone."""

import pytest

from tests.chaos.ledger_facts import Line
from tests.chaos.quiet_logs import find_leaks

SIGNATURE = "c5fa2343c88ffcbc2550ff68d47dac7ca985a1a88af8c07244b0a8d71e1c58da"
SENTENCE = "A large margherita for Ada, please."
LEDGER: list[Line] = [
    {
        "kind": "create",
        "parameters": [
            ["To", "+14152300001"],
            [
                "Twiml",
                f'<Stream url="wss://h.test/media-stream/call-1/1795434958.aa.{SIGNATURE}"/>',
            ],
        ],
    },
    {"kind": "said", "side": "agent", "text": SENTENCE},
    {"kind": "said", "side": "callee", "text": "Hello?"},
]
START = "2026-11-23T11:40:55.549059Z [info     ] "
QUIET = f"{START}call_placed [call_handler.orders.desk] to=+1*****0001 text=Hello?"


def scan(line: str) -> list[str]:
    return find_leaks(LEDGER, {"handler-1": f"{QUIET}\n{line}"}, ["a-token"])


@pytest.mark.parametrize(
    "told",
    [
        "call_placed to=+14152300001",
        "GET /calls?to=%2B14152300001 200",
        f"heard text='{SENTENCE}'",
        f"refused url=/media-stream/call-1/1795434958.aa.{SIGNATURE}",
        "calling with a-token",
    ],
    ids=["number", "number in a URL", "words", "stream token", "token"],
)
@pytest.mark.parametrize("start", [START, "", START.replace("info ", "error")])
def test_what_must_stay_secret_is_found_at_info_and_above(start: str, told: str) -> None:
    [leak] = scan(start + told)
    assert leak.startswith("handler-1 logs ")
    assert "in 1 lines" in leak


@pytest.mark.parametrize("told", ["to=+14152300001", SENTENCE, "a-token"])
def test_below_info_everything_may_be_told(told: str) -> None:
    assert scan(START.replace("info ", "debug") + told) == []


def test_masked_numbers_short_words_and_other_digits_are_no_leak() -> None:
    assert scan(f"{START}took us=141523000012 until=1795434958 text=Hello?") == []


def test_a_log_without_a_line_was_not_tested() -> None:
    assert find_leaks(LEDGER, {"handler-1": ""}, []) == [
        "handler-1 has logged nothing: its log was not tested."
    ]
