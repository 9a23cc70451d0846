"""The calls that the callee ends, each at another moment."""

from sandbox.agent_script import AgentScript
from sandbox.callees.leavers import (
    hanging_up_person,
    leaves_after_hello,
    leaves_after_the_opening,
    leaves_after_the_price,
    leaves_before_a_word,
    leaves_during_the_goodbye,
    leaves_instead_of_waiting,
)
from sandbox.scenario import Expected, Scenario
from sandbox.scenarios.expectations import CALLEE_LEFT, LEFT_UNHEARD

_LEFT = "END_REASON_CALLEE_HUNG_UP"

HUNG_UP = (
    Scenario(
        "hang_up_before_a_word",
        "The callee picks up and puts down again.",
        "+14155550159",
        LEFT_UNHEARD,
        callee=leaves_before_a_word,
    ),
    Scenario(
        "hang_up_after_hello",
        "The callee hangs up with the last sound of their own greeting.",
        "+14155550160",
        LEFT_UNHEARD,
        callee=leaves_after_hello,
    ),
    Scenario(
        "hang_up_mid_sentence",
        "The callee hangs up while the agent says who it is.",
        "+14155550106",
        CALLEE_LEFT,
        callee=hanging_up_person,
    ),
    Scenario(
        "hang_up_after_the_opening",
        "The callee hears the agent out and hangs up without an answer.",
        "+14155550161",
        CALLEE_LEFT,
        callee=leaves_after_the_opening,
        agent=AgentScript(must_reach=("opening",)),
    ),
    Scenario(
        "hang_up_after_the_price",
        "The callee names the price and hangs up while asked for the time.",
        "+14155550162",
        Expected(end_reason=_LEFT, outcome="OUTCOME_PARTIAL", facts={"total_price": "14.50"}),
        callee=leaves_after_the_price,
        agent=AgentScript(must_reach=("facts",)),
    ),
    Scenario(
        "hang_up_during_the_goodbye",
        "The shop takes the order and hangs up into the agent's thanks.",
        "+14155550163",
        Expected(end_reason=_LEFT),
        callee=leaves_during_the_goodbye,
        agent=AgentScript(must_reach=("facts", "closing")),
    ),
    Scenario(
        "hang_up_while_the_person_is_asked",
        "The callee asks what only the person knows, and does not wait.",
        "+14155550164",
        CALLEE_LEFT,
        callee=leaves_instead_of_waiting,
        agent=AgentScript(must_reach=("asked_person",)),
    ),
)
