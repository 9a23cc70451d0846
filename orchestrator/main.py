"""The Orchestrator put together: store, gRPC server, routers and sweeper in one lifespan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from foundation.asgi import App
from foundation.clock import Clock, SystemClock
from foundation.drain import Drain
from foundation.limits import PublicHostGate, SlowBodyLimit
from foundation.loop_watch import LoopWatch
from foundation.server import CannotStart, make_data_dir
from foundation.settings import Mode, is_loopback_host, secrets_of
from foundation.task_set import TaskSet
from orchestrator import rest
from orchestrator.call_handler_client import CallHandlerClient
from orchestrator.call_results.access import Role, Tokens
from orchestrator.calls import (
    CallTimings,
    DialRules,
    OrderAddresses,
    record_progress,
    watch_questions,
)
from orchestrator.contacts import load_contacts
from orchestrator.conversation import Chat, Surroundings, build_filler, tell_results
from orchestrator.dial_policy import DialCaps, DialPolicy
from orchestrator.errors import OrchestratorError, StoreUnusable
from orchestrator.retention import Retention
from orchestrator.rpc import GrpcServer, build_grpc_server
from orchestrator.settings import OrchestratorSettings
from orchestrator.status_callbacks import ROOT, CallbackDoor, CarrierPaths, DoorByTheSide
from orchestrator.store import Store
from orchestrator.sweeper import Sweeper, SweeperParts
from orchestrator.web import WebAccess, mount_web, render_missing
from telephony.numbers import region_of
from telephony.recordings import CarrierRecordings
from telephony.signatures import SignatureKeys
from telephony.twilio_rest import TwilioRest

log = structlog.get_logger(__name__)

_BODY_MAX_BYTES = 65_536
_READ = ["GET", "HEAD"]
_NOT_FOUND = 404
# What a background task may still take at the end; the sweeper has deadlines of its own.
_LAST_TASKS_S = 5.0


def create_app(settings: OrchestratorSettings, clock: Clock | None = None) -> FastAPI:
    """Put the Orchestrator together; whatever must be opened is opened by its lifespan."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as opened:
            opened.enter_context(LoopWatch())
            try:
                await open_services(app, settings, clock or SystemClock(), opened)
            except StoreUnusable as error:
                raise CannotStart(str(error)) from None
            yield
            app.state.drain.begin()
        log.info("orchestrator_stopped")

    app = DoorByTheSide(
        title="Ringback Orchestrator",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=_BODY_MAX_BYTES,
    )
    app.state.drain, app.state.tokens = Drain(), build_tokens(settings)
    app.include_router(rest.router)
    app.add_api_route("/healthz", answer_healthz, methods=_READ, include_in_schema=False)
    app.add_api_route("/readyz", answer_readyz, methods=_READ, include_in_schema=False)
    people = (*secrets_of(settings.token_person), *secrets_of(settings.token_operator))
    mount_web(app, WebAccess(hosts=_own_hosts(settings), tokens=people))
    app.add_exception_handler(HTTPException, answer_http_error)

    def guard(inner: App) -> PublicHostGate:
        return PublicHostGate(
            SlowBodyLimit(inner),
            public_hosts=_own_hosts(settings),
            public_paths=(ROOT,),
            has_tokens=all(secrets_of(getattr(settings, name)) for name in settings.exposed_tokens),
        )

    app.add_middleware(guard)
    app.side_door = guard(CarrierPaths(app.serve))
    return app


async def open_services(
    app: FastAPI, settings: OrchestratorSettings, clock: Clock, opened: AsyncExitStack
) -> None:
    """Open what the doors work with; `opened` closes it in reverse order."""
    make_data_dir(settings.data_dir)
    timings, regions = build_timings(settings), allowed_regions(settings)
    store = await Store.open(settings.database(), clock)
    opened.push_async_callback(store.close)
    app.state.store, app.state.settings, app.state.timings = store, settings, timings
    app.state.callback_door = build_callback_door(settings, store, timings)
    app.state.recordings = open_recordings(settings, opened)
    around = Surroundings(load_contacts(settings.contacts), regions)
    key = settings.openai_api_key.get_secret_value()
    filler = build_filler(key, settings.openai_base_url, settings.chat_model)
    opened.push_async_callback(filler.close)
    app.state.chat = Chat(store, filler, around, timings, settings.mode is Mode.TEST)
    tasks = TaskSet()
    opened.push_async_callback(tasks.close, _LAST_TASKS_S)
    sweeper = open_sweeper(settings, store, clock, opened)
    grpc_server = build_grpc(settings, store, timings)
    opened.push_async_callback(grpc_server.stop)
    await grpc_server.start()
    app.state.grpc_port = grpc_server.port
    works = {
        "sweeper": sweeper.run(),
        "tell results": tell_results(store),
        "watch questions": watch_questions(store),
        "retention": Retention(store, clock, settings.retention_days).run(),
    }
    for name, work in works.items():
        opened.callback(tasks.spawn(work, name=name).cancel)
    warn_of_gaps(settings)
    log.info(
        "orchestrator_started",
        mode=settings.mode.value,
        grpc_port=grpc_server.port,
        handlers=settings.handlers(),
        regions=regions,
    )


def open_sweeper(
    settings: OrchestratorSettings, store: Store, clock: Clock, opened: AsyncExitStack
) -> Sweeper:
    """Build the sweeper with the carrier and the Call Handlers; closed after its last orders."""
    timings = build_timings(settings)
    carrier = build_carrier(settings)
    if carrier is not None:
        opened.callback(carrier.close)
    token = next(iter(secrets_of(settings.token_orchestrator)), "")
    handlers = CallHandlerClient(settings.handlers(), token, settings.order_s)
    opened.push_async_callback(handlers.close)
    policy = DialPolicy(build_caps(settings), allowed_regions(settings), settings.time_limit_s)
    parts = SweeperParts(
        store=store,
        carrier=carrier,
        handlers=handlers,
        rules=DialRules(policy, timings, settings.record),
        addresses=OrderAddresses(settings.orchestrator_public_url, settings.detect_machines),
        from_number=settings.twilio_from_number,
        clock=clock,
    )
    sweeper = Sweeper(parts)
    opened.push_async_callback(sweeper.close)
    return sweeper


def build_carrier(settings: OrchestratorSettings) -> TwilioRest | None:
    """Build the carrier's client with the newest of the configured tokens; None without any."""
    token = next(iter(secrets_of(settings.twilio_auth_token)), "")
    if not token:
        return None
    return TwilioRest(
        settings.twilio_api_url, settings.twilio_account_sid, token, settings.create_s
    )


def open_recordings(
    settings: OrchestratorSettings, opened: AsyncExitStack
) -> CarrierRecordings | None:
    """Build the reader of the carrier's recordings; None without an account."""
    token = next(iter(secrets_of(settings.twilio_auth_token)), "")
    if not token or not settings.twilio_account_sid:
        return None
    recordings = CarrierRecordings(settings.twilio_api_url, settings.twilio_account_sid, token)
    opened.push_async_callback(recordings.close)
    return recordings


def build_callback_door(
    settings: OrchestratorSettings, store: Store, timings: CallTimings
) -> CallbackDoor:
    """Build what the webhooks work with; without a key they answer 503."""
    keys = SignatureKeys(
        secrets_of(settings.twilio_auth_token), secrets_of(settings.twilio_shared_key)
    )
    return CallbackDoor(
        store, keys, settings.twilio_account_sid, settings.orchestrator_public_url, timings
    )


def build_grpc(settings: OrchestratorSettings, store: Store, timings: CallTimings) -> GrpcServer:
    """Build the gRPC server on its port."""
    return build_grpc_server(
        store,
        address=settings.orchestrator_grpc,
        tokens=build_tokens(settings),
        record_progress=lambda progress: record_progress(store, progress, timings),
    )


def build_tokens(settings: OrchestratorSettings) -> Tokens:
    """Collect the tokens by role."""
    return Tokens(
        {
            Role.HANDLER: secrets_of(settings.token_handler),
            Role.OPERATOR: secrets_of(settings.token_operator),
            Role.READER: secrets_of(settings.token_reader),
            Role.PERSON: secrets_of(settings.token_person),
        }
    )


def build_timings(settings: OrchestratorSettings) -> CallTimings:
    """Collect the spans of the life of a call."""
    return CallTimings(
        ring_s=settings.ring_s,
        time_limit_s=settings.time_limit_s,
        grace_s=settings.grace_s,
        create_s=settings.create_s,
        order_s=settings.order_s,
        settle_s=settings.settle_s,
        sweep_s=settings.sweep_s,
        ask_again_s=settings.ask_again_s,
        not_after_s=settings.not_after_s,
    )


def build_caps(settings: OrchestratorSettings) -> DialCaps:
    """Collect the caps, as set or as the mode wants them."""
    return DialCaps(
        at_once=settings.cap("cap_person_at_once"),
        person_hour=settings.cap("cap_person_hour"),
        all_hour=settings.cap("cap_hour"),
        number_hour=settings.cap("cap_number_hour"),
        spend_day=settings.cap("cap_spend_day"),
    )


def allowed_regions(settings: OrchestratorSettings) -> tuple[str, ...]:
    """Say which regions may be called: that of our own number."""
    region = region_of(settings.twilio_from_number)
    return (region,) if region else ()


async def answer_healthz() -> dict[str, str]:
    """Say that the process serves."""
    return {"status": "ok"}


async def answer_readyz(request: Request) -> JSONResponse:
    """Say whether the database answers."""
    store: Store = request.app.state.store
    try:
        async with asyncio.timeout(2):
            await store.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())
    except (OrchestratorError, TimeoutError):
        return JSONResponse({"status": "the database does not answer"}, status_code=503)
    return JSONResponse({"status": "ready"})


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Answer unknown paths, wrong methods and too large bodies in the form of all other errors.

    A browser that looks for a page that is not there gets one that leads home.
    """
    if not isinstance(error, HTTPException):  # pragma: no cover - registered for this class only
        raise error
    if error.status_code == _NOT_FOUND and "text/html" in request.headers.get("accept", ""):
        return render_missing("page")
    body = {"error": "refused", "message": str(error.detail), "fields": []}
    return JSONResponse(body, error.status_code, error.headers)


def warn_of_gaps(settings: OrchestratorSettings) -> None:
    """Say at the start what cannot work with these settings."""
    if not secrets_of(settings.token_orchestrator):
        log.warning("orders_will_be_refused", reason="RINGBACK_TOKEN_ORCHESTRATOR is not set")
    if not settings.twilio_account_sid:
        log.warning("carrier_cannot_be_asked", reason="TWILIO_ACCOUNT_SID is not set")


def _own_hosts(settings: OrchestratorSettings) -> tuple[str, ...]:
    public = urlsplit(settings.orchestrator_public_url).hostname or ""
    return (public,) if is_loopback_host(settings.host) else (public, settings.host)
