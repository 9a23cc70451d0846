"""The sandbox's own door for tests and people: scenarios, bindings, books, leak check."""

from collections.abc import Callable
from dataclasses import fields

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from sandbox.binding_request import BadBinding, read_binding
from sandbox.carrier_faults import NO_FAULTS, CarrierFaults
from sandbox.model_faults import NO_FAULTS as MODEL_AT_ITS_BEST
from sandbox.scenario import Scenario
from sandbox.world import World

NO_FAULT = ("answered_by", "recording")
"""How settings of the carrier begin that say what it reports, not what goes wrong."""


class ControlApi:
    """The control API. `model_sessions` counts the open sessions of the realtime model."""

    def __init__(self, world: World, model_sessions: Callable[[], int]) -> None:
        self._world = world
        self._model_sessions = model_sessions
        self.router = APIRouter()
        add = self.router.add_api_route
        add("/control/scenarios", self.list_scenarios, methods=["GET"])
        add("/control/bind", self.bind, methods=["POST"])
        add("/control/ledger", self.read_ledger, methods=["GET"])
        add("/control/sessions", self.count_sessions, methods=["GET"])

    async def list_scenarios(self) -> Response:
        """List what the sandbox can play, each with its own number."""
        scenarios = [
            scenario.facts | {"kind": _kind_of(scenario)}
            for scenario in self._world.book.scenarios.values()
        ]
        return JSONResponse({"scenarios": scenarios})

    async def bind(self, request: Request) -> Response:
        """Bind a scenario to a number, for all calls or the next `count`.

        `ring`, `carrier` and `model` change the scenario: `{"carrier": {"stream": "reset"}}`.
        """
        world = self._world
        try:
            binding = read_binding(await request.body(), world.book.scenarios)
        except BadBinding as error:
            return JSONResponse({"error": str(error)}, error.status)
        world.book.bind(binding.number, binding.scenario, binding.count)
        world.ledger.write("bind", **binding.facts)
        await world.ledger.settle()
        return JSONResponse({"number": binding.number, "scenario": binding.scenario.name})

    async def read_ledger(self, call_id: str | None = None) -> Response:
        """Read the books, of one call or all."""
        return JSONResponse({"lines": self._world.ledger.of_call(call_id)})

    async def count_sessions(self) -> Response:
        """Count what is open: the leak check."""
        counts = {
            "open_model_sessions": self._model_sessions(),
            "open_media_streams": self._world.open_streams,
            "live_calls": self._world.book.live_calls,
        }
        return JSONResponse(counts)


def _kind_of(scenario: Scenario) -> str:
    """Say what a scenario is for a person who picks one: a `callee`, or a `fault`."""
    is_well = _is_well(scenario.carrier) and scenario.model == MODEL_AT_ITS_BEST
    return "callee" if scenario.ring.answers and is_well else "fault"


def _is_well(faults: CarrierFaults) -> bool:
    names = [field.name for field in fields(faults) if not field.name.startswith(NO_FAULT)]
    return all(getattr(faults, name) == getattr(NO_FAULTS, name) for name in names)
