"""Statements over the table `recording`: what the carrier says it has recorded of a call."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, bindparam, select

from orchestrator.store.inserting import insert_into
from orchestrator.store.prepared import Prepared
from orchestrator.store.schema import recording as recordings
from orchestrator.store.transaction import Transaction


class RecordingState(StrEnum):
    """What became of a recording, in the carrier's words."""

    COMPLETED = "completed"
    # There was nothing to record, or it failed.
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """The recording of one call."""

    call_id: str
    # The carrier's id; may be empty when there is none.
    recording_sid: str
    state: RecordingState
    # None when the carrier did not say.
    duration_s: int | None
    # Our own page of it, as the result tells it.
    url: str


# Reads the recording of one call.
_RECORDING = Prepared(
    select(
        recordings.c.call_id,
        recordings.c.recording_sid,
        recordings.c.state,
        recordings.c.duration_s,
        recordings.c.url,
    ).where(recordings.c.call_id == bindparam("wanted"))
)


def read_recording(connection: Connection, call_id: str) -> RecordingRow | None:
    """Read the recording of one call; None while the carrier has told of none."""
    found = _RECORDING.first(connection, {"wanted": call_id})
    if found is None:
        return None
    call_id, recording_sid, state, duration_s, url = found
    return RecordingRow(call_id, recording_sid, RecordingState(state), duration_s, url)


def keep_recording(tx: Transaction, told: RecordingRow) -> bool:
    """Keep what the carrier told; return whether it was news.

    The first completed one stays, so that a repeat and a replay change nothing; it only takes the
    place of an absent one.
    """
    statement = insert_into(tx.connection, recordings).values(
        call_id=told.call_id,
        recording_sid=told.recording_sid,
        state=told.state.value,
        duration_s=told.duration_s,
        url=told.url,
        received_at=tx.now_us,
    )
    new = statement.excluded
    kept = statement.on_conflict_do_update(
        index_elements=["call_id"],
        set_={name: new[name] for name in ("recording_sid", "state", "duration_s", "url")},
        where=(recordings.c.state == RecordingState.ABSENT.value)
        & (new.state == RecordingState.COMPLETED.value),
    ).returning(recordings.c.call_id)
    return tx.connection.execute(kept).first() is not None
