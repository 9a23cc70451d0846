"""Status callbacks: the retry policy of a URL's fragment, and one event sent by it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from sandbox.errors import WebhookFailed
from sandbox.ledger import Ledger
from sandbox.webhook import Limits, Request, WebhookClient

FIRST_PAUSE_S = 0.25
SERVER_ERROR, CLIENT_ERROR = 500, 400


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and for how long one callback is tried; real seconds.

    `retry_on`: any of `4xx 5xx ct rt`; an unreadable answer counts as `rt`.
    """

    connect_s: float = 5.0
    read_s: float = 15.0
    total_s: float = 15.0
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})

    @classmethod
    def from_url(cls, url: str) -> "RetryPolicy":
        """Read `#rc=5&rp=all&ct=..&rt=..&tt=..`; what is absent or out of range is default."""
        options = dict(parse_qsl(urlsplit(url).fragment))
        return cls(
            connect_s=_bounded(options, "ct", (100, 10_000), 5_000) / 1000,
            read_s=_bounded(options, "rt", (100, 15_000), 15_000) / 1000,
            total_s=_bounded(options, "tt", (100, 15_000), 15_000) / 1000,
            retries=_bounded(options, "rc", (0, 5), 1),
            retry_on=_retry_on(options.get("rp", "ct")),
        )


def _bounded(options: Mapping[str, str], key: str, span: tuple[int, int], default: int) -> int:
    text = options.get(key, "")
    if not text.isdecimal() or not span[0] <= int(text) <= span[1]:
        return default
    return int(text)


def _retry_on(text: str) -> frozenset[str]:
    known = frozenset({"4xx", "5xx", "ct", "rt"})
    chosen = frozenset(text.split(","))
    return known if "all" in chosen else (chosen & known) or frozenset({"ct"})


def failure_kind(status: int) -> str | None:
    """Say which `rp` word an HTTP status falls under; None is success."""
    if status >= SERVER_ERROR:
        return "5xx"
    return "4xx" if status >= CLIENT_ERROR else None


class CallbackSender:
    """Sends one event until it is answered, its retries are used up, or its time is over."""

    def __init__(self, client: WebhookClient, ledger: Ledger) -> None:
        self._client = client
        self._ledger = ledger

    async def send(self, request: Request, facts: Mapping[str, object]) -> bool:
        """Send `request` by the policy in its fragment; each attempt is a `callback` line.

        Returns: whether it was answered with success. `facts` stand in every line.
        """
        policy = RetryPolicy.from_url(request.url)
        deadline = time.monotonic() + policy.total_s
        for attempt in range(policy.retries + 1):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            kind = await self._attempt(request, facts, attempt, _limits(policy, left))
            if kind is None:
                return True
            if kind not in policy.retry_on:
                return False
            pause = FIRST_PAUSE_S * 2**attempt
            if time.monotonic() + pause >= deadline:
                return False
            await asyncio.sleep(pause)
        return False

    async def _attempt(
        self, request: Request, facts: Mapping[str, object], attempt: int, limits: Limits
    ) -> str | None:
        started = time.monotonic()
        answer: dict[str, object]
        try:
            status = (await self._client.send(request, limits)).status
            kind, answer = failure_kind(status), {"answer": status}
        except WebhookFailed as failure:
            kind = "ct" if failure.phase == "ct" else "rt"
            answer = {"answer": None, "error": failure.code, "reason": str(failure)}
        took_ms = round((time.monotonic() - started) * 1000, 1)
        url = request.url.partition("#")[0]
        line = {**facts, "url": url, "attempt": attempt, "took_ms": took_ms, **answer}
        self._ledger.write("callback", **line)
        return kind


def _limits(policy: RetryPolicy, left_s: float) -> Limits:
    return Limits(min(policy.connect_s, left_s), min(policy.read_s, left_s))
