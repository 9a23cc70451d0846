"""`ringback opt-outs list | remove`: the numbers whose owners asked not to be called again."""

import argparse
import json
import os
from urllib.parse import quote

from ringback_cli.arguments import add_port_flag
from ringback_cli.errors import CommandFailed
from ringback_cli.parts import Addresses
from ringback_cli.wire import Json, as_object, send_json

TOKEN_NAME = "RINGBACK_TOKEN_OPERATOR"  # noqa: S105 - a variable's name
COLUMNS = ("number", "since (UTC)", "call")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command, its two verbs and their flags."""
    parser = commands.add_parser(
        "opt-outs",
        help="list or free numbers that asked not to be called again",
        description="Numbers whose owners asked in a call not to be called again are refused "
        f"before they are dialled. Uses {TOKEN_NAME} where tokens are set.",
        epilog="example: ringback opt-outs remove +14155550100",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|remove")
    listing = verbs.add_parser("list", help="newest first")
    removing = verbs.add_parser("remove", help="let a number be called again")
    removing.add_argument("number", metavar="NUMBER", help="in full, such as +14155550100")
    for verb in (listing, removing):
        verb.add_argument("--json", action="store_true", help="JSON, for scripts")
    add_port_flag(parser, (listing, removing))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run one verb."""
    url = f"{Addresses(options.port).page}/api/opt-outs"
    token = os.environ.get(TOKEN_NAME, "").partition(",")[0].strip()
    if options.verb == "remove":
        answer = send_json("DELETE", f"{url}/{quote(options.number, safe='')}", token=token)
        print(json.dumps(answer) if options.json else f"{options.number} may be called again.")
        return 0
    answer = send_json("GET", url, token=token)
    if options.json:
        print(json.dumps(answer, indent=2))
    else:
        _print_table(answer)
    return 0


def _print_table(answer: Json) -> None:
    listed = answer.get("opt_outs")
    if not isinstance(listed, list):
        raise CommandFailed("the answer is no list of numbers: is this Ringback's address?")
    from rich.console import Console  # noqa: PLC0415 - the orchestrator extra brings it
    from rich.table import Table  # noqa: PLC0415 - see above

    table = Table(box=None, pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, no_wrap=True)
    for entry in listed:
        known = as_object(entry)
        since = str(known.get("opted_out_at", "")).replace("T", " ").removesuffix("Z")
        table.add_row(str(known.get("number", "")), since, str(known.get("call_id", "")))
    Console().print(table if listed else "Nobody has asked not to be called.")
