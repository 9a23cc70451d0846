"""The carrier client where no connection comes about: then it is sure that nothing was dialled."""

import asyncio
import socket

import pytest

from telephony.twilio_rest import CarrierError, CarrierUnreachable, DialRequest, TwilioRest
from tests.integration.scripted_carrier import ACCOUNT

REQUEST = DialRequest(
    to_number="+14155550100",
    from_number="+14155550199",
    twiml="<Response><Hangup/></Response>",
    status_callback_url="https://o.test/twilio/status/c1",
    ring_timeout_s=60,
    time_limit_s=600,
)


async def refused_by(url: str, timeout_s: float = 5.0) -> CarrierError:
    rest = TwilioRest(url, ACCOUNT, "12345", timeout_s)
    with pytest.raises(CarrierError) as raised:
        await rest.create_call(REQUEST)
    rest.close()
    return raised.value


async def test_a_refused_connection_did_not_dial() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert isinstance(await refused_by(f"http://127.0.0.1:{port}"), CarrierUnreachable)


async def test_a_name_that_does_not_exist_did_not_dial() -> None:
    assert isinstance(await refused_by("http://carrier.invalid"), CarrierUnreachable)


async def test_a_connection_that_is_not_made_in_time_did_not_dial() -> None:
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)  # the two below fill the queue: the kernel drops what else knocks
        for filler in (first, second):
            filler.settimeout(0)
            filler.connect_ex(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        assert isinstance(await refused_by(url, timeout_s=0.3), CarrierUnreachable)


async def test_a_tls_handshake_that_fails_did_not_dial() -> None:
    async def speak_plainly(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(speak_plainly, "127.0.0.1", 0)
    async with server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert isinstance(await refused_by(url), CarrierUnreachable)
