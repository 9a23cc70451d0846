"""The tools that the model uses in one call: collected when complete, run once each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog

from call_handler.bridge.transcript import MAX_TEXT
from call_handler.outcome import AgentReason, FactClaim
from call_handler.realtime.events import text_of
from call_handler.tools import ToolAnswer, refuse_tool, run_tool
from ringback.v1.call_results_pb2 import FactDeclaration, ToolUse

log = structlog.get_logger(__name__)

_MAX_NAME = 64
MAX_QUESTIONS = 3
"""How often the person may be asked in one call: what they answer is told to a stranger."""


@dataclass(frozen=True, slots=True)
class UsedTool:
    """One use of a tool and what came of it; `use` holds what goes back to the model."""

    function_call_id: str
    answer: ToolAnswer
    use: ToolUse


class Toolbox:
    """Runs the model's tools and keeps what came of them.

    `end_reason` is None until the agent asks to end the call.
    """

    def __init__(self, facts: Sequence[FactDeclaration]) -> None:
        self._facts = facts
        self._waiting: dict[str, Mapping[str, object]] = {}
        self._seen: set[str] = set()
        self._open: dict[str, UsedTool] = {}
        self._asked = 0
        self.claims: list[FactClaim] = []
        self.end_reason: AgentReason | None = None

    @property
    def is_asking(self) -> bool:
        """Say whether a question to the person is open."""
        return any(used.answer.question for used in self._open.values())

    def collect(self, item: Mapping[str, object]) -> bool:
        """Take an item of the model if it is a complete and new use of a tool.

        An interrupted one is incomplete and has broken arguments: it is left alone.
        """
        function_call_id = text_of(item, "call_id")
        is_call = item.get("type") == "function_call" and item.get("status") == "completed"
        if not is_call or not function_call_id or function_call_id in self._seen:
            return False
        self._seen.add(function_call_id)
        self._waiting[function_call_id] = item
        return True

    def run(self) -> Iterator[UsedTool]:
        """Run what was collected, in order, and give each with what came of it.

        What has no output yet stays open until it is told to `settle`.
        """
        waiting, self._waiting = self._waiting, {}
        for function_call_id, item in waiting.items():
            name, arguments = text_of(item, "name"), text_of(item, "arguments")
            answer = self._allow(run_tool(name, arguments, self._facts))
            log.info("tool_used", tool=name[:_MAX_NAME], accepted=answer.is_accepted)
            if answer.claim is not None:
                self.claims.append(answer.claim)
            self.end_reason = self.end_reason or answer.end
            use = ToolUse(
                name=name[:_MAX_NAME], arguments=arguments[:MAX_TEXT], output=answer.output
            )
            used = UsedTool(function_call_id, answer, use)
            if not answer.output:
                self._open[function_call_id] = used
            yield used

    def _allow(self, answer: ToolAnswer) -> ToolAnswer:
        """Refuse a question while another one is open, and after the last that a call may have."""
        if answer.question and self.is_asking:
            return refuse_tool("a question is open; wait until it is answered")
        if answer.question and self._asked >= MAX_QUESTIONS:
            return refuse_tool("the person was asked often enough; go on without asking")
        self._asked += bool(answer.question)
        return answer

    def settle(self, function_call_id: str, output: str) -> UsedTool | None:
        """Give an open use of a tool its output; None when it is not open (any more)."""
        used = self._open.pop(function_call_id, None)
        if used is not None:
            used.use.output = output[:MAX_TEXT]
        return used

    def take_open(self) -> list[UsedTool]:
        """Give what has no output at the end of the call, and forget it."""
        left, self._open = list(self._open.values()), {}
        return left
