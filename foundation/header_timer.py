"""The HTTP protocol with limits: heads that do not end, and answers that nobody reads.

On httptools, whose parser is C: a bare request costs 108 us of CPU instead of h11's 249. What h11
checked and it does not is checked here: the size of what is unfinished, the one Host, trailers,
offers to speak something else than HTTP.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

log = structlog.get_logger(__name__)

HEADER_TIME_S = 3.0
STALL_S = 30.0
UNFINISHED_MAX_BYTES = 65_536
PIPELINED_MAX = 8
_REFUSAL = "Invalid HTTP request received."


class RefusedRequest(Exception):
    """Ends the parsing of a request that the parser itself would take; answered with 400."""


class TimedHeaders(HttpToolsProtocol):
    """Closes connections whose request headers take longer than `header_time_s`.

    Upgraded connections never get a request cycle and must be left alone; a connection's second
    request is timed like its first. Cuts a connection whose full buffer is not read for `stall_s`:
    else a page that sleeps would hold its stream for ever. Answers 400 to a head, a chunk's line or
    trailers of more than `UNFINISHED_MAX_BYTES`, and to more or fewer than one Host.
    """

    header_time_s: float = HEADER_TIME_S
    stall_s: float = STALL_S
    _timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None
    _seen: RequestResponseCycle | None = None
    _unanswered: Sequence[RequestResponseCycle] = ()
    """The newest request, and those before it that are not answered."""
    _unfinished = 0
    """Bytes that came since the last head, piece of a body or message was complete."""
    _is_in_head = False
    _hosts = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn types it
        """Start the time of the first request's headers."""
        super().connection_made(transport)
        self._arm()

    def data_received(self, data: bytes) -> None:
        """Start the time of a later request's headers with their first byte; limit their size."""
        if self._timer is None and not self._request_runs():
            self._arm()
        self._unset_keepalive_if_required()
        self._unfinished += len(data)
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as pause:
            self._answer_offer(data[pause.args[0] :])
        except HttpParserError:
            self.logger.warning(_REFUSAL)
            self.send_400_response(_REFUSAL)
        if self._unfinished > UNFINISHED_MAX_BYTES and not self.transport.is_closing():
            log.warning("request_too_wide", bytes=self._unfinished)
            self.send_400_response(_REFUSAL)

    def handle_websocket_upgrade(self) -> None:
        """Leave the connection to the WebSocket, and nothing of HTTP to the garbage collector."""
        super().handle_websocket_upgrade()
        self._forget_timers()
        self.parser = None  # type: ignore[assignment] # as uvicorn does when a connection is lost

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._is_in_head = True
        self._hosts = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header of the head; a trailer is no header: the app may have read them all."""
        if self._is_in_head:
            super().on_header(name, value)
            self._hosts += self.headers[-1][0] == b"host"

    def on_headers_complete(self) -> None:
        """Begin the request. Raises: RefusedRequest, which the parser turns into an answer."""
        self._is_in_head = False
        self._unfinished = 0
        is_offer, is_tunnel = self.parser.should_upgrade(), self.parser.get_method() == b"CONNECT"
        if is_offer and not is_tunnel and not self._should_upgrade():
            return  # the request is read again without the offer
        if is_tunnel or (is_offer and self._request_runs()):
            raise RefusedRequest("a tunnel, or an upgrade before the last answer")
        if self._hosts != 1 and (self._hosts or self.parser.get_http_version() == "1.1"):
            raise RefusedRequest("not one Host")
        if len(self.pipeline) >= PIPELINED_MAX:
            raise RefusedRequest("too many requests at once")
        super().on_headers_complete()
        if not is_offer:
            before = (one for one in self._unanswered if not one.response_complete)
            self._unanswered = (*before, self.cycle)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._unfinished = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request; behind an offer the parser says so before the body."""
        self._unfinished = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers with the connection; tell each request, uvicorn tells the newest."""
        self._forget_timers()
        for cycle in self._unanswered:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Give who reads us a while to go on."""
        self._stall_timer = self.loop.call_later(self.stall_s, self._cut)
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that it goes on."""
        self._stop_stall_timer()
        super().resume_writing()

    def _answer_offer(self, behind: bytes) -> None:
        """Upgrade to a WebSocket, or read the request again without its offer.

        The parser takes what stands behind any offer for no HTTP. Left so, a body would be the next
        request: from a stranger, through a proxy that passes offers on, past all its rules.
        """
        if self._should_upgrade():
            self.handle_websocket_upgrade()
            return
        version = self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.data_received(b"\r\n".join([*lines, b"", behind]))

    def _forget_timers(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._stop_stall_timer()

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
