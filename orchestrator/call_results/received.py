"""A report as it came in: what it tells, beside the bytes it was read from."""

import hashlib
from collections.abc import Sized
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator.call_results.from_json import from_json
from orchestrator.call_results.from_proto import from_proto, read_time
from orchestrator.call_results.join import ReportKey, read_key
from orchestrator.call_results.model import REPORT_BYTES, CallReport, Cleaning
from orchestrator.call_results.plain import measure_plain
from orchestrator.call_results.to_proto import report_to_proto
from orchestrator.errors import InvalidInput, Violation
from ringback.v1 import call_results_pb2 as pb

REST = "rest"
GRPC = "grpc"
CALLBACK = "callback"
FETCHED = "fetched"
"""The carrier was asked; stands above what it called back."""
INTERNAL = "internal"


class Told(Protocol):
    """Is what the model and the message call by the same names."""

    @property
    def call_id(self) -> str:
        """Return our id of the call; empty when it was not told."""

    @property
    def call_sid(self) -> str:
        """Return the carrier's id of the call; empty when it was not told."""

    @property
    def report_id(self) -> str:
        """Return the sender's id of the report; empty without one."""

    @property
    def status(self) -> int:
        """Return how the call ended."""

    @property
    def end_reason(self) -> int:
        """Return why it ended."""

    @property
    def outcome(self) -> int:
        """Return whether the errand was done."""

    @property
    def source(self) -> int:
        """Return who tells it."""

    @property
    def handler_instance(self) -> str:
        """Return which process tells it; empty when it was not told."""

    @property
    def transcript(self) -> Sized:
        """Return what was said."""

    @property
    def transcript_complete(self) -> bool:
        """Return whether that is all."""


@dataclass(slots=True)
class Received:
    """Holds one report, valid and ready to be recorded."""

    told: Told
    """The model, or the message itself where that is `plain`."""
    raw: bytes
    """As received; protobuf, or JSON when it came by REST."""
    transport: str
    is_override: bool = False
    was_cleaned: bool = False
    """True when a text held NUL or lone surrogates."""
    plain: pb.CallResult | None = None
    """The message, where it is known to be valid and in the form in which records are kept."""
    chars: int = 0
    """How long the transcript of a plain message is."""
    report_id: str = field(init=False)
    """What identifies the report: as told, else a hash of its content."""
    _report: CallReport | None = None

    def __post_init__(self) -> None:
        if self.is_override:
            # An override is always known by its content: it is often a result that was read,
            # corrected and sent back, report_id included, and must not pass for a repeat of that.
            self.report_id = "override-" + hash_content(self.report)
        else:
            self.report_id = self.told.report_id or "content-" + hash_content(self.report)

    @property
    def report(self) -> CallReport:
        """Return the model; of a plain message it is built when a join asks for it."""
        if self._report is None:
            if isinstance(self.told, CallReport):
                self._report = self.told
            else:
                message = pb.CallResult.FromString(self.raw)
                self._report = from_proto(message, Cleaning(is_clean=True))
        return self._report

    @property
    def duration(self) -> int | None:
        """Return the call's duration, seconds; None when it was not told."""
        if self.plain is None:
            return self.report.duration
        return self.plain.duration if self.plain.HasField("duration") else None

    @property
    def report_time(self) -> int | None:
        """Return when it was made, microseconds since the epoch; None when it was not told."""
        if self.plain is None:
            return self.report.report_time
        if not self.plain.HasField("report_time"):
            return None
        return read_time(self.plain.report_time, "report_time")

    def key(self, report_time: int) -> ReportKey:
        """Say where it stands. `report_time`: as told, else when it was received."""
        is_fetched = self.transport == FETCHED
        if self.plain is None:
            return read_key(
                self.report,
                report_id=self.report_id,
                report_time=report_time,
                is_override=self.is_override,
                is_fetched=is_fetched,
            )
        told = self.plain
        return ReportKey(
            self.is_override,
            told.source or pb.SOURCE_MANUAL,
            is_fetched,
            told.transcript_complete,
            len(told.transcript),
            self.chars,
            report_time,
            self.report_id,
        )


def receive_proto(message: pb.CallResult, *, is_override: bool = False) -> Received:
    """Take a report from the gRPC door. Raises: InvalidInput."""
    raw = message.SerializeToString()
    _check_size(len(raw))
    has_nul = b"\0" in raw
    chars = None if has_nul else measure_plain(message)
    if chars is not None:
        return Received(message, raw, GRPC, is_override, plain=message, chars=chars)
    cleaning = Cleaning(is_clean=not has_nul)
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
