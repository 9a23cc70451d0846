"""The network between the processes: it delays, loses, doubles, cuts after the send, and parts."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from tests.simulation.virtual_time import Process, VirtualLoop

T = TypeVar("T")

REFUSED_S = 0.002


class Refused(Exception):
    """Nobody listens there: nothing was delivered."""


class Broken(Exception):
    """The connection broke after the send: nobody knows what the other side did."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad the network is: chances from 0 to 1 per message."""

    lost: float = 0.0
    cut_after_send: float = 0.0
    doubled: float = 0.0
    slow: float = 0.0
    delay_s: float = 0.02
    slow_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Parting:
    """Two parts that do not reach each other for a while; times are virtual seconds."""

    one: str
    other: str
    start_s: float
    end_s: float
    # Refused at once, or silence.
    is_silent: bool

    def parts(self, one: str, other: str, now_s: float) -> bool:
        """Say whether it stands between the two just now."""
        return {one, other} == {self.one, self.other} and self.start_s <= now_s < self.end_s


@dataclass(slots=True)
class Network:
    """Carries questions to listening processes and their answers back."""

    loop: VirtualLoop
    dice: Random
    weather: Weather
    partings: tuple[Parting, ...] = ()
    # name -> (process, its doors); None as process: nobody ever kills it.
    listeners: dict[str, tuple[Process | None, object]] = field(default_factory=dict)
    _under_way: dict[Process, list[asyncio.Future[object]]] = field(default_factory=dict)

    def listen(self, name: str, process: Process | None, doors: object) -> None:
        """Open the doors of a process under its name."""
        self.listeners[name] = (process, doors)

    def close(self, name: str) -> None:
        """Close a name: who calls is refused."""
        self.listeners.pop(name, None)

    def is_open(self, name: str) -> bool:
        """Say whether somebody listens."""
        return name in self.listeners

    async def ask(
        self,
        asker: str,
        name: str,
        question: Callable[[object], Awaitable[T]],
        *,
        may_double: bool = False,
    ) -> T:
        """Put a question to the doors behind `name`; what they raise is raised here.

        It may wait for ever: set a deadline. Raises: Refused, Broken.
        """
        parting = self._parting(asker, name)
        await self._pass(self._delay())
        listener = self.listeners.get(name)
        if parting is not None and not parting.is_silent:
            raise Refused(name)
        if parting is not None or self._happens(self.weather.lost):
            await self.loop.create_future()  # silence: only the deadline ends it
        if listener is None:
            raise Refused(name)
        process, doors = listener
        answer: asyncio.Future[T] = self.loop.create_future()
        if process is not None:
            self._under_way.setdefault(process, []).append(answer)  # type: ignore[arg-type] # T is an object
        cut = self._happens(self.weather.cut_after_send)
        self.loop.spawn(self._serve(question, doors, answer, is_cut=cut), process)
        if may_double and self._happens(self.weather.doubled):
            self._later(self.dice.uniform(0.0, 6.0), self._ask_again, name, question)
        return await answer

    def drop(self, process: Process) -> None:
        """Break what a killed process was asked; some askers never hear of it."""
        for answer in self._under_way.pop(process, []):
            if not answer.done() and self._happens(0.7):
                self._later(self._delay(), _break, answer)

    async def _serve(
        self,
        question: Callable[[object], Awaitable[T]],
        doors: object,
        answer: asyncio.Future[T],
        *,
        is_cut: bool,
    ) -> None:
        try:
            value = await question(doors)
        except Exception as error:  # noqa: BLE001 - it travels to the asker
            self._later(self._delay(), _fail, answer, error)
            return
        if is_cut:
            self._later(self._delay(), _break, answer)
        else:
            self._later(self._delay(), _answer, answer, value)

    def _ask_again(self, name: str, question: Callable[[object], Awaitable[object]]) -> None:
        """Deliver a message for the second time; nobody waits for its answer."""
        listener = self.listeners.get(name)
        if listener is not None:
            process, doors = listener
            answer: asyncio.Future[object] = self.loop.create_future()
            self.loop.spawn(self._serve(question, doors, answer, is_cut=True), process)

    def _later(self, delay_s: float, action: Callable[..., None], *args: object) -> None:
        """Do something in the world's name: on the wire it does not die with its sender."""
        self.loop.call_later(delay_s, action, *args, context=Context())

    async def _pass(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)

    def _delay(self) -> float:
        if self._happens(self.weather.slow):
            return self.dice.uniform(0.0, self.weather.slow_s)
        return self.dice.uniform(0.0005, self.weather.delay_s)

    def _happens(self, chance: float) -> bool:
        return chance > 0.0 and self.dice.random() < chance

    def _parting(self, one: str, other: str) -> Parting | None:
        now_s = self.loop.time()
        for parting in self.partings:
            if parting.parts(one, other, now_s):
                return parting
        return None


def _answer(answer: asyncio.Future[T], value: T) -> None:
    if not answer.done():
        answer.set_result(value)


def _fail(answer: asyncio.Future[object], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
        answer.exception()  # the asker may be dead: then nobody retrieves it


def _break(answer: asyncio.Future[object]) -> None:
    _fail(answer, Broken("the connection was reset"))
