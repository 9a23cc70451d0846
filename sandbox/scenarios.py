"""Every call the sandbox can play, by name: who answers, how the agent behaves, what goes wrong."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from sandbox.agent_script import (
    OPENING,
    REACTIONS,
    READ_BACK,
    AgentScript,
    Reaction,
    ToolUse,
    Turn,
)
from sandbox.callees.askers import careful_shop, correcting_shop, piecemeal_shop
from sandbox.callees.interrupters import broken_line, hanging_up_person, interrupting_shop
from sandbox.callees.machines import answering_machine, silent_person
from sandbox.callees.refusers import closed_shop, private_person, sold_out_shop
from sandbox.carrier_faults import CarrierFaults, CreateFault
from sandbox.model_faults import EndFault, ModelEnd, ModelFaults
from sandbox.scenario import RingPlan, Scenario
from sandbox.short_scenarios import SHORT_SCENARIOS

_REFUSED = "OUTCOME_REFUSED"
_FOLLOW_UP, _NOT_REACHED = "OUTCOME_FOLLOW_UP", "OUTCOME_NOT_REACHED"

_CLOSES = AgentScript(must_reach=("facts", "closing"))
_LATE_CALLBACKS = CarrierFaults(callbacks_late_s=1.5, callback_copies=2)
_LOST_MID_SENTENCE = ModelFaults(end=EndFault(ModelEnd.RESET, response=1, delta=8))
_CLAIMS = (
    ToolUse("record_fact", {"name": "total_price", "value": "9.99"}),
    ToolUse("record_fact", {"name": "ready_time", "value": "5 minutes"}),
    ToolUse("end_call", {"reason": "done"}),
)
_THANKS = Turn("Wonderful, thank you. Goodbye.", _CLAIMS)

_TAKEN = (
    Scenario(
        "order_taken",
        "The shop takes the order and names price and time.",
        "+14155550100",
        agent=_CLOSES,
    ),
    Scenario(
        "callee_asks_back",
        "The shop asks how and for whom, then takes the order.",
        "+14155550102",
        callee=careful_shop,
        agent=AgentScript(must_reach=("asked_delivery", "asked_name", "facts", "closing")),
    ),
    Scenario(
        "callbacks_late_and_doubled",
        "The order is taken; every status callback comes late, and twice.",
        "+14155550110",
        agent=_CLOSES,
        carrier=_LATE_CALLBACKS,
    ),
    Scenario(
        "price_corrected",
        "The shop corrects the price when the agent reads it back.",
        "+14155550111",
        callee=correcting_shop,
        agent=AgentScript(read_back=READ_BACK, must_reach=("facts", "read_back", "closing")),
    ),
    Scenario(
        "told_piecemeal",
        "The shop names the price and has to be asked for the time.",
        "+14155550112",
        callee=piecemeal_shop,
        agent=_CLOSES,
    ),
    Scenario(
        "callee_interrupts",
        "The shop talks into the agent's first sentence, then takes the order.",
        "+14155550113",
        callee=interrupting_shop,
        agent=AgentScript(must_reach=("asked_to_wait", "facts", "closing")),
    ),
    Scenario(
        "model_fails_once",
        "The model's second answer fails; asked again, it goes on.",
        "+14155550114",
        agent=_CLOSES,
        model=ModelFaults(failed_from=2, failed_count=1),
    ),
)
_NOT_TAKEN = (
    Scenario(
        "order_refused",
        "The shop is closed today.",
        "+14155550101",
        expected_outcome=_REFUSED,
        callee=closed_shop,
        agent=AgentScript(must_reach=("refused",)),
    ),
    Scenario(
        "sold_out",
        "The shop has none left.",
        "+14155550115",
        expected_outcome=_REFUSED,
        callee=sold_out_shop,
        agent=AgentScript(must_reach=("refused",)),
    ),
    Scenario(
        "wrong_number",
        "A private person answers.",
        "+14155550116",
        expected_outcome=_NOT_REACHED,
        callee=private_person,
        agent=AgentScript(must_reach=("wrong_number",)),
    ),
    Scenario(
        "voicemail",
        "An answering machine answers.",
        "+14155550117",
        expected_outcome=_NOT_REACHED,
        callee=answering_machine,
        agent=AgentScript(must_reach=("voicemail",)),
    ),
)
_CUT_SHORT = (
    Scenario(
        "hang_up_mid_sentence",
        "The callee hangs up while the agent says who it is.",
        "+14155550106",
        expected_outcome=_FOLLOW_UP,
        callee=hanging_up_person,
    ),
    Scenario(
        "socket_lost",
        "The media stream is reset without `stop`.",
        "+14155550107",
        expected_outcome=_FOLLOW_UP,
        callee=broken_line,
    ),
    Scenario(
        "model_lost",
        "The model's connection is reset while it speaks.",
        "+14155550108",
        expected_outcome=_FOLLOW_UP,
        model=_LOST_MID_SENTENCE,
    ),
    Scenario(
        "model_fails_for_ever",
        "Every answer of the model after the first one fails.",
        "+14155550118",
        expected_outcome=_FOLLOW_UP,
        model=ModelFaults(failed_from=2, failed_count=None, failed_code="rate_limit_exceeded"),
    ),
    Scenario(
        "callee_silent",
        "Somebody answers and never says a word.",
        "+14155550119",
        expected_outcome=_FOLLOW_UP,
        callee=silent_person,
    ),
)
_FALSE_SUCCESSES = (
    Scenario(
        "success_invented",
        "The shop names price and time; the agent claims others.",
        "+14155550128",
        expected_outcome=_FOLLOW_UP,
        agent=AgentScript(invented={"total_price": "9.99", "ready_time": "5 minutes"}),
    ),
    Scenario(
        "success_against_refusal",
        "The shop is closed; the agent claims that it took the order.",
        "+14155550129",
        expected_outcome=_FOLLOW_UP,
        callee=closed_shop,
        agent=AgentScript(reactions=(Reaction("claimed", "closed", _THANKS), *REACTIONS)),
    ),
    Scenario(
        "success_before_a_word",
        "The agent claims success before the callee, who hangs up, has said anything of it.",
        "+14155550130",
        expected_outcome=_FOLLOW_UP,
        callee=partial(hanging_up_person, 5_000),  # the claims are made meanwhile
        agent=AgentScript(opening=Turn(OPENING.say, _CLAIMS)),
    ),
)
_NEVER_CONNECTED = (
    Scenario(
        "busy",
        "The line is busy.",
        "+14155550103",
        "CALL_STATUS_BUSY",
        _NOT_REACHED,
        RingPlan(answer_after_s=1.0, answers=False, final="busy", sip_code=486),
    ),
    Scenario(
        "no_answer",
        "It rings and nobody answers.",
        "+14155550104",
        "CALL_STATUS_NO_ANSWER",
        _NOT_REACHED,
        RingPlan(answer_after_s=3_600.0, answers=False, final="no-answer", sip_code=487),
    ),
    Scenario(
        "declined",
        "The callee declines the call.",
        "+14155550105",
        "CALL_STATUS_NO_ANSWER",
        _NOT_REACHED,
        RingPlan(answer_after_s=3.0, answers=False, final="no-answer", sip_code=603),
    ),
    Scenario(
        "dial_refused",
        "The carrier refuses the number.",
        "+14155550109",
        "CALL_STATUS_FAILED",
        _NOT_REACHED,
        carrier=CarrierFaults(create=CreateFault.REFUSED, create_code=21211),
    ),
)
_GROUPS = (_TAKEN, _NOT_TAKEN, _CUT_SHORT, _FALSE_SUCCESSES, _NEVER_CONNECTED, SHORT_SCENARIOS)
SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {scenario.name: scenario for group in _GROUPS for scenario in group}
)
