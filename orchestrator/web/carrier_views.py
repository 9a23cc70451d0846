"""How a page shows what the carrier tells beside the status: who answered, and the recording."""

from collections.abc import Mapping

from orchestrator.calls import answerer_of
from orchestrator.conversation.words import duration_words, words_of
from orchestrator.store.calls import CallRow, CallState
from orchestrator.store.recordings import RecordingRow, RecordingState
from orchestrator.web.call_views import CallFacts, Json
from ringback.v1 import call_results_pb2 as pb

_ANSWERERS: Mapping[int, str] = {
    pb.ANSWERED_BY_UNSPECIFIED: "",
    pb.ANSWERED_BY_HUMAN: "A person",
    pb.ANSWERED_BY_VOICEMAIL: "A voicemail",
    pb.ANSWERED_BY_IVR: "A menu to press keys for",
    pb.ANSWERED_BY_FAX: "A fax machine",
    pb.ANSWERED_BY_UNKNOWN: "Not clear",
}


def answered_by_words(facts: CallFacts) -> str:
    """Say who answered: as the result has it, else as the carrier's detection does; "" for none."""
    told = facts.result.answered_by if facts.result else pb.ANSWERED_BY_UNSPECIFIED
    return words_of(_ANSWERERS, told or answerer_of(facts.row.answered_by))


def recording_view(row: CallRow, recording: RecordingRow | None) -> Json | None:
    """Say what the page has to play, and what there is to know about it.

    Returns: None for a call that nobody records.
    """
    if recording is None:
        if not row.is_recorded:
            return None
        is_over = row.state is CallState.FINAL
        note = "It has not come from the phone company yet." if is_over else "It is being made."
        return {"source": "", "note": note}
    if recording.state is RecordingState.ABSENT:
        return {"source": "", "note": "The phone company recorded nothing."}
    length = "" if recording.duration_s is None else f"{duration_words(recording.duration_s)}, "
    # By its path: the page may be open under another name than the public one.
    source = f"/calls/{row.call_id}/recording"
    note = f"{length}them on the left, the assistant on the right."
    return {"source": source, "note": note[0].upper() + note[1:]}
