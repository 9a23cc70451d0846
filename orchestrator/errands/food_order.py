"""The errand "order food by phone": what to ask, what to tell the model, what must be agreed."""

from collections.abc import Mapping

from orchestrator.errands.errand import (
    DeclaredFact,
    Errand,
    FieldKind,
    FieldSpec,
    Form,
    never,
    shown_number,
)
from orchestrator.errands.wording import VOICEMAIL, message_after_beep, whom, write_instructions
from ringback.v1 import call_results_pb2 as pb

_COUNT_WORDS = (
    "no", "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip

_STEPS = """\
1. Say what is to be ordered, exactly as the data say, and whether it is for pick-up or delivery \
(with the address).
2. Give the customer's name, and the call-back number when you are asked for it.
3. Ask for the total price and for the time when it will be ready or arrive.
4. When the shop has said the price, repeat it and call record_fact with name "total_price".
5. When the shop has said the time, repeat it and call record_fact with name "ready_time".
6. If the shop gives an order or confirmation number, call record_fact with "confirmation_number".
7. Thank them, say goodbye, then call end_call with reason "done".
If the price is above the budget (when there is one), do not order: say so, thank them and call \
end_call with reason "other". If they lack an item and have no simple replacement, they refuse.
"""


def order_text(form: Form) -> str:
    """Say the items as one phrase, such as "one large margherita and two colas"."""
    phrases = [f"{_count(item.quantity)} {item.what}" for item in form.items]
    if len(phrases) < 2:  # noqa: PLR2004 - one phrase needs no "and"
        return "".join(phrases)
    return f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _count(quantity: int) -> str:
    """Write small numbers as words: they are spoken on the phone."""
    return _COUNT_WORDS[quantity] if quantity < len(_COUNT_WORDS) else str(quantity)


def _is_delivery(form: Form) -> bool:
    return form.get("delivery") == "delivery"


def _names_no_shop(form: Form) -> bool:
    """Say whether the person must still tell whom to call: a number alone is enough."""
    return not form.get("number")


def _read_back(form: Form) -> str:
    """Put the whole order into sentences that the person can check."""
    callee = whom(form.get("shop"), form.get("number"))
    own_number = shown_number(form.get("callback_number"))
    how = f"delivered to {form.get('address')}" if _is_delivery(form) else "for pick-up"
    lines = [
        (
            f"I will call {callee} and order {order_text(form)}, {how}, "
            f"under the name {form.get('name')}."
        ),
        f"If they need to reach you, I will give them {own_number}.",
    ]
    if form.get("budget"):
        lines.append(f"I will not go above {form.get('budget')}.")
    if form.get("notes"):
        lines.append(f"I will also tell them: {form.get('notes')}.")
    return " ".join(lines)


def _details(form: Form) -> dict[str, str]:
    """List what the agent must know, by name; what the person did not give is left out."""
    known = {
        "customer_name": form.get("name"),
        "order": order_text(form),
        "callback_number": form.get("callback_number"),
        "delivery": form.get("delivery"),
        "address": form.get("address") if _is_delivery(form) else "",
        "budget": form.get("budget"),
        "notes": form.get("notes"),
        "shop": form.get("shop"),
    }
    return {name: value for name, value in known.items() if value}


def _instructions(details: Mapping[str, str]) -> str:
    return write_instructions(_STEPS, details)


def _next_step(form: Form) -> str:
    """Say what the person does once the shop has taken the order."""
    if _is_delivery(form):
        return f"They bring it to {form.get('address')}."
    return f"Collect it under the name {form.get('name')}."


def _voicemail_message(form: Form) -> str:
    """Word what the shop finds on its voicemail."""
    how = "for delivery" if _is_delivery(form) else "for pick-up"
    return message_after_beep(
        form.get("name"), f"to order {order_text(form)}, {how}", form.get("callback_number")
    )


ERRAND = Errand(
    name="food_order",
    noun="order",
    taken="took the order",
    again="order again",
    offer="order food",
    example="A large margherita from Luigi's, for pick-up",
    patterns=(
        r"\b(?:order|food|eat|hungry|dinner|lunch|pizzas?|pizzeria|restaurant|burgers?|sushi)\b",
        r"\b(?:take[- ]?away|take[- ]?out|pick[- ]?up|deliver(?:y|ed)?)\b",
    ),
    fields=(
        FieldSpec(
            "items", FieldKind.ITEMS, "Order", "What would you like to order, and how many of each?"
        ),
        FieldSpec(
            "shop",
            FieldKind.SHOP,
            "Shop",
            "Which shop shall I call?",
            needed=_names_no_shop,
        ),
        FieldSpec(
            "number",
            FieldKind.SHOP_NUMBER,
            "Shop's number",
            "What is the shop's phone number, with the area code?",
        ),
        FieldSpec(
            "delivery",
            FieldKind.CHOICE,
            "Pick-up or delivery",
            "Shall it be for pick-up or for delivery?",
            options={
                "pick-up": (
                    r"pick(?:ed|ing)?[- ]?up|pick (?:it|them|that|this) up|collect(?:ion|ing|ed)?"
                    r"(?: (?:it|them))?(?: myself)?|take[- ]?(?:away|out)|carry[- ]?out|to go"
                    r"|(?:come and |come to )?(?:get|fetch) (?:it|them)(?: myself)?"
                ),
                "delivery": (
                    r"deliver(?:y|ed|ing)?(?: (?:it|them))?"
                    r"(?: to (?:me|us|my (?:place|home|door)))?"
                    r"|(?:bring|drop|send) (?:it|them)(?: off| over| round)?"
                    r"(?: to (?:me|us|my (?:place|home|door)))?"
                ),
            },
        ),
        FieldSpec(
            "address",
            FieldKind.ADDRESS,
            "Address",
            "What is the delivery address?",
            needed=_is_delivery,
        ),
        FieldSpec("name", FieldKind.PERSON_NAME, "Name", "What name should the order be under?"),
        FieldSpec(
            "callback_number",
            FieldKind.CALLBACK_NUMBER,
            "Your number",
            "What number can they call you back on?",
        ),
        FieldSpec("budget", FieldKind.MONEY, "Budget", "What may it cost at most?", needed=never),
        FieldSpec("notes", FieldKind.NOTE, "Note", "What else shall I tell them?", needed=never),
        VOICEMAIL,
    ),
    facts=(
        DeclaredFact(
            "total_price",
            "The total price that the shop named, as a decimal number such as 14.50.",
            required=True,
            kind=pb.FACT_KIND_MONEY,
            label="Price",
        ),
        DeclaredFact(
            "ready_time",
            'When the order is ready or arrives, in the shop\'s words, such as "20 minutes".',
            required=True,
            kind=pb.FACT_KIND_TIME,
            label="Ready",
        ),
        DeclaredFact(
            "confirmation_number",
            "The order or confirmation number, if the shop gave one.",
            required=False,
            kind=pb.FACT_KIND_NUMBER,
            label="Confirmation number",
        ),
    ),
    read_back=_read_back,
    details=_details,
    instructions=_instructions,
    next_step=_next_step,
    voicemail_message=_voicemail_message,
)
