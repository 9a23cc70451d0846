"""The ledger, and the retry policy in a callback's fragment."""

import json
from pathlib import Path

import pytest

from sandbox.address_map import Address, AddressMap, group_mappings, host_header, parse_mapping
from sandbox.callbacks import RetryPolicy, failure_kind
from sandbox.errors import HostUnreachable
from sandbox.ledger import Ledger


async def test_settled_lines_are_in_the_file_in_order(tmp_path: Path) -> None:
    with Ledger(tmp_path / "deep" / "ledger.jsonl") as ledger:
        for number in range(50):
            ledger.write("fact", number=number)
        await ledger.settle()
        lines = [json.loads(text) for text in ledger.path.read_text().splitlines()]
    assert [line["number"] for line in lines] == list(range(50))
    assert [line["seq"] for line in lines] == list(range(1, 51))


async def test_closing_writes_what_was_not_settled(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        ledger.write("fact", call_id="c1")
    assert json.loads(ledger.path.read_text())["call_id"] == "c1"


async def test_a_disk_that_refuses_is_an_error_of_settle() -> None:
    with Ledger(Path("/dev/full")) as ledger:
        ledger.write("fact")
        with pytest.raises(OSError, match="No space"):
            await ledger.settle()


async def test_lines_are_found_by_call_id(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.jsonl") as ledger:
        ledger.write("fact", call_id="c1")
        ledger.write("fact", call_id="c2")
    assert [line["call_id"] for line in ledger.of_call("c2")] == ["c2"]
    assert len(ledger.of_call(None)) == 2


def test_without_a_fragment_only_a_failed_connect_is_tried_again_once() -> None:
    assert RetryPolicy.from_url("https://o.test/x") == RetryPolicy()
    assert (RetryPolicy().retries, RetryPolicy().retry_on) == (1, frozenset({"ct"}))


def test_the_fragment_is_obeyed() -> None:
    policy = RetryPolicy.from_url("https://o.test/x#rc=5&rp=4xx,rt&ct=100&rt=200&tt=300")
    expected = RetryPolicy(0.1, 0.2, 0.3, 5, frozenset({"4xx", "rt"}))
    assert policy == expected


def test_what_is_out_of_range_stays_default() -> None:
    assert RetryPolicy.from_url("https://o.test/x#rc=9&ct=1&tt=99999&rp=never") == RetryPolicy()


def test_rp_all_means_every_failure() -> None:
    policy = RetryPolicy.from_url("https://o.test/x#rp=all")
    assert policy.retry_on == {"4xx", "5xx", "ct", "rt"}


@pytest.mark.parametrize(("status", "kind"), [(204, None), (302, None), (404, "4xx"), (500, "5xx")])
def test_a_status_falls_under_its_word(status: int, kind: str | None) -> None:
    assert failure_kind(status) == kind


def test_only_mapped_hosts_can_be_reached() -> None:
    addresses = AddressMap(group_mappings([parse_mapping("o.test=127.0.0.1:9")]))
    assert addresses.find("https://O.test/x") == (Address("127.0.0.1", 9),)
    with pytest.raises(HostUnreachable, match=r"other\.test"):
        addresses.find("https://other.test/x")


def test_the_addresses_of_one_host_take_turns() -> None:
    texts = ("o.test=127.0.0.1:1", "h.test=127.0.0.1:9", "o.test=127.0.0.1:2")
    addresses = AddressMap(group_mappings(map(parse_mapping, texts)))
    one, two = Address("127.0.0.1", 1), Address("127.0.0.1", 2)
    found = [addresses.find("wss://o.test/x") for _ in range(3)]
    assert found == [(one, two), (two, one), (one, two)]


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("https://o.test/x", "o.test"),
        ("wss://o.test:443/x", "o.test"),
        ("https://o.test:8443", "o.test:8443"),
    ],
)
def test_the_host_header_is_the_public_one(url: str, header: str) -> None:
    assert host_header(url) == header
