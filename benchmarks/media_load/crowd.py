"""All calls of one load: begun one by one, measured together, hung up."""

import asyncio
import base64
import hashlib
import hmac
import os
import ssl
import time
from collections.abc import Sequence
from dataclasses import asdict
from urllib.parse import urlsplit

from benchmarks.harness import cpu_ns, quantiles, rss_kb
from benchmarks.media_load.carrier import CarrierStream, StreamPlace
from benchmarks.media_load.load import PROFILES, Heard, Load, WayHeard
from benchmarks.media_load.model import ModelSession, Speech
from benchmarks.media_load.pace import Pace
from benchmarks.media_load.sound import CODINGS, FRAME_MS, Way
from benchmarks.media_load.telephone import AUTH_TOKEN, Dialled, Telephone

_OPEN_S = 15.0
_SETTLE_S = 0.5
_LEAK_S = 1.0
_NS = 1e9


class Crowd:
    """Holds the model's port, the carrier's port and the calls of the load that runs."""

    def __init__(self) -> None:
        self.telephone = Telephone()
        self._sessions: list[ModelSession] = []
        self._streams: dict[int, CarrierStream] = {}
        self._unpaired: list[CarrierStream] = []
        self._speech = Speech()
        self._pace = Pace()
        self._calls = 0

    async def open(self, tls: ssl.SSLContext | None) -> int:
        """Listen as the model. Returns: the port."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._new_session, "127.0.0.1", 0, ssl=tls, backlog=512)
        return int(server.sockets[0].getsockname()[1])

    async def run(self, load: Load) -> Heard:
        """Hold the calls of one load and tell what came of them."""
        is_exact = load.match == "exact"
        self._speech = Speech(PROFILES[load.profile], CODINGS[load.audio], is_exact)
        self._pace = Pace()
        self._streams, self._unpaired, self._sessions = {}, [], []
        self._pace.start()
        try:
            await self._begin_all(load)
            await asyncio.sleep(load.warmup_s)
            window = await self._measure(load)
        finally:
            for stream in self._streams.values():
                self._pace.remove(stream.send_frame)
        for session in self._sessions:
            self._pace.remove(session.speak)
        await asyncio.sleep(_SETTLE_S)
        self._pace.stop()
        for stream in self._streams.values():
            stream.hang_up()
        await asyncio.sleep(_LEAK_S if load.calls > 1 else _SETTLE_S)
        return self._sum_up(load, window)

    def _new_session(self) -> ModelSession:
        session = ModelSession(self._speech, self._pace, self._find_call)
        self._sessions.append(session)
        return session

    def _find_call(self, number: int) -> CarrierStream | None:
        if number < 0:
            return self._unpaired.pop(0) if self._unpaired else None
        return self._streams.get(number)

    async def _begin_all(self, load: Load) -> None:
        begin = self._order if load.orders_url else self._connect
        async with asyncio.timeout(_OPEN_S + load.calls * (load.start_s + 0.2)):
            for _ in range(load.calls):
                self._calls += 1
                await begin(load, self._calls)
                await asyncio.sleep(load.start_s)
            while sum(stream.out.sent > 0 for stream in self._streams.values()) < load.calls:
                self._raise_first_error()
                await asyncio.sleep(0.01)

    async def _connect(self, load: Load, number: int) -> None:
        parts = urlsplit(load.url)
        place = StreamPlace(parts.port or 80, parts.path or "/", parts.hostname or "127.0.0.1")
        await self._stream(number, f"call-{number}", f"CA{number:032x}", place)

    async def _order(self, load: Load, number: int) -> None:
        """Order a call; the stream begins once the carrier was told to dial."""
        dialled = await self.telephone.order(load.orders_url, f"bench-{os.getpid()}-{number}")
        await self._stream(number, dialled.call_id, dialled.call_sid, _place_of(load, dialled))

    async def _stream(self, number: int, call_id: str, sid: str, place: StreamPlace) -> None:
        stream = CarrierStream(number, call_id, sid, place)
        self._streams[number] = stream
        self._unpaired.append(stream)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: stream, "127.0.0.1", place.port)
        await stream.opened
        self._pace.add(stream.send_frame, FRAME_MS)

    async def _measure(self, load: Load) -> dict[str, float]:
        ways = [way for stream in self._streams.values() for way in (stream.into, stream.out)]
        ours = (os.getpid(), *load.helpers)
        for way in ways:
            way.is_counting = True
        self._pace.late_ms.clear()
        begun, own, theirs = time.perf_counter(), _cpu(ours), _cpu(load.pids)
        await asyncio.sleep(load.seconds)
        span, own, theirs = time.perf_counter() - begun, _cpu(ours) - own, _cpu(load.pids) - theirs
        for way in ways:
            way.is_counting = False
        return {
            "load_cpu": own / _NS / span,
            "cpu_ms": theirs / 1e6 / span / load.calls,
            "late_ms": quantiles(self._pace.late_ms).p99,
            **{f"rss {pid}": rss_kb(pid) for pid in load.pids},
        }

    def _sum_up(self, load: Load, window: dict[str, float]) -> Heard:
        streams = list(self._streams.values())
        into = [stream.into for stream in streams]
        out = [stream.out for stream in streams]
        return Heard(
            inbound=_heard(into),
            outbound=_heard(out),
            sent_in=sum(way.sent for way in into),
            received_in=sum(way.received for way in into),
            sent_out=sum(way.sent for way in out),
            received_out=sum(way.received for way in out),
            wrong=sum(way.wrong for way in into + out),
            marks=sum(stream.marks for stream in streams),
            calls=len(streams),
            cpu_ms_per_call_s=window["cpu_ms"],
            rss_kb=[int(window[f"rss {pid}"]) for pid in load.pids],
            load_cpu=window["load_cpu"],
            pace_late_ms=window["late_ms"],
            leaked=sum(session.is_open for session in self._sessions),
            errors=[stream.error for stream in streams if stream.error],
        )

    def _raise_first_error(self) -> None:
        for stream in self._streams.values():
            if stream.error:
                raise ConnectionError(stream.error)


def _place_of(load: Load, dialled: Dialled) -> StreamPlace:
    """Find where the system listens for a public address, and sign the upgrade for that address."""
    digest = hmac.digest(AUTH_TOKEN.encode(), dialled.stream_url.encode(), hashlib.sha1)
    parts = urlsplit(dialled.stream_url)
    return StreamPlace(
        urlsplit(load.orders_url).port or 80,
        parts.path,
        parts.hostname or "",
        (("X-Twilio-Signature", base64.b64encode(digest).decode()),),
    )


def _heard(ways: list[Way]) -> WayHeard:
    spans = quantiles(span for way in ways for span in way.spans_ms)
    return WayHeard(**asdict(spans))


def _cpu(pids: Sequence[int]) -> int:
    return sum(map(cpu_ns, pids))
