"""Generated reports of one call, and the ways in which they can arrive."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from hypothesis import strategies as st

from orchestrator.call_results import CALLBACK, FETCHED, Received, receive_proto
from orchestrator.call_results.received import GRPC
from ringback.v1 import call_results_pb2 as pb
from tests.rig import call_sid, result_of
from tests.rows_rig import CALL

OTHER_SID = call_sid(2)
PROVIDER = pb.SOURCE_PROVIDER

texts = st.sampled_from(["", "a", "b"])
turns = st.lists(
    st.builds(pb.TranscriptTurn, role=st.integers(1, 3), text=texts), min_size=0, max_size=2
)
facts = st.lists(
    st.builds(pb.Fact, name=st.sampled_from(["price", "time"]), value=texts),
    max_size=2,
    unique_by=lambda fact: fact.name,
)


@st.composite
def told(draw: st.DrawFn) -> pb.CallResult:
    """Draw what one report tells; every field may be missing."""
    fields: dict[str, object] = {
        "status": draw(st.integers(5, 10)),
        "source": draw(st.sampled_from([0, 1, 2, 3, 4, 5, 5, 99])),
        "summary": draw(texts),
        "error_message": draw(texts),
        "end_reason": draw(st.sampled_from([0, 0, 1, 21, 777])),
        "outcome": draw(st.integers(0, 6)),
        "transcript": draw(turns),
        "transcript_complete": draw(st.booleans()),
        "facts": draw(facts),
        "test": draw(st.booleans()),
    }
    if draw(st.booleans()):
        fields["duration"] = draw(st.integers(0, 2))
    if draw(st.booleans()):
        fields["fault"] = pb.Fault(code=draw(texts), retryable=draw(st.booleans()))
    if draw(st.booleans()):
        fields["usage"] = pb.Usage(output_tokens=draw(st.integers(0, 1)))
    result = result_of(**fields)
    if draw(st.booleans()):
        result.end_time.FromSeconds(draw(st.integers(0, 2)))
    return result


@st.composite
def reports_of(draw: st.DrawFn, names: st.SearchStrategy[tuple[str, str]]) -> list[Received]:
    """Draw up to five reports of one call; `names`: by which call_id and CallSid it is named.

    At most one tells no time: it is stamped at its receipt, which is later than all told times.
    """
    results = draw(st.lists(told(), min_size=1, max_size=5))
    timeless = draw(st.none() | st.integers(0, len(results) - 1))
    reports = []
    for number, result in enumerate(results):
        result.call_id, result.call_sid = draw(names)
        result.report_id = draw(st.sampled_from(["", f"r{number}"]))
        if number != timeless:
            result.report_time.FromSeconds(draw(st.integers(0, 2)))
        is_override = draw(st.integers(0, 9)) == 0
        transport = draw(st.sampled_from([GRPC, CALLBACK, FETCHED]))
        if result.source != PROVIDER:
            transport = GRPC
        received = receive_proto(result, is_override=is_override)
        reports.append(replace(received, transport=transport))
    return reports


@dataclass(frozen=True, slots=True)
class Arrival:
    """Is one way in which reports arrive: group after group, the call appearing before one."""

    groups: Sequence[Sequence[Received]]
    call_appears_at: int = 0


@st.composite
def arrivals_of(draw: st.DrawFn, reports: Sequence[Received], *, may_wait: bool) -> Arrival:
    """Draw an order, some repetitions, a split into groups, and when the call appears."""
    repeated = list(reports) + draw(st.lists(st.sampled_from(reports), max_size=3))
    order = draw(st.permutations(repeated))
    cuts = draw(st.sets(st.integers(1, max(1, len(order) - 1)), max_size=len(order)))
    edges = [0, *sorted(cut for cut in cuts if cut < len(order)), len(order)]
    groups = [order[start:end] for start, end in pairwise(edges)]
    return Arrival(groups, draw(st.integers(0, len(groups))) if may_wait else 0)


any_name = st.sampled_from([(CALL, call_sid()), (CALL, ""), ("", call_sid())])
"""By our call_id, by the carrier's id, or by both."""
