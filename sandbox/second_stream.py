"""A fault: the address of a running media stream is opened once more, as a replay would do it."""

from websockets.exceptions import ConnectionClosed

from sandbox.calls import Call
from sandbox.media_stream import StreamNotOpened, open_socket
from sandbox.speech import SILENCE
from sandbox.stream_messages import CONNECTED, StreamWriter
from sandbox.twiml import Stream
from sandbox.world import World


async def open_once_more(call: Call, stream: Stream, world: World, after_s: float) -> None:
    """Open the stream's address again after `after_s` script seconds, and wait for its close.

    The books get one `second_stream` line: how it was refused or closed, and how many messages
    the product sent into it.
    """
    await world.clock.sleep(after_s)
    try:
        socket = await open_socket(stream, world)
    except StreamNotOpened as error:
        world.ledger.write("second_stream", **call.facts, error=error.code, reason=str(error))
        return
    writer = StreamWriter(call.account_sid, call.sid, world.names.sid("MZ"))
    messages = 0
    try:
        for text in (CONNECTED, writer.start(stream.parameters), writer.media(SILENCE)):
            await socket.send(text)
        async for _ in socket:
            messages += 1
    except ConnectionClosed:
        pass  # the close code says how
    finally:
        socket.transport.abort()
        world.ledger.write(
            "second_stream", **call.facts, close_code=socket.close_code, messages=messages
        )
