"""Every call the sandbox can play, by name: who answers, how the agent behaves, what goes wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from sandbox.agent_script import BRISK_CLOSING, BRISK_OPENING, READ_BACK, AgentScript
from sandbox.callees import CalleeFactory
from sandbox.callees.askers import careful_shop, correcting_shop, piecemeal_shop
from sandbox.callees.interrupters import broken_line, hanging_up_person, interrupting_shop
from sandbox.callees.machines import answering_machine, silent_person
from sandbox.callees.order_taker import brisk_shop, brisk_shop_that_hangs_up, order_taker
from sandbox.callees.refusers import closed_shop, private_person, sold_out_shop
from sandbox.carrier_faults import NO_FAULTS as CARRIER_AT_ITS_BEST
from sandbox.carrier_faults import CarrierFaults, CreateFault, StreamFault
from sandbox.model_faults import NO_FAULTS as MODEL_AT_ITS_BEST
from sandbox.model_faults import EndFault, ModelEnd, ModelFaults

_SUCCEEDED, _REFUSED = "OUTCOME_SUCCEEDED", "OUTCOME_REFUSED"
_FOLLOW_UP, _NOT_REACHED = "OUTCOME_FOLLOW_UP", "OUTCOME_NOT_REACHED"


@dataclass(frozen=True, slots=True)
class RingPlan:
    """What the telephone does before anybody speaks. Times are script time."""

    answer_after_s: float = 2.0
    """From the first ring to the answer, or to `final` when nobody answers."""
    answers: bool = True
    final: Literal["completed", "busy", "no-answer", "failed"] = "completed"
    sip_code: int | None = None
    """SipResponseCode of the last callback; None: the carrier's default for `final`."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One call: everything about it that is decided beforehand."""

    name: str
    summary: str
    number: str
    """Its own fictional number, which always plays this scenario."""
    expected_status: str = "CALL_STATUS_COMPLETED"
    expected_outcome: str = _SUCCEEDED
    ring: RingPlan = RingPlan()
    callee: CalleeFactory = order_taker
    agent: AgentScript = field(default_factory=AgentScript)
    carrier: CarrierFaults = CARRIER_AT_ITS_BEST
    model: ModelFaults = MODEL_AT_ITS_BEST


_CLOSES = AgentScript(must_reach=("facts", "closing"))
_BRISK = AgentScript(opening=BRISK_OPENING, closing=BRISK_CLOSING)
_LATE_CALLBACKS = CarrierFaults(callbacks_late_s=1.5, callback_copies=2)
_LOST_MID_SENTENCE = ModelFaults(end=EndFault(ModelEnd.RESET, response=1, delta=8))

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


def _short(
    name: str,
    summary: str,
    number: str,
    carrier: CarrierFaults = CARRIER_AT_ITS_BEST,
    callee: CalleeFactory = brisk_shop,
) -> Scenario:
    """Build a call that takes the order in few words: for runs of thousands of calls."""
    ring = RingPlan(answer_after_s=0.5)
    return Scenario(name, summary, number, ring=ring, callee=callee, agent=_BRISK, carrier=carrier)


_SHORT = (
    _short(
        "short_order", "The order is taken in as few words as that can be done.", "+14155550120"
    ),
    _short(
        "short_order_hang_up",
        "Short; the shop hangs up without waiting for a good-bye.",
        "+14155550121",
        callee=brisk_shop_that_hangs_up,
    ),
    _short(
        "short_order_callbacks_spoilt",
        "Short; the status callbacks come late, twice and in the wrong order.",
        "+14155550122",
        CarrierFaults(callbacks_late_s=1.5, callback_copies=2, callbacks_reordered=True),
    ),
    _short(
        "short_order_callbacks_lost",
        "Short; no status callback ever comes.",
        "+14155550123",
        CarrierFaults(callbacks_lost=frozenset({"initiated", "ringing", "answered", "completed"})),
    ),
    _short(
        "short_order_dial_error",
        "Short; the carrier places the call and answers the dial with 500.",
        "+14155550124",
        CarrierFaults(create=CreateFault.ERROR_AFTER_ACCEPT),
    ),
    _short(
        "short_order_dial_reset",
        "Short; the carrier places the call and resets the connection of the dial.",
        "+14155550125",
        CarrierFaults(create=CreateFault.RESET_AFTER_ACCEPT),
    ),
    _short(
        "short_order_dial_silent",
        "Short; the carrier places the call and never answers the dial.",
        "+14155550126",
        CarrierFaults(create=CreateFault.NO_ANSWER_ACCEPTED),
    ),
    _short(
        "short_order_stream_reset",
        "Short; the media stream is reset without `stop` while the agent speaks.",
        "+14155550127",
        CarrierFaults(stream=StreamFault.RESET, stream_fault_at_ms=3_000),
    ),
)
SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        scenario.name: scenario
        for scenario in (*_TAKEN, *_NOT_TAKEN, *_CUT_SHORT, *_NEVER_CONNECTED, *_SHORT)
    }
)
