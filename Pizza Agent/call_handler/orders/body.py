"""What an order says, and how it is read from the bytes of a request."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

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
    not_after: AwareDatetime
    """After this moment the call is not placed any more."""
    status_callback_url: CallbackUrl
    """Where the carrier tells how the call stands."""
    stream_status_callback_url: CallbackUrl | None = None
    """Where the carrier tells how the media stream stands; None: nowhere."""


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
