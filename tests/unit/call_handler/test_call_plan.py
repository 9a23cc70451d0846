"""What a call is held with: the rules that follow from its order and the settings."""

import pytest

from call_handler.bridge.conduct import ConductRules
from call_handler.bridge.disclosure import Duty
from call_handler.call_plan import WHO_ENDED, plan_session, set_up_dialogue
from call_handler.outcome import EndKind
from call_handler.settings import HandlerSettings
from ringback.v1.call_results_pb2 import Order, VoicemailPolicy

ADA = {"customer_name": "Ada Lovelace"}
LEAVE, HANG_UP = (
    VoicemailPolicy.VOICEMAIL_POLICY_LEAVE_MESSAGE,
    VoicemailPolicy.VOICEMAIL_POLICY_HANG_UP,
)


def rules_of(order: Order, settings: HandlerSettings | None = None) -> ConductRules:
    return set_up_dialogue("MZ1", order, settings or HandlerSettings()).rules


def test_every_end_is_somebodys_doing() -> None:
    assert set(WHO_ENDED) == set(EndKind)


def test_a_call_is_held_for_whom_the_details_name() -> None:
    assert rules_of(Order(details=ADA)) == ConductRules(Duty("Ada Lovelace"))
    assert rules_of(Order(), HandlerSettings(greeting_name="Bob")) == ConductRules(Duty("Bob"))


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (LEAVE, "Please call back."),
        (HANG_UP, ""),
        (VoicemailPolicy.VOICEMAIL_POLICY_UNSPECIFIED, ""),
    ],
)
def test_a_message_is_left_where_the_policy_says_so(
    policy: VoicemailPolicy.ValueType, message: str
) -> None:
    order = Order(voicemail_policy=policy, voicemail_message=" Please call back. ")
    assert rules_of(order).message == message


def test_the_limits_and_the_disclosure_are_settings() -> None:
    settings = HandlerSettings(silence_s=12.5, hold_s=60, disclosure=False)
    rules = rules_of(Order(is_recorded=True), settings)
    assert (rules.silence_ms, rules.hold_ms) == (12_500, 60_000)
    assert rules.duty == Duty("a customer", says_ai=False, says_recorded=True)


@pytest.mark.parametrize("discloses", [True, False])
@pytest.mark.parametrize("is_recorded", [True, False])
def test_the_model_is_told_to_begin_with_what_has_to_be_said(
    discloses: bool, is_recorded: bool
) -> None:
    settings = HandlerSettings(disclosure=discloses)
    told = plan_session(Order(details=ADA, is_recorded=is_recorded), settings).instructions
    first = 'first sentence is: "Hello, I am an AI assistant calling on behalf of Ada Lovelace."'
    assert (first in told) is discloses
    assert ("This call is recorded." in told) is is_recorded
    assert "you never claim to be a person" in told
    assert "{" not in told.split("-----")[0]
