"""What the callee has heard, by the ledger of audio and marks."""

import base64

import pytest

from call_handler.playout import Cut, Piece, Playout


def audio(ms: int) -> str:
    return base64.b64encode(bytes(8 * ms)).decode()


def marks(pieces: list[Piece]) -> list[str]:
    return [piece.mark for piece in pieces if piece.mark]


def playout_in_generation(generation: int) -> Playout:
    playout = Playout()
    while playout.generation < generation:
        playout.interrupt(0)
    return playout


def test_the_worked_example_of_the_protocol_page() -> None:
    playout = playout_in_generation(7)
    sent = playout.send("A", 0, audio(2_600), 5_000)
    assert marks(sent) == [f"7:{number}" for number in range(1, 14)]
    playout.mark_echoed("7:1", 5_200)
    playout.mark_echoed("7:2", 5_400)
    assert playout.heard_ms("A", 5_520) == 520
    assert playout.interrupt(5_520) == [Cut("A", 0, 520, 2_600)]
    assert playout.generation == 8
    assert [playout.mark_echoed(f"7:{number}", 5_540) for number in range(3, 14)] == [""] * 11
    assert playout.heard_ms("A", 9_000) == 520


def test_audio_is_sent_unchanged() -> None:
    playout = Playout()
    whole = bytes(range(256)) * 20
    pieces = playout.send("A", 0, base64.b64encode(whole).decode(), 0)
    assert b"".join(base64.b64decode(piece.payload) for piece in pieces) == whole


@pytest.mark.parametrize("delta_ms", [1, 20, 60, 150, 199, 200, 201, 999])
def test_marks_are_never_more_than_200_ms_apart(delta_ms: int) -> None:
    playout = Playout()
    pieces = [piece for _ in range(40) for piece in playout.send("A", 0, audio(delta_ms), 0)]
    pieces += playout.finish_item("A")
    since_mark, longest = 0, 0
    for piece in pieces:
        since_mark = 0 if piece.mark else since_mark + len(base64.b64decode(piece.payload))
        longest = max(longest, since_mark)
    assert longest <= 1_600
    assert pieces[-1].mark or delta_ms == 200


def test_small_deltas_share_a_mark() -> None:
    playout = Playout()
    pieces = [piece for _ in range(10) for piece in playout.send("A", 0, audio(20), 0)]
    assert marks(pieces) == ["1:1"]


def test_nothing_is_heard_before_the_clock_moves() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 1_000)
    assert playout.heard_ms("A", 1_000) == 0


def test_heard_grows_with_the_clock_and_stops_at_the_next_mark() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 1_000)
    assert [playout.heard_ms("A", clock) for clock in (1_120, 1_200, 1_900)] == [120, 200, 200]


def test_heard_is_never_more_than_was_received() -> None:
    playout = Playout()
    playout.send("A", 0, audio(90), 1_000)
    assert playout.heard_ms("A", 60_000) == 90


def test_a_stretch_sent_into_an_empty_queue_starts_its_own_clock() -> None:
    playout = Playout()
    playout.send("A", 0, audio(200), 0)
    playout.mark_echoed("1:1", 200)
    playout.send("A", 0, audio(200), 3_000)
    assert playout.heard_ms("A", 3_050) == 250


def test_the_second_item_begins_when_the_first_has_finished() -> None:
    playout = Playout()
    playout.send("A", 0, audio(200), 0)
    playout.send("B", 0, audio(400), 0)
    assert playout.heard_ms("B", 100) == 0
    playout.mark_echoed("1:1", 220)
    assert playout.heard_ms("B", 300) == 80


def test_an_interrupt_cuts_the_playing_item_and_those_behind_it() -> None:
    playout = Playout()
    playout.send("A", 0, audio(400), 0)
    playout.send("B", 1, audio(400), 0)
    assert playout.interrupt(100) == [Cut("A", 0, 100, 400), Cut("B", 1, 0, 400)]


def test_audio_of_a_cut_item_is_dropped() -> None:
    playout = Playout()
    playout.send("A", 0, audio(400), 0)
    playout.interrupt(100)
    assert playout.send("A", 0, audio(200), 120) == []
    assert playout.heard_ms("A", 400) == 100


def test_two_interrupts_in_a_row_cut_once() -> None:
    playout = Playout()
    playout.send("A", 0, audio(400), 0)
    playout.interrupt(100)
    assert playout.interrupt(300) == []


def test_marks_of_the_old_generation_do_not_count_for_the_new_one() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 0)
    playout.interrupt(100)
    playout.send("B", 0, audio(600), 200)
    assert [playout.mark_echoed(f"1:{number}", 220) for number in (1, 2, 3)] == ["", "", ""]
    assert playout.heard_ms("B", 260) == 60
    assert playout.mark_echoed("2:1", 400) == "B"


def test_an_interrupt_in_the_middle_of_a_burst_counts_what_was_received() -> None:
    playout = Playout()
    playout.send("A", 0, audio(200), 0)
    playout.send("A", 0, audio(50), 0)
    playout.mark_echoed("1:1", 200)
    assert playout.interrupt(400) == [Cut("A", 0, 250, 250)]


def test_a_mark_that_was_lost_is_made_up_for_by_the_next_one() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 0)
    assert playout.mark_echoed("1:3", 600) == "A"
    assert not playout.is_playing


def test_it_plays_until_the_last_mark_is_back() -> None:
    playout = Playout()
    playout.send("A", 0, audio(300), 0)
    playout.finish_item("A")
    playout.mark_echoed("1:1", 200)
    assert playout.is_playing
    playout.mark_echoed("1:2", 300)
    assert not playout.is_playing


def test_what_is_still_queued_shrinks_with_the_clock() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 0)
    assert [playout.queued_ms(clock) for clock in (0, 150, 200)] == [600, 450, 400]


@pytest.mark.parametrize("payload", ["not base64!", "AAA", "A\u00e4=="])
def test_bad_base64_is_refused(payload: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - binascii's own words may change
        Playout().send("A", 0, payload, 0)
