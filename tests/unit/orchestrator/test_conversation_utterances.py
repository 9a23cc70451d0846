"""What people write, at once or piece by piece, and the form that must come of it."""

import pytest

from orchestrator.conversation.dialogue import TaskState
from tests.unit.orchestrator.talking import ADA, LUIGIS, PICK_UP, WHOLE, WOK, elm, talk

ONE = {"items": "1 large margherita"}

IN_ONE_MESSAGE = [
    (
        (
            "I'd like a large margherita from Luigi's for pick-up, my name is Ada, my number is"
            " +1 415 555 0123."
        ),
        WHOLE,
    ),
    ("A large margherita from Luigi's, Ada, 415-555-0123, pick-up", WHOLE),
    ("Large margherita. Luigi's. Pick-up. Ada. 415-555-0123", WHOLE),
    ("one large margherita from luigis, pickup, name ada, number 4155550123", WHOLE),
    (
        (
            "Please call Luigi's and order one large margherita to go. Name: Ada. Callback: "
            "(415) 555-0123."
        ),
        WHOLE,
    ),
    (
        (
            "Could you get me a large margherita from Luigi's? I'll pick it up myself. This is Ada,"
            " you can reach me at +1 (415) 555-0123."
        ),
        WHOLE,
    ),
    (
        (
            "I'd like a large margherita from Luigi's. It's for pick-up and my name is Ada. My "
            "callback number is 415 555 0123. Thanks, bye"
        ),
        WHOLE,
    ),
    (
        (
            "Luigi\u2019s please: 1 large margherita, I\u2019ll collect it, under the name Ada, "
            "call me back on 415.555.0123"
        ),
        WHOLE,
    ),
    (
        (
            "A large margherita from Luigi's for Ada, pick-up, my phone number is four one five "
            "five five five oh one two three"
        ),
        WHOLE,
    ),
    (
        (
            "A large margherita from Luigi's for Ada, pick-up, my number is plus one four one five,"
            " five five five, zero one two three"
        ),
        WHOLE,
    ),
    (
        (
            "A large margherita from Luigi's for Ada, takeaway, number four one five triple five oh"
            " one twenty three"
        ),
        WHOLE,
    ),
    (
        (
            "Order two large margheritas and one cola from Luigi's, delivered to 12 Elm Street,"
            " name is Ada, call me back on 415-555-0123, budget 30 dollars"
        ),
        {"items": "2 large margheritas + 1 cola", "budget": "30 dollars"} | LUIGIS | ADA | elm(),
    ),
    (
        (
            "Call +1 415 555 0100 and order three pepperoni pizzas for Carlos, pickup, callback "
            "415 555 0177"
        ),
        {"items": "3 pepperoni pizzas", "name": "Carlos", "callback_number": "+14155550177"}
        | LUIGIS
        | PICK_UP,
    ),
    (
        (
            "Hello, could you please order 2 calzones with extra cheese, no onions, and a small"
            " salad from Golden Wok? I'll pick it up myself. This is Grace Hopper, you can"
            " reach me at +1 (415) 555-0199. No more than $40."
        ),
        {
            "items": "2 calzones with extra cheese, no onions + 1 small salad",
            "name": "Grace Hopper",
            "callback_number": "+14155550199",
            "budget": "$40",
        }
        | WOK
        | PICK_UP,
    ),
    (
        (
            "one large margherita and two small colas from luigis pizza, deliver to 221B Baker "
            "Street, apt 4, under the name of sherlock holmes, phone four one five five five five"
            " oh one nine nine"
        ),
        {
            "items": "1 large margherita + 2 small colas",
            "name": "Sherlock Holmes",
            "callback_number": "+14155550199",
        }
        | LUIGIS
        | elm("221B Baker Street, apt 4"),
    ),
    (
        "Large margherita, garlic bread, cola. Luigi's. Pick-up. Ada. 415-555-0123",
        {"items": "1 large margherita + 1 garlic bread + 1 cola"} | LUIGIS | ADA | PICK_UP,
    ),
    (
        (
            "Phone Luigi's and order a dozen garlic knots for collection, name: Ada, callback: "
            "+1-415-555-0123."
        ),
        {"items": "12 garlic knots"} | LUIGIS | ADA | PICK_UP,
    ),
    (
        (
            "I want to order a pizza with ham and mushrooms and a large coke from Luigi's to be "
            "delivered to 99 Ocean Avenue, San Francisco. My name's Zo\u00eb O'Brien. They can"
            " reach me at 415.555.0123"
        ),
        {
            "items": "1 pizza with ham and mushrooms + 1 large coke",
            "name": "Zo\u00eb O'Brien",
            "callback_number": "+14155550123",
        }
        | LUIGIS
        | elm("99 Ocean Avenue, San Francisco"),
    ),
    (
        (
            "Get me a couple of tacos from Taco Town, number 415 555 0142, I'm Bob, call me at 415 "
            "555 0123, pickup"
        ),
        {
            "items": "2 tacos",
            "shop": "Taco Town",
            "number": "+14155550142",
            "name": "Bob",
            "callback_number": "+14155550123",
        }
        | PICK_UP,
    ),
    (
        (
            "Could I have half a dozen bagels from Bean There Bakery? Delivery to 1 Infinite Loop. "
            "Name Steve. Number 4155550123. At most twenty five dollars."
        ),
        {
            "items": "6 bagels",
            "shop": "Bean There Bakery",
            "number": "+14155550112",
            "name": "Steve",
            "callback_number": "+14155550123",
            "budget": "25 dollars",
        }
        | elm("1 Infinite Loop"),
    ),
    (
        "A margherita from Luigi's; pick-up; Ada; 415 555 0123; tell them I am allergic to nuts.",
        {"items": "1 margherita", "notes": "I am allergic to nuts"} | LUIGIS | ADA | PICK_UP,
    ),
    (
        "+1 415 555 0123, Ada, pick-up, one calzone, Luigi's",
        {"items": "1 calzone"} | LUIGIS | ADA | PICK_UP,
    ),
    (
        (
            "Hey there! My wife and I would like a large vegetarian pizza from Luigi's for dinner, "
            "we'll pick it up. Name is Tom Baker, phone 415 555 0123. Thanks!"
        ),
        {
            "items": "1 large vegetarian pizza",
            "name": "Tom Baker",
            "callback_number": "+14155550123",
        }
        | LUIGIS
        | PICK_UP,
    ),
    (
        (
            "fish and chips from Luigi's, delivery to 5 Main St, for John Smith, my number is "
            "+49 30 901820"
        ),
        {"items": "1 fish and chips", "name": "John Smith", "callback_number": "+4930901820"}
        | LUIGIS
        | elm("5 Main St"),
    ),
]


@pytest.mark.parametrize(("message", "expected"), IN_ONE_MESSAGE)
def test_one_message_fills_the_whole_form_exactly(message: str, expected: dict[str, str]) -> None:
    held = talk(message)
    assert expected == held.form
    assert held.last.state is TaskState.CONFIRMING


PIECE_BY_PIECE = [
    (
        ["hi", "a large margherita", "Luigi's", "pick-up", "Ada", "415 555 0123"],
        WHOLE,
    ),
    (
        ["I want a pizza", "from Luigi's", "delivery to 5 Main St", ("Ada, and my number is"
         " (415) 555-0123")],
        {"items": "1 pizza"} | LUIGIS | ADA | elm("5 Main St"),
    ),
    (
        ["Can you call Mario's Pizza and get me a calzone?", "415 555 0142", "delivery",
         "12 Elm Street, Springfield", "it's for Bob",
         "four one five five five five oh one two three"],
        {"items": "1 calzone", "shop": "Mario's Pizza", "number": "+14155550142", "name": "Bob",
         "callback_number": "+14155550123"} | elm("12 Elm Street, Springfield"),
    ),
    (
        ["A pizza from Luigi's, deliver to 12 Elm Street, Ada, 415 555 0123", "Ada"],
        {"items": "1 pizza"} | LUIGIS | ADA | elm(),
    ),
    (
        ["Fried rice from Golden Wok, deliver to 12 Elm Street, name Ada, 415 555 0123, max $20"],
        {"items": "1 fried rice", "budget": "$20"} | WOK | ADA | elm(),
    ),
    (
        ["Ada here, a large margherita from Luigi's, pick-up, my cell is 415-555-0123"],
        WHOLE,
    ),
    (
        ["Luigi's please", "two margheritas", "to go", "my name is ada",
         "my phone number is four one five, five five five, oh one two three"],
        {"items": "2 margheritas"} | LUIGIS | ADA | PICK_UP,
    ),
    (
        ["margherita", "large", "luigi's", "delivery", "home", "12 Elm Street", "Ada",
         "4155550123"],
        ONE | LUIGIS | ADA | elm(),
    ),
    (
        ["please order from Sushi Place", "their number is 415 555 0150",
         "12 salmon nigiri and 1 miso soup", "I'll collect it", "Ada", "415 555 0123"],
        {"items": "12 salmon nigiri + 1 miso soup", "shop": "Sushi Place",
         "number": "+14155550150"} | ADA | PICK_UP,
    ),
    (
        ["I'd like fish and chips from Luigi's please", "delivery", "The Old Mill, Riverside",
         "Ada", "(415) 555-0123", "actually pick-up"],
        {"items": "1 fish and chips", "address": "The Old Mill, Riverside"} | LUIGIS | ADA
        | PICK_UP,
    ),
    (
        ["A large margherita from Luigi's", "make it small", "Ada", "pick-up", "415 555 0123"],
        {"items": "1 small margherita"} | LUIGIS | ADA | PICK_UP,
    ),
    (
        ["Large margherita", "what?", "call Luigi's", "for Ada", "deliver it please",
         "to 7 Hill Road", "0415 555 0123", "415 555 0123"],
        ONE | LUIGIS | ADA | elm("7 Hill Road"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("messages", "expected"), PIECE_BY_PIECE)
def test_pieces_fill_the_same_form(messages: list[str], expected: dict[str, str]) -> None:
    held = talk(*messages)
    assert expected == held.form
    assert held.last.state is TaskState.CONFIRMING


def test_there_are_at_least_sixty_utterances() -> None:
    pieces = sum(len(messages) for messages, _form in PIECE_BY_PIECE)
    assert len(IN_ONE_MESSAGE) + pieces >= 60
