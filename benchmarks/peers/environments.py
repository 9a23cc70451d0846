"""One environment per peer, made when it is first asked for: their versions clash with ours.

`python -m benchmarks.peers.environments` makes them all; they lie in `.venv-peers/`, which git does
not see. A peer that cannot be installed is told in one line and its row is not run.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-peers"
_INSTALL_S = 420
_WORDS = 300


class NotInstalled(Exception):
    """Says in one line why a peer cannot be run here."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Names a peer and the packages it is measured with."""

    name: str
    requirements: tuple[str, ...]
    is_addition: bool = False
    """True when it runs in our own environment, with these packages on top."""

    @property
    def home(self) -> Path:
        """Return its environment's folder."""
        return FOLDER / self.name

    @property
    def python(self) -> Path:
        """Return the python that runs it."""
        return Path(sys.executable) if self.is_addition else self.home / "bin" / "python"

    @property
    def env(self) -> dict[str, str]:
        """Return what its process has in its environment besides ours."""
        return {"PYTHONPATH": str(self.home)} if self.is_addition else {}


SAMPLE = Peer(
    "sample",
    (
        "fastapi==0.116.1",
        "starlette==0.47.3",
        "uvicorn==0.35.0",
        "websockets==15.0.1",
        "twilio==9.7.2",
        "pydantic==2.11.7",
    ),
)
"""No uvloop, no httptools: the versions that the usual sample pins."""
OPENAI_AGENTS = Peer(
    "openai-agents",
    ("openai-agents==0.24.0", "fastapi==0.165.0", "uvicorn==0.54.0", "websockets>=16,<17"),
)
PIPECAT = Peer(
    "pipecat", ("pipecat-ai[websocket,openai]==1.14.0", "protobuf==6.33.6", "uvicorn==0.54.0")
)
TWILIO_AGENT_CONNECT = Peer("twilio-agent-connect", ("twilio-agent-connect[server]==2.5.0",))
REST = Peer("rest", ("httptools==0.8.0",), is_addition=True)
PEERS = (SAMPLE, OPENAI_AGENTS, PIPECAT, TWILIO_AGENT_CONNECT, REST)


def install(peer: Peer) -> float:
    """Make a peer's environment unless it stands; returns the seconds it took, 0 when it stood.

    Raises: NotInstalled.
    """
    stamp, wanted = peer.home / ".ready", "\n".join(peer.requirements)
    if stamp.is_file() and stamp.read_text() == wanted:
        return 0.0
    begun = time.monotonic()
    print(
        f"installing {peer.name}: {', '.join(peer.requirements)} ...", file=sys.stderr, flush=True
    )
    shutil.rmtree(peer.home, ignore_errors=True)
    uv = Path(sys.executable).with_name("uv")
    into = ["--target", str(peer.home)] if peer.is_addition else ["--compile-bytecode"]
    if not peer.is_addition:
        _run(peer, [str(uv), "venv", "-q", "--python", sys.executable, str(peer.home)])
    at = ["--python", str(peer.python)]
    _run(peer, [str(uv), "pip", "install", "-q", *at, *into, *peer.requirements])
    stamp.write_text(wanted)
    return time.monotonic() - begun


def _run(peer: Peer, command: list[str]) -> None:
    """Run one step of an installation. Raises: NotInstalled."""
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    try:
        subprocess.run(  # noqa: S603 - our own command
            command, check=True, capture_output=True, text=True, timeout=_INSTALL_S, env=env
        )
    except FileNotFoundError:
        raise NotInstalled(f"{peer.name}: uv is not in our environment; run `make check`") from None
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{peer.name}: not installed within {_INSTALL_S} s") from None
    except subprocess.CalledProcessError as error:
        words = " ".join(str(error.stderr).split())[:_WORDS]
        raise NotInstalled(f"{peer.name}: cannot be installed: {words}") from None


def main() -> int:
    """Make all environments; returns 1 when one could not be made."""
    failed = 0
    for peer in PEERS:
        try:
            seconds = install(peer)
        except NotInstalled as error:
            print(error)
            failed = 1
        else:
            print(f"{peer.name}: {'stands' if not seconds else f'installed in {seconds:.0f} s'}")
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
