"""Which parts are started, with which keys."""

import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from call_handler.settings import HandlerSettings
from orchestrator.settings import OrchestratorSettings
from ringback_cli.errors import CommandFailed, WrongUse
from ringback_cli.parts import Plan, find_free_base, plan_system, without_accounts
from ringback_cli.up import describe_plan

REAL_TWILIO = {"TWILIO_ACCOUNT_SID": "AC" + "1" * 32, "TWILIO_AUTH_TOKEN": "secret"}
OPENAI = {"OPENAI_API_KEY": "key"}
OPENAI_URL = "https://api.openai.com/v1"


def plan(tmp_path: Path, **outer: str) -> Plan:
    return plan_system(find_free_base(), data_dir=tmp_path, time_factor=1, outer=outer)


def names(plan: Plan) -> list[str]:
    return [part.name for part in plan.parts]


def test_without_keys_the_sandbox_plays_carrier_and_model(tmp_path: Path) -> None:
    planned = plan(tmp_path)

    assert names(planned) == ["sandbox", "orchestrator", "handler"]
    assert planned.has_sandbox_carrier
    assert planned.has_sandbox_model


def test_with_all_keys_there_is_no_sandbox(tmp_path: Path) -> None:
    planned = plan(tmp_path, OPENAI_API_KEY="key", **REAL_TWILIO)

    assert names(planned) == ["orchestrator", "handler"]
    # The sandbox's shops have numbers that lead nowhere.
    assert "RINGBACK_CONTACTS" not in planned.parts[0].environment


def test_an_openai_key_alone_keeps_the_sandbox_carrier_only(tmp_path: Path) -> None:
    planned = plan(tmp_path, OPENAI_API_KEY="key")
    handler = planned.parts[-1].environment

    assert (planned.has_sandbox_carrier, planned.has_sandbox_model) == (True, False)
    assert handler["OPENAI_API_KEY"] == "key"
    assert "OPENAI_BASE_URL" not in handler


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({}, ["no real phone rings"]),
        ({"OPENAI_API_KEY": "key"}, ["no real phone rings", "the real model speaks"]),
        ({"OPENAI_API_KEY": "key", **REAL_TWILIO}, ["phones ring for real"]),
    ],
)
def test_the_start_says_what_of_it_is_real(
    tmp_path: Path, keys: dict[str, str], says: list[str]
) -> None:
    described = describe_plan(plan(tmp_path, **keys))
    phrases = ["no real phone rings", "the real model speaks", "phones ring for real"]

    assert [phrase for phrase in phrases if phrase in described] == says


def test_the_start_tells_a_newcomer_how_to_answer_the_phone(tmp_path: Path) -> None:
    planned = plan(tmp_path)
    lines = describe_plan(planned).splitlines()

    assert any("Sandbox phone:" in line and planned.addresses.phone in line for line in lines)
    assert "Be the pizzeria: open the sandbox phone in a second tab" in "\n".join(lines)


def test_the_real_model_on_the_sandbox_phone_is_said_in_one_line(tmp_path: Path) -> None:
    described = describe_plan(plan(tmp_path, **OPENAI)).splitlines()

    assert [line.strip() for line in described if "OPENAI_API_KEY" in line] == [
        "OPENAI_API_KEY is set, TWILIO_* is not: the real model speaks on the sandbox phone."
    ]


@pytest.mark.parametrize(("keys", "is_real"), [({}, False), (OPENAI, True)])
def test_both_services_start_with_what_the_launcher_gives_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, str], is_real: bool
) -> None:
    planned = plan(tmp_path, **keys, RINGBACK_HANDLER_PUBLIC_URL="https://tunnel.example")
    _, orchestrator, handler = planned.parts
    monkeypatch.chdir(tmp_path)  # away from any .env

    _enter(monkeypatch, orchestrator.environment)
    answering = OrchestratorSettings()
    _enter(monkeypatch, handler.environment)
    calling = HandlerSettings()

    assert [*answering.problems(), *calling.problems()] == []
    assert calling.openai_base_url == (OPENAI_URL if is_real else planned.addresses.model)
    assert answering.twilio_api_url == calling.twilio_api_url == planned.addresses.carrier
    assert calling.handler_public_url == "https://handler.ringback.test"


def _enter(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """Let the environment be what a part is started with."""
    for name in [name for name in os.environ if name.startswith(("RINGBACK_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_the_real_model_is_not_played_faster_than_life(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="--time-factor"):
        plan_system(find_free_base(), data_dir=tmp_path, time_factor=5, outer=OPENAI)


def test_a_scripted_call_never_reaches_a_real_account() -> None:
    outer = {"PATH": "/bin", "OPENAI_BASE_URL": OPENAI_URL, **OPENAI, **REAL_TWILIO}

    assert without_accounts(outer) == {"PATH": "/bin"}


def test_only_the_handler_learns_the_sandbox_models_address(tmp_path: Path) -> None:
    parts = {part.name: part.environment for part in plan(tmp_path).parts}

    assert "OPENAI_BASE_URL" in parts["handler"]
    assert "OPENAI_BASE_URL" not in parts["orchestrator"]
    assert "OPENAI_API_KEY" not in parts["orchestrator"]


@pytest.mark.parametrize("name", sorted(REAL_TWILIO))
def test_half_a_twilio_set_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUse, match="half a Twilio set"):
        plan(tmp_path, **{name: "value"})


def test_twilio_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="OPENAI_API_KEY"):
        plan(tmp_path, **REAL_TWILIO)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    base = find_free_base()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base + 3))
        taken.listen()
        with pytest.raises(CommandFailed, match=f"port {base + 3} is in use"):
            plan_system(base, data_dir=tmp_path, time_factor=1, outer={})


def test_the_launchers_keys_survive_a_restart_and_are_private(tmp_path: Path) -> None:
    first = plan(tmp_path).parts[1].environment["RINGBACK_TOKEN_ORCHESTRATOR"]
    second = plan(tmp_path).parts[1].environment["RINGBACK_TOKEN_ORCHESTRATOR"]

    assert first == second
    assert stat.S_IMODE((tmp_path / "launcher.json").stat().st_mode) == 0o600


def test_no_key_stands_on_a_command_line(tmp_path: Path) -> None:
    for part in plan(tmp_path, OPENAI_API_KEY="canary").parts:
        assert "canary" not in " ".join(part.command)
