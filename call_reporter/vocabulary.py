"""The words that an agent may use for the contract's enums: "completed", "no-answer", "callee"."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from call_reporter.errors import InvalidCall
from ringback.v1 import call_results_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

V = TypeVar("V", bound=int)
_FINAL = (
    pb.CALL_STATUS_COMPLETED,
    pb.CALL_STATUS_BUSY,
    pb.CALL_STATUS_NO_ANSWER,
    pb.CALL_STATUS_FAILED,
    pb.CALL_STATUS_CANCELED,
    pb.CALL_STATUS_UNKNOWN,
)


def enum_value(enum: _EnumTypeWrapper[V], word: str | int) -> V:
    """Find the enum's number for `word`: the short word, the full name or the number itself.

    Raises: InvalidCall for a word that the contract does not know; an unknown number is let
    through.
    """
    names = enum.keys()
    if isinstance(word, int):
        return enum.Value(names[0]).__class__(word)  # the number's type is the enum's in name only
    prefix = names[0].removesuffix("UNSPECIFIED")
    name = word.strip().upper().replace("-", "_").replace(" ", "_")
    for candidate in (name, prefix + name):
        if candidate in names:
            return enum.Value(candidate)
    known = ", ".join(known.removeprefix(prefix).lower() for known in names[1:])
    raise InvalidCall(
        f"{prefix.removesuffix('_').lower()}: {word!r} is not known; use one of: {known}"
    )


@lru_cache(maxsize=256)  # in the log line of every result: the wrapper lists its values each time
def word_of(enum: _EnumTypeWrapper[V], number: int) -> str:
    """Name an enum's number by its short word, such as "callee"; an unknown one stays a number."""
    if number not in enum.values():
        return str(number)
    prefix = enum.keys()[0].removesuffix("UNSPECIFIED")
    return enum.DESCRIPTOR.values_by_number[number].name.removeprefix(prefix).lower()


def final_status_of(word: str | int) -> pb.CallStatus.ValueType:
    """Find the call status for a word such as "completed" or "no-answer".

    Raises: InvalidCall for one that no call ends with: the server would refuse the result.
    """
    status = enum_value(pb.CallStatus, word)
    if status not in _FINAL:
        words = ", ".join(word_of(pb.CallStatus, final) for final in _FINAL)
        raise InvalidCall(f"status: no call ends with {word!r}; use one of: {words}")
    return status


def end_reason_of(word: str | int) -> pb.EndReason.ValueType:
    """Find the end reason for a word such as "callee_hung_up"."""
    return enum_value(pb.EndReason, word)


def outcome_of(word: str | int) -> pb.Outcome.ValueType:
    """Find the outcome for a word such as "refused"."""
    return enum_value(pb.Outcome, word)


def answered_by_of(word: str | int) -> pb.AnsweredBy.ValueType:
    """Find who answered for a word such as "voicemail"."""
    return enum_value(pb.AnsweredBy, word)


def role_of(word: str | int) -> pb.Role.ValueType:
    """Find the role for a word such as "callee". Raises: InvalidCall when nobody is named."""
    role = enum_value(pb.Role, word)
    if role == pb.ROLE_UNSPECIFIED:
        raise InvalidCall("role: say who spoke: callee, agent, tool or system")
    return role
