"""The carrier's REST interface for calls: twilio-python in threads of its own, with deadlines.

The sync client is used because it obeys its time-out; the async one ignores it (tried, 9.13.0).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from telephony.dial_errors import (
    CarrierError,
    CarrierUnreachable,
    DialLater,
    DialRefused,
    DialUnknown,
    error_of_create,
    error_of_question,
    is_gone,
)

if TYPE_CHECKING:
    from twilio.rest import Client
    from twilio.rest.api.v2010.account.call import CallInstance

__all__ = [
    "LOADED_LATER",
    "CarrierCall",
    "CarrierError",
    "CarrierUnreachable",
    "DialLater",
    "DialRefused",
    "DialRequest",
    "DialUnknown",
    "PlacedCall",
    "TwilioRest",
]

T = TypeVar("T")
LOADED_LATER = ("telephony.carrier_wire", "twilio.rest.api.v2010.account.call")
"""What the first request loads, if nobody has before: 0.12 s that no start need wait for."""
STATUS_EVENTS = ["initiated", "ringing", "answered", "completed"]
RECORDING_EVENTS = ["completed", "absent"]
_THREADS = 16
_LIST_LIMIT = 200
# Over the client's own time-out, which counts each read, not the whole.
_PATIENCE_S = 2.0
_QUESTION_S = 10.0


@dataclass(frozen=True, slots=True)
class DialRequest:
    """All that a create says; ring time and time limit are never left out."""

    to_number: str
    from_number: str
    twiml: str
    status_callback_url: str
    ring_timeout_s: int
    time_limit_s: int
    answering_callback_url: str | None = None
    """Where the carrier tells who answered; None: it does not listen for that."""
    recording_callback_url: str | None = None
    """Where the carrier tells of the recording; None: it does not record."""


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call that the carrier has accepted."""

    call_sid: str
    status: str


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """What the carrier says about a call. Times and duration are None until they are known."""

    sid: str
    to: str
    from_: str
    status: str
    duration_s: int | None
    answered_by: str | None
    date_created: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    age_s: float | None = None
    """How long ago the carrier made it, by the carrier's own clock; None when it tells no time."""


class TwilioRest:
    """Asks and tells the carrier; each method has its deadline."""

    def __init__(
        self, api_url: str, account_sid: str, auth_token: str, create_timeout_s: float = 10.0
    ) -> None:
        self._api_url = api_url
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._create_timeout_s = create_timeout_s
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="twilio")

    async def create_call(self, request: DialRequest) -> PlacedCall:
        """Dial, once: nothing here or below tries a second time.

        Raises: DialRefused, DialLater, CarrierUnreachable (all: it did not dial), DialUnknown.
        """
        work = asyncio.wrap_future(self._threads.submit(self._create, request))
        try:
            async with asyncio.timeout(self._create_timeout_s + _PATIENCE_S):
                placed = await work
        except TimeoutError as error:
            raise DialUnknown("The carrier did not answer in time.") from error
        except CarrierError:
            raise
        except Exception as error:
            raise error_of_create(error) from error
        if not placed.call_sid:
            raise DialUnknown("The carrier's answer holds no call.")
        return placed

    async def fetch_call(self, call_sid: str) -> CarrierCall | None:
        """Ask how a call stands; None when the carrier does not know it.

        Raises: CarrierUnreachable.
        """
        try:
            return await self._ask(
                lambda client: _facts(client.calls(call_sid).fetch()), _QUESTION_S
            )
        except CarrierUnreachable as error:
            if error.__cause__ is not None and is_gone(_exception(error.__cause__)):
                return None
            raise

    async def list_calls(self, to: str, from_: str) -> list[CarrierCall]:
        """List the newest calls between two numbers, at most 200, whatever their state.

        Raises: CarrierUnreachable.
        """
        return await self._ask(
            lambda client: [
                _facts(call, client.http_client.answered_at)
                for call in client.calls.list(
                    to=to, from_=from_, limit=_LIST_LIMIT, page_size=_LIST_LIMIT
                )
            ],
            _QUESTION_S,
        )

    async def end_call(self, call_sid: str) -> None:
        """End a call in whatever state; one that is already over is fine.

        Raises: CarrierUnreachable.
        """
        await self._change(call_sid, "completed")

    async def cancel_call(self, call_sid: str) -> None:
        """End a call that is not yet answered; an answered one goes on, one that is over is fine.

        Raises: CarrierUnreachable.
        """
        await self._change(call_sid, "canceled")

    def close(self) -> None:
        """Let the threads go; requests under way end by their own time-outs."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _client(self, timeout_s: float) -> "Client":
        from twilio.rest import Client  # noqa: PLC0415 - LOADED_LATER says why

        from telephony.carrier_wire import CarrierWire  # noqa: PLC0415 - see above

        client = Client(self._account_sid, self._auth_token, http_client=CarrierWire(timeout_s))
        client.api.base_url = self._api_url
        return client

    def _create(self, request: DialRequest) -> PlacedCall:
        call = self._client(self._create_timeout_s).calls.create(
            to=request.to_number,
            from_=request.from_number,
            twiml=request.twiml,
            timeout=request.ring_timeout_s,
            time_limit=request.time_limit_s,
            status_callback=request.status_callback_url,
            status_callback_method="POST",
            status_callback_event=STATUS_EVENTS,
            **_detection(request.answering_callback_url),
            **_recording(request.recording_callback_url),
        )
        return PlacedCall(call_sid=call.sid or "", status=str(call.status or "queued"))

    async def _change(self, call_sid: str, status: str) -> None:
        try:
            await self._ask(
                lambda client: client.calls(call_sid).update(status=status), _QUESTION_S
            )
        except CarrierUnreachable as error:
            if error.__cause__ is None or not is_gone(_exception(error.__cause__)):
                raise

    async def _ask(self, question: "Callable[[Client], T]", timeout_s: float) -> T:
        work = asyncio.wrap_future(self._threads.submit(lambda: question(self._client(timeout_s))))
        try:
            async with asyncio.timeout(timeout_s + _PATIENCE_S):
                return await work
        except TimeoutError as error:
            raise CarrierUnreachable("The carrier did not answer in time.") from error
        except Exception as error:
            raise error_of_question(error) from error


def _detection(callback_url: str | None) -> dict[str, object]:
    """Ask who answered, up to the end of a machine's greeting, without a pause for the callee."""
    if callback_url is None:
        return {}
    return {
        "machine_detection": "DetectMessageEnd",
        "async_amd": "true",
        "async_amd_status_callback": callback_url,
        "async_amd_status_callback_method": "POST",
    }


def _recording(callback_url: str | None) -> dict[str, object]:
    """Ask for a recording with the callee and the agent on a channel each."""
    if callback_url is None:
        return {}
    return {
        "record": True,
        "recording_channels": "dual",
        "recording_status_callback": callback_url,
        "recording_status_callback_method": "POST",
        "recording_status_callback_event": RECORDING_EVENTS,
    }


def _facts(call: "CallInstance", asked_at: datetime | None = None) -> CarrierCall:
    """Read a call; `asked_at`: the carrier's time of the answer."""
    return CarrierCall(
        sid=str(call.sid),
        to=str(call.to or ""),
        from_=str(call._from or ""),  # noqa: SLF001 - twilio-python's name for `from`
        status=str(call.status or ""),
        duration_s=int(call.duration) if call.duration else None,
        answered_by=call.answered_by,
        date_created=call.date_created,
        start_time=call.start_time,
        end_time=call.end_time,
        age_s=_age_s(call.date_created, asked_at),
    )


def _age_s(made_at: datetime | None, asked_at: datetime | None) -> float | None:
    if made_at is None or asked_at is None:
        return None
    return max(0.0, (asked_at - made_at).total_seconds())


def _exception(cause: BaseException) -> Exception:
    return cause if isinstance(cause, Exception) else RuntimeError("not an error")
