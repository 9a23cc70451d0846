"""Records a set of reports in one transaction: read what is known, join in memory, write once."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection

from orchestrator.call_results.additions import recording_report
from orchestrator.call_results.case import Case, open_case
from orchestrator.call_results.first import FirstReport
from orchestrator.call_results.history import find_strange, join_all, read_history
from orchestrator.call_results.join import Joined, find_conflicts, join, read_values
from orchestrator.call_results.receipt import Receipt, Recorded, log_opt_out, log_receipts
from orchestrator.call_results.received import CALLBACK, Received, Told, receive_internal
from orchestrator.call_results.to_proto import Identity
from orchestrator.store import Transaction, mint_id
from orchestrator.store import results as statements
from orchestrator.store.counters import add_to_counter, read_counter
from orchestrator.store.opt_outs import add_opt_out
from ringback.v1 import call_results_pb2 as pb

CONFLICTS = "report_conflicts"
ORPHANS = "orphan_reports"
"""How many reports wait for a call that was never minted here."""


def count_orphans(connection: Connection) -> int:
    """Count the reports that claim a call which was never made here."""
    return read_counter(connection, ORPHANS)


class Desk:
    """Knows the calls that a set of reports concerns; `save` writes what changed."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self._by_id: dict[str, Case] = {}
        self._by_sid: dict[str, Case] = {}
        self._known: set[tuple[str, str]] = set()
        self._reports: list[statements.Columns] = []
        self._receipts: list[Receipt] = []
        self._finished_tasks: list[str] = []
        # Numbers that must not be called again, and the call in which that was said.
        self._opt_outs: dict[str, str] = {}

    def load(self, items: Sequence[Received]) -> None:
        """Read the calls that the reports name, and which of the reports are known already."""
        ids = {call_id for item in items if (call_id := item.told.call_id)}
        sids = {call_sid for item in items if (call_sid := item.told.call_sid)}
        self.open_cases(ids, sids)
        concerned = ids | self._by_id.keys()
        report_ids = [item.report_id for item in items]
        orphaned: set[str] = set()
        for call_id, report_id, disposition in statements.select_reports(
            self._connection, concerned, report_ids, pb.DISPOSITION_ORPHAN
        ):
            self._known.add((call_id, report_id))
            if disposition == pb.DISPOSITION_ORPHAN and call_id in self._by_id:
                orphaned.add(call_id)
        for call_id in sorted(orphaned):
            self.adopt(self._by_id[call_id])

    def open_cases(self, call_ids: Collection[str], call_sids: Collection[str]) -> None:
        """Read calls into working copies."""
        known = statements.select_calls(self._connection, call_ids)
        known += statements.select_calls_by_sid(self._connection, call_sids)
        for row in known:
            if row.call_id not in self._by_id:
                self._keep(open_case(row))

    def find_case(self, call_id: str) -> Case | None:
        """Return the working copy of a call that was read."""
        return self._by_id.get(call_id)

    def record(self, item: Received) -> Recorded:
        """Record one report in memory and say what becomes of it."""
        told, report_id = item.told, item.report_id
        case = self._find(told)
        if case is None:
            return self._keep_orphan(item)
        if (case.call_id, report_id) in self._known:
            return self._answer(item, case, pb.DISPOSITION_DUPLICATE)
        stamp = self._transaction.stamp()
        strange = find_strange(told, case.identity, is_override=item.is_override)
        if strange:
            self._note(item, case.call_id, stamp, pb.DISPOSITION_SUPERSEDED)
            return self._answer(item, case, pb.DISPOSITION_SUPERSEDED, (strange,))
        reported_at = item.report_time
        key = item.key(stamp if reported_at is None else reported_at)
        conflicts: tuple[str, ...] = ()
        if case.record is None and item.plain is not None:
            disposition = self._see(case, FirstReport(item, item.plain, key), stamp)
        else:
            values = read_values(item.report, key)
            conflicts = tuple(find_conflicts(case.joined, values, key))
            disposition = self._see(case, join(case.joined, values, key), stamp)
        if told.end_reason == pb.END_REASON_OPT_OUT:  # even where a higher report says otherwise
            self._note_opt_out(case.callee_number, case.call_id)
        self._note(item, case.call_id, stamp, disposition)
        recorded = self._answer(item, case, disposition, conflicts)
        self._add_recording(case, disposition)
        return recorded

    def adopt(self, case: Case) -> None:
        """Join all that the history holds about a call, orphans included."""
        self._bind_told_sid(case)
        history = read_history(self._connection, case.call_id)
        for past in history:
            if past.is_orphan:
                is_strange = past.find_strange(case.identity)
                disposition = pb.DISPOSITION_SUPERSEDED if is_strange else pb.DISPOSITION_MERGED
                statements.set_disposition(
                    self._connection, case.call_id, past.key.report_id, disposition
                )
                add_to_counter(self._connection, ORPHANS, -1)
        joined = join_all(history, case.identity)
        if joined.keys:
            self._add_recording(case, self._see(case, joined, self._transaction.stamp()))

    def absorb(self, case: Case, call_sid: str) -> None:
        """Make an external call one with `case`, the call of ours that it turned out to be."""
        other = self._by_sid.get(call_sid)
        if other is None or other is case:
            return
        self.save()
        statements.move_history(self._connection, other.call_id, case.call_id)
        statements.delete_call(self._connection, other.call_id)
        del self._by_id[other.call_id]
        self._bind(case, call_sid)
        self._known |= {
            (case.call_id, kept.report_id)
            for kept in statements.select_history(self._connection, case.call_id)
        }
        self.adopt(case)

    def save(self) -> None:
        """Write what changed since the last time."""
        cases = list(self._by_id.values())
        now_us = self._transaction.now_us
        new = [case for case in cases if not case.is_call_stored]
        statements.insert_calls(self._connection, [case.call_row(now_us) for case in new])
        finished = [
            case for case in cases if case.is_call_stored and case.is_call_touched and case.record
        ]
        statements.finish_calls(self._connection, [case.final_row(now_us) for case in finished])
        if any(case.is_due for case in finished):
            self._transaction.note_due(now_us)
        statements.insert_reports(self._connection, self._reports)
        touched = [case for case in cases if case.is_touched]
        first = [case.first_row(now_us) for case in touched if not case.is_stored]
        later = [case.later_row(now_us) for case in touched if case.is_stored]
        statements.insert_results(self._connection, first)
        statements.update_results(self._connection, later)
        self._finish_tasks(now_us)
        for number, call_id in self._opt_outs.items():
            add_opt_out(self._transaction, number, call_id)
            self._transaction.after_commit(partial(log_opt_out, call_id, number))
        for case in cases:
            case.mark_saved()
        if self._receipts:
            self._transaction.after_commit(partial(log_receipts, self._receipts))
        self._reports, self._receipts, self._opt_outs = [], [], {}

    def _find(self, told: Told) -> Case | None:
        """Return the call that a report belongs to; None for a call_id that was never minted."""
        if not told.call_id:
            return self._by_sid.get(told.call_sid) or self._create_external(told.call_sid)
        case = self._by_id.get(told.call_id)
        if case is not None and told.call_sid and not case.identity.call_sid:
            self._learn_sid(case, told.call_sid)
        return case

    def _bind_told_sid(self, case: Case) -> None:
        """Bind the first CallSid of the history that no other call of ours holds."""
        for past in read_history(self._connection, case.call_id):
            told = past.report.call_sid
            if told and not case.identity.call_sid:
                self.open_cases([], [told])
                self._learn_sid(case, told)

    def _learn_sid(self, case: Case, call_sid: str) -> None:
        """Bind `call_sid`, absorbing an external call that has it; a call of ours keeps its own."""
        holder = self._by_sid.get(call_sid)
        if holder is None:
            self._bind(case, call_sid)
        elif holder.identity.origin == pb.CALL_ORIGIN_EXTERNAL:
            self.absorb(case, call_sid)

    def _create_external(self, call_sid: str) -> Case:
        call_id = mint_id(self._transaction.stamp())
        case = Case(Identity(call_id=call_id, call_sid=call_sid), is_call_stored=False)
        self._keep(case)
        return case

    def _bind(self, case: Case, call_sid: str) -> None:
        case.identity = replace(case.identity, call_sid=call_sid)
        case.is_call_touched = True
        self._by_sid[call_sid] = case

    def _keep(self, case: Case) -> None:
        self._by_id[case.call_id] = case
        if case.identity.call_sid:
            self._by_sid[case.identity.call_sid] = case

    def _see(self, case: Case, told: Joined | FirstReport, stamp: int) -> int:
        """Take over what the reports say; tell the watchers; return the disposition."""
        is_first, old_status = case.record is None, case.status
        old_opt_out = case.number_of_opt_out
        if is_first:
            case.recorded_at = self._transaction.now_us
        if not case.see(told):
            return pb.DISPOSITION_SUPERSEDED
        if case.task_id is not None and (is_first or case.status != old_status):
            data = {
                "call_id": case.call_id,
                "state": "final",
                "status": case.status,
                "attempt": case.identity.attempt,
            }
            self._tell("call", case, data)
        self._tell(
            "result",
            case,
            {"call_id": case.call_id, "revision": case.revision, "received_at": stamp},
        )
        if is_first and case.task_id is not None:
            self._finished_tasks.append(case.task_id)
        if case.number_of_opt_out != old_opt_out:
            self._note_opt_out(case.number_of_opt_out, case.call_id)
        return pb.DISPOSITION_STORED if is_first else pb.DISPOSITION_MERGED

    def _note_opt_out(self, number: str, call_id: str) -> None:
        """Have a number listed with this commit; "" is none."""
        if number:
            self._opt_outs[number] = call_id

    def _add_recording(self, case: Case, disposition: int) -> None:
        """Add the recording that came before the result to the first one."""
        if disposition != pb.DISPOSITION_STORED or not case.recording_url:
            return
        told = recording_report(case.call_id, case.identity.call_sid, case.recording_url)
        self.record(receive_internal(told, CALLBACK))

    def _tell(self, kind: str, case: Case, data: dict[str, object]) -> None:
        self._transaction.add_event(kind, task_id=case.task_id, call_id=case.call_id, data=data)

    def _note(self, item: Received, call_id: str, stamp: int, disposition: int) -> None:
        told, reported_at = item.told, item.report_time
        self._known.add((call_id, item.report_id))
        self._reports.append(
            {
                "call_id": call_id,
                "report_id": item.report_id,
                "call_sid": told.call_sid,
                "source": told.source or pb.SOURCE_MANUAL,
                "received_at": stamp,
                "report_time": stamp if reported_at is None else reported_at,
                "raw": item.raw,
                "transport": item.transport,
                "disposition": disposition,
                "override": item.is_override,
            }
        )

    def _keep_orphan(self, item: Received) -> Recorded:
        call_id = item.told.call_id
        if (call_id, item.report_id) not in self._known:
            self._note(item, call_id, self._transaction.stamp(), pb.DISPOSITION_ORPHAN)
            add_to_counter(self._connection, ORPHANS)
        recorded = Recorded(pb.DISPOSITION_ORPHAN, call_id, 0)
        self._receipts.append(Receipt(item, recorded, item.told.outcome))
        return recorded

    def _answer(
        self, item: Received, case: Case, disposition: int, conflicts: tuple[str, ...] = ()
    ) -> Recorded:
        recorded = Recorded(disposition, case.call_id, case.revision)
        outcome = case.record.outcome if case.record is not None else pb.OUTCOME_UNSPECIFIED
        if conflicts:
            add_to_counter(self._connection, CONFLICTS)
        self._receipts.append(Receipt(item, recorded, outcome, conflicts))
        return recorded

    def _finish_tasks(self, now_us: int) -> None:
        moved = statements.finish_tasks(self._connection, self._finished_tasks, now_us)
        for task_id, form in moved:
            data = {"state": "done", "form": form, "missing": []}
            self._transaction.add_event("task", task_id=task_id, data=data)
        self._finished_tasks = []
