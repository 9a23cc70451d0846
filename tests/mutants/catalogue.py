"""The mutants: each takes one guarantee out of the source, and a named check must turn red.

An edit replaces a text that stands in its file exactly once. Code that moves or is written anew
breaks the mutant loudly: write the edit anew, too.
"""

from tests.mutants.conversation import CONVERSATION
from tests.mutants.mutant import Edit, Mutant

_SWEEPER = "orchestrator/sweeper.py"
_LOSSES = "tests/faults/power_cut/test_power_cut.py::"
_LOSSES += "test_i5_a_power_cut_loses_nothing_that_was_acknowledged"
_LIFE = "tests/faults/test_life_of_the_call.py::"
_DIAL = "tests/faults/test_life_before_the_dial.py::"
_WORDS = "tests/faults/test_words_of_the_carrier.py::"
_KEY = "tests/faults/test_result_key.py::"
_COMMITS = "tests/faults/test_reports_and_commits.py::"
_DISKS = "tests/faults/test_outbox_disks.py::"
_RECORD = "tests/integration/test_record_call_result.py::"
_CALLBACKS = "tests/integration/test_status_callbacks.py::"
_OPT_OUTS = "tests/faults/test_opt_outs.py::"
_CAPS = "tests/faults/test_caps_on_two_replicas.py::"
_ENDS = "tests/faults/test_ending_of_calls.py::"
_JOIN = "tests/unit/orchestrator/test_join.py::"
_ORDERS = "tests/properties/test_order_of_reports.py::"


def _less_sync(name: str, file: str, pragma: str, level: str, case: str) -> Mutant:
    return Mutant(
        f"{name}_synchronous_{level.lower()}",
        f"the {case} commits with synchronous = {level}",
        (Edit(file, f'"{pragma}FULL"', f'"{pragma}{level}"'),),
        (f"{_LOSSES}[{case}]",),
    )


_OUTBOX = ("outbox", "call_reporter/outbox/file.py", "PRAGMA synchronous = ")
_STORE = ("store", "orchestrator/store/sqlite.py", "PRAGMA synchronous=")

_LAST_WINS = Edit(
    "orchestrator/call_results/join.py",
    "    heights = _height(name, one), _height(name, other)\n",
    "    if name:\n        return True\n    heights = _height(name, one), _height(name, other)\n",
)

MUTANTS = (
    _less_sync(*_OUTBOX, "NORMAL", "outbox"),
    _less_sync(*_OUTBOX, "OFF", "outbox"),
    _less_sync(*_STORE, "NORMAL", "store"),
    _less_sync(*_STORE, "OFF", "store"),
    Mutant(
        "key_dropped",
        "the table of results has no primary key",
        (
            Edit(
                "orchestrator/store/schema.py",
                '    "result",\n    metadata,\n    Column("call_id", Key, primary_key=True),\n',
                '    "result",\n    metadata,\n    Column("call_id", Key, nullable=False),\n',
            ),
            Edit(
                "orchestrator/store/migrations/versions/r0001_first.py",
                '        sa.PrimaryKeyConstraint("call_id"),\n    )\n'
                "    for name, number in USUAL.items():\n",
                "    )\n    for name, number in USUAL.items():\n",
            ),
        ),
        (f"{_KEY}test_f31_a_second_row_of_one_call_breaks_the_key[sqlite]",),
        is_fast=True,
    ),
    Mutant(
        "settle_unchecked",
        "the Orchestrator starts with a SETTLE below the carrier's latency",
        (
            Edit(
                "orchestrator/settings.py",
                "        if self.settle_s < least_s:\n",
                "        if self.settle_s < 0:\n",
            ),
        ),
        (
            "tests/unit/orchestrator/test_settings.py::test_i17_too_little_patience_refuses_the_start",
        ),
        is_fast=True,
    ),
    Mutant(
        "ask_first_removed",
        "an order without an answer is sent again, and the carrier is not asked",
        (
            Edit(
                _SWEEPER,
                '                log.warning("dial_unknown", reason=reason)\n',
                "                await store.write(\n"
                "                    lambda tx: calls.note_not_taken(tx, call_id, reason, 1.0)\n"
                "                )\n",
            ),
        ),
        (f"{_DIAL}test_f3_an_order_without_answer_is_never_sent_again[sqlite]",),
        is_fast=True,
    ),
    Mutant(
        "ack_before_commit",
        "a report is acknowledged before it is committed",
        (
            Edit(
                "orchestrator/rpc/servicer.py",
                "        recorded = await record_call_result(self._store, received)\n",
                "        from asyncio import ensure_future\n"
                "        self.behind = ensure_future(record_call_result(self._store, received))\n"
                "        self.behind.add_done_callback(lambda done: done.exception())\n"
                "        recorded = Recorded(pb.DISPOSITION_STORED, '', 1)\n",
            ),
        ),
        (f"{_COMMITS}test_f27_no_report_is_acknowledged_before_its_commit[sqlite]",),
        is_fast=True,
    ),
    Mutant(
        "outbox_skipped",
        "a result is reported from memory and never written down",
        (
            Edit(
                "call_reporter/reports.py",
                "        try:\n            put = await self._outbox.put_outcome(",
                "        answer = asyncio.get_running_loop().create_future()\n"
                "        _start(self._send_until_answered(result, answer), self._unwritten)\n"
                "        await asyncio.wait({answer}, timeout=self._ack_wait_s)\n"
                "        if not is_first or is_first:\n"
                "            return answer.result() if answer.done() else None\n"
                "        try:\n            put = await self._outbox.put_outcome(",
            ),
        ),
        (f"{_DISKS}test_f16_a_written_outcome_is_reported_first_hand_after_the_next_start",),
        is_fast=True,
    ),
    Mutant(
        "sweeper_off",
        "nobody looks for a dial without an answer or asks the carrier",
        (Edit(_SWEEPER, "                await self._ask(row, step)\n", "                pass\n"),),
        (
            f"{_DIAL}test_f6_a_listed_call_is_adopted[sqlite]",
            f"{_WORDS}test_f34_a_lost_callback_is_found_by_asking[sqlite]",
        ),
        is_fast=True,
    ),
    Mutant(
        "rank_off",
        "the last report wins, whoever sent it",
        (_LAST_WINS,),
        (
            f"{_JOIN}test_a_lower_rank_fills_only_what_is_missing",
            f"{_RECORD}test_fetched_facts_beat_called_back_ones",
        ),
        is_fast=True,
    ),
    Mutant(
        "rank_off_in_any_order",
        "the last report wins, and generated reports come in any order",
        (_LAST_WINS,),
        (
            f"{_JOIN}test_order_and_repetition_change_nothing",
            f"{_ORDERS}test_f35_reports_of_our_call_make_one_record_in_any_order[sqlite]",
        ),
    ),
    Mutant(
        "signature_off",
        "a callback is believed whatever its signature says",
        (Edit("telephony/signatures.py", "    if not fits:\n", "    if not claim.keys:\n"),),
        (f"{_CALLBACKS}test_f37_a_signature_of_another_url_or_key_is_refused",),
        is_fast=True,
    ),
    Mutant(
        "caps_outside_the_claim",
        "the caps are checked before the claim, in a transaction of their own",
        (
            Edit(
                "orchestrator/calls/dialing.py",
                "    judgement = judge_dial(tx, row, rules.policy)\n",
                "    from orchestrator.dial_policy import Judgement\n"
                "    judgement = Judgement(Ruling.ALLOWED)\n",
            ),
            Edit(
                _SWEEPER,
                "        claimed = await store.write(",
                "        from orchestrator.dial_policy import Ruling, judge_dial\n"
                "        judged = await store.write(lambda tx: judge_dial(tx, row, rules.policy))\n"
                "        if judged.ruling is not Ruling.ALLOWED:\n"
                "            return\n"
                "        claimed = await store.write(",
            ),
        ),
        (f"{_CAPS}test_i12_two_replicas_dial_a_hundred_calls_within_every_cap[sqlite]",),
    ),
    Mutant(
        "opt_outs_unread",
        "a number that asked not to be called again is dialled all the same",
        (
            Edit(
                "orchestrator/dial_policy.py",
                "    if opt_out is None:\n",
                "    if opt_out is None or policy.caps:\n",
            ),
        ),
        (f"{_OPT_OUTS}test_a_call_that_was_confirmed_before_is_not_dialled_after[sqlite]",),
    ),
    Mutant(
        "once_guard_off",
        "every ending of a call builds and reports a result",
        (
            Edit(
                "Pizza Agent/call_handler/call.py",
                "is_first, self._is_finished = not self._is_finished, True\n",
                "is_first, self._is_finished = True, True\n",
            ),
        ),
        (f"{_ENDS}test_f17_a_second_end_of_a_call_builds_no_second_result",),
        is_fast=True,
    ),
    Mutant(
        "claim_off",
        "every media stream may hold a call",
        (
            Edit(
                "orchestrator/store/calls.py",
                "or_(calls.c.stream_nonce.is_(None), calls.c.stream_nonce",
                "or_(calls.c.stream_nonce.is_(None), calls.c.stream_nonce.is_not(None), "
                "calls.c.stream_nonce",
            ),
        ),
        (f"{_LIFE}test_f21_a_second_stream_is_refused_the_claim[sqlite]",),
        is_fast=True,
    ),
    *CONVERSATION,
)
