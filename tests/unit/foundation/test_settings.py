"""Settings: all errors at once, a line each, exit 2; modes; unknown names."""

from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field, SecretStr

from foundation.settings import (
    SETTING_NAMES,
    ServiceSettings,
    is_loopback_host,
    is_loopback_url,
    load_settings,
    secrets_of,
)

SID = "AC0123456789abcdef0123456789abcdef"
LIVE = {
    "RINGBACK_MODE": "live",
    "TWILIO_ACCOUNT_SID": SID,
    "TWILIO_AUTH_TOKEN": "secret-canary",
    "TWILIO_FROM_NUMBER": "+14155552671",
    "RINGBACK_ORCHESTRATOR_PUBLIC_URL": "https://o.example.com",
    "RINGBACK_HANDLER_PUBLIC_URL": "https://h.example.com",
}


class Service(ServiceSettings):
    """A service with a port."""

    exposed_tokens: ClassVar[tuple[str, ...]] = ("token_orchestrator",)
    port: int = Field(default=8900, ge=0, le=65_535)


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (*SETTING_NAMES, "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_SHARED_KEY",
                 "TWILIO_FROM_NUMBER"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


def lines_of(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, values: dict[str, str]
) -> list[str]:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        load_settings(Service)
    assert ended.value.code == 2
    return capsys.readouterr().err.splitlines()


def test_a_laptop_needs_no_settings() -> None:
    settings = load_settings(Service)
    assert (settings.port, settings.host) == (8900, "127.0.0.1")


def test_all_errors_come_at_once_a_line_each(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = lines_of(
        capsys,
        monkeypatch,
        {
            "RINGBACK_PORT": "http",
            "RINGBACK_DRAIN_S": "1e400",
            "RINGBACK_HNADLER_URLS": "x",
            "RINGBACK_ORCHESTRATOR_PUBLIC_URL": "http://o.example.com",
            "RINGBACK_HANDLER_PUBLIC_URL": "https://h.example.com/path?x=1",
            "TWILIO_ACCOUNT_SID": "AC123",
            "TWILIO_AUTH_TOKEN": "secret-canary",
        },
    )
    assert sorted(line.split(":")[0] for line in lines) == [
        "RINGBACK_DRAIN_S",
        "RINGBACK_HANDLER_PUBLIC_URL",
        "RINGBACK_HNADLER_URLS",
        "RINGBACK_ORCHESTRATOR_PUBLIC_URL",
        "RINGBACK_PORT",
        "TWILIO_ACCOUNT_SID",
    ]
    assert "secret-canary" not in "".join(lines)


@pytest.mark.parametrize("name", ["RINGBACK_PROT", "RINGBACK_", "RINGBACK_TOKEN", "ringback_prot"])
def test_a_name_that_nobody_knows_refuses_the_start(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert lines_of(capsys, monkeypatch, {name: "1"}) == [f"{name}: no service knows this setting"]


def test_the_env_file_is_read_and_checked_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("RINGBACK_PORT=9000\nRINGBACK_SETTLE_S=60\nOTHER=1\n")
    assert load_settings(Service).port == 9000
    (tmp_path / ".env").write_text("RINGBACK_PRT=9000\n")
    assert lines_of(capsys, monkeypatch, {}) == ["RINGBACK_PRT: no service knows this setting"]


@pytest.mark.parametrize("name", ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"])
def test_half_a_twilio_set_refuses_the_start(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    value = SID if name == "TWILIO_ACCOUNT_SID" else "secret"
    lines = lines_of(capsys, monkeypatch, {name: value})
    assert len(lines) == 1
    assert "required together with" in lines[0]


def test_live_mode_needs_keys_a_number_and_addresses_of_ones_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = lines_of(capsys, monkeypatch, {"RINGBACK_MODE": "live", "RINGBACK_FAILPOINTS": "x"})
    assert sorted(line.split(":")[0] for line in lines) == [
        "RINGBACK_FAILPOINTS",
        "RINGBACK_HANDLER_PUBLIC_URL",
        "RINGBACK_ORCHESTRATOR_PUBLIC_URL",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_FROM_NUMBER",
    ]


def test_a_failpoint_that_there_is_not_refuses_the_start_and_names_those_there_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = lines_of(capsys, monkeypatch, {"RINGBACK_FAILPOINTS": "dial.after_post, dial.afterr"})
    assert line.startswith("RINGBACK_FAILPOINTS: no failpoint is called dial.afterr; there are ")
    assert "report.after_put" in line


def test_live_mode_means_twilios_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LIVE.items():
        monkeypatch.setenv(name, value)
    assert load_settings(Service).twilio_api_url == "https://api.twilio.com"


@pytest.mark.parametrize(
    "url", ["https://api.twilio.com", "https://api.ie1.twilio.com", "HTTPS://API.TWILIO.COM"]
)
def test_test_mode_never_meets_the_real_carrier(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    lines = lines_of(capsys, monkeypatch, {"RINGBACK_TWILIO_API_URL": url})
    assert any("live" in line for line in lines)


def test_a_carrier_elsewhere_is_asked_over_https_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = lines_of(capsys, monkeypatch, {"RINGBACK_TWILIO_API_URL": "http://10.0.0.1:8901"})
    assert lines == ["RINGBACK_TWILIO_API_URL: must be https unless it is on this machine"]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "example.com"])  # noqa: S104 - it must be refused
def test_beyond_this_machine_only_with_tokens_behind_tls(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    lines = lines_of(capsys, monkeypatch, {"RINGBACK_HOST": host})
    assert [line.split(":")[0] for line in lines] == [
        "RINGBACK_HOST",
        "RINGBACK_TOKEN_ORCHESTRATOR",
    ]
    monkeypatch.setenv("RINGBACK_TLS_PROXY", "true")
    monkeypatch.setenv("RINGBACK_TOKEN_ORCHESTRATOR", "t")
    assert load_settings(Service).host == host


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LIVE.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(Service)
    assert "secret-canary" not in repr(settings)
    assert "secret-canary" not in str(settings.model_dump())


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_PORT", "")
    assert load_settings(Service).port == 8900


def test_a_secret_may_be_two_during_a_rotation() -> None:
    assert secrets_of(SecretStr("new, old")) == ("new", "old")
    assert secrets_of(SecretStr(" , ")) == ()


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("[::1]", True), ("localhost", True),
     ("0.0.0.0", False), ("", False), ("localhost.example.com", False), ("10.0.0.1", False)],  # noqa: S104 - a row
)  # fmt: skip
def test_only_loopback_is_this_machine(host: str, expected: bool) -> None:
    assert is_loopback_host(host) is expected


def test_a_url_is_judged_by_its_host() -> None:
    assert is_loopback_url("http://127.0.0.1:8901")
    assert not is_loopback_url("http://127.0.0.1.example.com:8901")
    assert not is_loopback_url("http://127.0.0.1@example.com")
