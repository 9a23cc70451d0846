"""What the assistant says of each end of a call, in the words of the errand's file."""

import pytest

from orchestrator.conversation.budget import costs_more
from orchestrator.conversation.result_message import may_retry, result_message
from orchestrator.errands import ERRANDS, Form
from ringback.v1 import call_results_pb2 as pb
from tests.rig import result_of
from tests.unit.orchestrator.talking import FOOD, ORDER, talk

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
        "I reached Salon, but not everything is settled. Day: Tuesday. "
        f"Not certain: the appointment time. {CHECK}."
    )


@pytest.mark.parametrize(
    ("summary", "why"), [(MESSAGE_LEFT, MESSAGE_LEFT), ("", "A voicemail answered.")]
)
def test_what_came_of_a_voicemail_is_told(summary: str, why: str) -> None:
    text = told(pb.OUTCOME_NOT_REACHED, pb.END_REASON_VOICEMAIL, summary=summary)
    assert text == f"I did not get through to Salon. {why} Shall I try again?"
    assert may_retry(result_of(outcome=pb.OUTCOME_NOT_REACHED, end_reason=pb.END_REASON_VOICEMAIL))


def test_a_refusal_tells_their_own_words() -> None:
    said = 'They said no: "We are closed today."'
    assert told(pb.OUTCOME_REFUSED, pb.END_REASON_AGENT_HUNG_UP, summary=said) == (
        f"I reached Salon. {said} Tell me if I shall call another place."
    )


@pytest.mark.parametrize(
    ("end_reason", "how"),
    [
        (pb.END_REASON_CALLEE_HUNG_UP, "but they hung up without a word"),
        (pb.END_REASON_PERSON_HUNG_UP, "but you ended the call before they said a word"),
        (pb.END_REASON_SILENCE_LIMIT, "but nobody said a word"),
    ],
)
@pytest.mark.parametrize("outcome", [pb.OUTCOME_FOLLOW_UP, pb.OUTCOME_NOT_REACHED])
def test_somebody_who_said_not_one_word_may_be_called_again(
    outcome: int, end_reason: int, how: str
) -> None:
    agent = pb.TranscriptTurn(role=pb.ROLE_AGENT, text="Hello, I am an AI assistant")
    ended = {"transcript": [agent], "transcript_complete": True}
    assert told(outcome, end_reason, **ended) == (
        f"Somebody answered at Salon, {how}. Nothing is settled. Shall I try again?"
    )
    fields = {"outcome": outcome, "end_reason": end_reason, "source": pb.SOURCE_HANDLER}
    assert may_retry(result_of(**ended, **fields))


@pytest.mark.parametrize(
    "changed",
    [
        {"transcript": [pb.TranscriptTurn(role=pb.ROLE_CALLEE, text="")]},
        {"transcript_complete": False},
        {"source": pb.SOURCE_RECOVERED},
        {"end_reason": pb.END_REASON_MEDIA_LOST},
        {"outcome": pb.OUTCOME_UNKNOWN},
    ],
    ids=["a word nobody understood", "a cut transcript", "hearsay", "a lost line", "unknown"],
)
def test_where_a_word_may_have_been_said_nobody_is_called_again(changed: dict[str, object]) -> None:
    fields = {
        "outcome": pb.OUTCOME_FOLLOW_UP,
        "end_reason": pb.END_REASON_CALLEE_HUNG_UP,
        "source": pb.SOURCE_HANDLER,
        "transcript_complete": True,
    }
    assert may_retry(result_of(**fields))
    assert not may_retry(result_of(**(fields | changed)))


@pytest.mark.parametrize(
    ("price", "budget", "is_more"),
    [
        ("24.50", "$20", True),
        ("20.01", "20 dollars", True),
        ("20.00", "20 dollars", False),
        ("14.50", "", False),
        ("market price", "$20", False),
        ("between 14 and 30", "$20", False),
        ("1,200.00", "\u20ac900", True),
    ],
)
def test_a_price_is_compared_with_the_budget_as_a_number(
    price: str, budget: str, is_more: bool
) -> None:
    assert costs_more(price, budget) is is_more


@pytest.mark.parametrize(
    ("outcome", "start"),
    [
        (pb.OUTCOME_SUCCEEDED, "Careful: Luigi's took the order, but not within your budget."),
        (pb.OUTCOME_PARTIAL, "I reached Luigi's, but not everything is settled."),
        (pb.OUTCOME_FOLLOW_UP, "I reached Luigi's, but I cannot say for certain"),
    ],
)
def test_a_price_above_the_budget_is_told_as_such_and_never_as_a_success(
    outcome: int, start: str
) -> None:
    form = talk(ORDER, "at most 20 dollars").last.form
    price = pb.Fact(name="total_price", value="24.50", evidence_turns=[0])
    text = result_message(FOOD, form, result_of(outcome=outcome, facts=[price]))
    assert text.startswith(start)
    assert "The price of 24.50 is above your budget of 20 dollars." in text
    assert "Done" not in text
