"""A verdict as the runner takes it: rows by kind of fall, figures of the media, histories."""

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from statistics import mean

from ringback.v1 import call_results_pb2 as pb
from tests.chaos.evidence import Evidence, Fall
from tests.chaos.judge import Fault, Finding, Verdict
from tests.chaos.ledger_facts import CarrierCall
from tests.chaos.promptness import Touch, falls_within, p99_of, percentile, say_p99, served
from tests.chaos.stage import KillRow, Violation

CALM = "nothing fell"
MIN_FRAMES, MIN_TURNS = 100, 3
LEAST_WHOLE = 0.05
"""Of the answered calls that were scripted to be whole, the share that nothing may have cut.

A quick run, with something falling each second, was seen to leave 9 to 31 %.
"""
_REACHED_AGAIN_S = 5.0  # a Call Handler's pauses before it finds an Orchestrator again
HISTORIES = 12
_WHOLE = "short_order"  # and its kind: conversations of known length
_CUT_ON_PURPOSE = frozenset({"short_order_stream_reset"})


def make_rows(verdict: Verdict, evidence: Evidence, database: str) -> list[KillRow]:
    """Count by the kind of the first fall in a call's life; calls without one have their row."""
    results_at = {delay.call_id: delay.seconds for delay in verdict.delays}
    kinds = {
        call_id: _first_kind(call_id, verdict, evidence, results_at.get(call_id, 0.0))
        for call_id in {*verdict.calls, *verdict.results}
    }
    kills = Counter(fall.kind for fall in evidence.falls)
    delays = defaultdict(list)
    for delay in verdict.delays:
        delays[kinds[delay.call_id]].append(delay.seconds)
    faults: dict[str, Counter[Fault]] = defaultdict(Counter)
    for call_id, fault in {(found.call_id, found.fault) for found in verdict.findings}:
        faults[kinds.get(call_id, CALM)][fault] += 1
    rows = []
    for kind in [*sorted(kills), CALM]:
        ids = [call_id for call_id, its_kind in kinds.items() if its_kind == kind]
        rows.append(
            KillRow(
                kind=kind,
                database=database,
                kills=kills[kind],
                calls=sum(_is_placed(call_id, verdict) for call_id in ids),
                results=sum(call_id in verdict.results for call_id in ids),
                missing=faults[kind][Fault.MISSING],
                doubled=faults[kind][Fault.DOUBLED],
                phantom=faults[kind][Fault.PHANTOM],
                dialled_twice=faults[kind][Fault.DIALLED_TWICE],
                slowest_s=max(delays[kind], default=None),
                p99_s=p99_of(delays[kind]),
            )
        )
    return rows


def make_figures(verdict: Verdict, evidence: Evidence) -> dict[str, str]:
    """Say how long the conversations were and how soon the results came."""
    whole = _list_whole(verdict, evidence)
    figures = {"calls refused by the carrier": str(_count_refused(verdict))}
    figures["the machine, times as slow as alone"] = f"{evidence.slowness:.1f}"
    figures["answered calls"] = str(sum(call.is_answered for call in verdict.calls.values()))
    count, scripted = count_whole(verdict, evidence)
    figures["conversations that nothing cut"] = f"{count} of {scripted} answered and scripted so"
    measures = {
        "media frames to the product": [call.frames_to_product for call in whole],
        "media frames from the product": [call.frames_from_product for call in whole],
        "turns": [len(call.spoken) for call in whole],
    }
    for name, values in measures.items():
        if values:
            figures[f"{name}, min / mean"] = f"{min(values)} / {mean(values):.0f}"
    for kind in sorted({fall.kind for fall in evidence.falls}):
        spans = [fall.back_at - fall.at for fall in evidence.falls if fall.kind == kind]
        figures[f"away, {kind}"] = f"mean {mean(spans):.1f} s"
    for touch in Touch:
        seconds = [delay.seconds for delay in verdict.delays if delay.touch is touch]
        figures[f"end to result, {touch.value}"] = say_spread(seconds)
    return figures


def find_short_talks(verdict: Verdict, evidence: Evidence) -> list[Finding]:
    """Find whole conversations that were too short, and a run with hardly any whole one."""
    count, scripted = count_whole(verdict, evidence)
    findings = list_short_talks(verdict, evidence)
    if count == 0 or count < LEAST_WHOLE * scripted:
        what = f"Only {count} of {scripted} conversations were left whole: they prove nothing."
        findings.append(Finding(Fault.EMPTY, "", what))
    return findings


def count_whole(verdict: Verdict, evidence: Evidence) -> tuple[int, int]:
    """Count the conversations that nothing cut, and all that were scripted to be whole."""
    scripted = [call for call in verdict.calls.values() if _is_scripted_whole(call)]
    whole = sum(is_whole(call, _result_of(call, verdict), evidence.falls) for call in scripted)
    return whole, len(scripted)


def list_short_talks(verdict: Verdict, evidence: Evidence) -> list[Finding]:
    """Find whole conversations that were shorter than what the run claims to have played."""
    findings = []
    for call in verdict.calls.values():
        frames = min(call.frames_to_product, call.frames_from_product)
        is_short = frames < MIN_FRAMES or len(call.spoken) < MIN_TURNS
        if is_short and is_whole(call, _result_of(call, verdict), evidence.falls):
            what = (
                f"{call.call_id} had {call.frames_to_product} and {call.frames_from_product} media "
                f"frames and {len(call.spoken)} turns; a whole call has {MIN_FRAMES} each way, "
                f"{MIN_TURNS} turns."
            )
            findings.append(Finding(Fault.WRONG, call.call_id, what))
    return findings


def say_talks(verdict: Verdict, evidence: Evidence) -> str:
    """Say how long the conversations were that nothing cut."""
    whole = _list_whole(verdict, evidence)
    if not whole:
        return "no call"
    to_product = min(call.frames_to_product for call in whole)
    from_product = min(call.frames_from_product for call in whole)
    turns = min(len(call.spoken) for call in whole)
    return f"{len(whole)} calls, at least {to_product} / {from_product} media frames, {turns} turns"


def say_spread(seconds: Sequence[float]) -> str:
    """Say how many calls there are, and how long the middle and the slowest ones took."""
    if not seconds:
        return "no call"
    return f"{len(seconds)} calls, p50 {percentile(seconds, 50):.2f} s, {say_p99(seconds)}"


def find_shortfall(verdict: Verdict, falls: Sequence[Fall], calls: int, kills: int) -> list[str]:
    """Say what of the order was not carried out: fewer calls or falls fail a run."""
    placed = sum(call.is_placed for call in verdict.calls.values())
    short = []
    if placed < calls:
        short.append(f"{placed} calls were placed of {calls} ordered.")
    if len(falls) < kills:
        short.append(f"{len(falls)} of {kills} falls happened.")
    return short


async def make_violations(
    findings: Sequence[Finding], tell: Callable[[str], Awaitable[tuple[str, ...]]]
) -> list[Violation]:
    """Give each finding; the first ones of different calls with the call's whole history."""
    violations: list[Violation] = []
    told: set[str] = set()
    for finding in findings:
        history: tuple[str, ...] = ()
        if finding.call_id and finding.call_id not in told and len(told) < HISTORIES:
            told.add(finding.call_id)
            history = await tell(finding.call_id)
        violations.append(Violation(f"{finding.fault.value}: {finding.what}", history))
    return violations


def is_whole(call: CarrierCall, result: pb.CallResult | None, falls: Sequence[Fall]) -> bool:
    """Say whether nothing cut this conversation: neither its scenario nor a fall.

    The fall of its own Call Handler cuts it, at any moment. That of an Orchestrator or of the
    database does so until the agent speaks: then its call is claimed, and it needs nobody else.
    """
    if not _is_scripted_whole(call) or call.ended_at is None:
        return False
    hit = falls_within(call.created_at, call.ended_at, falls)
    if any(fall.is_of_handler and (result is None or served(fall, result)) for fall in hit):
        return False
    if call.stream_opened_at is None or call.agent_spoke_at is None:
        return not hit
    begin, end = call.stream_opened_at - _REACHED_AGAIN_S, call.agent_spoke_at
    claim = falls_within(begin, end, falls)
    return not any(fall.is_of_orchestrator or fall.is_of_database for fall in claim)


def _is_scripted_whole(call: CarrierCall) -> bool:
    is_cut = call.scenario in _CUT_ON_PURPOSE or not call.scenario.startswith(_WHOLE)
    return call.is_answered and not is_cut


def _list_whole(verdict: Verdict, evidence: Evidence) -> list[CarrierCall]:
    return [
        call
        for call in verdict.calls.values()
        if is_whole(call, _result_of(call, verdict), evidence.falls)
    ]


def _result_of(call: CarrierCall, verdict: Verdict) -> pb.CallResult | None:
    return verdict.results.get(call.call_id)


def _is_placed(call_id: str, verdict: Verdict) -> bool:
    return call_id in verdict.calls and verdict.calls[call_id].is_placed


def _count_refused(verdict: Verdict) -> int:
    return sum(bool(call.refused) and not call.is_placed for call in verdict.calls.values())


def _first_kind(call_id: str, verdict: Verdict, evidence: Evidence, delay_s: float) -> str:
    """Say which kind of fall was the first in a call's life, from the confirm to the result."""
    ordered, call = evidence.ordered.get(call_id), verdict.calls.get(call_id)
    if ordered is None:
        return CALM
    end = (call and call.ended_at) or ordered.confirmed_at
    hit = falls_within(ordered.confirmed_at, end + delay_s, evidence.falls)
    return min(hit, key=lambda fall: fall.at).kind if hit else CALM
