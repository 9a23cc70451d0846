"""Stream tokens: whose they are, how long they live, and their key's file."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.stream_token import BadToken, StreamTokens, load_stream_key

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TOKENS = StreamTokens(b"k" * 32)


def test_a_fresh_token_tells_its_nonce() -> None:
    token = TOKENS.mint("c1", NOW)
    assert TOKENS.verify("c1", token, NOW) == token.split(".")[1]
    assert len(token.split(".")[1]) == 32


def test_two_tokens_of_a_call_have_two_nonces() -> None:
    assert TOKENS.mint("c1", NOW) != TOKENS.mint("c1", NOW)


def test_a_token_lives_for_fifteen_minutes() -> None:
    token = TOKENS.mint("c1", NOW)
    assert TOKENS.verify("c1", token, NOW + timedelta(minutes=14, seconds=59))
    with pytest.raises(BadToken):
        TOKENS.verify("c1", token, NOW + timedelta(minutes=15))


def test_a_token_of_another_call_or_key_is_refused() -> None:
    token = TOKENS.mint("c1", NOW)
    with pytest.raises(BadToken):
        TOKENS.verify("c2", token, NOW)
    with pytest.raises(BadToken):
        StreamTokens(b"x" * 32).verify("c1", token, NOW)


def test_each_changed_character_is_refused() -> None:
    token = TOKENS.mint("c1", NOW)
    for at in range(len(token)):
        changed = token[:at] + ("1" if token[at] != "1" else "2") + token[at + 1 :]
        with pytest.raises(BadToken):
            TOKENS.verify("c1", changed, NOW)


@given(st.text(max_size=100))
def test_any_text_is_refused_without_an_error(text: str) -> None:
    with pytest.raises(BadToken):
        TOKENS.verify("c1", text, NOW)


def test_a_token_is_fit_for_a_path() -> None:
    assert set(TOKENS.mint("c1", NOW)) <= set("0123456789abcdef.")


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
        StreamTokens(b"short")
