"""The `ringback` command: reads the arguments, runs one command, turns errors into exit codes."""

import argparse
import contextlib
import io
import os
import re
import sys
from importlib.metadata import version

from ringback_cli import call, calls, opt_outs, outbox, report, scenarios, up
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
_SURROGATE = re.compile("[\ud800-\udfff]")  # what Python makes of bytes that are no UTF-8


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 0 done, 1 the thing failed, 2 wrong use."""
    try:
        options = _read_arguments(arguments)
        code: int = options.run(options)
        _flush()
    except CommandFailed as error:
        print(f"ringback: {error}", file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        return _name_the_extra(error)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _drop_output()  # whoever read it has enough
        return 1
    except OSError as error:
        _drop_output()
        place = f": {error.filename}" if error.filename else ""
        print(f"ringback: {error.strerror or error}{place}", file=sys.stderr)
        return 1
    return code


def _read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line; whatever argparse prints is out before it ends the program."""
    parser = build_parser()
    given = sys.argv[1:] if arguments is None else arguments
    if any(_SURROGATE.search(text) for text in given):
        parser.error("the arguments must be UTF-8")
    try:
        return parser.parse_args(given)
    except SystemExit:
        _flush()
        raise


def _flush() -> None:
    if sys.stdout is not None:  # None when it was closed before the start
        sys.stdout.flush()


def _drop_output() -> None:
    """Give the interpreter nothing to flush at its exit, which would fail again."""
    if sys.stdout is not None:
        with contextlib.suppress(io.UnsupportedOperation):  # no file but memory
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def build_parser() -> argparse.ArgumentParser:
    """Build the reader of the command line, with all commands."""
    parser = argparse.ArgumentParser(
        prog="ringback",
        description="Makes phone calls that run an errand and reports one result for every call.",
        epilog="exit codes: 0 done, 1 the thing failed, 2 wrong use",
    )
    parser.add_argument("--version", action="version", version=f"ringback {version('ringback')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (up, call, calls, report, opt_outs, outbox, scenarios):
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
