"""Stream tokens: whose they are, how long they live, and their key's file."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.clock import SystemClock
from telephony.stream_token import (
    CLOCKS_APART,
    TOKEN_LIFE,
    BadToken,
    SpentTokens,
    StreamTokens,
    load_stream_key,
)
from tests.rig import JumpyClock

KEY = b"k" * 32
TOKENS = StreamTokens(KEY, SystemClock())


def test_a_fresh_token_tells_its_nonce() -> None:
    token = TOKENS.mint("c1")
    assert TOKENS.verify("c1", token) == token.split(".")[1]
    assert len(token.split(".")[1]) == 32


def test_two_tokens_of_a_call_have_two_nonces() -> None:
    assert TOKENS.mint("c1") != TOKENS.mint("c1")


def test_a_token_lives_for_fifteen_minutes() -> None:
    clock = JumpyClock()
    tokens = StreamTokens(KEY, clock)
    token = tokens.mint("c1")
    clock.advance(timedelta(minutes=14, seconds=59))
    assert tokens.verify("c1", token)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(BadToken, match="expired"):
        tokens.verify("c1", token)


@pytest.mark.parametrize("jump", [timedelta(days=366), timedelta(days=-3)])
def test_f48_a_jump_neither_ends_nor_prolongs_the_token_of_whoever_minted_it(
    jump: timedelta,
) -> None:
    clock = JumpyClock()
    tokens = StreamTokens(KEY, clock)
    token = tokens.mint("c1")
    clock.jump(jump)
    clock.advance(timedelta(minutes=14, seconds=59))
    assert tokens.verify("c1", token)
    tokens.mint("c2")
    clock.advance(timedelta(seconds=1))
    with pytest.raises(BadToken, match="expired"):
        tokens.verify("c1", token)


def test_f48_a_replica_whose_clock_is_an_hour_ahead_admits_the_streams_of_the_others() -> None:
    dialler, server = JumpyClock(), JumpyClock(CLOCKS_APART)
    token = StreamTokens(KEY, dialler).mint("c1")
    server.advance(timedelta(minutes=14, seconds=59))
    assert StreamTokens(KEY, server).verify("c1", token)
    server.advance(timedelta(seconds=1))
    with pytest.raises(BadToken, match="expired"):
        StreamTokens(KEY, server).verify("c1", token)


def test_f48_a_spent_token_stays_spent_for_as_long_as_any_replica_may_take_it() -> None:
    spent = SpentTokens()
    assert spent.spend("n1", 0.0)
    longest_s = (TOKEN_LIFE + 2 * CLOCKS_APART).total_seconds()
    assert not spent.spend("n1", longest_s)
    assert spent.spend("n2", longest_s + 1)
    assert spent.spend("n1", longest_s + 1)


def test_a_token_of_another_call_or_key_is_refused() -> None:
    token = TOKENS.mint("c1")
    with pytest.raises(BadToken):
        TOKENS.verify("c2", token)
    with pytest.raises(BadToken):
        StreamTokens(b"x" * 32, SystemClock()).verify("c1", token)


def test_each_changed_character_is_refused() -> None:
    token = TOKENS.mint("c1")
    for at in range(len(token)):
        changed = token[:at] + ("1" if token[at] != "1" else "2") + token[at + 1 :]
        with pytest.raises(BadToken):
            TOKENS.verify("c1", changed)


@given(st.text(max_size=100))
def test_any_text_is_refused_without_an_error(text: str) -> None:
    with pytest.raises(BadToken):
        TOKENS.verify("c1", text)


def test_a_token_is_fit_for_a_path() -> None:
    assert set(TOKENS.mint("c1")) <= set("0123456789abcdef.")


def test_the_key_file_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "stream.key"
    key = load_stream_key(path)
    assert load_stream_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [path] == list(path.parent.iterdir())


@pytest.mark.parametrize("content", ["", "zz", "00ff"])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "stream.key"
    path.write_text(content)
    with pytest.raises(ValueError, match="key"):
        load_stream_key(path)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        StreamTokens(b"short", SystemClock())
