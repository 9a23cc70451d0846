"""The working copy of one call while reports are joined to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from orchestrator.call_results.first import FirstReport
from orchestrator.call_results.from_proto import read_time
from orchestrator.call_results.join import Joined
from orchestrator.call_results.to_proto import (
    Identity,
    pack_provenance,
    time_to_proto,
    to_proto,
    unpack,
)
from orchestrator.store.results import KnownCall
from ringback.v1 import call_results_pb2 as pb


@dataclass(slots=True)
class Case:
    """Holds what is known about one call, changed step by step inside one transaction."""

    identity: Identity
    task_id: str | None = None
    """None for external calls."""
    record: pb.CallResult | None = None
    """The visible record without revision and record time; None before the first report."""
    revision: int = 0
    recorded_at: int = 0
    recording_url: str = ""
    """Our page of the recording, if the carrier told of one before there was a result."""
    has_last_word: bool = False
    """True when the carrier has said that the call is over."""
    is_stored: bool = False
    """True when the row of the result stands in the database already."""
    is_call_stored: bool = True
    """False for an external call that this transaction creates."""
    is_touched: bool = False
    """True when the result must be written."""
    is_call_touched: bool = False
    """True when the call must be written."""
    _told: Joined | FirstReport = field(default_factory=Joined)
    """What the reports say together, or the only one of them."""

    @property
    def joined(self) -> Joined:
        """Return what the reports say together."""
        if isinstance(self._told, FirstReport):
            self._told = self._told.join()
        return self._told

    @property
    def is_due(self) -> bool:
        """Say whether somebody must look at the call once it is final: see `finish_calls`."""
        return self.has_last_word or self.status == pb.CALL_STATUS_UNKNOWN

    @property
    def call_id(self) -> str:
        """Return our id of the call."""
        return self.identity.call_id

    @property
    def number_of_opt_out(self) -> str:
        """Return whose number must not be called again, if the record says so and knows it.

        Of a call of ours that is the number that was dialled, whatever a report tells.
        """
        if self.record is None or self.record.end_reason != pb.END_REASON_OPT_OUT:
            return ""
        return self.callee_number

    @property
    def callee_number(self) -> str:
        """Return the callee's number; empty for an external call of which nobody told it."""
        told = self.record.to_number if self.record is not None else ""
        return self.identity.to_number or told

    def see(self, told: Joined | FirstReport) -> bool:
        """Take over what the reports say now; return whether the visible record changed."""
        if isinstance(told, FirstReport):
            record = told.build_record(self.identity)
        else:
            record = to_proto(told, self.identity)
        is_changed = record != self.record
        if is_changed or told != self.joined:
            self.is_touched = True
        if self.record is None or record.status != self.record.status:
            self.is_call_touched = True
        self._told, self.record = told, record
        if is_changed:
            self.revision += 1
        return is_changed

    @property
    def status(self) -> int:
        """Return the visible status; 0 before the first report."""
        return self.record.status if self.record is not None else 0

    def first_row(self, now_us: int) -> dict[str, object]:
        """Build the row of `result` for the first report."""
        row = {"call_id": self.call_id, "recorded_at": self.recorded_at}
        return row | self._result_columns(now_us)

    def later_row(self, now_us: int) -> dict[str, object]:
        """Build the columns of `result` that a later report may change."""
        return {"wanted": self.call_id} | self._result_columns(now_us)

    def call_row(self, now_us: int) -> dict[str, object]:
        """Build the row of `call` for an external call that is over."""
        return {
            "call_id": self.call_id,
            "origin": self.identity.origin,
            "state": "final",
            "status": self.status,
            "call_sid": self.identity.call_sid,
            "to_number": self.record.to_number if self.record else "",
            "from_number": self.record.from_number if self.record else "",
            "created_at": now_us,
            "ended_at": self._ended_at(),
        }

    def final_row(self, now_us: int) -> dict[str, object]:
        """Build what makes a call final."""
        return {
            "wanted": self.call_id,
            "final_status": self.status,
            "bound_sid": self.identity.call_sid or None,
            "end_time": self._ended_at(),
            "now_us": now_us,
        }

    def recall(self, joined: Joined) -> None:
        """Take over what the database holds."""
        self._told = joined

    def mark_saved(self) -> None:
        """Note that the database holds all of this."""
        self.is_stored = self.is_stored or self.record is not None
        self.is_call_stored = True
        self.is_touched = self.is_call_touched = False

    def _result_columns(self, now_us: int) -> dict[str, object]:
        record = self.record or pb.CallResult()
        return {
            "call_sid": self.identity.call_sid,
            "task_id": self.task_id,
            "origin": self.identity.origin,
            "status": int(record.status),
            "outcome": int(record.outcome),
            "end_reason": int(record.end_reason),
            "revision": self.revision,
            # Protobuf reads messages that follow each other as one: this spares a copy.
            "record": record.SerializeToString() + _stamp_bytes(self.revision, self.recorded_at),
            "provenance": self._provenance(),
            "updated_at": now_us,
        }

    def _provenance(self) -> Mapping[str, object]:
        if isinstance(self._told, FirstReport):
            return self._told.pack_provenance()
        return pack_provenance(self._told)

    def _ended_at(self) -> int | None:
        if self.record is None or not self.record.HasField("end_time"):
            return None
        return read_time(self.record.end_time, "end_time")


@lru_cache(maxsize=16)
def _stamp_bytes(revision: int, recorded_at: int) -> bytes:
    return stamp(pb.CallResult(), revision, recorded_at).SerializeToString()


def stamp(record: pb.CallResult, revision: int, recorded_at: int) -> pb.CallResult:
    """Copy a record and put the server's revision and record time on it."""
    stamped = pb.CallResult()
    stamped.CopyFrom(record)
    stamped.revision = revision
    stamped.record_time.CopyFrom(time_to_proto(recorded_at))
    return stamped


def open_case(known: KnownCall) -> Case:
    """Make the working copy of a call from the database."""
    is_ours = known.origin == pb.CALL_ORIGIN_RINGBACK
    identity = Identity(
        call_id=known.call_id,
        call_sid=known.call_sid or "",
        task_id=known.task_id or "",
        attempt=known.attempt if is_ours else 0,
        origin=known.origin,
        to_number=known.to_number,
        from_number=known.from_number,
        holder=known.handler_instance if is_ours else "",
    )
    case = Case(
        identity,
        known.task_id,
        recording_url=known.recording_url or "",
        has_last_word=bool(known.has_last_word),
        is_call_touched=known.state != "final",
    )
    if known.record is not None and known.provenance is not None:
        record = pb.CallResult.FromString(known.record)
        case.recall(unpack(record, known.provenance))
        record.ClearField("revision")
        record.ClearField("record_time")
        case.record, case.is_stored = record, True
        case.revision, case.recorded_at = known.revision or 0, known.recorded_at or 0
    return case
