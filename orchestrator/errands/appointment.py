"""The errand "make an appointment by phone": at a hairdresser's, a dentist's, a garage."""

import re
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

_STEPS = """\
1. Say that you would like an appointment, what it is for, and when it would suit the customer.
2. Give the customer's name, and the call-back number when you are asked for it.
3. Agree on one day and one time of day that lie within the times that suit. If they offer another \
one, ask for one that suits; if they have none, ask the customer with ask_person.
4. When they have said the day, repeat it and call record_fact with name "appointment_day".
5. When they have said the time, repeat it and call record_fact with name "appointment_time".
6. If they give a booking or confirmation number, call record_fact with "confirmation_number".
7. Thank them, say goodbye, then call end_call with reason "done".
"""

_PLACES = (
    r"hair ?(?:cuts?|dressers?|stylists?)|barbers?|dentists?|dental|garages?|mechanics?|doctors?"
    r"|physio(?:therapist)?s?|opticians?|vets?|salons?|beauticians?"
)
_CAR = r"(?:car|van|bike|bicycle|motorbike|motorcycle|scooter)"
_TREATMENTS = (
    r"(?:(?:hair ?)?cut(?: and (?:colou?r|blow[- ]dry|shave|wash))?|hair ?cuts?|trim|shave"
    r"|blow[- ]dry|colou?ring|perm|highlights|manicure|pedicure|massage|facial"
    r"|check[- ]?up|cleaning|filling|root canal|consultation|eye (?:test|exam)|vaccination|fitting"
    r"|oil change|t[iy]res? change|inspection|service|repair|wheel alignment|new t[iy]res)"
)
_NO_QUALIFIER = (
    r"(?:an?|the|my|me|us|for|to|at|need|want|like|have|get|book|make|please|i|and|or)\b"
)
_WHAT_FOR = (
    rf"(?:(?:an?|my|the|another|some|his|her|our) )?(?:(?!{_NO_QUALIFIER})[\w'-]+ ){{0,2}}?"
    rf"{_TREATMENTS}"
    rf"(?: (?:for|of|on) (?:my|his|her|our|the) (?!name\b|number\b)[\w'-]+)?"
    rf"|(?:my |the |our )?{_CAR} (?:serviced|repaired|fixed|inspected|washed|checked)"
    r"|my (?:hair|teeth|tooth|beard|eyes|brakes|tyres|tires) "
    r"(?:cut|done|dyed|colou?red|checked|cleaned|trimmed|changed|fixed|looked at)"
)
_BEFORE_WHAT_FOR = (
    r"(?:appointment|booking|slot|visit)s? (?:to (?:get|have)|for(?! me\b| us\b| my name\b))"
    r"|book (?:me|us) (?:in )?for"
)


_TO_BE_DONE = re.compile(rf"(?:my|the|our) (?:{_CAR}|[a-z]+) .*\b(?:[a-z]+ed|cut|done|looked at)")


def _purpose(form: Form) -> str:
    """Say what the appointment is for, as it goes on after that word."""
    purpose = form.get("purpose")
    return f"to get {purpose}" if _TO_BE_DONE.fullmatch(purpose) else f"for {purpose}"


def _names_nobody(form: Form) -> bool:
    """Say whether the person must still tell whom to call: a number alone is enough."""
    return not form.get("number")


def _read_back(form: Form) -> str:
    """Put the whole wish into sentences that the person can check."""
    lines = [
        (
            f"I will call {whom(form.get('shop'), form.get('number'))} and make an appointment "
            f"{_purpose(form)}, under the name {form.get('name')}."
        ),
        f"It would suit you: {form.get('wished_times')}.",
        f"If they need to reach you, I will give them {shown_number(form.get('callback_number'))}.",
    ]
    if form.get("notes"):
        lines.append(f"I will also tell them: {form.get('notes')}.")
    return " ".join(lines)


def _details(form: Form) -> dict[str, str]:
    """List what the agent must know, by name; what the person did not give is left out."""
    known = {
        "customer_name": form.get("name"),
        "purpose": form.get("purpose"),
        "wished_times": form.get("wished_times"),
        "callback_number": form.get("callback_number"),
        "shop": form.get("shop"),
        "notes": form.get("notes"),
    }
    return {name: value for name, value in known.items() if value}


def _instructions(details: Mapping[str, str]) -> str:
    return write_instructions(_STEPS, details)


def _next_step(form: Form) -> str:
    return f"It is under the name {form.get('name')}."


def _voicemail_message(form: Form) -> str:
    """Word what they find on their voicemail."""
    wish = f"an appointment {_purpose(form)}, {form.get('wished_times')}"
    return message_after_beep(form.get("name"), wish, form.get("callback_number"))


ERRAND = Errand(
    name="appointment",
    noun="appointment",
    taken="made the appointment",
    again="make another one",
    offer="make an appointment, such as at a hairdresser's, a dentist's or a garage",
    example="A haircut at Shear Delight on Tuesday afternoon",
    patterns=(
        r"\bappointments?\b|\bbook (?:me|us)\b",
        rf"\b(?:{_PLACES})\b",
        rf"\b(?:{_WHAT_FOR})\b",
    ),
    fields=(
        FieldSpec(
            "purpose",
            FieldKind.SUBJECT,
            "What for",
            "What is the appointment for, such as a haircut or a check-up?",
            words=_WHAT_FOR,
            cue=_BEFORE_WHAT_FOR,
        ),
        FieldSpec(
            "shop",
            FieldKind.SHOP,
            "With whom",
            "With whom shall I make it?",
            needed=_names_nobody,
            cue=r"(?:(?:appointment|check[- ]?up|booked|booking) )?with",
        ),
        FieldSpec(
            "number",
            FieldKind.SHOP_NUMBER,
            "Their number",
            "What is their phone number, with the area code?",
        ),
        FieldSpec(
            "wished_times",
            FieldKind.TIMES,
            "When",
            "When would it suit you? Give me some days and times of day.",
        ),
        FieldSpec("name", FieldKind.PERSON_NAME, "Name", "What name shall it be under?"),
        FieldSpec(
            "callback_number",
            FieldKind.CALLBACK_NUMBER,
            "Your number",
            "What number can they call you back on?",
        ),
        FieldSpec("notes", FieldKind.NOTE, "Note", "What else shall I tell them?", needed=never),
        VOICEMAIL,
    ),
    facts=(
        DeclaredFact(
            "appointment_day",
            'The day of the appointment, in the callee\'s words, such as "Tuesday".',
            required=True,
            kind=pb.FACT_KIND_DAY,
            label="Day",
        ),
        DeclaredFact(
            "appointment_time",
            'The time of day of it, in the callee\'s words, such as "half past three".',
            required=True,
            kind=pb.FACT_KIND_TIME,
            label="Time",
        ),
        DeclaredFact(
            "confirmation_number",
            "The booking or confirmation number, if they gave one.",
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
