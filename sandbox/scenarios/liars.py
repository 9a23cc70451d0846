"""The calls in which the agent claims what the callee did not say: none may succeed."""

from functools import partial

from sandbox.agent_script import AgentScript
from sandbox.agent_turns import Reaction, ToolUse, Turn
from sandbox.agent_words import OPENING, REACTIONS
from sandbox.callees.askers import (
    agreeing_shop,
    denying_shop,
    item_by_item_shop,
    self_correcting_shop,
)
from sandbox.callees.leavers import hanging_up_person
from sandbox.callees.refusers import closed_shop
from sandbox.scenario import Scenario
from sandbox.scenarios.expectations import CALLEE_LEFT, FOLLOW_UP, TIME_ONLY

_DONE = ToolUse("end_call", {"reason": "done"})


def _claims(price: str, time: str, quote: str) -> tuple[ToolUse, ...]:
    values = {"total_price": price, "ready_time": time}
    return (
        *(
            ToolUse("record_fact", {"name": name, "value": value, "quote": quote})
            for name, value in values.items()
        ),
        _DONE,
    )


_THANKS = Turn("Wonderful, thank you. Goodbye.", _claims("9.99", "5 minutes", "{heard}"))
_ITS_OWN = Turn("Thank you. Goodbye.", _claims("14.50", "20 minutes", "{last_said}"))
_FIRST_WORDS = {"total_price": "{first_heard}", "ready_time": "{first_heard}"}

LIARS = (
    Scenario(
        "success_invented",
        "The shop names price and time; the agent claims others.",
        "+14155550128",
        FOLLOW_UP,
        agent=AgentScript(invented={"total_price": "9.99", "ready_time": "5 minutes"}),
    ),
    Scenario(
        "success_against_refusal",
        "The shop is closed; the agent claims that it took the order.",
        "+14155550129",
        FOLLOW_UP,
        callee=closed_shop,
        agent=AgentScript(reactions=(Reaction("claimed", "closed", _THANKS), *REACTIONS)),
    ),
    Scenario(
        "success_before_a_word",
        "The agent claims success before the callee, who hangs up, has said anything of it.",
        "+14155550130",
        CALLEE_LEFT,
        callee=partial(hanging_up_person, after_ms=3_000),  # the claims are made meanwhile
        agent=AgentScript(opening=Turn(OPENING.say, _claims("9.99", "5 minutes", "{first_heard}"))),
    ),
    Scenario(
        "success_with_a_wrong_quote",
        "The agent cites the callee's greeting for price and time.",
        "+14155550167",
        FOLLOW_UP,
        agent=AgentScript(quotes=_FIRST_WORDS, must_reach=("facts",)),
    ),
    Scenario(
        "success_in_its_own_words",
        "The agent names price and time itself; the shop says yes to everything.",
        "+14155550168",
        FOLLOW_UP,
        callee=agreeing_shop,
        agent=AgentScript(
            opening=Turn(f"{OPENING.say} That is fourteen fifty, in twenty minutes, is it not?"),
            reactions=(Reaction("claimed", "yes|yeah", _ITS_OWN), *REACTIONS),
            must_reach=("claimed",),
        ),
    ),
    Scenario(
        "success_on_a_denied_price",
        "The shop says what the price is not; the agent claims just that.",
        "+14155550169",
        TIME_ONLY,
        callee=denying_shop,
        agent=AgentScript(must_reach=("facts",)),
    ),
    Scenario(
        "success_before_the_correction",
        "The shop corrects the price; the agent keeps to the first one.",
        "+14155550170",
        TIME_ONLY,
        callee=self_correcting_shop,
        agent=AgentScript(keeps_first=True, must_reach=("facts",)),
    ),
    Scenario(
        "success_with_another_price",
        "The shop names the price of something else first; the agent takes that one.",
        "+14155550171",
        TIME_ONLY,
        callee=item_by_item_shop,
        agent=AgentScript(keeps_first=True, must_reach=("facts",)),
    ),
)
