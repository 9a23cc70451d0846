"""Which numbers, how many calls, how much money: judged inside the claim's transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import inf

from orchestrator.store.calls import CallRow
from orchestrator.store.dial_counts import (
    has_dials_since,
    has_dials_to,
    has_running_calls,
    has_unresolved_dial,
)
from orchestrator.store.opt_outs import find_opt_out
from orchestrator.store.transaction import Transaction
from telephony.numbers import NumberRefused, check_number

NUMBER_POLICY = "number_policy"
OPTED_OUT = "opted_out"
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


class Ruling(StrEnum):
    """May this call be dialled?"""

    ALLOWED = "allowed"
    # Not now; ask again soon.
    LATER = "later"
    # Not at all; the reason is for the person.
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A ruling and its reason in plain words; empty when allowed."""

    ruling: Ruling
    reason: str = ""
    # Names a refusal that another try meets again; empty for one that time may lift.
    code: str = ""


@dataclass(frozen=True, slots=True)
class DialCaps:
    """How many calls and how much money, `inf` for any; the claim holds them under races."""

    at_once: float
    person_hour: float
    all_hour: float
    number_hour: float
    # What a day may cost, in the account's currency; each dial reserves its time limit.
    spend_day: float
    # An estimate of telephone and model together.
    spend_per_minute: float = 0.25


@dataclass(frozen=True, slots=True)
class DialPolicy:
    """The rules of one Orchestrator."""

    caps: DialCaps
    # Regions such as "US"; empty refuses every number.
    allowed_regions: tuple[str, ...]
    time_limit_s: float


def judge_dial(tx: Transaction, row: CallRow, policy: DialPolicy) -> Judgement:
    """Judge one call that is about to be dialled.

    There are no accounts: all tasks count as one person's.
    """
    refusal = _judge_number(tx, row, policy)
    if refusal is not None:
        return refusal
    if has_unresolved_dial(tx, row.to_number):
        return Judgement(
            Ruling.LATER,
            "An earlier call to this number has not been cleared up yet; waiting for it.",
        )
    if has_running_calls(tx, policy.caps.at_once):
        return Judgement(Ruling.LATER, _at_once(policy.caps.at_once))
    return _judge_counts(tx, row, policy)


def _judge_number(tx: Transaction, row: CallRow, policy: DialPolicy) -> Judgement | None:
    """Refuse a number that must never be called, whatever the counts say; None for any other."""
    try:
        if check_number(row.to_number, allowed_regions=policy.allowed_regions) != row.to_number:
            words = "The number is not in its full form, such as +1 ..."
            return Judgement(Ruling.NEVER, words, NUMBER_POLICY)
    except NumberRefused as refusal:
        return Judgement(Ruling.NEVER, str(refusal), NUMBER_POLICY)
    opt_out = find_opt_out(tx.connection, row.to_number)
    if opt_out is None:
        return None
    day = datetime.fromtimestamp(opt_out.opted_out_at / 1_000_000, UTC)
    words = f"They asked not to be called again, on {day.day} {day:%B %Y}."
    return Judgement(Ruling.NEVER, words, OPTED_OUT)


def _judge_counts(tx: Transaction, row: CallRow, policy: DialPolicy) -> Judgement:
    caps = policy.caps
    hour_ago = tx.now_us - HOUR_US
    most = min(caps.all_hour, caps.person_hour)
    if has_dials_since(tx, most, hour_ago):
        return Judgement(
            Ruling.NEVER,
            f"The limit of {_times(most, 'call')} an hour is reached; please try later.",
        )
    if has_dials_to(tx, caps.number_hour, hour_ago, row.to_number):
        return Judgement(
            Ruling.NEVER,
            f"This number was called {_times(caps.number_hour, 'time')} within an hour, the limit; "
            "please try later.",
        )
    reserved = policy.time_limit_s / 60 * caps.spend_per_minute
    affordable = inf if caps.spend_day == inf else caps.spend_day // reserved
    if has_dials_since(tx, affordable, tx.now_us - DAY_US):
        return Judgement(
            Ruling.NEVER, f"The limit of {caps.spend_day:g} a day is reached; please try tomorrow."
        )
    return Judgement(Ruling.ALLOWED)


def _at_once(most: float) -> str:
    if most == 1:
        return "Another call is running; this one follows when it is over."
    return f"{most:g} calls are running, which is the limit; this one follows soon."


def _times(count: float, noun: str) -> str:
    return f"{count:g} {noun}" if count == 1 else f"{count:g} {noun}s"
