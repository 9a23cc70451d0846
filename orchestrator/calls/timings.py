"""How long the life of a call may take at each step; tests scale all of it down."""

from dataclasses import dataclass

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class CallTimings:
    """Spans in seconds, as faults.md names them."""

    # How long it may ring. The carrier may add 5 s.
    ring_s: float = 60.0
    # The longest duration of a call, enforced by the carrier.
    time_limit_s: float = 600.0
    # What the Call Handler gets to report first-hand after the carrier's "completed".
    grace_s: float = 20.0
    # How long the Call Handler waits for the carrier's answer to a create.
    create_s: float = 10.0
    # How long the Orchestrator waits for the Call Handler's answer to an order.
    order_s: float = 15.0
    # How long an unknown dial may take to show itself before the carrier is asked; the settings
    # refuse less than order_s + 30.
    settle_s: float = 60.0
    # The pause between two looks for due calls.
    sweep_s: float = 1.0
    # The pause between two askings of the carrier.
    ask_again_s: float = 30.0
    # How long after the confirm a call may still be dialled.
    not_after_s: float = 300.0
    # How long an order that met a full or absent Call Handler waits for the next try.
    retry_s: float = 2.0
    # How long the carrier may be out of reach before a call is closed without it.
    give_up_s: float = DAY_S

    @property
    def ring_slack_s(self) -> float:
        """Allow for the carrier's 5 s and for a late callback."""
        return max(1.0, self.ring_s / 4)

    @property
    def claim_s(self) -> float:
        """Bound the time from the answer to the claim; with one asking it stays below 30 s."""
        return self.grace_s

    @property
    def silence_s(self) -> float:
        """Bound the silence of a running call before the carrier is asked."""
        return self.ask_again_s

    @property
    def end_again_s(self) -> float:
        """Pause before the carrier is told once more to end a call that nobody claimed."""
        return self.ask_again_s / 6

    @property
    def lease_s(self) -> float:
        """Bound how long a call waits for a sweeper that died while it asked the carrier."""
        return 3 * self.sweep_s

    @property
    def cancel_s(self) -> float:
        """Bound the goodbye of an agent that was told to end the call."""
        return self.grace_s / 2


def micros(seconds: float) -> int:
    """Convert seconds to the microseconds of the tables."""
    return round(seconds * 1_000_000)
