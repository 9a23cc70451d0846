"""The `ringback` command: reads the arguments, runs one command, turns errors into exit codes."""

import argparse
import os
import sys
from importlib.metadata import version

from ringback_cli import call, calls, report, scenarios, up
from ringback_cli.errors import CommandFailed

EXTRAS = {
    "alembic": "orchestrator",
    "dotenv": "orchestrator",
    "fastapi": "orchestrator",
    "rich": "orchestrator",
    "sqlalchemy": "orchestrator",
    "websockets": "handler",
    "numpy": "sandbox",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 0 done, 1 the thing failed, 2 wrong use."""
    options = _build_parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except CommandFailed as error:
        print(f"ringback: {error}", file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        return _name_the_extra(error)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has enough; give the interpreter nothing to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ringback",
        description="Makes phone calls that run an errand and reports one result for every call.",
        epilog="exit codes: 0 done, 1 the thing failed, 2 wrong use",
    )
    parser.add_argument("--version", action="version", version=f"ringback {version('ringback')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (up, call, calls, report, scenarios):
        command.add_parser(commands)
    return parser


def _name_the_extra(error: ModuleNotFoundError) -> int:
    name = (error.name or "").partition(".")[0]
    if name not in EXTRAS:
        raise error
    print(f"ringback: {name} is missing: pip install 'ringback[{EXTRAS[name]}]'", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
