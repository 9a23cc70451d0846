"""The carrier and its control door as two served apps; the whole sandbox in one context."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from sandbox.abortable_http import serve
from sandbox.control import ControlApi
from sandbox.errors import RestRefusal
from sandbox.light.control import LightControl
from sandbox.operator_desk import OperatorDesk
from sandbox.phone_door import PhoneDoor, PhoneFiles
from sandbox.recordings_api import RecordingsApi
from sandbox.rest import CallsApi
from sandbox.world import World

NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class CarrierPorts:
    """Where the carrier listens; 0 lets the system choose."""

    carrier: int = 0
    control: int = 0
    host: str = "127.0.0.1"


@asynccontextmanager
async def run_carrier(
    world: World, ports: CarrierPorts, model_sessions: Callable[[], int] = lambda: 0
) -> AsyncIterator[CarrierPorts]:
    """Serve REST and control until the block ends; gives the ports that are really used."""
    rest, control = _app("Sandbox carrier"), _app("Sandbox control")
    rest.include_router(CallsApi(OperatorDesk(world)).router)
    rest.include_router(RecordingsApi(world).router)
    control.include_router(ControlApi(world, model_sessions).router)
    control.include_router(PhoneDoor(world).router)
    if world.light is not None:
        control.include_router(LightControl(world, world.light).router)
    control.mount("/", PhoneFiles())
    apps = [(rest, ports.carrier), (control, ports.control)]
    async with serve(apps, ports.host) as (carrier, door):
        try:
            yield CarrierPorts(carrier, door, ports.host)
        finally:
            await world.tasks.close()


def _app(title: str) -> FastAPI:
    app = FastAPI(title=title, openapi_url=None)

    async def answer_health() -> JSONResponse:
        """Say that the server answers."""
        return JSONResponse({"status": "ok"})

    async def answer_unknown_path(_: Request, __: Exception) -> JSONResponse:
        """Answer as Twilio does for a path that it does not have."""
        refusal = RestRefusal(20404)
        return JSONResponse(refusal.body, refusal.status)

    app.add_exception_handler(NOT_FOUND, answer_unknown_path)
    app.add_api_route("/healthz", answer_health, methods=["GET"])
    return app
