"""Log lines: one kind for all, with the bound ids, without numbers and tokens."""

import json
import subprocess
import sys

PROGRAM = """
import logging
import sys
import structlog
from foundation.logs import configure_logging
configure_logging("handler", "INFO", json=sys.argv[1] == "json")
log = structlog.get_logger("call_handler.call")
with structlog.contextvars.bound_contextvars(call_id="c1", call_sid="CA1"):
    log.info("call_placed", to="+14155552671", price="14.50")
    logging.getLogger("call_reporter").info("report_acknowledged attempts=%d", 2)
logging.getLogger("uvicorn.error").warning('"WebSocket /media-stream/c1/17.aa.bb" [accepted]')
logging.getLogger("twilio.http_client").info("Query Params: {'To': '+14155552671'}")
log.debug("said", text="what was said")
log.warning("stream_refused", call_id="\\x1b[2J\\x00\\x9b1m\\u2028\\ud800")
try:
    raise ValueError("+14155552671 is busy")
except ValueError:
    log.exception("broken")
"""


def lines_of(form: str, program: str = PROGRAM) -> list[str]:
    ended = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", program, form], capture_output=True, check=True, text=True
    )
    assert ended.stdout == ""
    return ended.stderr.splitlines()


def test_ids_reach_structlog_and_stdlib_lines_alike() -> None:
    placed, acknowledged = lines_of("text")[:2]
    for line in (placed, acknowledged):
        assert "call_id=c1" in line
        assert "call_sid=CA1" in line
        assert "service=handler" in line
    assert "call_placed" in placed
    assert "report_acknowledged attempts=2" in acknowledged


def test_json_lines_are_json() -> None:
    lines = [json.loads(line) for line in lines_of("json")]
    assert [line["event"] for line in lines] == [
        "call_placed",
        "report_acknowledged attempts=2",
        '"WebSocket /media-stream/c1/*****" [accepted]',
        "stream_refused",
        "broken",
    ]
    assert lines[0]["to"] == "+1*****2671"
    assert "ValueError: +1*****2671 is busy" in lines[4]["exception"]


def test_no_number_token_or_word_of_the_conversation_is_in_any_line() -> None:
    text = "\n".join(lines_of("text"))
    assert "5552671" not in text
    assert "17.aa.bb" not in text
    assert "what was said" not in text
    assert "Traceback" in text


def test_what_a_stranger_sends_does_not_steer_the_terminal() -> None:
    for form in ("text", "json"):
        line = next(line for line in lines_of(form) if "stream_refused" in line)
        assert line.isprintable()
        assert "[2J" in line


MANY = """
import sys
import structlog
from foundation.logs import configure_logging
configure_logging("handler", "INFO", json=sys.argv[1] == "json")
processors = structlog.get_config()["processors"]
stamper = next(one for one in processors if "Stamper" in type(one).__name__)
processors[processors.index(stamper)] = lambda *given: {**given[2], "timestamp": "now"}
log = structlog.get_logger("call_handler.call")
rows = [
    {"call_id": "c1", "price": None, "turns": 6},
    {"call_id": "c2", "price": "14.50", "turns": 0},
    {"call_id": "a = 'b' \\x1b[2J", "price": "+14155552671", "turns": 1},
    {"call_id": "c3", "price": "", "turns": 0, "cleaned": True},
]
for row in rows:
    log.info("stored", **row)
log.info("stored", many=rows)
"""


def test_many_events_at_once_are_the_same_lines_as_one_by_one() -> None:
    for form in ("text", "json"):
        lines = lines_of(form, MANY)
        assert len(lines) == 8
        assert lines[4:] == lines[:4]
        assert "5552671" not in "".join(lines)
