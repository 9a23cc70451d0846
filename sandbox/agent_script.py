"""The words and reactions of the sandbox's agent, as data; `agent.py` plays them.

Sentences may hold `{placeholders}`: the errand's details and the facts the callee has named.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One call of a tool; the values of the arguments may hold placeholders."""

    name: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Turn:
    """One response: what is said, then which tools are called."""

    say: str = ""
    tools: tuple[ToolUse, ...] = ()
    after: "Turn | None" = None
    """What follows once the outputs of the tools are there; None: nothing more to say."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """An answer to words of the callee."""

    name: str
    hears: str
    """Regular expression, searched in the callee's words regardless of case."""
    turn: Turn
    only_first: bool = False
    """Considered for the callee's first words only, before the agent has opened."""


def end_call(say: str, reason: str) -> Turn:
    """Build a turn that says good-bye and hangs up."""
    return Turn(say, (ToolUse("end_call", {"reason": reason}),))


OPENING = Turn(
    "Hello, I am an AI assistant calling on behalf of {customer_name}. "
    "I would like to order {order} {delivery_clause}, please."
)
CLOSING = end_call(
    "Thank you, that is {total_price}, and {ready_time}. Have a nice day. Goodbye.", "done"
)
BRISK_OPENING = Turn("An AI assistant calling on behalf of {customer_name}.")
BRISK_CLOSING = end_call("Thank you. Goodbye.", "done")
READ_BACK = Turn("So that is {total_price}, and {ready_time}. Is that right?")
LOST = Turn("Sorry, I did not understand that. How much will it be, and when will it be ready?")
NUDGE = Turn("Are you still there?")
GIVE_UP = end_call("I am sorry, {customer_name} will call you again. Goodbye.", "other")

REACTIONS = (
    Reaction(
        "voicemail",
        r"leave (?:us )?(?:a|your) message|after the (?:tone|beep)|voice ?mail",
        end_call("", "voicemail"),
        only_first=True,
    ),
    Reaction(
        "wrong_number",
        r"wrong number|(?:no|not a) (?:pizzeria|restaurant|pizza)|private (?:number|line)",
        end_call("I am sorry to have disturbed you. Goodbye.", "wrong_number"),
    ),
    Reaction(
        "refused",
        r"\b(?:closed|sold out|out of (?:it|that|dough)|not possible)\b|do(?: no|n')t deliver"
        r"|(?:can ?no|can'|do no|don'|wo n|won')t (?:take|make|do)\b",
        end_call("I understand. Thank you all the same. Goodbye.", "refused"),
    ),
    Reaction(
        "asked_delivery",
        r"pick-?up or|delivery or|or (?:delivery|delivered|pick-?up)|(?:eat|take) (?:in|away) or",
        Turn("{delivery_clause}, please."),
    ),
    Reaction("asked_name", r"\bname\b", Turn("The name is {customer_name}.")),
    Reaction("asked_number", r"\b(?:phone|number|reach you)\b", Turn("It is {callback_number}.")),
    Reaction("asked_address", r"\baddress\b|where to\b", Turn("It is {address}.")),
    Reaction(
        "asked_order",
        r"what (?:would you like|can i get|was (?:it|that)|do you want|is the order)",
        Turn("I would like to order {order} {delivery_clause}, please."),
    ),
    Reaction(
        "asked_who",
        r"who (?:is|are|am)|a (?:robot|machine|real person)|are you human",
        Turn("I am an AI assistant calling on behalf of {customer_name}."),
    ),
    Reaction("asked_more", r"anything else|that all|is that everything", Turn("That is all.")),
    Reaction("asked_to_wait", r"\b(?:moment|hold on|hang on|second|minute), ?", Turn("Of course.")),
    Reaction("asked_again", r"\b(?:pardon|repeat|say that again|speak up)\b", Turn("{last_said}")),
)


@dataclass(frozen=True, slots=True)
class AgentScript:
    """How the agent of one scenario behaves; the default takes an order to its end."""

    opening: Turn = OPENING
    reactions: tuple[Reaction, ...] = REACTIONS
    wanted: tuple[str, ...] = ("total_price", "ready_time")
    """Facts to be recorded before the agent closes."""
    questions: Mapping[str, str] = field(
        default_factory=lambda: {
            "total_price": "And how much will it be?",
            "ready_time": "And when will it be ready?",
        }
    )
    read_back: Turn | None = None
    """Said once, when everything is recorded, before the closing; None: closes at once."""
    closing: Turn = CLOSING
    lost: Turn = LOST
    nudge: Turn = NUDGE
    give_up: Turn = GIVE_UP
    patience: int = 3
    """How often the agent asks again, or into the silence, before it gives up."""
    invented: Mapping[str, str] = field(default_factory=dict)
    """Facts recorded with these values, whatever the callee said: an agent that lies."""
    must_reach: tuple[str, ...] = ()
    """Names of reactions, or `closing`, without which the books call the call unfinished."""
