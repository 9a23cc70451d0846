"""The Call Handler without the short way past its WebSocket library: what decision 17 is worth."""

import runpy
import sys
from pathlib import Path

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from foundation import server

_HANDLER = Path(__file__).parents[2] / "Pizza Agent" / "main.py"


def main() -> None:
    """Run it on the library's own protocol, which offers no short way."""
    server.DirectWebSocket = WebSocketsSansIOProtocol  # type: ignore[assignment,attr-defined]  # on purpose
    sys.argv = [str(_HANDLER)]
    runpy.run_path(str(_HANDLER), run_name="__main__")


if __name__ == "__main__":
    main()
