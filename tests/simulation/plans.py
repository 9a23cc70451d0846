"""From a seed to its plan: each theme leans on one kind of trouble, `mixed` on all of them."""

from dataclasses import replace
from random import Random

from orchestrator.dial_policy import DialCaps
from tests.simulation.network import Parting, Weather
from tests.simulation.scripts import (
    NO_CAPS,
    THEMES,
    TROUBLE_S,
    Death,
    Errand,
    Habits,
    Plan,
)

NUMBERS = ("+14155550100", "+14155550101", "+14155550102", "+14155550103")
_HANDLER_POINTS = (
    "dial.before_post",
    "dial.after_post",
    "report.before_put",
    "report.after_put",
    "report.before_ack",
    "before commit",
    "after commit",
)
_ORCHESTRATOR_POINTS = ("order.before_post", "order.after_post", "before commit", "after commit")
_DAY_S = 86_400.0


def draw_plan(seed: int) -> Plan:
    """Decide all that a seed decides."""
    dice = Random(f"plan {seed}")  # noqa: S311 - repeatable, not secret
    theme = THEMES[seed % len(THEMES)]
    plan = Plan(
        seed=seed,
        theme=theme,
        orchestrators=dice.randint(1, 2),
        handlers=dice.randint(1, 3),
        weather=Weather(),
        caps=NO_CAPS,
        errands=_errands(dice, dice.choice((1, 1, 1, 2, 2, 3))),
        habits=Habits(rings_twice=0.05, no_stream=0.03),
    )
    if dice.random() < 0.3:
        plan = replace(plan, external_at_s=(dice.uniform(0.0, 20.0),))
    for name, change in _CHANGES.items():
        if theme == name or (theme == "mixed" and dice.random() < 0.6):
            plan = change(plan, dice)
    if len({errand.number for errand in plan.errands}) < len(plan.errands):
        # Two telephone calls for one create, and another dial to the same number of which nobody
        # knows: by the carrier's list alone these cannot be told apart.
        plan = replace(plan, habits=replace(plan.habits, rings_twice=0.0))
    return plan


def names_of(plan: Plan) -> tuple[list[str], list[str]]:
    """Name the Orchestrators and the Call Handlers of a plan."""
    return (
        [f"o{number}" for number in range(1, plan.orchestrators + 1)],
        [f"h{number}" for number in range(1, plan.handlers + 1)],
    )


def _errands(dice: Random, count: int) -> tuple[Errand, ...]:
    return tuple(
        Errand(
            at_s=dice.uniform(0.0, 10.0),
            number=dice.choice(NUMBERS[:2]),
            cancel_after_s=dice.uniform(0.0, 25.0) if dice.random() < 0.15 else None,
            presses=2 if dice.random() < 0.1 else 1,
        )
        for _ in range(count)
    )


def _storm(plan: Plan, dice: Random) -> Plan:
    """Make the network bad."""
    weather = Weather(
        lost=dice.uniform(0.0, 0.12),
        cut_after_send=dice.uniform(0.0, 0.15),
        doubled=0.2,
        slow=dice.uniform(0.0, 0.3),
    )
    orchestrators, handlers = names_of(plan)
    everybody = [*orchestrators, *handlers, "carrier"]
    partings = []
    for _ in range(dice.randint(0, 2)):
        one, other = dice.sample(everybody, 2)
        start_s = dice.uniform(0.0, TROUBLE_S)
        end_s = start_s + dice.uniform(1.0, 25.0)
        partings.append(Parting(one, other, start_s, end_s, dice.random() < 0.5))
    return replace(plan, weather=weather, partings=(*plan.partings, *partings))


def _deaths(plan: Plan, dice: Random) -> Plan:
    """Let processes die, one of several for good."""
    orchestrators, handlers = names_of(plan)
    deaths = list(plan.deaths)
    spare = orchestrators[1:] + handlers[1:]
    for_good = dice.choice(spare) if spare and dice.random() < 0.25 else None
    for _ in range(dice.randint(1, 3)):
        name = dice.choice([*orchestrators, *handlers, *handlers])
        points = _HANDLER_POINTS if name in handlers else _ORCHESTRATOR_POINTS
        kinds = (
            ("killed",) * 5 + ("frozen",) * (name != for_good) + ("stopped",) * (name in handlers)
        )
        deaths.append(
            Death(
                name=name,
                at_s=dice.uniform(0.0, 25.0),
                back_after_s=None if name == for_good else dice.uniform(0.5, 30.0),
                at_point=dice.choice(("", "", "", *points)),
                passing=dice.randint(1, 2),
                kind=dice.choice(kinds),
                drain_s=dice.choice((0.0, 2.0, 20.0)),
            )
        )
    return replace(plan, deaths=tuple(deaths))


def _moody_carrier(plan: Plan, dice: Random) -> Plan:
    """Let the carrier refuse, lose its answers and end calls in odd ways."""
    habits = replace(
        plan.habits, create_fails=0.7, odd_ends=0.5, never_answers=0.3, rings_twice=0.2,
        no_stream=0.15, callback_lost=dice.choice((0.0, 0.5)),
    )  # fmt: skip
    partings = list(plan.partings)
    if dice.random() < 0.3:
        orchestrators, _ = names_of(plan)
        start_s = dice.uniform(0.0, 30.0)
        partings += [  # nobody can ask it, for long
            Parting(name, "carrier", start_s, start_s + 60.0, dice.random() < 0.5)
            for name in orchestrators
        ]
    timings = plan.timings
    if dice.random() < 0.15:  # a day is short, so that somebody gives up
        timings = replace(timings, give_up_s=30.0)
    return replace(plan, habits=habits, partings=tuple(partings), timings=timings)


def _bad_callbacks(plan: Plan, dice: Random) -> Plan:
    """Let callbacks be lost, doubled, late and out of order."""
    habits = replace(
        plan.habits, callback_lost=dice.choice((0.2, 0.5, 1.0)), callback_doubled=0.4,
        callback_late_s=dice.choice((1.0, 10.0, 40.0)), create_fails=0.5,
    )  # fmt: skip
    return replace(plan, habits=habits)


def _tight_caps(plan: Plan, dice: Random) -> Plan:
    """Set caps that many calls at once run into."""
    caps = DialCaps(
        at_once=dice.choice((1, 2, 1000)),
        person_hour=dice.choice((2, 3, 1000)),
        all_hour=1000,
        number_hour=dice.choice((1, 2, 1000)),
        spend_day=dice.choice((0.6, 1_000_000)),
    )
    burst = dice.random() < 0.7
    errands = tuple(
        replace(errand, at_s=1.0 + dice.uniform(0.0, 0.003)) if burst else errand
        for errand in _errands(dice, dice.randint(3, 5))
    )
    return replace(plan, caps=caps, errands=errands, orchestrators=2)


def _odd_clock(plan: Plan, dice: Random) -> Plan:
    """Let the Orchestrator's clock jump; it has one replica then, as on SQLite."""
    jumps = tuple(
        (dice.uniform(0.0, 40.0), dice.choice((-3 * _DAY_S, 365 * _DAY_S, -30.0, 40.0, 3600.0)))
        for _ in range(dice.randint(1, 2))
    )
    deaths = tuple(death for death in plan.deaths if death.name != "o2")
    partings = tuple(one for one in plan.partings if "o2" not in {one.one, one.other})
    return replace(plan, jumps=jumps, orchestrators=1, deaths=deaths, partings=partings)


_CHANGES = {
    "caps": _tight_caps,
    "network": _storm,
    "deaths": _deaths,
    "carrier": _moody_carrier,
    "callbacks": _bad_callbacks,
    "clock": _odd_clock,
}
