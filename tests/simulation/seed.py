"""Runs one seed: the cast is put together, the world runs to quiescence, the judge looks."""

import asyncio
import secrets
import sqlite3
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from call_handler import call as handler_call
from call_handler.orders import desk as order_desk
from call_reporter.outbox import statements as outbox_sql
from orchestrator import dial_policy, sweeper
from orchestrator.store import ids
from telephony.numbers import check_number
from tests.simulation.bridge import SimulatedBridge, SimulatedDialogue
from tests.simulation.carrier import Carrier
from tests.simulation.disks import MemoryDatabase, OutboxShelf
from tests.simulation.evidence import Evidence, Finding
from tests.simulation.handler_part import HandlerPart
from tests.simulation.judge import judge
from tests.simulation.line import Line
from tests.simulation.network import Network
from tests.simulation.orchestrator_part import OrchestratorPart
from tests.simulation.people import People
from tests.simulation.plans import draw_plan, names_of
from tests.simulation.quiet import errors_kept
from tests.simulation.scripts import Plan
from tests.simulation.swaps import Swap, swapped
from tests.simulation.virtual_time import VirtualClock, VirtualLoop
from tests.simulation.world import World

# After the last fault: whatever was dialled then rings, is held, is asked about, and is over.
QUIET_S = 330.0
_LOOK_S = 4.0
_DUE = "SELECT count(*) FROM call WHERE due_at IS NOT NULL"


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What came of one seed."""

    plan: Plan
    findings: tuple[Finding, ...]
    history: tuple[tuple[float, str, str], ...]
    virtual_s: float
    calls: int
    results: int
    deaths: int


class Bench:
    """What is kept over many seeds, because to build it costs more than a seed."""

    def __init__(self, *, has_keys: bool = True) -> None:
        self.database = MemoryDatabase(has_keys=has_keys)
        self.shelf = OutboxShelf()

    def wipe(self) -> None:
        """Empty all disks."""
        self.database.wipe()
        self.shelf.wipe()

    def close(self) -> None:
        """Close it for good."""
        self.database.close()
        self.shelf.close()


def run_seed(seed: int, bench: Bench, plan: Plan | None = None) -> SeedReport:
    """Run one seed and judge it; `plan` replaces the one that the seed draws."""
    plan = plan or draw_plan(seed)
    loop = VirtualLoop()
    bench.wipe()
    world = _make_world(plan, loop)
    carrier = _make_carrier(world)
    try:
        with (
            errors_kept() as world.troubles,
            swapped(*_same_every_time(plan.seed), *_stand_ins(world)),
        ):
            outboxes = _start_cast(world, bench)
            people = People(world, bench.database.raw)
            people.start()
            loop.run_until_complete(_settle(world, carrier, people, bench, outboxes))
            evidence = Evidence(world, carrier, bench.database.raw, outboxes)
            findings = judge(evidence)
    finally:
        loop.bury()
    deaths = world.died + world.frozen + world.stopped
    calls = len(carrier.accepted)
    history = tuple(world.history)
    results = len(evidence.results)
    return SeedReport(plan, tuple(findings), history, loop.time(), calls, results, deaths)


def _make_world(plan: Plan, loop: VirtualLoop) -> World:
    dice = Random(f"world {plan.seed}")  # noqa: S311 - repeatable, not secret
    weather = Random(f"network {plan.seed}")  # noqa: S311 - repeatable, not secret
    network = Network(loop, weather, plan.weather, plan.partings)
    return World(plan, loop, dice, network, VirtualClock(loop))


def _make_carrier(world: World) -> Carrier:
    orchestrators, handlers = names_of(world.plan)
    carrier = Carrier(world, world.network, world.plan.habits, orchestrators, handlers)
    world.network.listen("carrier", None, carrier)
    return carrier


def _start_cast(world: World, bench: Bench) -> dict[str, sqlite3.Connection]:
    orchestrators, handlers = names_of(world.plan)
    outboxes = {}
    for name in orchestrators:
        world.parts[name] = OrchestratorPart(world, name, bench.database)
    for place, name in enumerate(handlers):
        world.parts[name] = HandlerPart(world, name, bench.shelf, place)
        outboxes[name] = bench.shelf.take(place)
    for part in world.parts.values():
        part.start()
    world.set_fates()
    return outboxes


async def _settle(
    world: World,
    carrier: Carrier,
    people: People,
    bench: Bench,
    outboxes: dict[str, sqlite3.Connection],
) -> None:
    """Run until nothing is left to happen, or until everything should long have happened."""
    end_s = world.plan.last_trouble_s + QUIET_S
    while world.loop.time() < max(end_s, world.last_death_s + QUIET_S):
        await asyncio.sleep(_LOOK_S)
        # Who dies at a failpoint may do so late, and is back later than the plan says.
        trouble_s = max(world.plan.last_trouble_s, world.last_death_s)
        if world.loop.time() > trouble_s and _is_quiet(world, carrier, people, bench, outboxes):
            return


def _is_quiet(
    world: World,
    carrier: Carrier,
    people: People,
    bench: Bench,
    outboxes: dict[str, sqlite3.Connection],
) -> bool:
    if people.busy or carrier.live:
        return False
    if bench.database.raw.execute(_DUE).fetchone()[0]:
        return False
    return all(
        not outbox.execute(outbox_sql.COUNT_WAITING).fetchone()[0]
        and not outbox.execute(outbox_sql.SELECT_LOST_CALLS).fetchone()
        for name, outbox in outboxes.items()
        if world.parts[name].process.is_alive
    )


def _same_every_time(seed: int) -> tuple[Swap, ...]:
    """Let ids follow from the seed."""
    dice = Random(f"ids {seed}")  # noqa: S311 - repeatable, not secret

    def token_hex(count: int = 32) -> str:
        return f"{dice.getrandbits(count * 8):0{count * 2}x}"

    return (
        Swap(uuid, "uuid4", lambda: uuid.UUID(int=dice.getrandbits(128), version=4)),
        Swap(ids, "draw_chance", lambda: dice.getrandbits(62)),
        Swap(secrets, "token_hex", token_hex),
    )


def _stand_ins(world: World) -> tuple[Swap, ...]:
    """Put in the simulated bridge, and let failpoints kill simulated processes."""

    def note_talk(line: Line) -> None:
        world.talks[line.call_id].add(line.call_sid)
        world.note(line.call_id, f"{line.call_sid[:8]} talks")

    return (
        Swap(SimulatedBridge, "on_talk", staticmethod(note_talk)),
        Swap(handler_call, "Bridge", SimulatedBridge),
        Swap(handler_call, "Dialogue", SimulatedDialogue),
        Swap(order_desk, "failpoint", world.pass_point),
        # Dear, and the same each time.
        Swap(order_desk, "has_free_descriptors", lambda _wanted: True),
        Swap(order_desk, "check_number", _check_known_number),
        Swap(dial_policy, "check_number", _check_known_number),
        Swap(sweeper, "failpoint", world.pass_point),
    )


def _check_known_number(text: str, *, allowed_regions: Collection[str]) -> str:
    return _checked_once(text, frozenset(allowed_regions))


@lru_cache
def _checked_once(text: str, allowed_regions: frozenset[str]) -> str:
    return check_number(text, allowed_regions=allowed_regions)
