"""The conversation with the person: reads messages into an order, asks, reads back, tells."""

from orchestrator.conversation.chat import Chat
from orchestrator.conversation.filling import Filler, RuleFiller
from orchestrator.conversation.form_json import form_from_json
from orchestrator.conversation.keyed_filling import ModelFiller
from orchestrator.conversation.offers import greeting
from orchestrator.conversation.putting import Surroundings
from orchestrator.conversation.result_message import may_retry, over_budget, said_nothing
from orchestrator.conversation.situations import (
    find_open_question,
    find_task,
    newest_may_be_retried,
)
from orchestrator.conversation.telling import tell_new_results, tell_results

__all__ = [
    "Chat",
    "Filler",
    "ModelFiller",
    "RuleFiller",
    "Surroundings",
    "build_filler",
    "find_open_question",
    "find_task",
    "form_from_json",
    "greeting",
    "may_retry",
    "newest_may_be_retried",
    "over_budget",
    "said_nothing",
    "tell_new_results",
    "tell_results",
]


def build_filler(api_key: str, base_url: str, model: str) -> Filler:
    """Build the filler: with a key a model reads the messages, without one fixed rules do."""
    return ModelFiller(api_key, base_url, model) if api_key else RuleFiller()
