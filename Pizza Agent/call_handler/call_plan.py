"""What one call is held with: the rules of conduct, the model's session, and who ends it how."""

from call_handler.bridge import ConductRules, DialogueSetup
from call_handler.outcome import EndKind
from call_handler.realtime import SessionPlan, behalf_of, write_instructions
from call_handler.settings import HandlerSettings
from call_handler.tools import describe_tools
from ringback.v1.call_results_pb2 import Order

_NOBODY = "a customer"
WHO_ENDED = {
    EndKind.CALLEE_HUNG_UP: "callee",
    EndKind.AGENT_HUNG_UP: "agent",
    EndKind.PERSON_HUNG_UP: "person",
    EndKind.TIME_LIMIT: "limit",
    EndKind.SILENCE_LIMIT: "limit",
    EndKind.HOLD_LIMIT: "limit",
    EndKind.VOICEMAIL: "agent",
    EndKind.FAX: "agent",
    EndKind.OPT_OUT: "agent",
    EndKind.MEDIA_LOST: "carrier",
    EndKind.MODEL_LOST: "model",
    EndKind.HANDLER_STOPPED: "handler",
    EndKind.NOT_CLAIMED: "orchestrator",
    EndKind.INTERNAL_ERROR: "handler",
}
"""Whose doing each end of a call is, for the log."""


def set_up_dialogue(stream_sid: str, order: Order, settings: HandlerSettings) -> DialogueSetup:
    """Say what the conversation of one call is held with."""
    rules = ConductRules.for_order(
        order,
        behalf_of(order, settings.greeting_name or _NOBODY),
        discloses=settings.disclosure,
        silence_s=settings.silence_s,
        hold_s=settings.hold_s,
    )
    return DialogueSetup(stream_sid, order.facts, settings.model, settings.prices, rules)


def plan_session(order: Order, settings: HandlerSettings) -> SessionPlan:
    """Say what one call asks of the speech model."""
    return SessionPlan(
        write_instructions(
            order,
            fallback_name=settings.greeting_name or _NOBODY,
            discloses=settings.disclosure,
        ),
        describe_tools(order.facts),
        settings.voice,
        settings.transcription_model,
    )
