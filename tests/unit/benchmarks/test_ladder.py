"""The search for the highest number of calls that a system holds."""

import pytest

from benchmarks.peers.ladder import LADDER, Search


@pytest.mark.parametrize("first", [LADDER[0], 90, LADDER[-1]])
@pytest.mark.parametrize("most", [0, *LADDER])
def test_the_search_ends_at_the_last_number_that_is_held(first: int, most: int) -> None:
    search, tries = Search(first), 0
    while calls := search.next_calls:
        search.note(calls, is_held=calls <= most)
        tries += 1
    assert search.calls == most
    assert tries <= len(LADDER)
