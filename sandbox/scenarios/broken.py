"""The calls in which something of ours, or of the carrier, breaks."""

from sandbox.callees.interrupters import broken_line
from sandbox.carrier_faults import CarrierFaults
from sandbox.model_faults import EndFault, ModelEnd, ModelFaults
from sandbox.scenario import Scenario
from sandbox.scenarios.expectations import broken

_NOT_TOLD = "ANSWERED_BY_UNKNOWN"
_LATE_VERDICT = CarrierFaults(answered_by_after_s=20.0)  # the call is over by then

BROKEN = (
    Scenario(
        "socket_lost",
        "The media stream is reset without `stop`.",
        "+14155550107",
        broken("END_REASON_MEDIA_LOST"),
        callee=broken_line,
    ),
    Scenario(
        "model_lost",
        "The model's connection is reset while it speaks.",
        "+14155550108",
        broken("END_REASON_MODEL_ERROR"),
        model=ModelFaults(
            end=EndFault(ModelEnd.RESET, response=1, delta=20), transcript_delay_s=0.1
        ),
    ),
    Scenario(
        "model_fails_for_ever",
        "Every answer of the model after the first one fails.",
        "+14155550118",
        broken("END_REASON_MODEL_ERROR"),
        model=ModelFaults(failed_from=2, failed_count=None, failed_code="rate_limit_exceeded"),
    ),
    Scenario(
        "model_refuses_the_session",
        "The model answers the session's settings with an error.",
        "+14155550165",
        broken("END_REASON_MODEL_ERROR", _NOT_TOLD),
        carrier=_LATE_VERDICT,
        model=ModelFaults(update_refused=True),
    ),
    Scenario(
        "model_session_expires",
        "The model's session reaches its longest duration in the middle of the call.",
        "+14155550166",
        broken("END_REASON_MODEL_ERROR"),
        model=ModelFaults(session_max_s=10.0),
    ),
)
