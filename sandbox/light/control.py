"""The control door of the light mode: what was measured, and callees that hang up."""

from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from sandbox.light.mode import Light
from sandbox.world import World


class _HangUps(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int = Field(ge=1)
    per_s: float = Field(gt=0)


class LightControl:
    """The routes below `/control/light`."""

    def __init__(self, world: World, light: Light) -> None:
        self._world = world
        self._light = light
        self.router = APIRouter(prefix="/control/light")
        add = self.router.add_api_route
        add("", self.tell, methods=["GET"])
        add("/window", self.begin_window, methods=["POST"])
        add("/hang_up", self.hang_up_oldest, methods=["POST"])
        add("/hang_up/{key}", self.hang_up, methods=["POST"])

    async def tell(self) -> Response:
        """Tell what was counted and measured since the window began."""
        return JSONResponse(self._light.facts())

    async def begin_window(self) -> Response:
        """Count and measure from now on."""
        self._light.begin_window()
        return JSONResponse({})

    async def hang_up_oldest(self, order: _HangUps) -> Response:
        """Let callees hang up at an even pace, who has been on the line longest first."""
        work = self._light.hang_up_oldest(order.count, order.per_s)
        self._world.tasks.start(work, "light hang-ups")
        return JSONResponse({}, HTTPStatus.ACCEPTED)

    async def hang_up(self, key: str) -> Response:
        """Let one callee hang up; 404 when it is not on the line."""
        is_done = self._light.hang_up(key)
        return JSONResponse({}, HTTPStatus.OK if is_done else HTTPStatus.NOT_FOUND)
