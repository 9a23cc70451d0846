"""`ringback scenarios`: what the sandbox can play."""

import argparse
import json

from ringback_cli.arguments import add_port_flag
from ringback_cli.parts import Addresses
from ringback_cli.results import word_of
from ringback_cli.wire import as_object, send_json

_LEAST = {"scenario": 33, "number": 12}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command and its flags."""
    parser = commands.add_parser(
        "scenarios",
        help="list what the sandbox can play",
        description="Lists the sandbox's scenarios; calling its number plays it, in the chat too.",
        epilog="example: ringback call --scenario busy; needs a running `ringback up` (make run)",
    )
    add_port_flag(parser)
    parser.add_argument("--json", action="store_true", help="JSON instead of a table")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the scenarios."""
    listed = send_json("GET", f"{Addresses(options.port).phone}/control/scenarios")
    if options.json:
        print(json.dumps(listed, indent=2))
        return 0
    from rich.console import Console  # noqa: PLC0415 - the orchestrator extra brings it
    from rich.table import Table  # noqa: PLC0415 - see above

    table = Table(box=None, pad_edge=False)
    for heading in ("scenario", "number"):
        table.add_column(heading, no_wrap=True, min_width=_LEAST[heading])  # to be copied whole
    table.add_column("expected")
    table.add_column("what happens")
    scenarios = listed["scenarios"]
    for entry in scenarios if isinstance(scenarios, list) else []:
        known = as_object(entry)
        expected = [word_of(str(known[key])) for key in ("expected_status", "expected_outcome")]
        table.add_row(
            str(known["name"]), str(known["number"]), " / ".join(expected), str(known["summary"])
        )
    Console().print(table)
    return 0
