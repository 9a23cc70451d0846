"""The handle of the load's process: starts it, asks it for a load, gives what it heard."""

import json
import sys
from contextlib import ExitStack
from dataclasses import asdict
from typing import Self

from benchmarks.harness import LOAD_CORE, child
from benchmarks.media_load.load import Heard, Load, WayHeard

__all__ = ["Generator", "Heard", "Load", "LoadFailed", "WayHeard"]

_START_S = 20.0
_MORE_S = 60.0


class LoadFailed(RuntimeError):
    """The load could not be held: its own words."""


class Generator(ExitStack):
    """The load on its own core; use it with `with`. `tls`: the model speaks TLS."""

    def __init__(self, *, tls: bool = False) -> None:
        super().__init__()
        self._tls = tls

    def __enter__(self) -> Self:
        """Start it."""
        argv = [sys.executable, "-m", "benchmarks.media_load", *(["--tls"] if self._tls else [])]
        with ExitStack() as starting:
            self._child = starting.enter_context(child(argv, core=LOAD_CORE))
            ports = json.loads(self._child.line(_START_S))
            self.push(starting.pop_all())
        self.carrier_port = int(ports["carrier"])
        self.model_port = int(ports["model"])
        self.model_url = f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.model_port}/v1/realtime"
        self.ca_file = str(ports["ca_file"])
        """The model's certificate, for SSL_CERT_FILE of the system; empty without TLS."""
        return self

    def run(self, load: Load) -> Heard:
        """Hold one load. Raises: LoadFailed."""
        self._child.tell(json.dumps(asdict(load)))
        answer = json.loads(self._child.line(load.seconds + load.calls * 0.3 + _MORE_S))
        if "error" in answer:
            raise LoadFailed(f"{load.calls} calls: {answer['error']}{self._child.tail()}")
        inbound, outbound = (WayHeard(**answer.pop(name)) for name in ("inbound", "outbound"))
        return Heard(inbound=inbound, outbound=outbound, **answer)
