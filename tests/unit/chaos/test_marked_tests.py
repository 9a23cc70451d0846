"""What the table of a chaos run says of tests that could not run."""

from tests.chaos.marked_tests import list_skipped


def test_skipped_tests_are_told_by_their_reason() -> None:
    lines = [
        "SKIPPED [5] tests/faults/test_agent_killed_at_writes.py:67: strace is not installed",
        "SKIPPED [2] tests/faults/test_outbox_on_bad_disks.py:96: strace is not installed",
        "SKIPPED [1] tests/faults/test_outbox_on_bad_disks.py:60: only root may mount a tmpfs",
        "90 passed, 8 skipped in 300.00s",
    ]
    assert list_skipped(lines) == {
        "skipped: strace is not installed": "7 tests",
        "skipped: only root may mount a tmpfs": "1 tests",
    }
