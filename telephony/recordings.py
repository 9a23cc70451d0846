"""The carrier's recordings: their audio, read with our credentials and handed on as it comes.

The address is built from the configured carrier and the recording's own id, so that nothing that a
callback or a report says can send us anywhere else. Redirects are not followed.
"""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from foundation.settings import is_loopback_host
from telephony.dial_errors import CarrierUnreachable

if TYPE_CHECKING:
    import aiohttp

MOST_BYTES = 256 * 1024 * 1024
"""Two hours of two channels, 16 bits at 8 kHz."""
_FIRST_ANSWER_S = 15.0
_SILENCE_S = 15.0
# However slowly the listener takes it: who listens longer asks again from there.
_WHOLE_S = 1800.0
_CHUNK_BYTES = 65_536
_RECORDING_SID = re.compile("RE[0-9a-fA-F]{32}")
_RANGE = re.compile("bytes=([0-9]{1,12}-[0-9]{0,12}|-[0-9]{1,12})")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,12}-[0-9]{1,12}|\*)/[0-9]{1,12}")


def is_recording_sid(text: str) -> bool:
    """Say whether a text is the id of a recording."""
    return _RECORDING_SID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class RecordedAudio:
    """A recording, or a part of it, that is being read; close it."""

    status: int
    """200 for the whole, 206 for a part, 416 where the part that was asked for is not there."""
    length: int | None
    """In bytes; None when the carrier does not say."""
    content_range: str
    """Such as "bytes 0-99/1000"; empty for the whole."""
    _answer: "aiohttp.ClientResponse"

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the audio as it comes.

        Raises: CarrierUnreachable when it breaks off or is longer than `MOST_BYTES`.
        """
        import aiohttp  # noqa: PLC0415 - 0.1 s that no start need wait for

        sent = 0
        try:
            async for chunk in self._answer.content.iter_chunked(_CHUNK_BYTES):
                sent += len(chunk)
                if sent > MOST_BYTES:
                    raise CarrierUnreachable("The recording is too long to be handed on.")
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CarrierUnreachable("The recording broke off at the carrier.") from error

    def close(self) -> None:
        """Let the connection go, whether or not all was read."""
        self._answer.close()


class CarrierRecordings:
    """Reads recordings of one account; used on one running loop, closed after."""

    def __init__(self, api_url: str, account_sid: str, auth_token: str) -> None:
        self._folder = f"{api_url.rstrip('/')}/2010-04-01/Accounts/{account_sid}/Recordings"
        login = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._headers = {"Authorization": f"Basic {login}", "Accept-Encoding": "identity"}
        # A proxy of the environment must never stand between us and our own machine.
        self._heeds_proxies = not is_loopback_host(urlsplit(api_url).hostname or "")
        self._session: aiohttp.ClientSession | None = None  # None until the first question

    async def open(self, recording_sid: str, wanted: str = "") -> RecordedAudio | None:
        """Begin to read a recording as WAV; None when the carrier does not have it.

        `wanted`: the listener's Range header; anything but one plain range of bytes is left out,
        and the whole comes then. Raises: CarrierUnreachable, ValueError for what is no id.
        """
        import aiohttp  # noqa: PLC0415 - see RecordedAudio.chunks

        if not is_recording_sid(recording_sid):
            raise ValueError("expected the id of a recording")
        part = {"Range": wanted} if _RANGE.fullmatch(wanted) else {}
        try:
            async with asyncio.timeout(_FIRST_ANSWER_S):
                answer = await self._open_session().get(
                    f"{self._folder}/{recording_sid}.wav",
                    headers={**self._headers, **part},
                    allow_redirects=False,
                )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CarrierUnreachable("The carrier does not answer.") from error
        try:
            return _read_answer(answer)
        except CarrierUnreachable:
            answer.close()
            raise

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _open_session(self) -> "aiohttp.ClientSession":
        import aiohttp  # noqa: PLC0415 - see RecordedAudio.chunks

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True),
                timeout=aiohttp.ClientTimeout(
                    total=_WHOLE_S, sock_connect=_FIRST_ANSWER_S, sock_read=_SILENCE_S
                ),
                auto_decompress=False,
                trust_env=self._heeds_proxies,
            )
        return self._session


def _read_answer(answer: "aiohttp.ClientResponse") -> RecordedAudio | None:
    """Judge what the carrier answered. Raises: CarrierUnreachable."""
    match answer.status:
        case HTTPStatus.NOT_FOUND | HTTPStatus.GONE:
            answer.close()
            return None
        case HTTPStatus.OK:
            part = ""
        case HTTPStatus.PARTIAL_CONTENT | HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part = answer.headers.get("Content-Range", "")
            if not _CONTENT_RANGE.fullmatch(part):
                raise CarrierUnreachable("The carrier's answer could not be read.")
        case _:
            raise CarrierUnreachable(f"The carrier answered with HTTP {answer.status}.")
    is_audio = answer.content_type.startswith("audio/")
    if not is_audio and answer.status != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise CarrierUnreachable("The carrier's answer is no recording.")
    if (answer.content_length or 0) > MOST_BYTES:
        raise CarrierUnreachable("The recording is too long to be handed on.")
    return RecordedAudio(answer.status, answer.content_length, part, answer)
