"""The base of both services' settings: names, defaults, and the rules that refuse a start.

Environment and `.env` are read here, once, in the composition root; nobody else reads them.
"""

import ipaddress
import os
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from foundation.failpoints import FAILPOINTS, split_names

PREFIX = "RINGBACK_"
ENV_FILE = ".env"
# Every RINGBACK_* variable that any part knows, without the prefix; any other is a typo.
_NAMES = """
MODE HOST PORT DATA_DIR DATABASE_URL ORCHESTRATOR_GRPC ORCHESTRATOR_PUBLIC_URL HANDLER_PUBLIC_URL
HANDLER_URLS TWILIO_API_URL CONTACTS DRAIN_S TOKEN_HANDLER TOKEN_ORCHESTRATOR
TOKEN_OPERATOR TOKEN_READER TOKEN_PERSON CAP_PERSON_AT_ONCE CAP_PERSON_HOUR CAP_HOUR
CAP_NUMBER_HOUR CAP_SPEND_DAY FAILPOINTS RING_S TIME_LIMIT_S GRACE_S CREATE_S ORDER_S SETTLE_S
SWEEP_S ASK_AGAIN_S NOT_AFTER_S MODEL VOICE TRANSCRIPTION_MODEL CHAT_MODEL LOG_FORMAT LOG_LEVEL
MAX_CALLS GREETING_NAME MODEL_PRICES ASK_PERSON_S TLS_PROXY STREAM_KEY_FILE DETECT_MACHINES RECORD
SILENCE_S HOLD_S DISCLOSURE RETENTION_DAYS
"""
SETTING_NAMES: tuple[str, ...] = tuple(PREFIX + name for name in _NAMES.split())

TWILIO_URL = "https://api.twilio.com"
SANDBOX_URL = "http://127.0.0.1:8901"
_TEST_HOSTS = ".ringback.test"
_CANNOT_START = 2

S = TypeVar("S", bound="ServiceSettings")


class Mode(StrEnum):
    """How careful we are; never who is at the other end."""

    TEST = "test"
    LIVE = "live"


class LogFormat(StrEnum):
    """How log lines look."""

    TEXT = "text"
    JSON = "json"


class ServiceSettings(BaseSettings):
    """What both services are told. Each variable is RINGBACK_ and its name, unless it says so."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # else an error prints the value, keys included
        populate_by_name=True,
    )
    # The tokens without which the service may not listen beyond this machine.
    exposed_tokens: ClassVar[tuple[str, ...]] = (
        "token_handler",
        "token_operator",
        "token_reader",
        "token_person",
    )

    mode: Mode = Mode.TEST
    """test: sandbox, high caps, failpoints allowed. live: keys, https and caps are required."""
    host: str = "127.0.0.1"
    """The address to listen on; beyond loopback only with tokens and a TLS proxy."""
    tls_proxy: bool = False
    """True declares that a proxy in front of us speaks TLS."""
    data_dir: Path = Path(".ringback")
    """Where databases, outboxes and keys lie."""
    drain_s: float = Field(default=660.0, ge=0, le=86_400, allow_inf_nan=False)
    """Seconds that a stopping service waits for its calls."""
    failpoints: str = ""
    """Comma list of points at which the process kills itself; tests only."""
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    """DEBUG, INFO, WARNING or ERROR; what was said appears only at DEBUG."""
    log_format: LogFormat = LogFormat.TEXT
    """text or json."""
    orchestrator_grpc: str = "127.0.0.1:8904"
    """Where the Orchestrator answers gRPC, host:port."""
    orchestrator_public_url: str = "https://orchestrator.ringback.test"
    """The address under which the carrier reaches the Orchestrator."""
    handler_public_url: str = "https://handler.ringback.test"
    """The address under which the carrier reaches the Call Handlers."""
    twilio_api_url: str = SANDBOX_URL
    """The carrier's REST address; in live mode Twilio's by default."""
    token_handler: SecretStr = SecretStr("")
    """Lets a Call Handler report; two, separated by a comma, during a rotation."""
    token_orchestrator: SecretStr = SecretStr("")
    """Lets the Orchestrator order calls."""
    token_operator: SecretStr = SecretStr("")
    """Lets an operator override, list and stop."""
    token_reader: SecretStr = SecretStr("")
    """Lets a consumer read results."""
    token_person: SecretStr = SecretStr("")
    """Lets a person chat and order."""
    twilio_account_sid: str = Field(
        default="", validation_alias="TWILIO_ACCOUNT_SID", pattern="^(AC[0-9a-fA-F]{32})?$"
    )
    """TWILIO_ACCOUNT_SID: the account, AC and 32 hex digits."""
    twilio_auth_token: SecretStr = Field(
        default=SecretStr(""), validation_alias="TWILIO_AUTH_TOKEN"
    )
    """TWILIO_AUTH_TOKEN: its secret; two, separated by a comma, during a rotation."""
    twilio_shared_key: SecretStr = Field(
        default=SecretStr(""), validation_alias="TWILIO_SHARED_KEY"
    )
    """TWILIO_SHARED_KEY: the secret of Twilio's newer signatures, if it sends them."""
    twilio_from_number: str = Field(
        default="+14155550199",
        validation_alias="TWILIO_FROM_NUMBER",
        pattern=r"^\+[1-9][0-9]{6,14}$",
    )
    """TWILIO_FROM_NUMBER: the number that calls, E.164; its country is the one we may call."""

    @model_validator(mode="before")
    @classmethod
    def _live_means_twilio(cls, values: dict[str, object]) -> dict[str, object]:
        if values.get("mode") == Mode.LIVE.value and not values.get("twilio_api_url"):
            return {**values, "twilio_api_url": TWILIO_URL}
        return values

    def problems(self) -> list[str]:
        """List what forbids a start although each value is well formed, a line each."""
        return [
            *self._address_problems(),
            *self._exposure_problems(),
            *self._twilio_problems(),
            *(self._live_problems() if self.mode is Mode.LIVE else self._failpoint_problems()),
        ]

    def _address_problems(self) -> Iterable[str]:
        for name in ("orchestrator_public_url", "handler_public_url"):
            if not _is_https_origin(getattr(self, name)):
                yield f"{PREFIX}{name.upper()}: must be https://HOST, without path or query"
        if not self.twilio_api_url.startswith("https://") and not is_loopback_url(
            self.twilio_api_url
        ):
            yield f"{PREFIX}TWILIO_API_URL: must be https unless it is on this machine"
        if self.mode is Mode.TEST and _host_of(self.twilio_api_url).endswith("twilio.com"):
            yield (
                f"{PREFIX}TWILIO_API_URL: test mode does not meet the real carrier;"
                f" set {PREFIX}MODE=live"
            )

    def _exposure_problems(self) -> Iterable[str]:
        if is_loopback_host(self.host):
            return
        if not self.tls_proxy:
            yield (
                f"{PREFIX}HOST: {self.host} is reachable from outside;"
                f" put a TLS proxy in front and set {PREFIX}TLS_PROXY=true"
            )
        for name in self.exposed_tokens:
            if not secrets_of(getattr(self, name)):
                yield f"{PREFIX}{name.upper()}: required when {PREFIX}HOST is not this machine"

    def _twilio_problems(self) -> Iterable[str]:
        has_sid, has_token = bool(self.twilio_account_sid), bool(secrets_of(self.twilio_auth_token))
        if has_sid and not has_token:
            yield "TWILIO_AUTH_TOKEN: required together with TWILIO_ACCOUNT_SID"
        if has_token and not has_sid:
            yield "TWILIO_ACCOUNT_SID: required together with TWILIO_AUTH_TOKEN"

    def _failpoint_problems(self) -> Iterable[str]:
        unknown = sorted(set(split_names(self.failpoints)) - set(FAILPOINTS))
        if unknown:
            yield (
                f"{PREFIX}FAILPOINTS: no failpoint is called {', '.join(unknown)};"
                f" there are {', '.join(FAILPOINTS)}"
            )

    def _live_problems(self) -> Iterable[str]:
        if self.failpoints:
            yield f"{PREFIX}FAILPOINTS: not in live mode"
        if not self.twilio_account_sid and not secrets_of(self.twilio_auth_token):
            yield "TWILIO_ACCOUNT_SID: required in live mode, with TWILIO_AUTH_TOKEN"
        if "twilio_from_number" not in self.model_fields_set:
            yield "TWILIO_FROM_NUMBER: required in live mode"
        for name in ("orchestrator_public_url", "handler_public_url"):
            if _host_of(getattr(self, name)).endswith(_TEST_HOSTS):
                yield f"{PREFIX}{name.upper()}: live mode needs a public address of your own"


def load_settings(cls: type[S]) -> S:
    """Build the settings, or refuse the start: every error on stderr, a line each, and exit 2."""
    unknown = [f"{name}: no service knows this setting" for name in unknown_names()]
    settings: S | None = None
    try:
        settings = cls()
        lines = settings.problems()
    except ValidationError as error:
        lines = _field_lines(cls, error) + _problems_of_the_rest(cls, error)
    if settings is not None and not unknown and not lines:
        return settings
    for line in [*unknown, *lines]:
        print(line, file=sys.stderr)  # noqa: T201 - there is no logging before settings
    raise SystemExit(_CANNOT_START)


def unknown_names(environment: Mapping[str, str] = os.environ) -> list[str]:
    """List the RINGBACK_* variables, of the environment and `.env`, that no service knows."""
    named = {*environment, *dotenv_values(ENV_FILE)}
    return sorted(
        name
        for name in named
        if name.upper().startswith(PREFIX) and name.upper() not in SETTING_NAMES
    )


def secrets_of(value: SecretStr) -> tuple[str, ...]:
    """Split a secret into its one or, during a rotation, two values; none when it is empty."""
    return tuple(part.strip() for part in value.get_secret_value().split(",") if part.strip())


def is_loopback_host(host: str) -> bool:
    """Say whether only this machine reaches `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_loopback_url(url: str) -> bool:
    """Say whether `url` leads to this machine."""
    return is_loopback_host(_host_of(url))


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_https_origin(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    return parts.scheme == "https" and bool(parts.hostname) and port_is_fine and bare


def _field_lines(cls: type[ServiceSettings], error: ValidationError) -> list[str]:
    lines = []
    for item in error.errors(include_url=False, include_input=False):
        field = str(item["loc"][0]) if item["loc"] else ""
        lines.append(f"{_variable(cls, field)}: {item['msg']}")
    return lines


def _problems_of_the_rest(cls: type[ServiceSettings], error: ValidationError) -> list[str]:
    """Check the rules too, with the broken fields at their defaults, so that all errors show."""
    defaults: dict[str, object] = {}
    for item in error.errors(include_url=False, include_input=False):
        name = _field_name(cls, str(item["loc"][0]) if item["loc"] else "")
        if name is None or cls.model_fields[name].is_required():
            return []
        defaults[name] = cls.model_fields[name].get_default(call_default_factory=True)
    try:
        rest = cls(**defaults)  # type: ignore[arg-type] # names and values of cls's own fields
    except ValidationError:
        return []
    broken = {_variable(cls, name) for name in defaults}
    return [line for line in rest.problems() if line.split(":", 1)[0] not in broken]


def _field_name(cls: type[ServiceSettings], loc: str) -> str | None:
    for name, field in cls.model_fields.items():
        if loc in (name, field.validation_alias):
            return name
    return None


def _variable(cls: type[ServiceSettings], loc: str) -> str:
    name = _field_name(cls, loc)
    if name is None:
        return loc or "settings"
    alias = cls.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else PREFIX + name.upper()
