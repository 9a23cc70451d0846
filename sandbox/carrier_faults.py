"""The faults a scenario can order from the carrier, as plain data; no fault is the default."""

from dataclasses import dataclass, field
from enum import StrEnum


class CreateFault(StrEnum):
    """What goes wrong with `POST Calls.json`."""

    NONE = "none"
    REFUSED = "refused"
    """Answered with `create_code`; nothing is dialled."""
    ERROR_BEFORE_ACCEPT = "error_before_accept"
    """500, and nothing is dialled."""
    ERROR_AFTER_ACCEPT = "error_after_accept"
    """500, and the call is placed."""
    NO_ANSWER_ACCEPTED = "no_answer_accepted"
    """Never answered, and the call is placed."""
    NO_ANSWER_NOT_ACCEPTED = "no_answer_not_accepted"
    """Never answered, and nothing is dialled."""
    RESET_AFTER_ACCEPT = "reset_after_accept"
    """The call is placed, then the TCP connection is reset instead of an answer."""
    SLOW = "slow"
    """The call is placed; the answer comes `create_slow_s` later."""
    BODY_NOT_JSON = "body_not_json"
    """The call is placed; the 201 carries HTML."""
    DUPLICATE_RING = "duplicate_ring"
    """One create places two calls; the answer names the first."""
    DUPLICATE_RING_ERROR = "duplicate_ring_error"
    """One create places two calls and is answered with 500."""


class StreamFault(StrEnum):
    """What goes wrong with the media stream."""

    NONE = "none"
    NEVER_OPENED = "never_opened"
    """The call is answered, the WebSocket never comes; the callee waits for nothing."""
    RESET = "reset"
    """TCP reset without `stop` at `stream_fault_at_ms`; the call is over."""
    CLOSED_WITHOUT_STOP = "closed_without_stop"
    """Close 1000 without `stop` at `stream_fault_at_ms`; the call is over."""
    SILENT = "silent"
    """Half open from `stream_fault_at_ms`: nothing is sent or read, nothing is closed."""
    OPENED_TWICE = "opened_twice"
    """At `stream_fault_at_ms` the same address is opened once more beside the running stream."""


@dataclass(frozen=True, slots=True)
class CarrierFaults:
    """What the carrier does wrong on purpose for one call.

    Times are script time (divided by the time factor), except `create_slow_s`, which is real.
    """

    create: CreateFault = CreateFault.NONE
    create_code: int = 21211
    """Twilio's code for REFUSED; the HTTP status follows from it (20429: 429, 20003: 401)."""
    create_attempts: int | None = None
    """How many creates of one binding are hit; None: every one."""
    create_slow_s: float = 30.0
    list_lag_s: float = 0.0
    """How long a new call is missing from the list."""
    fetch_lag_s: float = 0.0
    """How long a new call answers 404 when fetched."""
    stays_queued: bool = False
    queued_s: float = 0.0
    """How long the call waits in the queue beyond its turn."""
    callbacks_lost: frozenset[str] = field(default_factory=frozenset)
    """Events never sent: `initiated`, `ringing`, `answered`, `completed`, `amd`, `recording`."""
    callbacks_late_s: float = 0.0
    callback_copies: int = 1
    """How often each event is sent, with the same idempotency token."""
    callbacks_reordered: bool = False
    """`completed` is sent at once, every earlier event only after it."""
    callback_signature: str = "good"
    """`good`, `wrong` or `missing`."""
    stream: StreamFault = StreamFault.NONE
    stream_fault_at_ms: int = 5_000
    """Milliseconds of media since the stream's start."""
    marks_lost: bool = False
    clear_ignored: bool = False
    hang_up_of_ended: int = 21220
    """Answer to an update of a call that is over: 21220, 20404, or 200."""
    answered_by: str = ""
    """The verdict of machine detection, right or wrong; "": `human`."""
    answered_by_after_s: float = 3.0
    """From the answer to the verdict; that of a message's end waits for the end as well.

    Above MachineDetectionTimeout (30 s): `unknown` at the time-out.
    """
    answered_by_late_s: float = 0.0
    """From the verdict to its callback, which comes even when the call is over by then."""
    recording: str = "completed"
    """How the recording ends: `completed`, or `absent`, with nothing in it."""
    recording_after_s: float = 1.0
    """From the end of the call to the recording's callback; below 0: before `completed`."""


NO_FAULTS = CarrierFaults()
