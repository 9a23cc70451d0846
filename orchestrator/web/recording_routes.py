"""The recording of a call, read from the carrier and handed on: no other host is ever asked."""

import asyncio
from contextlib import ExitStack
from functools import partial
from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from orchestrator.errors import TooMany
from orchestrator.store.recordings import RecordingState, read_recording
from orchestrator.web.page_routes import needs_token, render_missing, render_page
from orchestrator.web.services import ChatOf, ServicesOf
from telephony.dial_errors import CarrierUnreachable
from telephony.recordings import CarrierRecordings, RecordedAudio

log = structlog.get_logger(__name__)

router = APIRouter(include_in_schema=False)


class _Audio(StreamingResponse):
    """Hands a recording on; whatever happens, `held` is given back at the end."""

    def __init__(self, audio: RecordedAudio, name: str, held: ExitStack) -> None:
        headers = {"Content-Disposition": f'inline; filename="{name}.wav"'}
        if audio.length is not None:
            headers["Content-Length"] = str(audio.length)
        if audio.content_range:
            headers |= {"Content-Range": audio.content_range, "Accept-Ranges": "bytes"}
        super().__init__(audio.chunks(), audio.status, headers, media_type="audio/wav")
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; where it breaks off, the listener's connection is cut and not ended.

        Not as Starlette does it: while the carrier sends fast, its cancel may find no moment, and
        what nobody hears any more was read to the end (tried, 1.10).
        """
        with self._held:
            sending = asyncio.ensure_future(self.stream_response(send))
            leaving = asyncio.ensure_future(self.listen_for_disconnect(receive))
            try:
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                sending.cancel()
                leaving.cancel()
                ends = await asyncio.gather(sending, leaving, return_exceptions=True)
        for error in ends:
            if isinstance(error, CarrierUnreachable):
                log.warning("recording_broke_off", path=scope["path"], reason=error.reason)
            elif isinstance(error, Exception):
                raise error


@router.get("/calls/{call_id}/recording")
async def play_recording(
    call_id: str, request: Request, chat: ChatOf, services: ServicesOf
) -> Response:
    """Play the recording of a call: the carrier's audio, whole or the range that was asked for."""
    if needs_token(request, services):
        return render_page("token.html", 401)
    kept = await chat.store.read(partial(read_recording, call_id=call_id))
    if kept is None or kept.state is not RecordingState.COMPLETED:
        return render_missing("recording")
    try:
        with ExitStack() as held:
            held.enter_context(services.listeners.held())
            audio = await _open(request, kept.recording_sid)
            if audio is None:
                return render_missing("recording")
            held.callback(audio.close)
            return _answer(audio, kept.call_id, held)
    except CarrierUnreachable as error:
        log.warning("recording_not_read", call_id=call_id, reason=str(error))
        return render_page("unplayable.html", HTTPStatus.BAD_GATEWAY, why=error.reason)
    except TooMany as refusal:
        return render_page("unplayable.html", refusal.http_status, why=str(refusal))


async def _open(request: Request, recording_sid: str) -> RecordedAudio | None:
    carrier: CarrierRecordings | None = request.app.state.recordings
    if carrier is None:
        raise CarrierUnreachable("No carrier account is configured.")
    return await carrier.open(recording_sid, request.headers.get("range", ""))


def _answer(audio: RecordedAudio, name: str, held: ExitStack) -> Response:
    """Answer with the audio, which keeps what is held until it is sent."""
    if audio.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return Response(status_code=audio.status, headers={"Content-Range": audio.content_range})
    return _Audio(audio, name, held.pop_all())
