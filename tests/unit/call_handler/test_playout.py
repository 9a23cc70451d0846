"""What the callee has heard, by the ledger of audio and marks."""

import base64

import pytest

from call_handler.playout import Cut, Piece, Playout


def audio(ms: int) -> str:
    return base64.b64encode(bytes(8 * ms)).decode()


def marks(pieces: list[Piece]) -> list[str]:
    return [piece.mark for piece in pieces if piece.mark]


def heard_at(playout: Playout, clock_ms: int) -> list[tuple[str, int]]:
    """Clear the queue at once and say what was heard of each item."""
    cuts = playout.settle(playout.interrupt(clock_ms), clock_ms)
    return [(cut.item_id, cut.heard_ms) for cut in cuts]


def test_the_worked_example_of_the_protocol_page() -> None:
    playout = Playout()
    for number in range(6):  # up to generation 7
        playout.send(f"before {number}", 0, audio(20), 0)
        playout.settle(playout.interrupt(0), 0)
    sent = playout.send("A", 0, audio(2_600), 5_000)
    assert marks(sent) == ["7:0b", "7:0e", *(f"7:{number}" for number in range(1, 14))]
    playout.mark_echoed("7:1", 5_200)
    playout.mark_echoed("7:2", 5_400)
    mark = playout.interrupt(5_520)
    assert (mark, playout.generation) == ("8:clear", 8)
    assert [playout.mark_echoed(f"7:{number}", 5_520) for number in range(3, 14)] == [""] * 11
    assert playout.settle(mark, 5_520) == [Cut("A", 0, 520, 2_600)]


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
    assert marks(pieces) == ["1:0b", "1:0e", "1:1"]


def test_a_full_queue_needs_no_mark_of_a_beginning() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 0)
    assert marks(playout.send("A", 0, audio(200), 20)) == ["1:4"]


def test_sound_that_comes_just_in_time_needs_every_second_mark() -> None:
    playout = Playout()
    sent = [marks(playout.send("A", 0, audio(20), 20 * number)) for number in range(6)]
    assert sent == [["1:0b"], [], ["1:1"], [], ["1:2"], []]


def test_after_a_gap_even_the_second_stretch_begins_with_a_mark() -> None:
    playout = Playout()
    playout.send("A", 0, audio(20), 0)
    assert marks(playout.send("A", 0, audio(20), 40)) == ["1:1"]


def test_nothing_is_heard_before_the_clock_moves() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 1_000)
    assert heard_at(playout, 1_000) == [("A", 0)]


@pytest.mark.parametrize(("clock_ms", "heard_ms"), [(1_120, 120), (1_200, 200), (1_900, 600)])
def test_without_marks_heard_grows_with_the_clock_up_to_what_was_sent(
    clock_ms: int, heard_ms: int
) -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 1_000)
    assert heard_at(playout, clock_ms) == [("A", heard_ms)]


def test_heard_is_never_more_than_was_received() -> None:
    playout = Playout()
    playout.send("A", 0, audio(90), 1_000)
    assert heard_at(playout, 60_000) == [("A", 90)]


def test_the_way_to_the_carrier_does_not_count_as_heard() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 1_000)
    playout.mark_echoed("1:0b", 1_100)  # it was there 100 ms later
    assert heard_at(playout, 1_180) == [("A", 80)]


def test_a_beginning_whose_sound_came_late_is_known_from_its_first_60_ms() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 1_000)
    playout.mark_echoed("1:0b", 1_000)
    playout.mark_echoed("1:0e", 1_120)  # the sound was held up for 60 ms
    assert heard_at(playout, 1_160) == [("A", 100)]


def test_a_pause_of_the_model_does_not_count_as_heard() -> None:
    playout = Playout()
    playout.send("A", 0, audio(100), 1_000)
    playout.mark_echoed("1:0b", 1_000)
    assert marks(playout.send("A", 0, audio(100), 1_300)) == ["1:1", "1:1e"]  # right before it
    playout.mark_echoed("1:1", 1_300)
    assert heard_at(playout, 1_350) == [("A", 150)]


def test_a_stretch_sent_into_an_empty_queue_starts_its_own_clock() -> None:
    playout = Playout()
    playout.send("A", 0, audio(200), 0)
    playout.mark_echoed("1:1", 200)
    assert marks(playout.send("A", 0, audio(200), 3_000))[0] == "1:1b"
    assert heard_at(playout, 3_050) == [("A", 250)]


def test_the_second_item_begins_when_the_first_has_finished() -> None:
    playout = Playout()
    playout.send("A", 0, audio(200), 0)
    playout.send("B", 0, audio(400), 0)
    playout.mark_echoed("1:1", 220)
    assert heard_at(playout, 300) == [("B", 80)]


def test_an_interrupt_cuts_the_playing_item_and_those_behind_it() -> None:
    playout = Playout()
    playout.send("A", 0, audio(400), 0)
    playout.send("B", 1, audio(400), 0)
    cuts = playout.settle(playout.interrupt(100), 100)
    assert cuts == [Cut("A", 0, 100, 400), Cut("B", 1, 0, 400)]


def test_what_was_played_until_the_clear_came_counts_as_heard() -> None:
    playout = Playout()
    playout.send("A", 0, audio(2_000), 1_000)
    mark = playout.interrupt(1_120)
    playout.mark_echoed("1:1", 1_200)  # played on: the clear is on its way
    for number in range(2, 11):
        playout.mark_echoed(f"1:{number}", 1_260)  # cleared
    assert playout.settle(mark, 1_260) == [Cut("A", 0, 260, 2_000)]


def test_an_item_that_began_before_the_clear_came_was_heard_in_part() -> None:
    playout = Playout()
    playout.send("A", 0, audio(200), 1_000)
    playout.send("B", 0, audio(400), 1_000)
    mark = playout.interrupt(1_150)
    playout.mark_echoed("1:1", 1_200)
    playout.mark_echoed("1:2", 1_240)
    playout.mark_echoed("1:3", 1_240)
    assert playout.settle(mark, 1_240) == [Cut("A", 0, 200, 200), Cut("B", 0, 40, 400)]


def test_a_beginning_that_was_on_its_way_at_the_interrupt_still_counts() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 1_000)
    mark = playout.interrupt(1_080)
    playout.mark_echoed("1:0b", 1_060)
    playout.mark_echoed("1:1", 1_100)
    assert playout.settle(mark, 1_100) == [Cut("A", 0, 40, 600)]


def test_without_an_echo_the_time_of_the_interrupt_counts() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 1_000)
    assert playout.settle(playout.interrupt(1_120), None) == [Cut("A", 0, 120, 600)]


def test_an_interrupt_is_settled_once() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 1_000)
    mark = playout.interrupt(1_120)
    assert len(playout.settle(mark, 1_120)) == 1
    assert playout.settle(mark, 1_120) == []


def test_audio_of_a_cut_item_is_dropped() -> None:
    playout = Playout()
    playout.send("A", 0, audio(400), 0)
    mark = playout.interrupt(100)
    assert playout.send("A", 0, audio(200), 120) == []
    assert playout.settle(mark, 120) == [Cut("A", 0, 120, 400)]
    assert playout.send("A", 0, audio(200), 140) == []


def test_an_item_that_was_refused_is_not_played() -> None:
    playout = Playout()
    assert playout.refuse("A", 0)
    assert not playout.refuse("A", 0)
    assert playout.send("A", 0, audio(200), 0) == []


def test_two_interrupts_in_a_row_cut_once() -> None:
    playout = Playout()
    playout.send("A", 0, audio(400), 0)
    assert playout.interrupt(100) == "2:clear"
    assert playout.interrupt(300) == ""


def test_a_second_interrupt_before_the_first_is_settled_has_its_own_cut() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 0)
    first = playout.interrupt(100)
    playout.send("B", 0, audio(600), 140)
    second = playout.interrupt(220)
    playout.mark_echoed("1:1", 120)
    cuts = playout.settle(first, 120)
    playout.mark_echoed("2:0b", 160)
    playout.mark_echoed("2:1", 240)
    cuts += playout.settle(second, 240)
    assert cuts == [Cut("A", 0, 120, 600), Cut("B", 0, 80, 600)]


def test_marks_of_the_old_generation_do_not_count_for_the_new_one() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 0)
    playout.settle(playout.interrupt(100), 100)
    playout.send("B", 0, audio(600), 200)
    assert [playout.mark_echoed(f"1:{number}", 220) for number in (1, 2, 3)] == ["", "", ""]
    assert playout.mark_echoed("2:1", 400) == "B"
    assert heard_at(playout, 460) == [("B", 260)]


def test_an_interrupt_in_the_middle_of_a_burst_counts_what_was_received() -> None:
    playout = Playout()
    playout.send("A", 0, audio(200), 0)
    playout.send("A", 0, audio(50), 0)
    playout.mark_echoed("1:1", 200)
    assert playout.settle(playout.interrupt(400), 400) == [Cut("A", 0, 250, 250)]


def test_a_mark_that_was_lost_is_made_up_for_by_the_next_one() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 0)
    assert playout.mark_echoed("1:3", 600) == "A"
    assert not playout.is_playing


def test_audio_whose_marks_are_all_lost_was_played_at_some_time() -> None:
    playout = Playout()
    playout.send("A", 0, audio(600), 1_000)
    assert playout.lost_at_ms == 6_600
    playout.forget_lost(6_580)
    assert playout.is_playing
    playout.forget_lost(6_600)
    assert not playout.is_playing
    assert playout.is_heard("A")


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
