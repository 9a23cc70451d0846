"""Plain words for every status, end reason and outcome of the contract."""

from collections.abc import Mapping
from decimal import Decimal

from ringback.v1 import call_results_pb2 as pb

STATUS_WORDS: Mapping[int, str] = {
    pb.CALL_STATUS_UNSPECIFIED: "Not dialled yet",
    pb.CALL_STATUS_QUEUED: "Waiting to be dialled",
    pb.CALL_STATUS_INITIATED: "Dialling",
    pb.CALL_STATUS_RINGING: "Ringing",
    pb.CALL_STATUS_IN_PROGRESS: "In progress",
    pb.CALL_STATUS_COMPLETED: "Conversation over",
    pb.CALL_STATUS_BUSY: "The line was busy",
    pb.CALL_STATUS_NO_ANSWER: "Nobody answered",
    pb.CALL_STATUS_FAILED: "Could not be connected",
    pb.CALL_STATUS_CANCELED: "Cancelled before the answer",
    pb.CALL_STATUS_UNKNOWN: "Ended in a way nobody could find out",
}

OUTCOME_WORDS: Mapping[int, str] = {
    pb.OUTCOME_UNSPECIFIED: "Not told",
    pb.OUTCOME_SUCCEEDED: "Done",
    pb.OUTCOME_PARTIAL: "Partly done",
    pb.OUTCOME_REFUSED: "They said no",
    pb.OUTCOME_NOT_REACHED: "Not reached",
    pb.OUTCOME_FOLLOW_UP: "Please check",
    pb.OUTCOME_UNKNOWN: "Not known",
}

# How a result is to be taken: good, fair, bad or open (a person must look).
OUTCOME_TONES: Mapping[int, str] = {
    pb.OUTCOME_UNSPECIFIED: "open",
    pb.OUTCOME_SUCCEEDED: "good",
    pb.OUTCOME_PARTIAL: "fair",
    pb.OUTCOME_REFUSED: "bad",
    pb.OUTCOME_NOT_REACHED: "bad",
    pb.OUTCOME_FOLLOW_UP: "fair",
    pb.OUTCOME_UNKNOWN: "open",
}

END_REASON_WORDS: Mapping[int, str] = {
    pb.END_REASON_UNSPECIFIED: "It is not known why the call ended.",
    pb.END_REASON_BUSY: "The line was busy.",
    pb.END_REASON_NO_ANSWER: "Nobody answered in time.",
    pb.END_REASON_DECLINED: "The call was declined.",
    pb.END_REASON_CARRIER_FAILED: "The phone network could not reach the number.",
    pb.END_REASON_DIAL_REFUSED: "The phone company refused to dial the number.",
    pb.END_REASON_CANCELED: "The call was cancelled before the answer.",
    pb.END_REASON_NOT_PLACED: "The call was never placed, so nobody's phone rang.",
    pb.END_REASON_CALLEE_HUNG_UP: "They hung up.",
    pb.END_REASON_AGENT_HUNG_UP: "The assistant hung up.",
    pb.END_REASON_PERSON_HUNG_UP: "You ended the call.",
    pb.END_REASON_VOICEMAIL: "A voicemail answered.",
    pb.END_REASON_OPT_OUT: "They asked not to be called again.",
    pb.END_REASON_TIME_LIMIT: "The longest time for a call was reached.",
    pb.END_REASON_SILENCE_LIMIT: "Nobody spoke for too long.",
    pb.END_REASON_HOLD_LIMIT: "They kept the line on hold for too long.",
    pb.END_REASON_MEDIA_LOST: "The connection to the call was lost.",
    pb.END_REASON_MODEL_ERROR: "The assistant's voice failed.",
    pb.END_REASON_HANDLER_LOST: "The program that held the call stopped before it could report.",
    pb.END_REASON_HANDLER_STOPPED: "Ringback was shut down during the call.",
    pb.END_REASON_NOT_CLAIMED: "Ringback could not confirm the call in time, so it hung up.",
    pb.END_REASON_SECOND_CALL: "It was a second call for the same errand, so it was hung up.",
    pb.END_REASON_CARRIER_UNREACHABLE: "The phone company could not be asked for a whole day.",
    pb.END_REASON_INTERNAL_ERROR: "Something went wrong inside Ringback.",
}

SPEAKER_WORDS: Mapping[int, str] = {
    pb.ROLE_UNSPECIFIED: "Unknown",
    pb.ROLE_CALLEE: "Them",
    pb.ROLE_AGENT: "Assistant",
    pb.ROLE_TOOL: "Note",
    pb.ROLE_SYSTEM: "Ringback",
}

_MINUTE_S = 60
_MICROS = 1_000_000


def words_of(table: Mapping[int, str], number: int) -> str:
    """Look a number up; one that a newer version added reads as unknown, with the number."""
    return table.get(number, f"Unknown ({number})")


def duration_words(seconds: int) -> str:
    """Say a span as "45 s" or "2 min 5 s"."""
    minutes, rest = divmod(seconds, _MINUTE_S)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def tokens_words(result: pb.CallResult) -> str:
    """Say how much the model read and wrote; "" when it was not told."""
    usage = result.usage
    if not usage.HasField("input_tokens") or not usage.HasField("output_tokens"):
        return ""
    cached = f" ({usage.cached_input_tokens:,} cached)" if usage.cached_input_tokens else ""
    return f"{usage.input_tokens:,} in{cached}, {usage.output_tokens:,} out"


def cost_words(result: pb.CallResult) -> str:
    """Say what the model cost, such as "about 0.0412 USD"; "" without prices."""
    usage = result.usage
    if not usage.HasField("estimated_cost_micros"):
        return ""
    return f"about {Decimal(usage.estimated_cost_micros) / _MICROS:.4f} {usage.currency}".rstrip()


def reconstructed_words(result: pb.CallResult) -> str:
    """Say what is known and what is not, when nobody who was on the call has reported it.

    Returns: "" for a result that the Call Handler reported itself.
    """
    source = result.source
    if source == pb.SOURCE_MANUAL:
        return "Reported by hand."
    if source == pb.SOURCE_RECOVERED:
        return (
            "Reconstructed: the call was cut off inside Ringback, and this was put together from "
            "what had been noted until then. What was said afterwards is not known."
        )
    never_connected = result.status not in {pb.CALL_STATUS_COMPLETED, pb.CALL_STATUS_UNKNOWN}
    if source == pb.SOURCE_PROVIDER and never_connected:
        return ""  # the phone company is the one who knows this
    if source == pb.SOURCE_PROVIDER:
        return (
            "Reconstructed: how long the call lasted comes from the phone company. What was "
            "agreed is not known."
        )
    if source == pb.SOURCE_DEADLINE:
        return "Reconstructed: nobody could be asked about this call, so nothing is certain."
    return ""
