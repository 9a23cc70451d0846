"""The mutants of a conversation: what is heard, proven and disclosed."""

from tests.mutants.mutant import Edit, Mutant

_HANDLER = "tests/unit/call_handler/"
_EVIDENCE = f"{_HANDLER}test_evidence.py::"
_TAKEN_BACK = f"{_HANDLER}test_evidence_withdrawals.py::"
_MANNERS = f"{_HANDLER}test_conduct_manners.py::"
_PLAYOUT = f"{_HANDLER}test_playout.py::"
_OUTCOME = "Pizza Agent/call_handler/outcome/"
_BRIDGE = "Pizza Agent/call_handler/bridge/"

CONVERSATION = (
    Mutant(
        "quotes_uncited",
        "a fact needs no quote of the callee",
        (
            Edit(
                f"{_OUTCOME}evidence.py",
                "        proof = sorted(cited & _find_standing(reading, kind, turns))\n",
                "        proof = sorted(_find_standing(reading, kind, turns))\n",
            ),
        ),
        (f"{_EVIDENCE}test_a_turn_that_is_not_quoted_is_no_evidence",),
        is_fast=True,
    ),
    Mutant(
        "corrections_unheard",
        "what the callee takes back stays proven",
        (
            Edit(
                f"{_OUTCOME}evidence.py",
                "        if isinstance(said, Withdrawal):\n            self.proof.clear()\n",
                "        if isinstance(said, Withdrawal):\n            pass\n",
            ),
        ),
        (f"{_TAKEN_BACK}test_an_order_that_is_called_off_leaves_nothing_proven",),
        is_fast=True,
    ),
    Mutant(
        "disclosure_unasked",
        "nobody sees to it that the agent says what it is",
        (
            Edit(
                f"{_BRIDGE}disclosure.py",
                "        return say_exactly(self._write())\n",
                '        return ""\n',
            ),
        ),
        (f"{_MANNERS}test_a_recorded_call_says_so_whatever_else_is_off",),
        is_fast=True,
    ),
    Mutant(
        "sent_counts_as_heard",
        "an interrupted sentence counts as heard to its end",
        (
            Edit(
                "Pizza Agent/call_handler/playout/records.py",
                "        heard = min(self.heard_bytes, self.received_bytes) // BYTES_PER_MS\n",
                "        heard = self.received_bytes // BYTES_PER_MS\n",
            ),
        ),
        (f"{_PLAYOUT}test_what_was_played_until_the_clear_came_counts_as_heard",),
        is_fast=True,
    ),
)
