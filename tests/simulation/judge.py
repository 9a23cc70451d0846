"""The judge: compares what the carrier's ledger knows with what the product would show."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from call_reporter.outbox import statements as outbox_sql
from orchestrator.store.calls import CallState
from ringback.v1 import call_results_pb2 as pb
from telephony.status_words import is_terminal, rises, status_of_word
from tests.simulation.evidence import CallFacts, Evidence, Finding
from tests.simulation.quiet import unexpected
from tests.simulation.scripts import TIMINGS

# What a result may take after the carrier's end of the call and the last fault, by the rules' own
# spans: an unknown dial found at last, its callback lost, the sweeper that asked dead.
SLOWEST_S = (
    TIMINGS.settle_s + 2 * TIMINGS.ask_again_s + TIMINGS.grace_s + TIMINGS.ring_s
    + TIMINGS.ring_slack_s + 30.0
)  # fmt: skip
# What the carrier needs to end a call that the agent has left.
_OVERLAP_S = 8.0
_RINGS = (
    pb.CALL_STATUS_RINGING,
    pb.CALL_STATUS_IN_PROGRESS,
    pb.CALL_STATUS_COMPLETED,
    pb.CALL_STATUS_BUSY,
    pb.CALL_STATUS_NO_ANSWER,
)
_WITHOUT_OUTCOME = """SELECT call_key FROM started_call WHERE state = 'over'
    EXCEPT SELECT call_key FROM outcome"""
_NEVER_PLACED = ("not-placed", "dial-refused")


def judge(evidence: Evidence) -> list[Finding]:
    """Judge one seed at quiescence."""
    evidence.read()
    world = evidence.world
    findings = [Finding("quiet logs", one) for one in unexpected(world.troubles, world.plan.deaths)]
    findings += [Finding("no crash", crash) for crash in world.loop.crashes]
    for check in CHECKS:
        findings += check(evidence)
    return findings


def never_zero(evidence: Evidence) -> Iterator[Finding]:
    """I1: each placed call and each intent has its result."""
    for call_id in dict.fromkeys((*evidence.carrier.accepted, *evidence.carrier.refused)):
        if call_id not in evidence.results:
            yield Finding("I1", "the carrier knows the call, but it has no result", call_id)
    for call in evidence.calls.values():
        if _is_out_of_sight(evidence, call):
            continue
        if call.call_id not in evidence.results:
            yield Finding("I1", f"it ends as {call.state}, without a result", call.call_id)
        if call.due_at is not None:
            yield Finding("I1", "in the end somebody must still look at the call", call.call_id)


def _is_out_of_sight(evidence: Evidence, call: CallFacts) -> bool:
    """Say whether an external call's handler is gone for good: nobody can be asked about it."""
    handlers = dict(evidence.world.external)
    name = handlers.get(call.call_sid or "")
    return name is not None and not evidence.world.parts[name].process.is_alive


def none_forgotten(evidence: Evidence) -> Iterator[Finding]:
    """I1, I3: what a person or a foreign agent was promised is there."""
    for call_id in evidence.world.confirmed:
        if call_id not in evidence.calls:
            yield Finding("I5", "a confirm was answered, but the call is not there", call_id)
    known = {call.call_sid for call in evidence.calls.values()}
    for call_sid, handler in evidence.world.external:
        if evidence.world.parts[handler].process.is_alive and call_sid not in known:
            yield Finding("I1", f"the external call {call_sid} is not there")


def never_two(evidence: Evidence) -> Iterator[Finding]:
    """I2: one result per call and per telephone call."""
    for call_id, told in _revisions(evidence).items():
        if told.count(1) > 1:
            yield Finding("I2", f"{told.count(1)} first results", call_id)
    bound = Counter(result.call_sid for result in evidence.results.values() if result.call_sid)
    for call_sid, count in bound.items():
        if count > 1:
            yield Finding("I2", f"{count} results of the telephone call {call_sid}")


def revisions_count(evidence: Evidence) -> Iterator[Finding]:
    """I7: each visible change raises the revision by one."""
    for call_id, told in _revisions(evidence).items():
        if told != list(range(1, len(told) + 1)):
            yield Finding("I7", f"the revisions told are {told}", call_id)
        result = evidence.results.get(call_id)
        if result is not None and result.revision != len(told):
            yield Finding("I7", f"revision {result.revision} after {len(told)} changes", call_id)


def _revisions(evidence: Evidence) -> dict[str, list[object]]:
    revisions: dict[str, list[object]] = defaultdict(list)
    for kind, call_id, data in evidence.events:
        if kind == "result":
            revisions[call_id].append(data["revision"])
    return revisions


def no_phantom(evidence: Evidence) -> Iterator[Finding]:
    """I3, I17: no result says what the carrier's ledger does not know, or denies what it knows."""
    for call_id, result in evidence.results.items():
        if call_id not in evidence.calls:
            yield Finding("I3", "a result without a call", call_id)
        if result.origin != pb.CALL_ORIGIN_RINGBACK:
            continue
        leg = evidence.carrier.legs.get(result.call_sid)
        if result.status in _RINGS and (leg is None or leg.call_id != call_id):
            yield Finding("I3", "the result claims that it rang; the carrier denies it", call_id)
    placed = set(evidence.carrier.accepted)
    for call_id, report_id in sorted(evidence.reports):
        if call_id in placed and report_id in _NEVER_PLACED:
            yield Finding("I17", f"{report_id} was said of a call that was placed", call_id)
        if call_id not in evidence.calls:
            yield Finding("I3", "a report for a call that nobody minted", call_id)


def dialled_once(evidence: Evidence) -> Iterator[Finding]:
    """I4, F21: one accepted create per call_id, one conversation."""
    for call_id, count in Counter(evidence.carrier.accepted).items():
        if count > 1:
            yield Finding("I4", f"dialled {count} times", call_id)
    for call_id, sids in evidence.world.talks.items():
        if len(sids) > 1:
            yield Finding("F21", f"{len(sids)} telephone calls held the same errand", call_id)


def one_unresolved(evidence: Evidence) -> Iterator[Finding]:
    """I4: one unresolved dial per number."""
    dialing: dict[str, str] = {}
    for kind, call_id, data in evidence.events:
        if kind != "call" or call_id not in evidence.calls:
            continue
        number = evidence.calls[call_id].to_number
        if data["state"] != CallState.DIALING:
            if dialing.get(number) == call_id:
                del dialing[number]
        elif dialing.setdefault(number, call_id) != call_id:
            yield Finding("I4", f"dialled while {dialing[number]} was unresolved", call_id)


_STEPS = {
    ("", "ready"), ("", "waiting"), ("", "final"), ("ready", "dialing"), ("ready", "final"),
    ("dialing", "waiting"), ("dialing", "ready"), ("dialing", "final"), ("waiting", "final"),
}  # fmt: skip


def two_columns(evidence: Evidence) -> Iterator[Finding]:
    """I6: the state goes its way, the status only rises."""
    last: dict[str, tuple[str, int]] = defaultdict(lambda: ("", 0))
    for kind, call_id, data in evidence.events:
        if kind != "call":
            continue
        state, status = str(data["state"]), int(str(data["status"]))
        old_state, old_status = last[call_id]
        if state != old_state and (old_state, state) not in _STEPS:
            yield Finding("I6", f"from {old_state} to {state}", call_id)
        is_live = status != old_status and not is_terminal(status)
        if is_live and (is_terminal(old_status) or not rises(old_status, status)):
            yield Finding("I6", f"status from {old_status} back to {status}", call_id)
        last[call_id] = (state, status)


def in_time(evidence: Evidence) -> Iterator[Finding]:
    """I10: each result comes within its bound."""
    plan = evidence.world.plan
    if plan.jumps:
        return  # then the times that were recorded are no measure
    trouble_s = max(plan.last_trouble_s, evidence.world.last_death_s)
    for call_id, recorded_s in evidence.recorded_s.items():
        leg = evidence.leg_of(call_id)
        if leg is None or leg.ended_s is None:
            continue
        if recorded_s > max(leg.ended_s, trouble_s) + SLOWEST_S:
            yield Finding("I10", f"result {recorded_s - leg.ended_s:.1f} s after the end", call_id)
        never_connected = leg.answered_s is None and leg.told_s is not None
        if never_connected and recorded_s > (leg.told_s or 0.0) + 1.0:
            yield Finding("I10", "never connected, but not final with the callback", call_id)
        was_held = call_id in evidence.world.talks and plan.theme == "calm"
        if was_held and recorded_s > leg.ended_s + 2.0:
            yield Finding("I10", f"{recorded_s - leg.ended_s:.1f} s after the hang-up", call_id)


def outboxes_balance(evidence: Evidence) -> Iterator[Finding]:
    """I11, I5: what was started is acknowledged, and what was acknowledged is there."""
    for name, outbox in evidence.living_outboxes():
        waiting = outbox.execute(outbox_sql.COUNT_WAITING).fetchone()[0]
        dead = outbox.execute(outbox_sql.COUNT_DEAD_LETTERS).fetchone()[0]
        lost = outbox.execute(outbox_sql.SELECT_LOST_CALLS).fetchall()
        if waiting or dead or lost:
            what = f"{name}: {waiting} waiting, {dead} dead letters, {len(lost)} open"
            yield Finding("I11", what)
        for (key,) in outbox.execute(_WITHOUT_OUTCOME):
            yield Finding("I11", f"{name}: over, without an outcome", key)
    known = {report_id for _, report_id in evidence.reports}
    for name, report_id in evidence.world.promised:
        if evidence.world.parts[name].process.is_alive and report_id not in known:
            yield Finding("I5", f"{name}'s outbox took report {report_id}; it never arrived")
    for call_id, report_id in sorted(evidence.world.acknowledged - evidence.reports):
        yield Finding("I5", f"report {report_id} was acknowledged, but is not there", call_id)


def turns_kept(evidence: Evidence) -> Iterator[Finding]:
    """F13, F15: what was said and written down is in the result."""
    kept: Counter[str] = Counter()
    for call_id, count in evidence.database.execute(
        "SELECT call_id, count(*) FROM turn GROUP BY call_id"
    ):
        kept[call_id] = count
    for _, outbox in evidence.living_outboxes():
        for call_key, count in outbox.execute(
            """SELECT call_key, count(*) FROM turn JOIN started_call USING (opening_id)
            WHERE state <> 'refused' GROUP BY opening_id"""
        ):
            kept[call_key] = max(kept[call_key], count)
    for call_id, count in kept.items():
        result = evidence.results.get(call_id)
        if result is not None and len(result.transcript) < count:
            what = f"{len(result.transcript)} turns of {count} that were written down"
            yield Finding("turns", what, call_id)


def true_words(evidence: Evidence) -> Iterator[Finding]:
    """Section 5: the status and the duration are the carrier's."""
    for call_id, result in evidence.results.items():
        leg = evidence.carrier.legs.get(result.call_sid)
        if leg is None or leg.call_id != call_id or result.source == pb.SOURCE_DEADLINE:
            continue
        if result.status == pb.CALL_STATUS_UNKNOWN and _is_carrier_away_for_good(evidence):
            continue
        if result.status != status_of_word(leg.word):
            word = pb.CallStatus.Name(result.status)
            yield Finding("status", f"{word}, but the carrier says {leg.word}", call_id)
        if leg.told_s is not None and leg.answered_s and result.duration != leg.duration_s:
            what = f"{result.duration} s, but the carrier says {leg.duration_s} s"
            yield Finding("duration", what, call_id)


def _is_carrier_away_for_good(evidence: Evidence) -> bool:
    """Say whether nobody could ask the carrier until all gave up, 24 h of a short day later (I10).

    Then nobody learns how a call ended of which the Call Handler itself does not know: it says so.
    """
    plan = evidence.world.plan
    return any(
        "carrier" in {parting.one, parting.other}
        and parting.end_s - parting.start_s >= plan.timings.give_up_s
        for parting in plan.partings
    )


def caps_held(evidence: Evidence) -> Iterator[Finding]:
    """I12: by the ledger, never above a cap."""
    caps = evidence.world.plan.caps
    placed = [leg for leg in evidence.carrier.legs.values() if not leg.is_second]
    if evidence.world.plan.jumps:
        return  # an hour that jumps is another hour
    if len(placed) > min(caps.person_hour, caps.all_hour):
        yield Finding("I12", f"{len(placed)} calls in an hour")
    for number, count in Counter(leg.to for leg in placed).items():
        if count > caps.number_hour:
            yield Finding("I12", f"{count} calls to {number} in an hour")
    cost = len(placed) * TIMINGS.time_limit_s / 60 * caps.spend_per_minute
    if cost > caps.spend_day:
        yield Finding("I12", f"{cost} spent on a day")
    for leg in placed:
        at_once = sum(
            one.made_s <= leg.made_s < (one.ended_s or 1e9) - _OVERLAP_S for one in placed
        )
        if at_once > caps.at_once:
            yield Finding("I12", f"{at_once} calls at once", leg.call_id)


CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    never_zero,
    none_forgotten,
    never_two,
    revisions_count,
    no_phantom,
    dialled_once,
    one_unresolved,
    two_columns,
    in_time,
    outboxes_balance,
    turns_kept,
    true_words,
    caps_held,
)
