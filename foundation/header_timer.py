"""The HTTP protocol with a timer: a connection that does not finish its headers is closed."""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEADER_TIME_S = 3.0


class TimedHeaders(H11Protocol):
    """Closes connections whose request headers take longer than `header_time_s`.

    Upgraded connections never get a request cycle and must be left alone; a connection's second
    request is timed like its first.
    """

    header_time_s: float = HEADER_TIME_S
    _timer: asyncio.TimerHandle | None = None
    _seen: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn types it
        """Start the time of the first request's headers."""
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Start the time of a later request's headers with their first byte."""
        if self._timer is None and not self._request_runs():
            self._arm()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer with the connection."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().connection_lost(exc)

    def _arm(self) -> None:
        self._seen = self.cycle
        self._timer = self.loop.call_later(self.header_time_s, self._fire)

    def _fire(self) -> None:
        self._timer = None
        protocol_now: Callable[[], asyncio.BaseProtocol] = self.transport.get_protocol
        if protocol_now() is not self or self._request_runs():
            return
        if self.cycle is self._seen:
            self.transport.close()
        else:
            self._arm()

    def _request_runs(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete
