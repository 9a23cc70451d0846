"""What an order says, and how it is read from the bytes of a request."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from call_handler.errors import InvalidOrder

# The carrier takes no host with an underscore; the fragment is ours to add.
CallbackUrl = Annotated[
    str, Field(pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[!-~]*$", max_length=500)
]


class OrderBody(BaseModel):
    """What an order says; unknown fields are left alone, as a newer Orchestrator may have more."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    call_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$")
    """The Orchestrator's id of the call; stands in every URL given to the carrier."""
    task_id: str = Field(default="", max_length=64)
    """The errand's task, for the log."""
    attempt: int = Field(default=1, ge=1, le=1000, strict=True)
    """Which try of the errand this is, from 1."""
    to_number: str = Field(min_length=1, max_length=64)
    """The number to call; checked by the number policy, not here."""
    time_limit_s: int = Field(ge=1, le=86_400, strict=True)
    """The longest duration of the call."""
    ring_timeout_s: int = Field(ge=1, le=600, strict=True)
    """How long it may ring."""
    order_id: str = Field(default="", pattern=r"^[A-Za-z0-9-]{0,64}$")
    """The same in every copy of one order, another one in each new try; empty from an older
    Orchestrator."""
    not_after_s: float | None = Field(default=None, allow_inf_nan=False, strict=True)
    """After so many seconds the call is not placed any more. None: `not_after` says it."""
    not_after: AwareDatetime | None = None
    """The moment itself, for want of the seconds: then the clocks of both have to agree."""
    status_callback_url: CallbackUrl
    """Where the carrier tells how the call stands."""
    stream_status_callback_url: CallbackUrl | None = None
    """Where the carrier tells how the media stream stands; None: nowhere."""
    answering_callback_url: CallbackUrl | None = None
    """Where the carrier tells whether a person or a machine answered; None: it does not listen."""
    recording_callback_url: CallbackUrl | None = None
    """Where the carrier tells of the recording; None: the call is not recorded."""

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        if self.not_after is None and self.not_after_s is None:
            raise ValueError("not_after_s or not_after is required")
        return self

    def seconds_left(self, now: datetime) -> float:
        """Say how long the call may still be placed; not more than 0 when it may not."""
        if self.not_after_s is not None:
            return self.not_after_s
        return (self.not_after - now).total_seconds() if self.not_after is not None else 0.0


def read_order(body: bytes, content_type: str) -> OrderBody:
    """Read an order from a request's JSON.

    Raises: InvalidOrder, which names every bad field and never repeats what came.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise InvalidOrder("an order is JSON: set Content-Type: application/json")
    try:
        return OrderBody.model_validate_json(body)
    except ValidationError as error:
        fields = [
            (".".join(map(str, item["loc"])) or "body", item["msg"])
            for item in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        names = ", ".join(sorted({name for name, _ in fields}))
        raise InvalidOrder(f"the order cannot be read: {names}", fields) from None
