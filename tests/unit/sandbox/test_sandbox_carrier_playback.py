"""The playback buffer, step by step, without a loop or a clock."""

from sandbox.playback import LIMIT_BYTES, PlaybackBuffer

SILENT = b"\xff" * 160


def test_an_empty_buffer_plays_silence_and_counts_none_of_it() -> None:
    buffer = PlaybackBuffer()
    assert buffer.play().frame == SILENT
    assert buffer.played_ms == 0


def test_audio_is_drained_at_160_bytes_a_step() -> None:
    buffer = PlaybackBuffer()
    buffer.queue_audio(b"\x01" * 320)
    assert buffer.play().frame == b"\x01" * 160
    assert (buffer.queued_bytes, buffer.played_ms) == (160, 20)


def test_pieces_of_any_length_are_played_without_a_gap() -> None:
    buffer = PlaybackBuffer()
    for size in (1, 161, 158):
        buffer.queue_audio(b"\x01" * size)
    assert [buffer.play().frame for _ in range(3)] == [b"\x01" * 160, b"\x01" * 160, SILENT]


def test_a_mark_is_reached_when_all_before_it_was_played() -> None:
    buffer = PlaybackBuffer()
    buffer.queue_audio(b"\x01" * 200)
    buffer.queue_mark("1:1")
    assert buffer.play().marks == []
    assert buffer.play().marks == ["1:1"]


def test_a_mark_at_the_end_of_a_step_is_reached_in_it() -> None:
    buffer = PlaybackBuffer()
    buffer.queue_audio(b"\x01" * 160)
    buffer.queue_mark("1:1")
    buffer.queue_audio(b"\x02" * 160)
    assert buffer.play().marks == ["1:1"]


def test_a_mark_on_an_empty_buffer_is_reached_at_once() -> None:
    assert PlaybackBuffer().queue_mark("1:1")


def test_clear_gives_all_pending_marks_and_silence_follows() -> None:
    buffer = PlaybackBuffer()
    for name in ("1:1", "1:2"):
        buffer.queue_audio(b"\x01" * 1600)
        buffer.queue_mark(name)
    buffer.play()
    assert buffer.clear().marks == ["1:1", "1:2"]
    assert buffer.play().frame == SILENT
    assert (buffer.played_ms, buffer.discarded_bytes) == (20, 3200 - 160)


def test_ten_minutes_are_kept_and_the_rest_is_discarded() -> None:
    buffer = PlaybackBuffer()
    assert buffer.queue_audio(b"\x01" * LIMIT_BYTES)
    assert not buffer.queue_audio(b"\x01" * 8)
    assert (buffer.queued_bytes, buffer.discarded_bytes) == (LIMIT_BYTES, 8)
