"""A report as it came in: the model beside the bytes it was read from."""

import hashlib
from dataclasses import dataclass

from orchestrator.call_results.from_json import from_json
from orchestrator.call_results.from_proto import from_proto
from orchestrator.call_results.model import REPORT_BYTES, CallReport, Cleaning
from orchestrator.call_results.to_proto import report_to_proto
from orchestrator.errors import InvalidInput, Violation
from ringback.v1 import call_results_pb2 as pb

REST = "rest"
GRPC = "grpc"
CALLBACK = "callback"
FETCHED = "fetched"
"""The carrier was asked; stands above what it called back."""
INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Received:
    """Holds one report, ready to be recorded."""

    report: CallReport
    raw: bytes
    """As received; protobuf, or JSON when it came by REST."""
    transport: str
    is_override: bool = False
    was_cleaned: bool = False
    """True when a text held NUL or lone surrogates."""

    @property
    def report_id(self) -> str:
        """Return what identifies the report: as told, else a hash of its content.

        An override is always known by its content: it is often a result that was read, corrected
        and sent back, report_id included, and must not pass for a repeat of that.
        """
        if self.is_override:
            return "override-" + hash_content(self.report)
        return self.report.report_id or "content-" + hash_content(self.report)


def receive_proto(message: pb.CallResult, *, is_override: bool = False) -> Received:
    """Take a report from the gRPC door. Raises: InvalidInput."""
    raw = message.SerializeToString()
    _check_size(len(raw))
    cleaning = Cleaning(is_clean=b"\0" not in raw)
    report = from_proto(message, cleaning)
    return Received(report, raw, GRPC, is_override, cleaning.changed)


def receive_json(body: bytes, *, is_override: bool = False) -> Received:
    """Take a report from the REST door. Raises: InvalidInput."""
    cleaning = Cleaning()
    report = from_json(body, cleaning)
    if len(body) > REPORT_BYTES:  # else it is smaller as protobuf, too
        _check_size(report_to_proto(report).ByteSize())
    return Received(report, body, REST, is_override, cleaning.changed)


def receive_internal(
    report: CallReport, transport: str = INTERNAL, *, is_override: bool = False
) -> Received:
    """Take a report that was born inside: a callback, the carrier's answer, a deadline."""
    raw = report_to_proto(report).SerializeToString()
    return Received(report, raw, transport, is_override)


def read_again(raw: bytes, transport: str) -> CallReport:
    """Read a report from the history."""
    if transport == REST:
        return from_json(raw, Cleaning())
    return from_proto(pb.CallResult.FromString(raw), Cleaning())


def _check_size(size: int) -> None:
    """Refuse a report that is too large as protobuf. Raises: InvalidInput."""
    if size > REPORT_BYTES:
        limit = f"must be at most {REPORT_BYTES} bytes, not {size}: cut the transcript"
        raise InvalidInput([Violation("result", limit)])


def hash_content(report: CallReport) -> str:
    """Identify a report by its content, the same for both doors."""
    content = report_to_proto(report).SerializeToString(deterministic=True)
    return hashlib.sha256(content).hexdigest()[:40]
