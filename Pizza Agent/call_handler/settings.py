"""The Call Handler's settings: what it adds to those that both services share."""

import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr

from call_handler.prices import ModelPrices, read_prices
from foundation.settings import PREFIX, Mode, ServiceSettings, is_loopback_url, secrets_of

_OPENAI_URL = "https://api.openai.com/v1"
# Models that their provider has announced to switch off, with the day.
RETIRED_MODELS = {
    "gpt-realtime": "2027-01-20",
    "gpt-realtime-2025-08-28": "2027-01-20",
    "gpt-realtime-mini": "2027-01-20",
    "gpt-realtime-mini-2025-12-15": "2027-01-20",
    "gpt-audio-mini": "2027-01-20",
    "gpt-audio-mini-2025-12-15": "2027-01-20",
    "whisper-1": "2027-02-26",
    "gpt-4o-transcribe": "2027-02-26",
    "gpt-4o-transcribe-diarize": "2027-02-26",
    "gpt-4o-mini-transcribe": "2027-02-26",
    "gpt-4o-mini-transcribe-2025-12-15": "2027-02-26",
}


class HandlerSettings(ServiceSettings):
    """What the Call Handler is told. Each variable is RINGBACK_ and its name, unless it says so."""

    exposed_tokens: ClassVar[tuple[str, ...]] = ("token_orchestrator", "token_handler")

    port: int = Field(default=8903, ge=0, le=65_535)
    """The port for orders, media streams and the carrier's requests; 0 takes a free one."""
    max_calls: int = Field(default=150, ge=1, le=10_000)
    """Calls at once, those that still ring included; above it orders are refused."""
    stream_key_file: Path | None = None
    """The key of the media streams' tokens, one for all Call Handlers behind the public address;
    by default a file that is made in the data folder, which suits a single Call Handler."""
    create_s: float = Field(default=10.0, gt=0, le=60, allow_inf_nan=False)
    """Seconds that the carrier may take to accept a call."""
    model: str = Field(default="gpt-realtime-2.1", min_length=1, max_length=128)
    """The realtime model."""
    voice: str = Field(default="cedar", min_length=1, max_length=128)
    """The model's voice."""
    transcription_model: str = Field(default="gpt-transcribe", min_length=1, max_length=128)
    """The model that writes down what the callee says."""
    greeting_name: str = Field(default="", max_length=100)
    """On whose behalf the agent calls when the order names nobody."""
    model_prices: str = Field(default="", max_length=1_000)
    """What the model costs per million tokens, for the estimated cost of each call:
    text_in=4,text_cached=0.4,audio_in=32,audio_cached=0.4,text_out=16,audio_out=64,currency=USD,
    and if wanted transcript_in, transcript_out and transcript_minute. Empty: no estimate."""
    ask_person_s: float = Field(default=45.0, ge=1, le=300, allow_inf_nan=False)
    """Seconds that the agent waits for the person's answer while the callee is on the line."""
    silence_s: float = Field(default=30.0, ge=5, le=600, allow_inf_nan=False)
    """Seconds of the callee's silence after which the agent says goodbye and hangs up."""
    hold_s: float = Field(default=240.0, ge=10, le=3_600, allow_inf_nan=False)
    """Seconds on hold after which the agent says goodbye and hangs up."""
    disclosure: bool = True
    """Whether the agent is made to say first that it is an AI, and on whose behalf it calls. That a
    call is recorded is said in any case."""
    openai_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="OPENAI_API_KEY")
    """OPENAI_API_KEY: the model's key; the sandbox needs none."""
    openai_base_url: str = Field(
        default=_OPENAI_URL, validation_alias="OPENAI_BASE_URL", pattern="^https?://.+"
    )
    """OPENAI_BASE_URL: the model's address; the launcher sets the sandbox's where it plays."""

    @property
    def handler_instance(self) -> str:
        """Name this process for operators."""
        return f"{socket.gethostname()}:{os.getpid()}"[:128]

    @property
    def prices(self) -> ModelPrices | None:
        """Give the model's prices; None when there are none. Raises: ValueError."""
        return read_prices(self.model_prices)

    def problems(self) -> list[str]:
        """List what forbids a start although each value is well formed, a line each."""
        return [*super().problems(), *self._model_problems()]

    def _model_problems(self) -> Iterable[str]:
        on_this_machine = is_loopback_url(self.openai_base_url)
        if not self.openai_base_url.startswith("https://") and not on_this_machine:
            yield "OPENAI_BASE_URL: must be https unless it is on this machine"
        if self.mode is Mode.LIVE and not secrets_of(self.openai_api_key):
            yield "OPENAI_API_KEY: required in live mode"
        try:
            read_prices(self.model_prices)
        except ValueError as error:
            yield f"{PREFIX}MODEL_PRICES: {error}"
