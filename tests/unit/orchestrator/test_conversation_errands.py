"""Which errand a message means, and the form of an appointment that must come of it."""

import pytest

from orchestrator.conversation.dialogue import TaskState
from orchestrator.conversation.offers import greeting, offer
from orchestrator.errands import ERRANDS, Errand
from tests.unit.orchestrator.talking import ADA, LUIGIS, ORDER, free_talk

APPOINTMENT = ERRANDS["appointment"]
SALON = {"shop": "Shear Delight", "number": "+14155550140"}
HAIRCUT = {"purpose": "a haircut"}
SMILE = {"shop": "Dr. Smile", "number": "+14155550142"}
AT_TEN = "tomorrow or the day after tomorrow at half past ten"


def on(times: str) -> dict[str, str]:
    return {"wished_times": times}


LONG = (
    "Please make an appointment for a haircut at +14155550140, Tuesday afternoon or Wednesday "
    "morning. My name is Ada, you can reach me at +14155550123."
)
BOOK = (
    "Book me a haircut at Shear Delight on Tuesday after 3 pm, name Ada, 415 555 0123. If nobody "
    "answers, leave a message."
)
CAR = (
    "Can you get my car serviced at Joe's Garage (415 555 0142) next Monday or Tuesday between 8 "
    "and 10? This is Ada, 415 555 0123"
)
TEETH = (
    f"Good morning, I need a dentist appointment for a check-up with Dr. Smile {AT_TEN}, I'm Ada, "
    "my number is 415 555 0123"
)
WHOLE = [
    ([LONG], HAIRCUT | SALON | ADA | on("Tuesday afternoon or Wednesday morning")),
    ([BOOK], HAIRCUT | SALON | ADA | on("Tuesday after 3 pm") | {"voicemail": "leave a message"}),
    (
        [CAR],
        {"purpose": "my car serviced", "shop": "Joe's Garage", "number": "+14155550142"}
        | ADA
        | on("next Monday or Tuesday between 8 and 10"),
    ),
    ([TEETH, "415 555 0142"], {"purpose": "a check-up"} | SMILE | ADA | on(AT_TEN)),
    (
        ["I need a haircut next Tuesday at 3 at +1 415 555 0142, name Ada, call +1 415 555 0123"],
        HAIRCUT | ADA | on("next Tuesday at 3") | {"number": "+14155550142"},
    ),
    (
        ["Haircut. Shear Delight. Friday 10:30. Ada. 415-555-0123"],
        {"purpose": "haircut"} | SALON | ADA | on("Friday 10:30"),
    ),
    (
        ["I need a haircut", "Shear Delight", "Tuesday afternoon", "Ada", "415 555 0123"],
        HAIRCUT | SALON | ADA | on("Tuesday afternoon"),
    ),
    (
        [
            "hi",
            "I'd like an appointment",
            "it's about my back",
            "with Dr. Smile",
            "415 555 0142",
            "whenever they like",
            "Ada",
            "415 555 0123",
        ],
        {"purpose": "my back"} | SMILE | ADA | on("whenever they like"),
    ),
    (
        [
            "I'm Ada, 415 555 0123",
            "I have a toothache and need the dentist",
            "a check-up",
            "Dr. Smile, their number is 415 555 0142",
            "any day next week before noon, or as soon as possible",
        ],
        {"purpose": "a check-up"}
        | SMILE
        | ADA
        | on("any day next week before noon, or as soon as possible"),
    ),
]


@pytest.mark.parametrize(("messages", "expected"), WHOLE)
def test_an_appointment_is_understood_at_once_or_piece_by_piece(
    messages: list[str], expected: dict[str, str]
) -> None:
    errand, answer = free_talk(*messages)
    assert errand is APPOINTMENT
    assert dict(answer.form.values) == expected
    assert answer.state is TaskState.CONFIRMING


@pytest.mark.parametrize(
    ("correction", "field", "after"),
    [
        ("not Tuesday, Thursday", "wished_times", "Thursday afternoon"),
        ("Friday at 10 instead", "wished_times", "Friday at 10"),
        ("also Friday at 10", "wished_times", "Tuesday afternoon or Friday at 10"),
        ("a beard trim instead", "purpose", "a beard trim"),
        ("not a haircut, a shave", "purpose", "a shave"),
        ("if a voicemail answers, leave a short message", "voicemail", "leave a message"),
        ("tell them I have long hair", "notes", "I have long hair"),
    ],
)
def test_what_was_read_back_can_be_corrected(correction: str, field: str, after: str) -> None:
    first = "A haircut at Shear Delight, Tuesday afternoon, Ada, 415 555 0123"
    errand, answer = free_talk(first, correction)
    assert errand is APPOINTMENT
    assert answer.form.get(field) == after
    assert answer.text.startswith("I have changed that. Please check:")


def test_the_read_back_of_an_appointment_names_all_that_will_be_said() -> None:
    _errand, answer = free_talk("A haircut at Shear Delight, Tuesday afternoon, Ada, 415 555 0123")
    assert answer.text == (
        "Got it. Please check: I will call Shear Delight at +1 415-555-0140 and make an "
        "appointment for a haircut, under the name Ada. It would suit you: Tuesday afternoon. If "
        "they need to reach you, I will give them +1 415-555-0123. If a voicemail answers, I will "
        "hang up. Shall I call now?"
    )


@pytest.mark.parametrize("words", ["good evening", "have a nice day", "they may call me"])
def test_polite_words_are_no_times(words: str) -> None:
    _errand, answer = free_talk(f"{words}. A haircut at Shear Delight, please")
    assert answer.form.get("wished_times") == ""


@pytest.mark.parametrize(
    ("messages", "name"),
    [
        (["I'm hungry"], "food_order"),
        (["what can you do?"], "food_order"),
        (["my hair needs to be cut, I want an appointment"], "appointment"),
        (["I want a pizza before my dentist appointment"], "food_order"),
        (["Luigi's please", "no, a haircut"], "appointment"),
        (["two margheritas", "and a massage"], "food_order"),
        ([ORDER, "make an appointment"], "food_order"),
    ],
)
def test_the_first_words_about_an_errand_choose_it(messages: list[str], name: str) -> None:
    errand, _answer = free_talk(*messages)
    assert errand.name == name


def test_who_names_no_errand_is_asked_for_one() -> None:
    assert free_talk("I'm Ada, 415 555 0123")[1].text == f"Got it. {offer()}"
    assert free_talk("I'm Ada, 415 555 0123", "a cola")[1].form.items[0].what == "cola"
    assert offer() not in free_talk("I'm hungry")[1].text


def test_the_person_is_not_asked_again_when_the_errand_changes() -> None:
    errand, answer = free_talk("I'm Ada, 415 555 0123, call Luigi's", "I need an appointment")
    assert dict(answer.form.values) == LUIGIS | ADA
    assert answer.text == errand.fields[0].question


def test_the_greeting_tells_of_every_errand() -> None:
    told = free_talk("what can you do?")[1].text
    assert told == greeting()
    for errand in ERRANDS.values():
        assert errand.offer in told
        assert errand.example in told


@pytest.mark.parametrize("errand", ERRANDS.values(), ids=lambda errand: errand.name)
def test_every_example_is_understood_as_its_errand(errand: Errand) -> None:
    chosen, _answer = free_talk(errand.example)
    assert chosen is errand


@pytest.mark.parametrize(
    ("words", "policy"),
    [
        ("If nobody answers, leave a message", "leave a message"),
        ("leave them a short message if they do not pick up", "leave a message"),
        ("when a voicemail answers, please leave a voicemail", "leave a message"),
        ("you can speak to the machine", "leave a message"),
        ("don't leave a message", "hang up"),
        ("Don't bother leaving a message", "hang up"),
        ("Never leave a message", "hang up"),
        ("If a voicemail answers, never leave a message", "hang up"),
        ("there is no need to leave them a message", "hang up"),
        ("Hang up without leaving a message", "hang up"),
        ("If a machine answers, just hang up", "hang up"),
        ("no messages please", "hang up"),
        ("hang up on their voicemail", "hang up"),
        ("tell them to leave it at the door", ""),
        ("", ""),
    ],
)
def test_what_to_do_with_a_voicemail_is_understood_and_read_back(words: str, policy: str) -> None:
    _errand, answer = free_talk(f"{ORDER}. {words}")
    assert answer.form.get("voicemail") == policy
    what = "leave a short message" if policy == "leave a message" else "hang up"
    assert f"If a voicemail answers, I will {what}. Shall I call now?" in answer.text
    assert [item.what for item in answer.form.items] == ["large margherita"]
