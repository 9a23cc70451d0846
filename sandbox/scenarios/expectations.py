"""What is expected of the calls that do not simply take the order, by how they end."""

from dataclasses import replace

from sandbox.scenario import Expected

_NOTHING: dict[str, str] = {}

REFUSED = Expected(outcome="OUTCOME_REFUSED", facts=_NOTHING)
NOT_REACHED = Expected(outcome="OUTCOME_NOT_REACHED", facts=_NOTHING)
FOLLOW_UP = Expected(outcome="OUTCOME_FOLLOW_UP", facts=_NOTHING)
CALLEE_LEFT = Expected(
    end_reason="END_REASON_CALLEE_HUNG_UP", outcome="OUTCOME_FOLLOW_UP", facts=_NOTHING
)
LEFT_UNHEARD = replace(CALLEE_LEFT, answered_by="ANSWERED_BY_UNKNOWN")
MACHINE = Expected(
    end_reason="END_REASON_VOICEMAIL",
    outcome="OUTCOME_NOT_REACHED",
    answered_by="ANSWERED_BY_VOICEMAIL",
    facts=_NOTHING,
)
TIME_ONLY = Expected(outcome="OUTCOME_PARTIAL", facts={"ready_time": "20 minutes"})
CORRECTED = Expected(facts={"total_price": "16.50", "ready_time": "20 minutes"})


def never_connected(status: str, end_reason: str) -> Expected:
    """Expect a call that nobody answered."""
    return Expected(
        status, end_reason, "OUTCOME_NOT_REACHED", "ANSWERED_BY_UNSPECIFIED", facts=_NOTHING
    )


def broken(end_reason: str, answered_by: str = "ANSWERED_BY_HUMAN") -> Expected:
    """Expect a call that broke off before anything was agreed."""
    return Expected(
        end_reason=end_reason,
        outcome="OUTCOME_FOLLOW_UP",
        answered_by=answered_by,
        facts=_NOTHING,
    )
