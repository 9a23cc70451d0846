"""The load's process: told what to run line by line on stdin, answers line by line on stdout.

`python -m benchmarks.media_load [--tls]` prints its ports, then reads one JSON object of Load's
fields a line and answers one of Heard's, or {"error": ...}.
"""

import argparse
import asyncio
import gc
import json
import ssl
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import uvloop

from benchmarks.harness import LOAD_CORE, pin
from benchmarks.media_load.certificate import make_certificate
from benchmarks.media_load.crowd import Crowd
from benchmarks.media_load.load import Load


async def serve(folder: Path | None) -> None:
    """Open the ports, say so, and run what is asked until stdin ends; `folder`: speak TLS."""
    tls, ca_file = None, ""
    if folder is not None:
        certificate = make_certificate(folder)
        ca_file = str(certificate.path)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate.path, certificate.key)
    crowd = Crowd()
    port = await crowd.open(tls)
    await crowd.telephone.open()
    _tell({"model": port, "carrier": crowd.telephone.port, "ca_file": ca_file})
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        try:
            _tell(asdict(await crowd.run(Load(**json.loads(line)))))
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            _tell({"error": f"{type(error).__name__}: {error}"})


def _tell(answer: object) -> None:
    print(json.dumps(answer), flush=True)


def main() -> None:
    """Run on the load's core."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.media_load")
    parser.add_argument("--tls", action="store_true", help="speak TLS as the model")
    options = parser.parse_args()
    pin(LOAD_CORE)
    gc.disable()  # a full collection among 100,000 samples stops the pace for 0.1 s
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as folder:
        uvloop.run(serve(Path(folder) if options.tls else None))


if __name__ == "__main__":
    main()
