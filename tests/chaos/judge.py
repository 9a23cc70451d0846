"""The verdict: the carrier's ledger against what the API tells, call_id by call_id (I1 to I4).

Pure: it knows neither processes nor sockets, and it never looks into our tables.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from ringback.v1 import call_results_pb2 as pb
from tests.chaos.evidence import Evidence, Sighting
from tests.chaos.ledger_facts import CarrierCall, sort_by_call
from tests.chaos.promptness import (
    LEAST_UNCONNECTED,
    LIMIT_P99_S,
    LIMIT_UNCONNECTED_S,
    SLOWNESS_MAX,
    Delay,
    Touch,
    limit_of,
    measure_delays,
    percentile,
    say_p99,
    unconnected_percent,
)

STATUS_WORDS = {
    pb.CALL_STATUS_COMPLETED: "completed",
    pb.CALL_STATUS_BUSY: "busy",
    pb.CALL_STATUS_NO_ANSWER: "no-answer",
    pb.CALL_STATUS_FAILED: "failed",
    pb.CALL_STATUS_CANCELED: "canceled",
}


class Fault(StrEnum):
    """What kind of promise is broken."""

    EMPTY = "empty"
    MISSING = "missing"
    DOUBLED = "doubled"
    PHANTOM = "phantom"
    DIALLED_TWICE = "dialled twice"
    WRONG = "wrong"
    LATE = "late"
    VIEWS = "views differ"
    REFUSED = "refused"
    LEAKED = "leaked"


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise. `call_id` is empty where it is about no single call."""

    fault: Fault
    call_id: str
    what: str


@dataclass(slots=True)
class Verdict:
    """What was found, and what it was found in."""

    calls: dict[str, CarrierCall]
    """Every call_id of the books."""
    results: dict[str, pb.CallResult]
    """The newest revision of every result that the API tells, by call_id."""
    delays: list[Delay]
    findings: list[Finding] = field(default_factory=list)

    def count(self, fault: Fault) -> int:
        """Count the calls with one kind of fault."""
        return len({finding.call_id for finding in self.findings if finding.fault is fault})


def judge(evidence: Evidence, *, is_crowded: bool = False) -> Verdict:
    """Compare everything with the ledger.

    `is_crowded`: so many calls at the same instant that I10's 1 s would judge the machine.
    """
    calls = sort_by_call(evidence.ledger)
    results = _newest(evidence)
    verdict = Verdict(calls, results, measure_delays(evidence, calls, results))
    slowness = min(evidence.slowness, SLOWNESS_MAX)
    verdict.findings += [
        *_find_emptiness(evidence, calls),
        *_find_missing(evidence, calls, results),
        *_find_doubled(evidence),
        *_find_phantoms(evidence, calls, results),
        *_find_dialled_twice(calls.values()),
        *_find_wrong(calls, results),
        *_find_differing_views(evidence, results),
        *_find_late(verdict.delays, slowness),
        *([] if is_crowded else _find_late_unconnected(verdict.delays, slowness)),
        *(Finding(Fault.REFUSED, "", words) for words in evidence.refusals),
        *(Finding(Fault.LEAKED, "", words) for words in evidence.leaks),
    ]
    return verdict


def _newest(evidence: Evidence) -> dict[str, pb.CallResult]:
    newest: dict[str, pb.CallResult] = {}
    for listed in evidence.listed.values():
        for result in listed:
            known = newest.get(result.call_id)
            if known is None or result.revision > known.revision:
                newest[result.call_id] = result
    return newest


def _find_emptiness(evidence: Evidence, calls: dict[str, CarrierCall]) -> Iterator[Finding]:
    if not any(call.is_placed for call in calls.values()):
        yield Finding(Fault.EMPTY, "", "The ledger holds no accepted call: nothing was tested.")
    if not evidence.ordered:
        yield Finding(Fault.EMPTY, "", "No call was ordered: nothing was tested.")


def _find_missing(
    evidence: Evidence, calls: dict[str, CarrierCall], results: dict[str, pb.CallResult]
) -> Iterator[Finding]:
    """Find what has no result although it was promised, accepted or refused (I1)."""
    for call_id in sorted({*evidence.ordered, *calls} - results.keys()):
        call = calls.get(call_id)
        if call is None:
            where = "was confirmed and never reached the carrier"
        elif call.is_placed:
            where = f"was accepted by the carrier and is {call.status or 'not over'} there"
        else:
            where = f"was refused by the carrier with {call.refused}"
        yield Finding(Fault.MISSING, call_id, f"{call_id} {where}, and has no result.")


def _find_doubled(evidence: Evidence) -> Iterator[Finding]:
    """Find what is told twice (I2, I14)."""
    for replica, listed in evidence.listed.items():
        for call_id, count in Counter(result.call_id for result in listed).items():
            if count > 1:
                what = f"{call_id} has {count} results in ListResults of {replica}."
                yield Finding(Fault.DOUBLED, call_id, what)
    for who, sightings in (("over its breaks", evidence.seen), ("from 0", evidence.replayed)):
        told = Counter((sighting.call_id, sighting.revision) for sighting in sightings)
        for (call_id, revision), count in told.items():
            if count > 1:
                what = f"A watcher, {who}, got revision {revision} of {call_id} {count} times."
                yield Finding(Fault.DOUBLED, call_id, what)


def _find_phantoms(
    evidence: Evidence, calls: dict[str, CarrierCall], results: dict[str, pb.CallResult]
) -> Iterator[Finding]:
    """Find results that nobody ordered, or that claim a call which the carrier never had (I3)."""
    for call_id, result in results.items():
        if result.origin == pb.CALL_ORIGIN_EXTERNAL:
            what = f"{call_id} is external, with sid {result.call_sid}: nobody placed such a call."
            yield Finding(Fault.PHANTOM, call_id, what)
        elif call_id not in evidence.ordered:
            yield Finding(Fault.PHANTOM, call_id, f"{call_id} has a result and nobody ordered it.")
        else:
            yield from _find_false_claim(result, calls.get(call_id))


def _find_false_claim(result: pb.CallResult, call: CarrierCall | None) -> Iterator[Finding]:
    call_id = result.call_id
    accepted = call.accepted if call else []
    if result.call_sid and result.call_sid not in accepted:
        what = f"{call_id} claims {result.call_sid}; the carrier has {accepted} for it."
        yield Finding(Fault.PHANTOM, call_id, what)
    elif not accepted and not _may_be_unplaced(result, call):
        reason = pb.EndReason.Name(result.end_reason)
        what = f"{call_id} ended with {reason} without a line in the ledger."
        yield Finding(Fault.PHANTOM, call_id, what)


def _may_be_unplaced(result: pb.CallResult, call: CarrierCall | None) -> bool:
    """Say whether a result needs no accepted create: never placed, cancelled before, refused."""
    never = (pb.END_REASON_NOT_PLACED, pb.END_REASON_CANCELED)
    return result.end_reason in never or (call is not None and bool(call.refused))


def _find_dialled_twice(calls: Iterable[CarrierCall]) -> Iterator[Finding]:
    """Find call_ids with two accepted creates (I4)."""
    for call in calls:
        if len(call.accepted) > 1:
            what = f"{call.call_id} was dialled {len(call.accepted)} times: {call.accepted}."
            yield Finding(Fault.DIALLED_TWICE, call.call_id, what)


def _find_wrong(
    calls: dict[str, CarrierCall], results: dict[str, pb.CallResult]
) -> Iterator[Finding]:
    """Find results that say another status or duration than the carrier."""
    for call_id, result in results.items():
        call = calls.get(call_id)
        if call is None or not call.status:
            continue
        word = STATUS_WORDS.get(result.status, pb.CallStatus.Name(result.status))
        if word != call.status:
            what = f"{call_id} ended as {call.status}; its result says {word}."
            yield Finding(Fault.WRONG, call_id, what)
        elif not _has_right_duration(result, call):
            told = f"{result.duration} s" if result.HasField("duration") else "nothing"
            what = f"{call_id} took {call.duration_s} s; its result says {told}."
            yield Finding(Fault.WRONG, call_id, what)


def _has_right_duration(result: pb.CallResult, call: CarrierCall) -> bool:
    if call.duration_s is None:
        return not result.duration
    # When all is quiet the carrier has told it, in a callback or because it was asked.
    return result.HasField("duration") and result.duration == call.duration_s


def _find_differing_views(
    evidence: Evidence, results: dict[str, pb.CallResult]
) -> Iterator[Finding]:
    """Find results on which two doors, two replicas or two watchers do not agree (I14)."""
    views = {
        replica: {result.call_id: result for result in listed}
        for replica, listed in evidence.listed.items()
    }
    for call_id, result in results.items():
        for replica, view in views.items():
            if view.get(call_id) != result:
                what = f"{call_id} at revision {result.revision} is not what {replica} lists."
                yield Finding(Fault.VIEWS, call_id, what)
        if call_id in evidence.fetched and evidence.fetched[call_id] != result:
            what = f"{call_id}: GetResult and ListResults differ."
            yield Finding(Fault.VIEWS, call_id, what)
    yield from _find_unseen(evidence.seen, evidence.replayed)
    seen_ids = {sighting.call_id for sighting in evidence.replayed}
    for call_id in results.keys() - seen_ids:
        yield Finding(Fault.VIEWS, call_id, f"{call_id} is listed, and no watcher is told of it.")


def _find_unseen(seen: Sequence[Sighting], replayed: Sequence[Sighting]) -> Iterator[Finding]:
    """Find what the watcher missed that held its stream during the run."""
    known = {(sighting.call_id, sighting.revision) for sighting in seen}
    for sighting in replayed:
        if (sighting.call_id, sighting.revision) not in known:
            what = f"A watcher missed revision {sighting.revision} of {sighting.call_id}."
            yield Finding(Fault.VIEWS, sighting.call_id, what)


def _find_late(delays: Sequence[Delay], slowness: float) -> Iterator[Finding]:
    """Find results beyond I10's limits; where p99 counts, only when p99 itself is missed."""
    for delay in delays:
        limit_s = limit_of(delay)
        if limit_s is not None and delay.counted_s > limit_s:
            what = (
                f"{delay.call_id} ({delay.touch.value}): result after {delay.seconds:.1f} s, "
                f"{delay.counted_s:.1f} s of them count; the limit is {limit_s:g} s."
            )
            yield Finding(Fault.LATE, delay.call_id, what)
    calm = [delay for delay in delays if limit_of(delay) is None]
    p99_s = percentile([delay.seconds for delay in calm], 99)
    if p99_s is not None and p99_s > LIMIT_P99_S * slowness:
        worst = max(calm, key=lambda delay: delay.seconds)
        spread = say_p99([delay.seconds for delay in calm])
        what = f"{len(calm)} untouched calls: {spread}; the slowest was {worst.call_id}."
        yield Finding(Fault.LATE, worst.call_id, what)


def _find_late_unconnected(delays: Sequence[Delay], slowness: float) -> Iterator[Finding]:
    """Find results of calls that nobody answered later than 1 s after the callback (I10)."""
    calm = [
        delay
        for delay in delays
        if delay.touch is Touch.NONE and delay.is_told and not delay.is_answered
    ]
    percent = unconnected_percent(len(calm))
    seconds = percentile([delay.counted_s for delay in calm], percent)
    limit_s = LIMIT_UNCONNECTED_S * slowness
    if len(calm) >= LEAST_UNCONNECTED and seconds is not None and seconds > limit_s:
        worst = max(calm, key=lambda delay: delay.counted_s)
        what = (
            f"{len(calm)} untouched calls that nobody answered: p{percent} is {seconds:.2f} s from "
            f"the last callback, taken, to the result; the slowest was {worst.call_id}."
        )
        yield Finding(Fault.LATE, worst.call_id, what)
