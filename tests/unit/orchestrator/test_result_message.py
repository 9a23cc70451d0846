"""What the assistant says of each end of a call, in the words of the errand's file."""

import pytest

from orchestrator.conversation.result_message import may_retry, result_message
from orchestrator.errands import ERRANDS, Form
from ringback.v1 import call_results_pb2 as pb
from tests.rig import result_of

SALON = Form({"purpose": "a haircut", "name": "Ada", "number": "+14155550140", "shop": "Salon"})
CHECK = "Please check with them (+1 415-555-0140)"
MESSAGE_LEFT = "Only a voicemail answered; the agent left the message."


def told(outcome: int, end_reason: int, **fields: object) -> str:
    result = result_of(outcome=outcome, end_reason=end_reason, source=pb.SOURCE_HANDLER, **fields)
    return result_message(ERRANDS["appointment"], SALON, result)


def test_a_refusal_for_good_is_told_as_such() -> None:
    assert told(pb.OUTCOME_REFUSED, pb.END_REASON_OPT_OUT) == (
        "Salon asked not to be called again, so I will not call them any more. Tell me if I shall "
        "call another place."
    )
    assert told(pb.OUTCOME_REFUSED, pb.END_REASON_AGENT_HUNG_UP).startswith("Salon said no. ")


def test_an_uncertain_end_asks_to_check_before_anything_is_done_twice() -> None:
    assert told(pb.OUTCOME_FOLLOW_UP, pb.END_REASON_CALLEE_HUNG_UP) == (
        "I reached Salon, but I cannot say for certain that they made the appointment. "
        f"They hung up. {CHECK} before you make another one."
    )


def test_a_part_names_what_is_certain_and_what_is_not() -> None:
    day = pb.Fact(name="appointment_day", value="Tuesday", evidence_turns=[0])
    assert told(pb.OUTCOME_PARTIAL, pb.END_REASON_CALLEE_HUNG_UP, facts=[day]) == (
        f"I reached Salon, but not everything is settled. Day: Tuesday. Not certain: time. {CHECK}."
    )


@pytest.mark.parametrize(
    ("summary", "why"), [(MESSAGE_LEFT, MESSAGE_LEFT), ("", "A voicemail answered.")]
)
def test_what_came_of_a_voicemail_is_told(summary: str, why: str) -> None:
    text = told(pb.OUTCOME_NOT_REACHED, pb.END_REASON_VOICEMAIL, summary=summary)
    assert text == f"I did not get through to Salon. {why} Shall I try again?"
    assert may_retry(result_of(outcome=pb.OUTCOME_NOT_REACHED, end_reason=pb.END_REASON_VOICEMAIL))
