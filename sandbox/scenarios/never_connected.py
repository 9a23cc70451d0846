"""The calls that nobody answers."""

from sandbox.carrier_faults import CarrierFaults, CreateFault
from sandbox.scenario import RingPlan, Scenario
from sandbox.scenarios.expectations import never_connected

NEVER_CONNECTED = (
    Scenario(
        "busy",
        "The line is busy.",
        "+14155550103",
        never_connected("CALL_STATUS_BUSY", "END_REASON_BUSY"),
        RingPlan(answer_after_s=1.0, answers=False, final="busy", sip_code=486),
    ),
    Scenario(
        "no_answer",
        "It rings and nobody answers.",
        "+14155550104",
        never_connected("CALL_STATUS_NO_ANSWER", "END_REASON_NO_ANSWER"),
        RingPlan(answer_after_s=3_600.0, answers=False, final="no-answer", sip_code=487),
    ),
    Scenario(
        "declined",
        "The callee declines the call.",
        "+14155550105",
        never_connected("CALL_STATUS_NO_ANSWER", "END_REASON_DECLINED"),
        RingPlan(answer_after_s=3.0, answers=False, final="no-answer", sip_code=603),
    ),
    Scenario(
        "dial_refused",
        "The carrier refuses the number.",
        "+14155550109",
        never_connected("CALL_STATUS_FAILED", "END_REASON_DIAL_REFUSED"),
        carrier=CarrierFaults(create=CreateFault.REFUSED, create_code=21211),
    ),
)
