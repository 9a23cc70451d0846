"""Twilio's Calls resource over HTTP: create, fetch, list, update, delete."""

import asyncio

from fastapi import APIRouter, Request, Response

from sandbox.abortable_http import abort_connection
from sandbox.call_form import Pairs, read_create, read_pairs, read_update
from sandbox.call_list import list_calls
from sandbox.calls import API, Call
from sandbox.carrier_faults import CreateFault
from sandbox.errors import RestRefusal, Unanswered
from sandbox.operator_desk import OperatorDesk
from sandbox.rest_door import RestDoor

CREATED, NO_CONTENT = 201, 204
CALLS = f"/{API}/Accounts/{{account_sid}}/Calls"


class CallsApi:
    """The five requests, each behind Basic auth, each error in Twilio's shape."""

    def __init__(self, desk: OperatorDesk) -> None:
        self._desk = desk
        self._world = desk.world
        self._door = RestDoor(desk.world)
        self.router = APIRouter()
        add = self.router.add_api_route
        add(f"{CALLS}.json", self.create, methods=["POST"])
        add(f"{CALLS}.json", self.list, methods=["GET"])
        add(f"{CALLS}/{{call_sid}}.json", self.fetch, methods=["GET"])
        add(f"{CALLS}/{{call_sid}}.json", self.update, methods=["POST"])
        add(f"{CALLS}/{{call_sid}}.json", self.delete, methods=["DELETE"])

    async def create(self, request: Request, account_sid: str) -> Response:
        """Create a call; its ledger line is on the disk before the answer leaves."""
        pairs: Pairs = []
        try:
            self._door.authorise(request, account_sid)
            pairs = read_pairs(await request.body())
            form = read_create(pairs)
            placed = self._desk.place(form)
        except RestRefusal as refusal:
            self._desk.note_refusal(pairs, refusal)
            await self._world.ledger.settle()
            if isinstance(refusal, Unanswered):
                await _until_gone(request)
            return self._door.refuse(refusal)
        await self._world.ledger.settle()
        self._desk.begin(placed)
        return await self._answer_create(request, placed.call, placed.fault)

    async def fetch(self, request: Request, account_sid: str, call_sid: str) -> Response:
        """Fetch one call."""
        try:
            self._door.authorise(request, account_sid)
            return self._door.answer(self._desk.find(call_sid).resource())
        except RestRefusal as refusal:
            return self._door.refuse(refusal)

    async def list(self, request: Request, account_sid: str) -> Response:
        """List calls, newest first, page by page."""
        try:
            self._door.authorise(request, account_sid)
            visible = self._desk.listed()
            return self._door.answer(
                list_calls(visible, request.query_params.multi_items(), account_sid)
            )
        except RestRefusal as refusal:
            return self._door.refuse(refusal)

    async def update(self, request: Request, account_sid: str, call_sid: str) -> Response:
        """Hang up, redirect or change a live call."""
        try:
            self._door.authorise(request, account_sid)
            form = read_update(read_pairs(await request.body()))
            call = self._desk.update(call_sid, form)
        except RestRefusal as refusal:
            return self._door.refuse(refusal)
        await self._world.ledger.settle()
        return self._door.answer(call.resource())

    async def delete(self, request: Request, account_sid: str, call_sid: str) -> Response:
        """Delete a finished call."""
        try:
            self._door.authorise(request, account_sid)
            self._desk.delete(call_sid)
        except RestRefusal as refusal:
            return self._door.refuse(refusal)
        return Response(status_code=NO_CONTENT, headers=self._door.headers())

    async def _answer_create(self, request: Request, call: Call, fault: CreateFault) -> Response:
        match fault:
            case CreateFault.ERROR_AFTER_ACCEPT | CreateFault.DUPLICATE_RING_ERROR:
                return self._door.refuse(RestRefusal(20500))
            case CreateFault.NO_ANSWER_ACCEPTED:
                await _until_gone(request)
            case CreateFault.RESET_AFTER_ACCEPT:
                abort_connection(request)
            case CreateFault.SLOW:
                await asyncio.sleep(call.faults.create_slow_s)
            case CreateFault.BODY_NOT_JSON:
                return Response("<html>created</html>", CREATED, self._door.headers(), "text/html")
            case _:
                pass
        return self._door.answer(call.resource(), CREATED)


async def _until_gone(request: Request) -> None:
    """Wait until the client gives up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
