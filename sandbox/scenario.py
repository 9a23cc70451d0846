"""What one scenario decides beforehand: who answers, how the agent behaves, what goes wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sandbox.agent_script import AgentScript
from sandbox.callees import Callee, CalleeFactory
from sandbox.callees.order_taker import order_taker
from sandbox.carrier_faults import NO_FAULTS as CARRIER_AT_ITS_BEST
from sandbox.carrier_faults import CarrierFaults
from sandbox.contacts import find_name
from sandbox.model_faults import NO_FAULTS as MODEL_AT_ITS_BEST
from sandbox.model_faults import ModelFaults
from sandbox.variation import Variation

_PERSON = "My name is Ada Lovelace, you can reach me at +14155550123."
ORDER_REQUEST = f"Order a large margherita from {{number}}, for pick-up. {_PERSON}"
DELIVERY_REQUEST = (
    f"Order a large margherita from {{number}}, delivered to 5 Elm Street, Springfield. {_PERSON}"
)
MESSAGE_REQUEST = f"{ORDER_REQUEST} If nobody answers, leave a message."
APPOINTMENT_REQUEST = (
    "Please make an appointment for a haircut at {number}, Tuesday afternoon or Wednesday morning. "
    + _PERSON
)
ORDER_TAKEN = {"total_price": "14.50", "ready_time": "20 minutes"}


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
class Expected:
    """What a careful product makes of the call, in the contract's words."""

    status: str = "CALL_STATUS_COMPLETED"
    end_reason: str = "END_REASON_AGENT_HUNG_UP"
    outcome: str = "OUTCOME_SUCCEEDED"
    answered_by: str = "ANSWERED_BY_HUMAN"
    """Empty where it hangs on which of two things came first."""
    facts: Mapping[str, str] = field(default_factory=lambda: ORDER_TAKEN)
    """The facts that are proven by the callee's own words, and their values."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One call: everything about it that is decided beforehand."""

    name: str
    summary: str
    number: str
    """Its own fictional number, which always plays this scenario."""
    expected: Expected = Expected()
    ring: RingPlan = RingPlan()
    callee: CalleeFactory = order_taker
    agent: AgentScript = field(default_factory=AgentScript)
    carrier: CarrierFaults = CARRIER_AT_ITS_BEST
    model: ModelFaults = MODEL_AT_ITS_BEST
    errand: Literal["food_order", "appointment"] = "food_order"
    request: str = ORDER_REQUEST
    """What a person writes to order this call; `{number}` stands for the number."""
    person_answer: str = ""
    """What the person answers when the agent asks back; empty: nothing."""
    seed: str = ""
    """Makes the choices of the callee; empty: the first wording and the mean of all pauses."""

    def answer(self, number: str = "") -> Callee:
        """Let somebody answer the telephone. `number`: which was called, if not its own."""
        return self.callee(Variation(self.seed or None, find_name(number or self.number)))

    @property
    def facts(self) -> dict[str, object]:
        """Tell what the scenario is and what is expected of it."""
        return {
            "name": self.name,
            "summary": self.summary,
            "number": self.number,
            "errand": self.errand,
            "request": self.request,
            "person_answer": self.person_answer,
            "expected_status": self.expected.status,
            "expected_end_reason": self.expected.end_reason,
            "expected_outcome": self.expected.outcome,
            "expected_answered_by": self.expected.answered_by,
            "expected_facts": dict(self.expected.facts),
        }
