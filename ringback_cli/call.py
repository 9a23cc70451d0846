"""`ringback call`: one errand from the terminal, through the same chat API as the page."""

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ringback.v1 import call_results_pb2
from ringback_cli.arguments import add_port_flag, read_time_factor
from ringback_cli.errors import CommandFailed, WrongUse
from ringback_cli.launcher import Launcher
from ringback_cli.parts import (
    Addresses,
    find_free_base,
    plan_system,
    read_outer_environment,
    without_accounts,
)
from ringback_cli.questions import Answerer, LineSource
from ringback_cli.results import fetch_result, print_result, word_of_number
from ringback_cli.up import running
from ringback_cli.wire import Json, as_object, follow_events, send_json

CALL_SILENCE_S = 900.0
SETTLING_TURNS = 2
ERRAND = (
    "Order a large margherita from {callee}, for pick-up. My name is Ada Lovelace, "
    "you can reach me at +14155550123."
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its flags."""
    parser = commands.add_parser(
        "call",
        help="run one errand and print its CallResult",
        description="Orders a large margherita through the chat API, follows the call on stderr "
        "and prints the final CallResult. Exit code 0 only if the errand succeeded.",
        epilog="example: ringback call --scenario busy --json",
    )
    add_port_flag(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scenario", help="what the sandbox plays (see `ringback scenarios`)")
    where.add_argument("--to", metavar="NUMBER", help="the number to call, E.164")
    parser.add_argument("--text", help="the errand in your own words; {callee} is filled in")
    parser.add_argument("--json", action="store_true", help="print the CallResult as JSON")
    parser.add_argument(
        "--private",
        action="store_true",
        help="start a system of its own on free ports for this one call, and stop it after",
    )
    parser.add_argument(
        "--time-factor", type=read_time_factor, default=1.0, help="speed with --private"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run one errand; the CallResult goes to stdout, everything else to stderr."""
    if options.private:
        return asyncio.run(_run_privately(options))
    return _run_errand(options, Addresses(options.port))


async def _run_privately(options: argparse.Namespace) -> int:
    outer = read_outer_environment()
    with tempfile.TemporaryDirectory(prefix="ringback-") as folder:
        plan = plan_system(
            find_free_base(),
            data_dir=Path(folder),
            time_factor=options.time_factor,
            outer=without_accounts(outer) if options.scenario else outer,
        )
        with _log_file(Path(folder) / "parts.log") as log:
            try:
                async with running(Launcher(plan.parts, log)):
                    return await asyncio.to_thread(_run_errand, options, plan.addresses)
            except* CommandFailed as failures:
                failure = failures.exceptions[0]
                if not isinstance(failure, WrongUse):
                    _show_tail(Path(folder) / "parts.log")
                raise failure from None


def _run_errand(options: argparse.Namespace, addresses: Addresses) -> int:
    played = _find_scenario(options.scenario, addresses) if options.scenario else {}
    callee = str(options.to or played.get("number") or "Luigi's")
    text = str(options.text or played.get("request") or ERRAND)
    text = text.replace("{callee}", callee).replace("{number}", callee)
    task = send_json("POST", f"{addresses.page}/api/tasks", {})
    task_url = f"{addresses.page}/api/tasks/{task['task_id']}"
    _say("you", text)
    task = send_json("POST", f"{task_url}/messages", {"text": text})
    if not task.get("can_confirm"):
        raise CommandFailed(f"the errand is not complete: {_last_reply(task)}")
    _say("ringback", _last_reply(task))
    placed = send_json("POST", f"{task_url}/confirm", {})
    call_id = str(placed["call_id"])
    _follow_call(task_url, call_id, LineSource(str(played.get("person_answer", ""))))
    result = fetch_result(addresses.grpc, call_id=call_id)
    print_result(result, as_json=options.json, page=addresses.page)
    return 0 if result.outcome == call_results_pb2.OUTCOME_SUCCEEDED else 1


def _find_scenario(name: str, addresses: Addresses) -> Json:
    listed = send_json("GET", f"{addresses.phone}/control/scenarios")["scenarios"]
    known = [as_object(entry) for entry in (listed if isinstance(listed, list) else [])]
    names = {str(entry["name"]): entry for entry in known}
    if name not in names:
        raise WrongUse(f"no scenario {name!r}; there are: {', '.join(sorted(names))}")
    return names[name]


def _follow_call(task_url: str, call_id: str, person: LineSource) -> None:
    """Show what happens until the call has its result; put the agent's questions to the person."""
    spoken, answerer = SpokenTurns(), Answerer(task_url, _say, person)
    for kind, data in follow_events(f"{task_url}/events", CALL_SILENCE_S):
        if data.get("call_id") != call_id:
            continue
        match kind:
            case "call" if data.get("state") != "final":
                _say("call", _state_in_words(data))
            case "turn":
                spoken.take(data)
            case "question":
                answerer.take(data)
            case "result":
                answerer.close()
                spoken.tell_all()
                return
    raise CommandFailed("the event stream ended before the call had its result")


class SpokenTurns:
    """Prints each turn once, when a later one says that its words are settled."""

    def __init__(self) -> None:
        self._open: dict[int, Json] = {}

    def take(self, turn: Json) -> None:
        """Take a turn that is new or has more words; print those before the last two."""
        self._open[int(str(turn["position"]))] = turn
        for position in sorted(self._open)[:-SETTLING_TURNS]:
            self._tell(position)

    def tell_all(self) -> None:
        """Print what is left: the call is over."""
        for position in sorted(self._open):
            self._tell(position)

    def _tell(self, position: int) -> None:
        turn = self._open.pop(position)
        role = turn.get("role")
        who = word_of_number(call_results_pb2.Role, role) if isinstance(role, int) else "?"
        if turn.get("text"):
            _say(who, str(turn["text"]))


def _state_in_words(data: Json) -> str:
    state, status = str(data.get("state", "")), data.get("status")
    if isinstance(status, int):
        status = word_of_number(call_results_pb2.CallStatus, status) if status else ""
    return str(status or state)


def _last_reply(task: Json) -> str:
    messages = task.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else {}
    return str(as_object(last).get("text", ""))


def _say(who: str, text: str) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(f"{who:>9}: {text}", file=sys.stderr, flush=True)


@contextmanager
def _log_file(path: Path) -> Iterator[TextIO]:
    with path.open("w", encoding="utf-8") as log:
        yield log


def _show_tail(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()[-25:]
    print("\n".join(["The parts' last lines:", *lines]), file=sys.stderr)
