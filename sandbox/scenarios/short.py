"""Calls that take the order in few words: for runs of thousands of calls."""

from dataclasses import replace

from sandbox.agent_script import AgentScript
from sandbox.agent_words import BRISK_CLOSING, BRISK_OPENING
from sandbox.callees import CalleeFactory
from sandbox.callees.order_taker import brisk_shop, brisk_shop_that_hangs_up
from sandbox.carrier_faults import NO_FAULTS, CarrierFaults, CreateFault, StreamFault
from sandbox.scenario import RingPlan, Scenario
from sandbox.scenarios.expectations import CALLEE_LEFT, broken

_BRISK = AgentScript(opening=BRISK_OPENING, closing=BRISK_CLOSING)


def _short(
    name: str,
    summary: str,
    number: str,
    carrier: CarrierFaults = NO_FAULTS,
    callee: CalleeFactory = brisk_shop,
) -> Scenario:
    """Build a call that takes the order in few words: for runs of thousands of calls."""
    ring = RingPlan(answer_after_s=0.5)
    return Scenario(name, summary, number, ring=ring, callee=callee, agent=_BRISK, carrier=carrier)


SHORT = (
    _short(
        "short_order", "The order is taken in as few words as that can be done.", "+14155550120"
    ),
    replace(
        _short(
            "short_order_hang_up",
            "Short; the shop hangs up with its last word, before anything can be recorded.",
            "+14155550121",
            callee=brisk_shop_that_hangs_up,
        ),
        expected=CALLEE_LEFT,
    ),
    _short(
        "short_order_callbacks_spoilt",
        "Short; the status callbacks come late, twice and in the wrong order.",
        "+14155550122",
        CarrierFaults(callbacks_late_s=1.5, callback_copies=2, callbacks_reordered=True),
    ),
    _short(
        "short_order_callbacks_lost",
        "Short; no status callback ever comes.",
        "+14155550123",
        CarrierFaults(callbacks_lost=frozenset({"initiated", "ringing", "answered", "completed"})),
    ),
    _short(
        "short_order_dial_error",
        "Short; the carrier places the call and answers the dial with 500.",
        "+14155550124",
        CarrierFaults(create=CreateFault.ERROR_AFTER_ACCEPT),
    ),
    _short(
        "short_order_dial_reset",
        "Short; the carrier places the call and resets the connection of the dial.",
        "+14155550125",
        CarrierFaults(create=CreateFault.RESET_AFTER_ACCEPT),
    ),
    _short(
        "short_order_dial_silent",
        "Short; the carrier places the call and never answers the dial.",
        "+14155550126",
        CarrierFaults(create=CreateFault.NO_ANSWER_ACCEPTED),
    ),
    replace(
        _short(
            "short_order_stream_reset",
            "Short; the media stream is reset without `stop` while the agent speaks.",
            "+14155550127",
            CarrierFaults(stream=StreamFault.RESET, stream_fault_at_ms=3_000),
        ),
        # "Hello?" may be written down before the reset, or not any more.
        expected=broken("END_REASON_MEDIA_LOST", answered_by=""),
    ),
)
