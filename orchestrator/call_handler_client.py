"""Orders calls from the Call Handlers over HTTP: one try each, and never again after a maybe."""

import asyncio
import json
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

import structlog

if TYPE_CHECKING:
    import aiohttp

log = structlog.get_logger(__name__)

LOADED_LATER = ("aiohttp",)
"""What the first order loads, if nobody has before: 0.1 s that no start need wait for."""
CREATED = (200, 201)
_RETRY_S = 2.0
_RETRY_MAX_S = 30.0
_ANSWER_MAX_BYTES = 65_536
# The code of a refusal that the carrier was never asked about.
_REFUSED_BY_HANDLER = "number_policy"
# Answers that a handler gives before it touches the telephone; none of them has dialled.
_NOT_TAKEN = {
    400: "The call handler did not understand the order.",
    401: "The call handler does not accept our token (RINGBACK_TOKEN_ORCHESTRATOR).",
    403: "The call handler does not accept our token (RINGBACK_TOKEN_ORCHESTRATOR).",
    404: "At the call handler's address nobody takes orders (RINGBACK_HANDLER_URLS).",
    405: "At the call handler's address nobody takes orders (RINGBACK_HANDLER_URLS).",
    413: "The order is too long for the call handler.",
    415: "The call handler did not understand the order.",
}


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The carrier has taken the call."""

    call_sid: str


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """Nothing was dialled, and the same order will never be: the reason is for the person."""

    # The carrier's code, such as "21211"; empty when the handler itself refused.
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderNotTaken:
    """Nothing was dialled; later may do."""

    reason: str
    retry_after_s: float = _RETRY_S


@dataclass(frozen=True, slots=True)
class OrderUnknown:
    """Nobody knows whether it was dialled: never to be sent again."""

    reason: str


OrderAnswer: TypeAlias = OrderAccepted | OrderRefused | OrderNotTaken | OrderUnknown


@dataclass(slots=True)
class CallHandlerClient:
    """Speaks to every Call Handler replica; open it on a running loop, close it after."""

    urls: Sequence[str]
    token: str = field(repr=False)
    timeout_s: float
    _session: "aiohttp.ClientSession | None" = None  # None until the first order
    _turn: int = 0

    async def place_order(self, order: Mapping[str, object]) -> OrderAnswer:
        """Order one call; only a definite no goes on to the next handler.

        The order's `not_after_s` counts from now on.
        """
        answer: OrderAnswer = OrderNotTaken("No call handler is configured.")
        waits = []
        begun_s = asyncio.get_running_loop().time()
        for url in self._in_turn():
            left_s = _read_left_s(order) - (asyncio.get_running_loop().time() - begun_s)
            if left_s <= 0:
                return OrderNotTaken("The call could not be dialled in time.")
            answer = await self._try_one(url, _one_try(order, min(left_s, self.timeout_s)))
            log.info("order_answered", call_id=order.get("call_id"), handler=url, answer=answer)
            if not isinstance(answer, OrderNotTaken):
                return answer
            waits.append(answer.retry_after_s)
        if isinstance(answer, OrderNotTaken) and waits:
            return OrderNotTaken(answer.reason, min(waits))
        return answer

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _in_turn(self) -> Sequence[str]:
        self._turn += 1
        start = self._turn % len(self.urls) if self.urls else 0
        return [*self.urls[start:], *self.urls[:start]]

    async def _try_one(self, url: str, order: Mapping[str, object]) -> OrderAnswer:
        import aiohttp  # noqa: PLC0415 - LOADED_LATER says why

        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = json.dumps(dict(order)).encode()
        try:
            async with self._open_session().post(
                f"{url.rstrip('/')}/order", data=body, headers=headers, allow_redirects=False
            ) as response:
                text = await response.content.read(_ANSWER_MAX_BYTES)
                return _read_answer(response.status, response.headers, text)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            return OrderNotTaken("No call handler can be reached just now.")
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            return OrderNotTaken("The call handler's address is no URL (RINGBACK_HANDLER_URLS).")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return OrderUnknown(type(error).__name__)

    def _open_session(self) -> "aiohttp.ClientSession":
        """Open connections afresh each time: a kept one that breaks would read as unknown."""
        import aiohttp  # noqa: PLC0415 - see above

        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self.timeout_s, sock_connect=self.timeout_s / 3)
            connector = aiohttp.TCPConnector(force_close=True)
            self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        return self._session


def _read_left_s(order: Mapping[str, object]) -> float:
    left_s = order.get("not_after_s")
    return left_s if isinstance(left_s, float) else math.inf


def _one_try(order: Mapping[str, object], left_s: float) -> dict[str, object]:
    """Complete an order for one POST.

    `left_s`: how long it may be dialled, by no clock that has to agree with ours: never longer than
    we wait for the answer, so that who was frozen with an order dials nothing that we have given
    up. Who repeats the POST on the way repeats its order_id: the handler then gives its first
    answer once more, also where that was "later".
    """
    return {**order, "not_after_s": round(left_s, 3), "order_id": secrets.token_hex(16)}


def _read_answer(status: int, headers: Mapping[str, str], text: bytes) -> OrderAnswer:
    """Translate a handler's answer; what is not certainly a no is unknown."""
    fields = _fields(text)
    if status in CREATED:
        call_sid = fields.get("call_sid", "")
        return OrderAccepted(call_sid) if call_sid else OrderUnknown("the answer names no call_sid")
    message = fields.get("message", "")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        reason = message or "The call handler is busy."
        return OrderNotTaken(reason, _retry_after_s(headers.get("Retry-After")))
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        refused_by_carrier = fields.get("error") == "dial_refused"
        code = fields.get("code", "") if refused_by_carrier else ""
        if code == _REFUSED_BY_HANDLER:
            code = ""
        return OrderRefused(code, message or "The call handler refused the order.")
    if status in _NOT_TAKEN:
        return OrderNotTaken(_NOT_TAKEN[status])
    return OrderUnknown(f"HTTP {status}")


def _fields(text: bytes) -> dict[str, str]:
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(answer, dict):
        return {}
    return {name: value for name, value in answer.items() if isinstance(value, str)}


def _retry_after_s(value: str | None) -> float:
    try:
        seconds = float(value or _RETRY_S)
    except ValueError:
        return _RETRY_S
    return min(max(seconds, 0.1), _RETRY_MAX_S)
