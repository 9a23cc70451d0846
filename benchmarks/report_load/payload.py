"""The report that all report benchmarks send: 10 fields and 6 turns, 830 bytes as protobuf.

Each number gives a report of another call, with a CallSid and a report_id as random as Twilio's and
ours: none repeats another, and an index on them is met at random places.
"""

from ringback.v1 import call_results_pb2 as pb

RESULT_BYTES = 830
_STEP = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""Odd, so that its multiples are a permutation of the 128-bit numbers."""
_HEX_128 = b"%032x"
_TURNS = (
    (pb.ROLE_CALLEE, "Luigi's, good evening, what can I get for you?"),
    (
        pb.ROLE_AGENT,
        "Hello, this is an automated assistant calling for Ada. One large margherita, please.",
    ),
    (pb.ROLE_CALLEE, "One large margherita, no problem. Anything to drink with it tonight?"),
    (pb.ROLE_AGENT, "No, thank you. What does it come to, and when will it be ready for her?"),
    (
        pb.ROLE_CALLEE,
        "That will be seventeen eighty, to be paid here, and it is ready in thirty-five minutes.",
    ),
    (
        pb.ROLE_AGENT,
        "Seventeen eighty, in thirty-five minutes. Thank you very much for that, goodbye!",
    ),
)
_SUMMARY = (
    "Ordered one large margherita for pick-up at Luigi's, in the name of Ada Browning: 17.80 to be"
    " paid there in cash, ready in 35 minutes."
)
_SNIPPET = "That will be seventeen eighty, to be paid here, and it is ready in thirty-five minutes."


def sample_result(number: int) -> pb.CallResult:
    """Build the report of an external call of its own."""
    unique = b"%032x" % _spread(number)
    result = pb.CallResult(
        call_sid=f"CA{unique.decode()}",
        status=pb.CALL_STATUS_COMPLETED,
        duration=47,
        summary=_SUMMARY,
        transcript_snippet=_SNIPPET,
        report_id=unique.decode(),
        end_reason=pb.END_REASON_AGENT_HUNG_UP,
        outcome=pb.OUTCOME_SUCCEEDED,
        source=pb.SOURCE_HANDLER,
        transcript_complete=True,
    )
    for place, (role, text) in enumerate(_TURNS):
        begin_ms = 1_000 + place * 7_000
        result.transcript.add(role=role, text=text, start_ms=begin_ms, end_ms=begin_ms + 5_000)
    return result


class WireForm:
    """Writes the bytes of these reports 20 times quicker than protobuf would build them."""

    def __init__(self) -> None:
        marked = sample_result(0).SerializeToString().replace(b"%", b"%%")
        self._result = marked.replace(_HEX_128 % 0, _HEX_128)
        self.result_bytes = len(sample_result(0).SerializeToString())
        self._request = _field_1(self.result_bytes) + self._result

    def report_request(self, number: int) -> bytes:
        """Write a ReportRequest."""
        unique = _spread(number)
        return self._request % (unique, unique)

    def batch_request(self, first: int, count: int) -> bytes:
        """Write a BatchReportRequest of the reports `first`, `first + 1` ..."""
        return b"".join([self.report_request(number) for number in range(first, first + count)])


def _spread(number: int) -> int:
    return number * _STEP % 2**128


def _field_1(size: int) -> bytes:
    """Write the head of a message in field 1: `result` and `results` alike."""
    head, rest = bytearray(b"\x0a"), size
    while rest > 0x7F:  # noqa: PLR2004 - seven bits a byte
        head.append(rest & 0x7F | 0x80)
        rest >>= 7
    head.append(rest)
    return bytes(head)
