"""The launcher: health, prefixed lines, restarts, and leaving no process behind."""

import asyncio
import io
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringback_cli.errors import CommandFailed
from ringback_cli.launcher import Launcher, Part
from ringback_cli.parts import find_free_base

HEALTHY = textwrap.dedent("""
    import http.server, os, sys
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
        def log_message(self, *args):
            pass
    print("pid", os.getpid(), flush=True)
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
""")


class Lines(io.StringIO):
    """Collects what the launcher prints and lets a test wait for a line."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = asyncio.Event()

    def write(self, text: str) -> int:
        self.changed.set()
        return super().write(text)

    async def wait_for(self, text: str, times: int = 1) -> None:
        async with asyncio.timeout(30):
            while self.getvalue().count(text) < times:
                self.changed.clear()
                await self.changed.wait()


def healthy_part(name: str, port: int) -> Part:
    return Part(name, [sys.executable, "-c", HEALTHY, str(port)], dict(os.environ), (port,))


@pytest.fixture
def lines() -> Lines:
    return Lines()


@pytest.fixture
async def launcher(lines: Lines) -> AsyncIterator[Launcher]:
    launcher = Launcher([healthy_part("first", find_free_base())], lines)
    await launcher.start()
    yield launcher
    await launcher.stop()


def pid_of(lines: Lines, times: int = 1) -> int:
    return int(lines.getvalue().split("runs as process ")[times].split()[0])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_start_returns_when_every_health_port_answers(launcher: Launcher) -> None:
    port = launcher._parts[0].health_ports[0]  # noqa: SLF001 - the test's own part

    with socket.create_connection(("127.0.0.1", port)):
        pass


@pytest.mark.usefixtures("launcher")
async def test_each_line_carries_the_parts_name(lines: Lines) -> None:
    await lines.wait_for("first        | pid ")


@pytest.mark.chaos
@pytest.mark.usefixtures("launcher")
async def test_a_dead_part_is_named_and_started_again(lines: Lines) -> None:
    os.kill(pid_of(lines), signal.SIGKILL)

    await lines.wait_for("first ended with signal SIGKILL")
    await lines.wait_for("first runs as process", times=2)
    assert pid_of(lines, 2) != pid_of(lines, 1)


async def test_three_deaths_stop_the_lot(lines: Lines) -> None:
    dying = Part("dying", [sys.executable, "-c", "exit(3)"], dict(os.environ), (1,))
    launcher = Launcher([dying], lines)

    with pytest.raises(CommandFailed, match="before it was ready"):
        await launcher.start()
    await launcher.stop()

    assert lines.getvalue().count("dying ended with exit code 3") == 3


async def test_a_part_that_refuses_its_settings_is_not_started_again(lines: Lines) -> None:
    refusing = Part("refusing", [sys.executable, "-c", "exit(2)"], dict(os.environ), (1,))
    launcher = Launcher([refusing], lines)

    with pytest.raises(CommandFailed, match="before it was ready"):
        await launcher.start()
    await launcher.stop()

    assert lines.getvalue().count("refusing runs as process") == 1


async def test_stop_leaves_no_process(lines: Lines) -> None:
    launcher = Launcher([healthy_part("first", find_free_base())], lines)
    await launcher.start()

    await launcher.stop()

    assert not is_alive(pid_of(lines))


async def test_a_part_that_ignores_sigterm_is_killed(lines: Lines) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + HEALTHY
    port = find_free_base()
    part = Part("stubborn", [sys.executable, "-c", stubborn, str(port)], dict(os.environ), (port,))
    launcher = Launcher([part], lines, stop_timeout_s=0.2)
    await launcher.start()

    await launcher.stop()

    assert not is_alive(pid_of(lines))


@contextmanager
def launcher_process(port: int) -> Iterator["subprocess.Popen[str]"]:
    program = textwrap.dedent(f"""
        import asyncio, os, sys
        from ringback_cli.launcher import Launcher, Part
        async def main():
            command = [sys.executable, "-c", {HEALTHY!r}, "{port}"]
            part = Part("first", command, dict(os.environ), ({port},))
            await Launcher([part], sys.stdout).start()
            print("ready", flush=True)
            await asyncio.Event().wait()
        asyncio.run(main())
    """)
    command = [sys.executable, "-c", program]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as process:
        yield process


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
@pytest.mark.chaos
async def test_a_killed_launcher_takes_its_parts_along() -> None:
    with launcher_process(find_free_base()) as process:
        printed = ""
        for line in process.stdout or []:
            printed += line
            if line == "ready\n":
                break
        pid = int(printed.split("runs as process ")[1].split()[0])
        process.kill()
        process.wait()

    watched = os.pidfd_open(pid) if is_alive(pid) else None
    if watched is not None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(watched, ended.set)
        await asyncio.wait_for(ended.wait(), 10)
        loop.remove_reader(watched)
        os.close(watched)
