"""The calls that no person answers: voicemail, fax, music, silence."""

from sandbox.agent_script import AgentScript
from sandbox.callees.machines import (
    answering_machine,
    fax_machine,
    machine_that_records,
    machine_that_records_without_beep,
    machine_without_beep,
    silent_person,
    silent_person_who_leaves,
)
from sandbox.callees.waiting import endless_hold
from sandbox.carrier_faults import CarrierFaults
from sandbox.scenario import MESSAGE_REQUEST, Expected, Scenario
from sandbox.scenarios.expectations import MACHINE

_TELLS = AgentScript(must_reach=("told",))
_BEEP = CarrierFaults(answered_by="machine_end_beep")
_SILENCE = CarrierFaults(answered_by="machine_end_silence")
_NOBODY = AgentScript(patience=1_000)

MACHINES = (
    Scenario(
        "voicemail",
        "An answering machine with a beep; no message is wanted.",
        "+14155550117",
        MACHINE,
        callee=answering_machine,
        carrier=_BEEP,
    ),
    Scenario(
        "voicemail_without_beep",
        "An answering machine without a beep; no message is wanted.",
        "+14155550151",
        MACHINE,
        callee=machine_without_beep,
        carrier=_SILENCE,
    ),
    Scenario(
        "voicemail_message",
        "An answering machine; the message is left after the beep.",
        "+14155550152",
        MACHINE,
        callee=machine_that_records,
        agent=_TELLS,
        carrier=_BEEP,
        request=MESSAGE_REQUEST,
    ),
    Scenario(
        "voicemail_message_without_beep",
        "An answering machine without a beep; the message is left after its greeting.",
        "+14155550153",
        MACHINE,
        callee=machine_that_records_without_beep,
        agent=_TELLS,
        carrier=_SILENCE,
        request=MESSAGE_REQUEST,
    ),
    Scenario(
        "voicemail_taken_for_a_person",
        "An answering machine that the carrier takes for a person.",
        "+14155550154",
        MACHINE,
        callee=answering_machine,
    ),
    Scenario(
        "voicemail_message_unnoticed",
        "An answering machine that the carrier says nothing of; the message follows the beep.",
        "+14155550155",
        MACHINE,
        callee=machine_that_records,
        agent=_TELLS,
        carrier=CarrierFaults(callbacks_lost=frozenset({"amd"})),
        request=MESSAGE_REQUEST,
    ),
    Scenario(
        "fax",
        "A fax machine answers.",
        "+14155550156",
        Expected(
            outcome="OUTCOME_NOT_REACHED",
            answered_by="ANSWERED_BY_FAX",
            facts={},
        ),
        callee=fax_machine,
        agent=_NOBODY,
        carrier=CarrierFaults(answered_by="fax"),
    ),
    Scenario(
        "hold_for_ever",
        "Five minutes of music and nobody.",
        "+14155550157",
        Expected(
            end_reason="END_REASON_HOLD_LIMIT",
            outcome="OUTCOME_NOT_REACHED",
            answered_by="ANSWERED_BY_UNKNOWN",
            facts={},
        ),
        callee=endless_hold,
        agent=AgentScript(must_reach=("hold",), patience=1_000),
    ),
    Scenario(
        "callee_silent",
        "Somebody answers and never says a word.",
        "+14155550119",
        Expected(
            end_reason="END_REASON_SILENCE_LIMIT",
            outcome="OUTCOME_NOT_REACHED",
            answered_by="ANSWERED_BY_UNKNOWN",
            facts={},
        ),
        callee=silent_person,
        agent=_NOBODY,
        carrier=CarrierFaults(answered_by="unknown"),
    ),
    Scenario(
        "callee_silent_leaves",
        "Somebody answers, says nothing, and hangs up.",
        "+14155550158",
        Expected(
            end_reason="END_REASON_CALLEE_HUNG_UP",
            outcome="OUTCOME_FOLLOW_UP",
            answered_by="ANSWERED_BY_UNKNOWN",
            facts={},
        ),
        callee=silent_person_who_leaves,
        carrier=CarrierFaults(answered_by="unknown"),
    ),
)
