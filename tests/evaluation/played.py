"""What one run of a scripted callee was expected to be, and what it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.chaos.ledger_facts import Line

Json: TypeAlias = Mapping[str, object]

SUCCEEDED = "OUTCOME_SUCCEEDED"


@dataclass(frozen=True, slots=True)
class Scripted:
    """One scripted callee as the sandbox tells it; enums in the contract's words."""

    name: str
    summary: str
    request: str
    """What the person writes; {number} stands for the callee's."""
    person_answer: str
    """What the person answers when the agent asks back; empty: nothing."""
    status: str
    end_reason: str
    outcome: str
    answered_by: str
    """Empty where it hangs on which of two things came first."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """The values that are to be proven."""


@dataclass(frozen=True, slots=True)
class Played:
    """One call that was played."""

    scripted: Scripted
    seed: int
    call_id: str
    """Empty when the errand was not taken."""
    result: Json
    """In the contract's JSON; empty when none came."""
    lines: Sequence[Line]
    """What the carrier and the model wrote down about it."""
    trouble: str = ""
    """Why there is no result; empty when there is one."""

    def text(self, name: str) -> str:
        """Give a text or an enum's word of the result; empty when it is not told."""
        value = self.result.get(name, "")
        return value if isinstance(value, str) else ""

    def objects(self, name: str) -> list[Json]:
        """Give a repeated field of the result."""
        value = self.result.get(name)
        return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []

    def of_kind(self, kind: str) -> list[Line]:
        """Give the lines of one kind, in the order in which they were written."""
        return [line for line in self.lines if line["kind"] == kind]


def read_scripted(listed: Json) -> Scripted:
    """Read one entry of GET /control/scenarios. Raises: KeyError for one that tells too little."""
    facts = listed["expected_facts"]
    return Scripted(
        name=str(listed["name"]),
        summary=str(listed["summary"]),
        request=str(listed["request"]),
        person_answer=str(listed["person_answer"]),
        status=str(listed["expected_status"]),
        end_reason=str(listed["expected_end_reason"]),
        outcome=str(listed["expected_outcome"]),
        answered_by=str(listed["expected_answered_by"]),
        facts={str(name): str(value) for name, value in facts.items()}
        if isinstance(facts, Mapping)
        else {},
    )
