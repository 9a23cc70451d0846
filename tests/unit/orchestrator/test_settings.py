"""The Orchestrator's settings: patience is checked at the start, caps follow the mode."""

import os
from pathlib import Path

import pytest

from foundation.settings import load_settings
from orchestrator.settings import OrchestratorSettings

LIVE = {
    "RINGBACK_MODE": "live",
    "RINGBACK_ORCHESTRATOR_PUBLIC_URL": "https://calls.example.com",
    "RINGBACK_HANDLER_PUBLIC_URL": "https://agent.example.com",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "secret",
    "TWILIO_FROM_NUMBER": "+14155550199",
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no .env
    for name in list(os.environ):
        if name.startswith(("RINGBACK_", "TWILIO_", "OPENAI_")):
            monkeypatch.delenv(name)


def _load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> OrchestratorSettings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings(OrchestratorSettings)


def test_the_defaults_work_on_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _load(monkeypatch)
    assert settings.handlers() == ("http://127.0.0.1:8903",)
    assert settings.database() == "sqlite:///.ringback/ringback.db"
    assert settings.port == 8900


def test_several_handlers_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _load(monkeypatch, RINGBACK_HANDLER_URLS="http://127.0.0.1:1, http://127.0.0.1:2")
    assert settings.handlers() == ("http://127.0.0.1:1", "http://127.0.0.1:2")


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"RINGBACK_ORDER_S": "2", "RINGBACK_CREATE_S": "1", "RINGBACK_SETTLE_S": "5"}, "SETTLE_S"),
        ({"RINGBACK_CREATE_S": "15"}, "RINGBACK_ORDER_S: 15 is too short"),
        ({"RINGBACK_HANDLER_URLS": "http://handlers.example.com"}, "must be https"),
        ({"RINGBACK_HANDLER_URLS": "handler:8903"}, "no http or https address"),
        ({"RINGBACK_HANDLER_URLS": ","}, "at least one address"),
        ({"RINGBACK_GRACE_S": "0"}, "RINGBACK_GRACE_S"),
        ({"RINGBACK_RING_S": "601"}, "RINGBACK_RING_S"),
        ({"RINGBACK_CAP_HOUR": "0"}, "RINGBACK_CAP_HOUR"),
    ],
)
def test_a_setting_that_cannot_hold_refuses_the_start(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    named: str,
) -> None:
    with pytest.raises(SystemExit) as stopped:
        _load(monkeypatch, **variables)
    assert stopped.value.code == 2
    assert named in capsys.readouterr().err


def test_i17_too_little_patience_refuses_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        _load(monkeypatch, **LIVE, RINGBACK_SETTLE_S="44")
    assert "RINGBACK_SETTLE_S: 44 is too short, at least 45" in capsys.readouterr().err


SCALED = {"RINGBACK_ORDER_S": "2", "RINGBACK_CREATE_S": "1"}


@pytest.mark.parametrize(
    ("variables", "lines"),
    [
        (
            {"RINGBACK_ORDER_S": "20", "RINGBACK_SETTLE_S": "49"},
            ["SETTLE_S: 49 is too short, at least 50"],
        ),
        (SCALED | {"RINGBACK_SETTLE_S": "31.9"}, ["SETTLE_S: 31.9 is too short, at least 32"]),
        (
            SCALED | {"RINGBACK_SETTLE_S": "5.9", "RINGBACK_MODE": "test"},
            ["SETTLE_S: 5.9 is too short, at least 6"],
        ),
        ({"RINGBACK_ORDER_S": "10"}, ["ORDER_S: 10 is too short, more than 10"]),
        (
            {"RINGBACK_ORDER_S": "9", "RINGBACK_SETTLE_S": "38"},
            ["SETTLE_S: 38 is too short, at least 39", "ORDER_S: 9 is too short, more than 10"],
        ),
    ],
    ids=["the margin", "scaled but live", "scaled", "the dial in the order", "both"],
)
def test_i17_settle_too_short_for_order_margin_or_dial_refuses_the_start(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    lines: list[str],
) -> None:
    with pytest.raises(SystemExit) as stopped:
        _load(monkeypatch, **{**LIVE, **variables})
    assert stopped.value.code == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == len(lines)
    assert all(f"RINGBACK_{line}" in each for line, each in zip(lines, told, strict=True))


def test_i17_enough_patience_starts_in_both_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _load(monkeypatch, **LIVE, RINGBACK_SETTLE_S="45").settle_s == 45
    scaled = {"RINGBACK_ORDER_S": "2", "RINGBACK_CREATE_S": "1", "RINGBACK_SETTLE_S": "6"}
    assert _load(monkeypatch, **{**LIVE, **scaled, "RINGBACK_MODE": "test"}).settle_s == 6


def test_caps_are_real_in_live_mode_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _load(monkeypatch).cap("cap_person_at_once") > 1000
    assert _load(monkeypatch, **LIVE).cap("cap_person_at_once") == 1
    assert _load(monkeypatch, RINGBACK_CAP_PERSON_AT_ONCE="3").cap("cap_person_at_once") == 3
