"""Which numbers, codes and days the callee has named, whatever way they put it."""

import pytest

from call_handler.outcome import find_evidence
from ringback.v1.call_results_pb2 import FactKind
from tests.unit.call_handler.evidence_rig import (
    DAY,
    MONEY,
    NUMBER,
    TIME,
    WORDS,
    Case,
    is_proven,
    talk,
)

CODES: list[Case] = [
    ("digit by digit", "471", "Your number is four seven one."),
    ("in two steps", "471", "It's four seventy-one."),
    ("in figures", "471", "Number 471."),
    ("with a sign", "#471", "4-7-1."),
    ("figures with pauses", "471", "It's 4, 7, 1."),
    ("words with pauses", "471", "Your number is four, seven, one."),
    ("as a number", "471", "Order four hundred and seventy-one."),
    ("double", "4711", "Four seven double one."),
    ("double four", "447", "double four seven"),
    ("triple", "4777", "Four triple seven."),
    ("oh", "407", "four oh seven"),
    ("o", "407", "four o seven"),
    ("zero", "407", "Four zero seven."),
    ("letter", "A47", "That is A 47."),
    ("glued letter", "A47", "That's A47."),
    ("letter with a hyphen", "A-47", "That's A-47."),
    ("letters", "AB471", "AB 471."),
    ("as in", "A471", "A as in alpha, four seven one."),
    ("as in an apple", "A471", "It's A as in apple, four, seven, one."),
    ("for", "B471", "B for Bravo four seven one."),
    ("alphabet", "AB471", "Alpha Bravo four seven one."),
    ("letter behind", "471B", "four seven one B"),
    ("letter in between", "4B7", "Four B seven."),
    ("letters alone", "Q W X R", "The code is Q, W, X, R."),
    ("article", "471", "That's a 471."),
    ("No.", "471", "No. 471, please."),
    ("leading zero", "0471", "Zero four seven one."),
    ("claimed in words", "four seven one", "It's 471."),
    ("pairs", "4711", "It's forty-seven eleven."),
    ("corrected to it", "472", "Number 471. Sorry, four seven two."),
    ("price behind", "471", "Your number is 471. | > Thanks. | And that's fourteen fifty."),
    (
        "telephone behind",
        "471",
        "Number 471. | > Thanks. | If you are late, our number is 555 0100.",
    ),
    ("time in the same breath", "471", "your number is four seven one twenty minutes"),
]
NOT_CODES: list[Case] = [
    ("other digit", "471", "Your number is four seven two."),
    ("not", "471", "Not four seven one."),
    ("part of it", "47", "Four seven one."),
    ("part of a double", "47", "Double four seven."),
    ("minutes", "20", "Ready in twenty minutes."),
    ("dollars", "20", "That's twenty dollars."),
    ("sign", "20", "That's $20."),
    ("cents", "1450", "That's 14.50."),
    ("question", "471", "Is it four seven one?"),
    ("corrected", "471", "Number 471. Sorry, four seven two."),
    ("other letter", "A471", "B as in Bravo, four seven one."),
    ("letter missing", "A471", "Four seven one."),
    ("agent's own", "471", "Okay. | > Number 471? | Yes."),
    ("I think", "471", "I think it's four seven one."),
]
DAYS: list[Case] = [
    ("weekday", "Tuesday", "Tuesday is fine."),
    ("on", "Tuesday", "Come on Tuesday at ten."),
    ("short", "Tuesday", "Tue 10 o'clock."),
    ("short claimed", "Tue", "On Tuesday."),
    ("next", "next Tuesday", "Next Tuesday at ten."),
    ("next claimed bare", "Tuesday", "Next Tuesday at ten."),
    ("bare claimed next", "next Tuesday", "Tuesday at ten."),
    ("weekday and date", "Tuesday 14 May", "Tuesday the fourteenth of May."),
    ("date, weekday claimed", "Tuesday", "Tuesday, the fourteenth of May."),
    ("weekday, date claimed", "Tuesday the 14th", "Tuesday works."),
    ("the 14th", "the fourteenth", "Tuesday the 14th, then."),
    ("May 14th", "14 May", "May 14th."),
    ("May the fourteenth", "14/5", "May the fourteenth works."),
    ("the fourteenth of May", "May 14", "It's the fourteenth of May."),
    ("14 May", "2026-05-14", "14 May."),
    ("figures", "14 May", "14/5."),
    ("figures, month first", "14 May", "5/14/2026."),
    ("dotted figures", "14 May", "14.05.2026."),
    ("iso", "May 14th", "2026-05-14."),
    ("either way round", "5/6", "The fifth of June."),
    ("the other way round", "5/6", "May the sixth."),
    ("twenty-first", "the 21st", "On the twenty-first."),
    ("third of March", "3 March", "The third of March at ten."),
    ("with the year", "14 May 2026", "May 14, 2026."),
    ("spoken year", "14 May 2026", "The fourteenth of May twenty twenty-six."),
    ("tomorrow", "tomorrow", "Tomorrow at ten."),
    ("tomorrow and weekday", "Tuesday", "Tomorrow, Tuesday, at ten."),
    ("today", "today", "Today at six."),
    ("tonight", "today", "Tonight at eight."),
    ("this afternoon", "today", "This afternoon at three."),
    ("day after tomorrow", "the day after tomorrow", "The day after tomorrow."),
    ("in two days", "in 2 days", "In two days."),
    ("statement of an offer", "Tuesday", "We have Tuesday the 14th at ten, would that work?"),
    ("full and free", "Tuesday", "Monday is full, Tuesday works."),
    ("not Monday, Tuesday", "Tuesday", "Not Monday, Tuesday."),
    ("no, Tuesday", "Tuesday", "Monday. | > Monday? | No, Tuesday."),
    ("corrected to it", "Wednesday", "Tuesday at ten. Sorry, Wednesday."),
    ("corrected elsewhere", "Tuesday", "Tuesday the 14th. Sorry, Tuesday the 21st."),
    ("booked", "Tuesday", "I've put you down for Tuesday the 14th at half past ten."),
    ("I have an open slot", "Tuesday", "I have an open slot on Tuesday."),
    ("that's Tuesday", "14 May", "The fourteenth of May, that's a Tuesday."),
]
NOT_DAYS: list[Case] = [
    ("other weekday", "Tuesday", "On Thursday."),
    ("other date", "14 May", "The fifteenth of May."),
    ("other month", "14 May", "The fourteenth of June."),
    ("other year", "14 May 2026", "May 14, 2027."),
    ("same weekday, other date", "Tuesday the 14th", "Tuesday the 21st."),
    ("this for next", "next Tuesday", "This Tuesday."),
    ("day after", "tomorrow", "The day after tomorrow."),
    ("not", "Tuesday", "Not on Tuesday."),
    ("full", "Monday", "Monday is full, Tuesday works."),
    ("nothing", "Tuesday", "There's nothing free on Tuesday."),
    ("can't", "Tuesday", "Tuesday we can't."),
    ("doesn't work", "Tuesday", "Tuesday doesn't work."),
    ("closed", "Tuesday", "We're closed on Tuesdays."),
    ("open", "Tuesday", "We're open on Tuesday."),
    ("question", "Tuesday", "Would Tuesday work?"),
    ("how about", "Tuesday", "How about Tuesday?"),
    ("either", "Tuesday", "Monday or Tuesday."),
    ("list", "Tuesday", "Monday, Tuesday and Thursday are possible."),
    ("corrected", "Tuesday", "Tuesday at ten. Sorry, Wednesday."),
    ("corrected to tomorrow", "Tuesday", "Tuesday. No, tomorrow."),
    ("corrected date", "14 May", "The fourteenth of May. | > Good. | Wait, it's the fifteenth."),
    ("may as a verb", "14 May", "You may come at fourteen."),
    ("the first one", "the first", "The first one is free."),
    ("either way round", "5 June", "5/6."),
    ("24/7", "24 July", "We're here 24/7."),
    ("I think", "Tuesday", "I think Tuesday."),
    ("maybe", "Tuesday", "Maybe Tuesday."),
    ("if", "Tuesday", "If somebody cancels, Tuesday."),
    ("agent's own", "Tuesday", "Okay. | > So Tuesday? | Yes."),
    ("no to the read-back", "Tuesday", "Tuesday. | > So Tuesday, is that right? | No."),
    ("until", "Tuesday", "Not until Tuesday."),
    ("nonsense", "whenever", "Whenever."),
]
FREE: list[Case] = [("side door", "side door", "Please use the side door.")]
NOT_FREE: list[Case] = [
    ("other words", "side door", "The door at the side."),
    ("not", "side door", "Please do not use the side door."),
    ("question", "side door", "Do you know the side door?"),
    ("corrected", "side door", "Use the side door. | > The side door? | No."),
]
SAID = ((NUMBER, CODES), (DAY, DAYS), (WORDS, FREE))
NOT_SAID = ((NUMBER, NOT_CODES), (DAY, NOT_DAYS), (WORDS, NOT_FREE))


@pytest.mark.parametrize(("kind", "cases"), SAID)
def test_what_was_said_is_proven(kind: FactKind.ValueType, cases: list[Case]) -> None:
    missed = [name for name, value, line in cases if not is_proven(value, kind, line)]
    assert missed == []


@pytest.mark.parametrize(("kind", "cases"), NOT_SAID)
def test_what_was_not_said_is_not_proven(kind: FactKind.ValueType, cases: list[Case]) -> None:
    believed = [name for name, value, line in cases if is_proven(value, kind, line)]
    assert believed == []


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        (MONEY, "fourteen fifty", "14.50"),
        (MONEY, "14.5", "14.50"),
        (MONEY, "$1,200", "1200.00"),
        (MONEY, "a lot", "a lot"),
        (TIME, "half an hour", "30 minutes"),
        (TIME, "6:30 pm", "18:30"),
        (TIME, "20 to 30 minutes", "20-30 minutes"),
        (NUMBER, "four seven one", "471"),
        (DAY, "next tuesday", "next Tuesday"),
        (DAY, "the fourteenth of may", "14 May"),
        (DAY, "Tuesday, 14/5", "Tuesday 14 May"),
        (DAY, "2026-05-14", "14 May 2026"),
        (DAY, "tomorrow", "tomorrow"),
        (DAY, "the 22nd", "the 22nd"),
        (DAY, "whenever", "whenever"),
    ],
)
def test_a_value_is_written_in_its_normal_form(
    kind: FactKind.ValueType, value: str, written: str
) -> None:
    assert find_evidence(value, kind, [], [])[0] == written


def test_a_date_in_figures_is_written_as_the_callee_meant_it() -> None:
    turns = [("5/6", "May the sixth."), ("5/6", "The fifth of June.")]
    written = [is_written(value, said) for value, said in turns]
    assert written == ["6 May", "5 June"]


def is_written(value: str, said: str) -> str:
    return find_evidence(value, DAY, talk(said), [said])[0]
