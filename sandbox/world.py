"""What every call of the carrier shares: account, books, clock, network, tasks, settings."""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field

from sandbox.address_map import AddressMap
from sandbox.callbacks import CallbackSender
from sandbox.calls import CallBook, Names
from sandbox.ledger import Ledger
from sandbox.light.mode import Light
from sandbox.phone import Phone
from sandbox.recording import Recording
from sandbox.script_time import ScriptClock
from sandbox.signing import Scheme
from sandbox.webhook import Signer, WebhookClient

log = logging.getLogger("sandbox.carrier")


@dataclass(frozen=True, slots=True)
class CarrierSettings:
    """The account that the carrier plays, and how it behaves.

    `shared_key`: when given, everything is signed with it by SHA-256 instead of the token.
    Spans are script seconds. `extra_ring_s`: what Twilio may add to Timeout.
    `redirect_unopened`: whether the verb after a stream that could not be opened runs.
    `light_talks_ms`: above 0 calls are played in the light mode, in which the agent talks so long
    in each round of 14 s.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    shared_key: str = field(default="", repr=False)
    calls_per_s: float = 1.0
    dial_s: float = 0.3
    extra_ring_s: float = 0.0
    redirect_unopened: bool = True
    default_time_limit_s: int = 14_400
    light_talks_ms: int = 0


class TaskSet:
    """Holds every task that was started, and ends them all at shutdown."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[object]] = set()

    def start(self, work: Coroutine[object, object, object], name: str) -> None:
        """Start `work`; an exception in it is logged."""
        task: asyncio.Task[object] = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    async def close(self) -> None:
        """Cancel what still runs and wait for it."""
        while self._tasks:  # a task that ends may start a last one
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def _forget(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_failed %s", task.get_name(), exc_info=error)


class DialQueue:
    """Twilio's calls-per-second limit: creates above it wait, none is refused."""

    def __init__(self, clock: ScriptClock, calls_per_s: float) -> None:
        self._clock = clock
        self._gap_s = 1 / calls_per_s
        self._next = 0.0

    def reserve(self) -> float:
        """Take the next place; gives the script seconds until it comes up."""
        now = self._clock.now()
        place = max(now, self._next)
        self._next = place + self._gap_s
        return place - now


class World:
    """One carrier's shared parts; built once, handed to every call."""

    def __init__(
        self,
        settings: CarrierSettings,
        book: CallBook,
        ledger: Ledger,
        addresses: AddressMap,
        names_and_clock: tuple[Names, ScriptClock],
    ) -> None:
        self.settings = settings
        self.book = book
        self.ledger = ledger
        self.addresses = addresses
        self.names, self.clock = names_and_clock
        self.signer = Signer(settings.auth_token)
        if settings.shared_key:
            self.signer = Signer(settings.shared_key, Scheme.SHA256)
        self.client = WebhookClient(addresses, self.signer)
        self.sender = CallbackSender(self.client, ledger)
        self.queue = DialQueue(self.clock, settings.calls_per_s)
        self.phone = Phone(self.clock)
        self.tasks = TaskSet()
        self.open_streams = 0
        self.recordings: dict[str, Recording] = {}
        talks_ms = settings.light_talks_ms
        self.light = Light(self.clock.factor, talks_ms) if talks_ms else None
        """None unless calls are played in the light mode."""
