"""The one way in for every result."""

from collections.abc import Sequence

from orchestrator.call_results.desk import Desk
from orchestrator.call_results.model import CallReport
from orchestrator.call_results.receipt import Recorded
from orchestrator.call_results.received import INTERNAL, Received, receive_internal
from orchestrator.store import Store, Transaction


async def record_call_result(store: Store, received: Received) -> Recorded:
    """Record one report; return after the commit.

    Idempotent: a repeat answers DUPLICATE. Raises: StoreUnavailable.
    """
    answer = (await store.write_batch(record_reports, [received], len(received.raw)))[0]
    if isinstance(answer, Exception):
        raise answer
    return answer


async def record_call_results(
    store: Store, received: Sequence[Received]
) -> list[Recorded | Exception]:
    """Record many reports with one commit; per report what became of it, or why it failed.

    Raises: StoreUnavailable when nothing could be committed.
    """
    size_bytes = sum(len(one.raw) for one in received)
    return await store.write_batch(record_reports, received, size_bytes)


def record_reports(transaction: Transaction, items: Sequence[Received]) -> list[Recorded]:
    """Record a set of reports inside a transaction."""
    desk = Desk(transaction)
    desk.load(items)
    answers = [desk.record(item) for item in items]
    desk.save()
    return answers


def record_in(
    transaction: Transaction,
    report: CallReport,
    *,
    transport: str = INTERNAL,
    override: bool = False,
) -> Recorded:
    """Record a report that was born inside, as part of the caller's own unit."""
    received = receive_internal(report, transport, is_override=override)
    return record_reports(transaction, [received])[0]


def adopt_orphans(transaction: Transaction, call_id: str) -> None:
    """Join reports that claimed `call_id` before its call appeared."""
    desk = Desk(transaction)
    desk.open_cases([call_id], [])
    case = desk.find_case(call_id)
    if case is not None:
        desk.adopt(case)
        desk.save()


def absorb_external(transaction: Transaction, call_id: str, call_sid: str) -> None:
    """Make the external call that holds `call_sid`, if there is one, one with the call `call_id`.

    To be called before `call_sid` is bound to `call_id`; reports and turns move over, the row goes.
    """
    desk = Desk(transaction)
    desk.open_cases([call_id], [call_sid])
    case = desk.find_case(call_id)
    if case is not None:
        desk.absorb(case, call_sid)
        desk.save()
