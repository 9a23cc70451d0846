"""The Orchestrator's settings; those it shares with the Call Handler are in `foundation`."""

from collections.abc import Iterable
from math import inf
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from foundation.settings import PREFIX, Mode, ServiceSettings, is_loopback_url

# What SETTLE must leave after the order's own deadline (invariant I17); in test mode, where all
# spans are scaled, twice the order's deadline is enough.
SETTLE_MARGIN_S = 30.0
_TEST_MARGIN_ORDERS = 2
_DAY_S = 86_400.0
# With real money at stake; test mode has no caps that a test would meet.
_LIVE_CAPS = {
    "cap_person_at_once": 1,
    "cap_person_hour": 5,
    "cap_hour": 20,
    "cap_number_hour": 2,
    "cap_spend_day": 10.0,
}
_LEAST_RETENTION_DAYS = 2


def _span(default: float, most: float = _DAY_S) -> float:
    """Declare a span in seconds."""
    span: float = Field(default=default, gt=0, le=most, allow_inf_nan=False)
    return span


class OrchestratorSettings(ServiceSettings):
    """What the Orchestrator is told. Each variable is RINGBACK_ and its name."""

    port: int = Field(default=8900, ge=0, le=65_535)
    """The port of the page and the REST interface."""
    database_url: str = ""
    """As SQLAlchemy takes it; empty: an SQLite file in the data folder."""
    handler_urls: str = "http://127.0.0.1:8903"
    """Where the Call Handlers take orders; several are separated by commas."""
    contacts: Path | None = None
    """A TOML file of names and numbers; none: only numbers can be called."""
    ring_s: float = _span(60.0, 600.0)
    """How long it may ring."""
    time_limit_s: float = _span(600.0)
    """The longest duration of a call."""
    grace_s: float = _span(20.0)
    """How long the Call Handler may report after the carrier's "completed"."""
    create_s: float = _span(10.0)
    """How long the Call Handler waits for the carrier's answer to a dial."""
    order_s: float = _span(15.0)
    """How long we wait for the Call Handler's answer to an order."""
    settle_s: float = _span(60.0)
    """How long an unknown dial may take to show itself; live: RINGBACK_ORDER_S + 30 or more."""
    sweep_s: float = _span(1.0)
    """The pause between two looks for due calls."""
    ask_again_s: float = _span(30.0)
    """The pause between two askings of the carrier."""
    not_after_s: float = _span(300.0)
    """How long after the confirm a call may still be dialled."""
    detect_machines: bool = True
    """True: the carrier listens whether a person or a machine answered, and tells us."""
    record: bool = False
    """True: the carrier records every call, and the agent says so first."""
    cap_person_at_once: int | None = Field(default=None, ge=1)
    """How many calls may run at once; 1 in live mode."""
    cap_person_hour: int | None = Field(default=None, ge=1)
    """How many calls one person may order in an hour; 5 in live mode."""
    cap_hour: int | None = Field(default=None, ge=1)
    """How many calls there may be in an hour; 20 in live mode."""
    cap_number_hour: int | None = Field(default=None, ge=1)
    """How often one number may be called in an hour; 2 in live mode."""
    cap_spend_day: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """What the calls of a day may cost, each reserving its time limit; 10 in live mode."""
    retention_days: int = Field(default=0, ge=0, le=36_500)
    """Days after which what is over is erased; 0 keeps all for ever, else at least 2."""
    chat_model: str = "gpt-5.4-mini"
    """The model that reads the chat when OPENAI_API_KEY is set; its shutdown is not announced."""
    openai_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="OPENAI_API_KEY")
    """OPENAI_API_KEY: without it a form filler reads the chat."""
    openai_base_url: str = Field(default="", validation_alias="OPENAI_BASE_URL")
    """OPENAI_BASE_URL: another address for the chat model."""

    def cap(self, name: str) -> float:
        """Say what a cap is: as set, else by the mode; `inf` where there is none."""
        value: float | None = getattr(self, name)
        if value is not None:
            return value
        return _LIVE_CAPS[name] if self.mode is Mode.LIVE else inf

    def handlers(self) -> tuple[str, ...]:
        """List the addresses of the Call Handlers."""
        return tuple(url.strip() for url in self.handler_urls.split(",") if url.strip())

    def database(self) -> str:
        """Say where the database is."""
        return self.database_url or f"sqlite:///{self.data_dir / 'ringback.db'}"

    def problems(self) -> list[str]:
        """List what forbids a start although each value is well formed, a line each."""
        return [
            *super().problems(),
            *self._patience_problems(),
            *self._retention_problems(),
            *self._handler_problems(),
        ]

    def _patience_problems(self) -> Iterable[str]:
        margin_s = SETTLE_MARGIN_S
        if self.mode is Mode.TEST:
            margin_s = min(margin_s, _TEST_MARGIN_ORDERS * self.order_s)
        least_s = self.order_s + margin_s
        if self.settle_s < least_s:
            yield (
                f"{PREFIX}SETTLE_S: {self.settle_s:g} is too short, at least {least_s:g} is needed"
                f" ({PREFIX}ORDER_S {self.order_s:g} + {margin_s:g}): an unknown dial would be"
                " judged while it may still be placed"
            )
        if self.order_s <= self.create_s:
            yield (
                f"{PREFIX}ORDER_S: {self.order_s:g} is too short, more than {self.create_s:g} is"
                f" needed ({PREFIX}CREATE_S): the order contains the dial"
            )

    def _retention_problems(self) -> Iterable[str]:
        if 0 < self.retention_days < _LEAST_RETENTION_DAYS:
            yield (
                f"{PREFIX}RETENTION_DAYS: {self.retention_days} is too short, at least"
                f" {_LEAST_RETENTION_DAYS} are needed: outboxes repeat what was acknowledged for a"
                " day; 0 keeps all for ever"
            )

    def _handler_problems(self) -> Iterable[str]:
        if not self.handlers():
            yield f"{PREFIX}HANDLER_URLS: at least one address is needed"
        for url in self.handlers():
            parts = urlsplit(url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                yield f"{PREFIX}HANDLER_URLS: {url} is no http or https address"
            elif parts.scheme == "http" and not is_loopback_url(url):
                yield f"{PREFIX}HANDLER_URLS: {url} must be https beyond this machine"
