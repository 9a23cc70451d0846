"""What is valid in a report: the one pydantic model that holds the rules for both doors.

Names and meanings are the contract's (`call_results.proto`). Times are microseconds since the
epoch, enums are the contract's numbers, absent numbers are None, absent texts are empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from foundation.text import clean_text
from ringback.v1 import call_results_pb2 as pb

TEXT_CHARS = 4000
TURNS = 2000
FACTS = 50
REPORT_BYTES = 256 * 1024
"""What one result may weigh as protobuf; the Call Handler cuts it when it is built."""
DAY_S = 86_400
UINT32 = 2**32 - 1
# The largest whole number that JSON readers everywhere keep exactly.
COUNT = 2**53 - 1
LAST_TIME_US = 253_402_300_799_999_999
FINAL_STATUSES = frozenset(
    {
        pb.CALL_STATUS_COMPLETED,
        pb.CALL_STATUS_BUSY,
        pb.CALL_STATUS_NO_ANSWER,
        pb.CALL_STATUS_FAILED,
        pb.CALL_STATUS_CANCELED,
        pb.CALL_STATUS_UNKNOWN,
    }
)


@dataclass(slots=True)
class Cleaning:
    """Goes with one validation as its context: what is known about the texts."""

    is_clean: bool = False
    """True when the door knows that no text needs cleaning."""
    changed: bool = False
    """Set when a text held NUL or a lone surrogate, which became U+FFFD."""


def clean_tree(value: object, cleaning: Cleaning) -> object:
    """Clean every text in a tree of dicts, lists and scalars."""
    if isinstance(value, str):
        cleaned, changed = clean_text(value)
        cleaning.changed |= changed
        return cleaned
    if isinstance(value, Mapping):
        return {
            clean_text(key)[0] if isinstance(key, str) else key: clean_tree(one, cleaning)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [clean_tree(one, cleaning) for one in value]
    return value


def _check_known(status: int) -> int:
    if status not in pb.CallStatus.values():
        raise PydanticCustomError(
            "status", "must be a number of CallStatus, not {number}", {"number": status}
        )
    return status


def _check_final(status: int) -> int:
    if _check_known(status) not in FINAL_STATUSES:
        word = pb.CallStatus.Name(pb.CallStatus.ValueType(status))
        raise PydanticCustomError(
            "status", "must say how the call ended, not {word}", {"word": word}
        )
    return status


def _check_role(role: int) -> int:
    if role == pb.ROLE_UNSPECIFIED:
        raise PydanticCustomError("role", "must say who spoke, not ROLE_UNSPECIFIED")
    return role


Text = Annotated[str, Field(max_length=TEXT_CHARS)]
ShortText = Annotated[str, Field(max_length=128)]
Word = Annotated[str, Field(max_length=64)]
Url = Annotated[str, Field(max_length=2000)]
CallSid = Annotated[str, Field(pattern=r"^(CA[0-9a-fA-F]{32})?\z")]
CallId = Annotated[
    str, Field(pattern=r"^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?\z")
]
Number = Annotated[str, Field(pattern=r"^(\+[1-9][0-9]{1,14})?\z")]
FactName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}\z")]
Currency = Annotated[str, Field(pattern=r"^([A-Z]{3})?\z")]
Keys = Annotated[str, Field(pattern=r"^[0-9*#A-D]{0,64}\z")]
EnumNumber = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Position = Annotated[int, Field(ge=0, lt=TURNS)]
Milliseconds = Annotated[int, Field(ge=0, le=UINT32)]
Count = Annotated[int, Field(ge=0, le=COUNT)]
Time = Annotated[int, Field(ge=0, le=LAST_TIME_US)]


class Rules(BaseModel):
    """Is what all parts of a report have in common."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True
    )


class Message(Rules):
    """Is a whole message: its texts are cleaned before anything else."""

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, data: object, info: ValidationInfo) -> object:
        cleaning = info.context if isinstance(info.context, Cleaning) else Cleaning()
        return data if cleaning.is_clean else clean_tree(data, cleaning)


class ToolReport(Rules):
    """One use of a tool by the agent."""

    name: Word = ""
    arguments: Text = ""
    output: Text = ""


class TurnReport(Rules):
    """One turn of the conversation."""

    role: Annotated[EnumNumber, AfterValidator(_check_role)]
    text: Text = ""
    start_ms: Milliseconds | None = None
    end_ms: Milliseconds | None = None
    interrupted: bool = False
    item_id: ShortText = ""
    tool: ToolReport | None = None
    dtmf: Keys = ""


class FactReport(Rules):
    """One thing that was agreed, with the turns that prove it."""

    name: FactName
    value: Annotated[str, Field(max_length=1000)] = ""
    evidence_turns: Annotated[tuple[Position, ...], Field(strict=False)] = ()


class FaultReport(Rules):
    """What broke."""

    component: EnumNumber = 0
    code: ShortText = ""
    message: Text = ""
    retryable: bool = False


class UsageReport(Rules):
    """What the speech model used."""

    model: ShortText = ""
    input_tokens: Count | None = None
    cached_input_tokens: Count | None = None
    output_tokens: Count | None = None
    input_audio_tokens: Count | None = None
    output_audio_tokens: Count | None = None
    estimated_cost_micros: Count | None = None
    currency: Currency = ""


class CallReport(Message):
    """One report of what became of a call."""

    call_sid: CallSid = ""
    status: Annotated[int, AfterValidator(_check_final)]
    duration: Annotated[int, Field(ge=0, le=DAY_S)] | None = None
    summary: Text = ""
    transcript_snippet: Text = ""
    error_message: Text = ""
    call_id: CallId = ""
    task_id: Word = ""
    attempt: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    report_id: Word = ""
    end_reason: EnumNumber = 0
    outcome: EnumNumber = 0
    answered_by: EnumNumber = 0
    fault: FaultReport | None = None
    source: EnumNumber = 0
    origin: EnumNumber = 0
    to_number: Number = ""
    from_number: Number = ""
    dial_time: Time | None = None
    answer_time: Time | None = None
    end_time: Time | None = None
    report_time: Time | None = None
    record_time: Time | None = None
    transcript: Annotated[tuple[TurnReport, ...], Field(max_length=TURNS, strict=False)] = ()
    transcript_complete: bool = False
    facts: Annotated[tuple[FactReport, ...], Field(max_length=FACTS, strict=False)] = ()
    usage: UsageReport | None = None
    recording_url: Url = ""
    provider_status: Word = ""
    handler_instance: ShortText = ""
    test: bool = False
    revision: Annotated[int, Field(ge=0, le=COUNT)] = 0

    @model_validator(mode="after")
    def _check_named(self) -> "CallReport":
        if not (self.call_sid or self.call_id):
            raise PydanticCustomError("call_sid", "give call_sid, call_id or both")
        return self


class JoinedReport(CallReport):
    """What a record holds: joined name by name, it may have more facts than one report."""

    facts: Annotated[tuple[FactReport, ...], Field(strict=False)] = ()


class QuestionReport(Rules):
    """What the agent asks the person while the callee waits."""

    question_id: Annotated[str, Field(min_length=1, max_length=64)]
    text: Annotated[str, Field(min_length=1, max_length=500)]
    wait_s: Annotated[int, Field(ge=1, le=300)]


class ProgressReport(Message):
    """What a running call tells: ReportProgressRequest."""

    call_id: CallId = ""
    call_sid: Annotated[str, Field(pattern=r"^CA[0-9a-fA-F]{32}\z")]
    status: Annotated[int, AfterValidator(_check_known)] = pb.CALL_STATUS_IN_PROGRESS
    first_turn: Position = 0
    turns: Annotated[tuple[TurnReport, ...], Field(max_length=200, strict=False)] = ()
    stream_nonce: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?\z")] = ""
    handler_instance: ShortText = ""
    question: QuestionReport | None = None
