"""The HTTP protocol with timers: headers that do not end, and answers that nobody reads."""

import asyncio
from collections.abc import Callable

import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

log = structlog.get_logger(__name__)

HEADER_TIME_S = 3.0
STALL_S = 30.0


class TimedHeaders(H11Protocol):
    """Closes connections whose request headers take longer than `header_time_s`.

    Upgraded connections never get a request cycle and must be left alone; a connection's second
    request is timed like its first. Cuts a connection whose full buffer is not read for `stall_s`:
    else a page that sleeps would hold its stream for ever.
    """

    header_time_s: float = HEADER_TIME_S
    stall_s: float = STALL_S
    _timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None
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
        """Forget the timers with the connection."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._stop_stall_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Give who reads us a while to go on."""
        self._stall_timer = self.loop.call_later(self.stall_s, self._cut)
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that it goes on."""
        self._stop_stall_timer()
        super().resume_writing()

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _cut(self) -> None:
        """End the connection at once: a close would wait for the buffer that nobody reads."""
        log.warning("reader_cut", after_s=self.stall_s)
        self.transport.abort()

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
