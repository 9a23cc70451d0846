"""The conversation with the person: reads messages into an order, asks, reads back, tells results."""

from orchestrator.conversation.chat import Chat, newest_may_be_retried
from orchestrator.conversation.filling import Filler, RuleFiller, Surroundings
from orchestrator.conversation.form_json import form_from_json
from orchestrator.conversation.result_message import may_retry
from orchestrator.conversation.telling import tell_new_results, tell_results

__all__ = [
    "Chat",
    "Filler",
    "RuleFiller",
    "Surroundings",
    "form_from_json",
    "may_retry",
    "newest_may_be_retried",
    "tell_new_results",
    "tell_results",
]
