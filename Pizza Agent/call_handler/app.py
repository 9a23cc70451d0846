"""The Call Handler put together: settings, reporter, carrier and model behind their doors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import grpc
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from call_handler import after_stream, media_stream, orders
from call_handler.after_stream import AfterStreamDoor
from call_handler.call import CallServices
from call_handler.media_stream import StreamDoor
from call_handler.orders import OrderDesk, release_unanswered
from call_handler.settings import RETIRED_MODELS, HandlerSettings
from call_reporter import CHANNEL_OPTIONS, CallReporter, OutboxUnavailable, ReporterOptions
from foundation.clock import Clock, SystemClock
from foundation.drain import Drain
from foundation.failpoints import arm_failpoints, failpoint
from foundation.limits import PublicHostGate, SlowBodyLimit
from foundation.logs import configure_logging
from foundation.loop_watch import LoopWatch
from foundation.server import CannotStart, make_data_dir, run_service
from foundation.settings import LogFormat, Mode, load_settings, secrets_of
from foundation.task_set import TaskSet
from ringback.v1.call_results_pb2_grpc import CallResultsStub
from telephony.signatures import SignatureKeys
from telephony.stream_token import StreamTokens, load_stream_key, read_stream_key
from telephony.twilio_rest import LOADED_LATER, TwilioRest

log = structlog.get_logger(__name__)

_BODY_MAX_BYTES = 65_536
_BALLAST_PER_CALL = 256 * 1024
# What an ended call may still take: its report's acknowledgement, a late transcript, the hang-up.
_LAST_TASKS_S = 20.0
_DISK_S = 2.0
_CARRIER_PATHS = ("/media-stream/", "/after-stream/")


def create_app(settings: HandlerSettings, clock: Clock | None = None) -> FastAPI:
    """Put the Call Handler together; whatever must be opened is opened by its lifespan."""
    drain = Drain()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with LoopWatch() as watch:
            async with open_services(app, settings, drain, clock or SystemClock(), watch):
                yield

    app = FastAPI(
        title="Ringback Call Handler",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        max_body_size=_BODY_MAX_BYTES,
    )
    app.state.drain = drain
    for door in (orders, media_stream, after_stream):
        app.include_router(door.router)
    app.add_api_route("/healthz", answer_healthz)
    app.add_api_route("/readyz", answer_readyz)
    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_middleware(SlowBodyLimit)
    app.add_middleware(
        PublicHostGate,
        public_hosts={urlsplit(settings.handler_public_url).hostname or ""},
        public_paths=_CARRIER_PATHS,
        has_tokens=all(secrets_of(getattr(settings, name)) for name in settings.exposed_tokens),
    )
    return app


@asynccontextmanager
async def open_services(
    app: FastAPI, settings: HandlerSettings, drain: Drain, clock: Clock, watch: LoopWatch
) -> AsyncIterator[None]:
    """Open what the doors work with; at the end finish the calls' tasks, then close it all."""
    tasks = TaskSet()
    carrier = build_carrier(settings)
    keys = SignatureKeys(
        secrets_of(settings.twilio_auth_token), secrets_of(settings.twilio_shared_key)
    )
    tokens = open_tokens(settings, clock)
    reporter = build_reporter(settings, clock)
    channel = grpc.aio.insecure_channel(settings.orchestrator_grpc, options=CHANNEL_OPTIONS)
    services = CallServices(reporter, carrier, settings, clock, tasks, drain.stopping)
    app.state.order_desk = OrderDesk(services, tokens, drain, watch)
    app.state.stream_door = StreamDoor(services, tokens, keys, drain)
    ask_result = after_stream.ask_by_grpc(CallResultsStub(channel), reporting_token(settings))
    app.state.after_stream_door = AfterStreamDoor(settings, keys, reporter, ask_result)
    await start_reporter(reporter)
    app.state.reporter = reporter
    watcher = tasks.spawn(release_unanswered(drain, carrier), name="release unanswered calls")
    log.info(
        "call_handler_started",
        mode=settings.mode,
        max_calls=settings.max_calls,
        stream_key=tokens.fingerprint,  # the same at all Call Handlers behind one address
    )
    try:
        yield
    finally:
        drain.begin()
        drain.stopping.set()
        watcher.cancel()
        await tasks.close(_LAST_TASKS_S)
        await reporter.close()
        await channel.close(grace=None)
        carrier.close()
        log.info("call_handler_stopped")


def open_tokens(settings: HandlerSettings, clock: Clock) -> StreamTokens:
    """Read the key of the stream tokens, or make one of our own when none is shared.

    A shared one is never made here: on two machines that would be two keys, and each would refuse
    the streams of the other's calls. Raises: CannotStart when it is not to be had.
    """
    make_data_dir(settings.data_dir)
    shared = settings.stream_key_file
    try:
        if shared is None:
            return StreamTokens(load_stream_key(settings.data_dir / "stream.key"), clock)
        return StreamTokens(read_stream_key(shared), clock)
    except FileNotFoundError:
        reason = f"{shared} is not there; make it once: openssl rand -hex 32 > {shared}"
        raise CannotStart(f"RINGBACK_STREAM_KEY_FILE: {reason}") from None
    except (OSError, ValueError) as error:
        name = "" if shared is None else "RINGBACK_STREAM_KEY_FILE: "
        raise CannotStart(f"{name}{error}") from None


def build_carrier(settings: HandlerSettings) -> TwilioRest:
    """Build the carrier's client with the newest of the configured tokens."""
    token = next(iter(secrets_of(settings.twilio_auth_token)), "")
    return TwilioRest(
        settings.twilio_api_url, settings.twilio_account_sid, token, settings.create_s
    )


def build_reporter(settings: HandlerSettings, clock: Clock) -> CallReporter:
    """Build the reporter, with our clock and failpoints and disk space for every call."""
    return CallReporter(
        settings.orchestrator_grpc,
        outbox=settings.data_dir / "handler-outbox.db",
        token=reporting_token(settings),
        handler_instance=settings.handler_instance,
        test=settings.mode is Mode.TEST,
        options=ReporterOptions(
            clock=clock,
            failpoint=failpoint,
            ballast_bytes=settings.max_calls * _BALLAST_PER_CALL,
        ),
    )


async def start_reporter(reporter: CallReporter) -> None:
    """Open the outbox and begin to deliver; raises CannotStart when it cannot be opened."""
    try:
        await reporter.start()
    except OutboxUnavailable as error:
        raise CannotStart(str(error)) from None


def reporting_token(settings: HandlerSettings) -> str:
    """Take the token that lets this process report; empty when none is configured."""
    return next(iter(secrets_of(settings.token_handler)), "")


async def answer_healthz() -> dict[str, str]:
    """Say that the process serves."""
    return {"status": "ok"}


async def answer_readyz(request: Request) -> JSONResponse:
    """Say whether orders are taken, how many calls there are and what waits to be reported.

    503 with a reason while orders are refused because it drains, or for want of a disk.
    """
    drain: Drain = request.app.state.drain
    reporter: CallReporter = request.app.state.reporter
    trouble = await find_trouble(reporter)
    reason = "it is about to stop" if drain.draining else trouble
    backlog = reporter.backlog()
    body = {
        "status": "draining" if drain.draining else "refusing" if trouble else "ready",
        "reason": reason,
        "calls": drain.busy,
        "tasks": len(asyncio.all_tasks()),
        "reports_waiting": backlog.pending,
        "dead_letters": backlog.dead_letters,
    }
    return JSONResponse(body, 503 if reason else 200)


async def find_trouble(reporter: CallReporter) -> str:
    """Say why the disk forbids new calls; empty when it does not."""
    try:
        async with asyncio.timeout(_DISK_S):
            return await reporter.trouble()
    except TimeoutError:
        return f"the outbox's disk has not answered for {_DISK_S:g} s"


async def answer_http_error(_request: Request, error: Exception) -> JSONResponse:
    """Answer unknown paths and methods in the form of all other errors."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = str(error.detail) if isinstance(error, HTTPException) else "internal error"
    headers = error.headers if isinstance(error, HTTPException) else None
    return JSONResponse({"error": "refused", "message": words}, status, headers)


def warn_of_risks(settings: HandlerSettings) -> None:
    """Say at the start what is off or will stop working."""
    log.info("mode", mode=settings.mode.value, carrier=settings.twilio_api_url)
    if not secrets_of(settings.token_orchestrator):
        log.warning("orders_off", reason="RINGBACK_TOKEN_ORCHESTRATOR is not set")
    if not settings.twilio_account_sid:
        log.warning("dialling_off", reason="TWILIO_ACCOUNT_SID is not set")
    for model in (settings.model, settings.transcription_model):
        if model in RETIRED_MODELS:
            log.warning("model_is_retired", model=model, on=RETIRED_MODELS[model])


def main() -> None:
    """Start the Call Handler and serve until it is told to stop."""
    settings = load_settings(HandlerSettings)
    configure_logging("handler", settings.log_level, settings.log_format is LogFormat.JSON)
    arm_failpoints(settings.failpoints)
    warn_of_risks(settings)
    run_service(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        drain_s=settings.drain_s,
        later=LOADED_LATER,
    )
