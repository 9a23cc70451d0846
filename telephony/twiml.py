"""The TwiML we hand to the carrier: one media stream, and what follows it."""

from twilio.twiml.voice_response import (
    Connect,
    Stream,
    VoiceResponse,
)

CONTENT_TYPE = "text/xml"


def stream_twiml(
    *, call_id: str, stream_url: str, stream_status_url: str | None, after_stream_url: str
) -> str:
    """Connect the call to our media stream; when that ends and the call goes on, ask what follows.

    `stream_url`: wss:// without a query, the token in its path.
    """
    stream = Stream(url=stream_url, status_callback=stream_status_url)
    stream.parameter(name="call_id", value=call_id)
    connect = Connect()
    connect.append(stream)
    response = VoiceResponse()
    response.append(connect)
    response.redirect(after_stream_url, method="POST")
    return str(response)


def after_stream_twiml(apology: str | None) -> str:
    """Hang up, after an apology spoken by the carrier if there is one; never anything else."""
    response = VoiceResponse()
    if apology:
        response.say(apology)
    response.hangup()
    return str(response)
