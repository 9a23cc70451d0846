"""What holds of evidence for every value, however it is said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from call_handler.outcome import CallEnd, EndKind, FactClaim, HeldCall, build_result, find_evidence
from ringback.v1.call_results_pb2 import FactDeclaration, FactKind, Order, Role, TranscriptTurn
from tests.properties.spoken_values import (
    WEEKDAYS,
    say_clock,
    say_code,
    say_date,
    say_money,
    say_span,
)

MONEY, TIME, NUMBER, DAY = (
    FactKind.FACT_KIND_MONEY,
    FactKind.FACT_KIND_TIME,
    FactKind.FACT_KIND_NUMBER,
    FactKind.FACT_KIND_DAY,
)
AGENT = TranscriptTurn(role=Role.ROLE_AGENT, text="One large margherita, please.")
AS_MONEY = ("That's {}.", "It comes to {}, please.", "okay so that will be {}", "{}.")
AS_SPAN = ("Ready in {}.", "It takes {}, sir.", "about {}")
AS_CLOCK = ("It will be ready at {}.", "Come at {}, please.", "say at {} then")
AS_NUMBER = ("Your number is {}.", "It's {}.", "that is {}")
AS_DAY = ("It's {} then.", "Come on {} at ten.", "{}, please.")
AS_WEEKDAY = ("So it's {}.", "Come on {} at ten.", "{} works for us.")
# Under ten dollars "one twenty" is also 120: those have cases of their own.
AMOUNTS = st.integers(1_000, 999_999)
MINUTES = st.one_of(st.sampled_from([15, 30, 60, 90]), st.integers(2, 180))
HOURS = st.tuples(st.integers(13, 23), st.integers(0, 59))
DATES = st.tuples(st.integers(1, 28), st.integers(1, 12))
CODES = st.text("0123456789", min_size=3, max_size=7)

FEW = settings(max_examples=30)
FRAME = st.integers(0, 3)
FORM = st.integers(0, 11)


@dataclass(frozen=True, slots=True)
class Value:
    """A value, and how it is said; `meaning` differs when the values differ."""

    kind: FactKind.ValueType
    meaning: str
    forms: tuple[str, ...]
    frames: tuple[str, ...]

    def said(self, form: int) -> str:
        return self.forms[form % len(self.forms)]

    def wrapped(self, form: int, frame: int) -> str:
        return self.frames[frame % len(self.frames)].format(self.said(form))


def value(
    kind: FactKind.ValueType, meaning: object, forms: Sequence[str], frames: tuple[str, ...]
) -> Value:
    return Value(kind, f"{frames} {meaning}", tuple(forms), frames)


MONIES = AMOUNTS.map(lambda cents: value(MONEY, cents, say_money(cents), AS_MONEY))
SPANS = MINUTES.map(lambda minutes: value(TIME, minutes, say_span(minutes), AS_SPAN))
CLOCKS = HOURS.map(lambda clock: value(TIME, clock, say_clock(*clock), AS_CLOCK))
DAYS = DATES.map(lambda date: value(DAY, date, say_date(*date), AS_DAY))
WEEKS = st.sampled_from(WEEKDAYS).map(lambda day: value(DAY, day, [day, f"next {day}"], AS_WEEKDAY))
NUMBERS = CODES.map(lambda code: value(NUMBER, code, say_code(code), AS_NUMBER))
VALUES = st.one_of(MONIES, SPANS, CLOCKS, DAYS, WEEKS, NUMBERS)
ALIKE = st.one_of(
    *(st.tuples(each, each) for each in (MONIES, SPANS, CLOCKS, DAYS, WEEKS, NUMBERS))
)


def prove(claim: str, kind: FactKind.ValueType, *said: str) -> list[int]:
    turns = [AGENT, *(TranscriptTurn(role=Role.ROLE_CALLEE, text=text) for text in said)]
    return find_evidence(claim, kind, turns, said)[1]


@FEW
@given(VALUES, FORM, FORM, FRAME)
def test_a_value_is_found_in_whatever_form_it_is_said_and_claimed(
    value: Value, claimed: int, said: int, frame: int
) -> None:
    assert prove(value.said(claimed), value.kind, value.wrapped(said, frame)) == [1]


@FEW
@given(st.one_of(ALIKE, st.tuples(VALUES, VALUES)), FORM, FORM, FRAME)
def test_another_value_never_proves_it(
    values: tuple[Value, Value], claimed: int, said: int, frame: int
) -> None:
    one, other = values
    assume(one.meaning != other.meaning)
    assert prove(one.said(claimed), one.kind, other.wrapped(said, frame)) == []


@FEW
@given(VALUES, FORM, st.sampled_from(["not {}", "it isn't {}", "{}?", "maybe {}", "if it's {}"]))
def test_a_value_that_is_not_stated_is_not_proven(value: Value, form: int, how: str) -> None:
    assert prove(value.said(form), value.kind, how.format(value.said(form))) == []


@FEW
@given(ALIKE, FORM, FORM, FRAME)
def test_a_correction_takes_a_value_back(
    values: tuple[Value, Value], form: int, other_form: int, frame: int
) -> None:
    one, other = values
    assume(one.meaning != other.meaning)
    said = one.wrapped(form, frame), f"Sorry, no, I mean {other.said(other_form)}."
    assert prove(one.said(form), one.kind, *said) == []


@FEW
@given(VALUES, FORM, FRAME)
def test_the_agents_words_alone_prove_nothing(value: Value, form: int, frame: int) -> None:
    text = value.wrapped(form, frame)
    turns = [
        AGENT,
        TranscriptTurn(role=Role.ROLE_CALLEE, text="Okay."),
        TranscriptTurn(role=Role.ROLE_AGENT, text=text),
        TranscriptTurn(role=Role.ROLE_CALLEE, text="Yes, right."),
    ]
    assert find_evidence(value.said(form), value.kind, turns, [text, "Yes, right."])[1] == []


@FEW
@given(st.text(max_size=80), st.text(max_size=80), st.sampled_from([*FactKind.values()]))
def test_no_text_is_too_strange_to_be_read(value: str, said: str, kind: FactKind.ValueType) -> None:
    assert prove(value, kind, said) in ([], [1])


CLAIMS = (
    FactClaim("price", "14.50", "That's fourteen fifty."),
    FactClaim("time", "20 minutes", "Ready in twenty minutes."),
    FactClaim("day", "Tuesday", "Next Tuesday."),
    FactClaim("number", "99", "That's fourteen fifty."),
)
DECLARED = [
    FactDeclaration(name=name, kind=kind, required=name != "number")
    for name, kind in (("price", MONEY), ("time", TIME), ("day", DAY), ("number", NUMBER))
]


@pytest.mark.parametrize("claims", list(permutations(CLAIMS)))
def test_the_order_of_claims_does_not_matter(claims: tuple[FactClaim, ...]) -> None:
    texts = ("That's fourteen fifty.", "Ready in twenty minutes.", "Next Tuesday.")
    turns = (AGENT, *(TranscriptTurn(role=Role.ROLE_CALLEE, text=text) for text in texts))
    now = datetime(2026, 11, 23, tzinfo=UTC)
    call = HeldCall("CA" + "1" * 32, Order(call_id="c1", facts=DECLARED), now)
    result = build_result(call, CallEnd(EndKind.AGENT_HUNG_UP, now, turns=turns, claims=claims))
    found = {fact.name: (fact.value, list(fact.evidence_turns)) for fact in result.facts}
    assert found == {
        "price": ("14.50", [1]),
        "time": ("20 minutes", [2]),
        "day": ("Tuesday", [3]),
        "number": ("99", []),
    }
