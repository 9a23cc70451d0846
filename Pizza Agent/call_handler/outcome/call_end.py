"""How a call ended: facts, no judgement."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ringback.v1.call_results_pb2 import Fault, Order, TranscriptTurn, Usage


class EndKind(StrEnum):
    """What ended a call that was connected."""

    CALLEE_HUNG_UP = "callee_hung_up"
    AGENT_HUNG_UP = "agent_hung_up"
    PERSON_HUNG_UP = "person_hung_up"
    TIME_LIMIT = "time_limit"
    SILENCE_LIMIT = "silence_limit"
    HOLD_LIMIT = "hold_limit"
    VOICEMAIL = "voicemail"
    FAX = "fax"
    OPT_OUT = "opt_out"
    MEDIA_LOST = "media_lost"
    MODEL_LOST = "model_lost"
    HANDLER_STOPPED = "handler_stopped"
    NOT_CLAIMED = "not_claimed"
    INTERNAL_ERROR = "internal_error"


class AgentReason(StrEnum):
    """Why the agent says that it ended the call."""

    DONE = "done"
    REFUSED = "refused"
    WRONG_NUMBER = "wrong_number"
    VOICEMAIL = "voicemail"
    OPT_OUT = "opt_out"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class FactClaim:
    """A fact as the model recorded it; whether the callee said so is judged later.

    `quote`: the callee's words in which they said it, as the model heard them; without a quote
    nothing is proven.
    """

    name: str
    value: str
    quote: str = ""


@dataclass(frozen=True, slots=True)
class HeldCall:
    """What is known of a call before it ends.

    `order` holds nothing but the call_id when the call was never claimed.
    """

    call_sid: str
    order: Order
    answer_time: datetime
    handler_instance: str = ""
    is_test: bool = False

    @property
    def call_id(self) -> str:
        """Give our own id of the call."""
        return self.order.call_id


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How one call ended, and all that was said and claimed in it.

    `media_ms`: length of the media stream. `claims`: in the order the model made them.
    `agent_reason` is None unless the agent had asked to end the call; `usage` is None when the
    model told nothing; `fault` is None when nothing broke. `answered_by_word`: the carrier's own
    word for who answered, empty when it told none; `left_message`: a voicemail was told the whole
    message.
    """

    kind: EndKind
    end_time: datetime
    media_ms: int = 0
    turns: tuple[TranscriptTurn, ...] = ()
    claims: tuple[FactClaim, ...] = ()
    agent_reason: AgentReason | None = None
    usage: Usage | None = None
    fault: Fault | None = None
    transcript_complete: bool = True
    answered_by_word: str = ""
    left_message: bool = False
