"""What one scenario decides beforehand: who answers, how the agent behaves, what goes wrong."""

from dataclasses import dataclass, field
from typing import Literal

from sandbox.agent_script import AgentScript
from sandbox.callees import CalleeFactory
from sandbox.callees.order_taker import order_taker
from sandbox.carrier_faults import NO_FAULTS as CARRIER_AT_ITS_BEST
from sandbox.carrier_faults import CarrierFaults
from sandbox.model_faults import NO_FAULTS as MODEL_AT_ITS_BEST
from sandbox.model_faults import ModelFaults


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
    expected_outcome: str = "OUTCOME_SUCCEEDED"
    ring: RingPlan = RingPlan()
    callee: CalleeFactory = order_taker
    agent: AgentScript = field(default_factory=AgentScript)
    carrier: CarrierFaults = CARRIER_AT_ITS_BEST
    model: ModelFaults = MODEL_AT_ITS_BEST
