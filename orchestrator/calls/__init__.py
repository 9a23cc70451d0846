"""The life of a call: the table of states, confirm -> dial -> wait -> final.

Each unit runs inside one transaction of the store; whoever calls it may be killed at any moment.
"""

from orchestrator.calls.answerers import answerer_of
from orchestrator.calls.cancelling import Cancelled, cancel_call, cancel_in
from orchestrator.calls.carrier_words import candidate_of, facts_of_answer
from orchestrator.calls.confirming import Confirmed, confirm_in, confirm_task
from orchestrator.calls.dialing import (
    DialRules,
    claim_call,
    expire_call,
    note_accepted,
    note_not_taken,
    note_refused,
)
from orchestrator.calls.lookups import Candidate, apply_lookup, look_again_at_all, note_unreachable
from orchestrator.calls.orders import (
    CallOrder,
    OrderAddresses,
    order_body,
    order_message,
    order_of,
)
from orchestrator.calls.progress import Progress, ProgressAnswer, progress_in, record_progress
from orchestrator.calls.questions import (
    AnswerTooLate,
    Question,
    answer_in,
    close_lapsed,
    waits_for_answer,
    watch_questions,
)
from orchestrator.calls.sightings import UNTIMED, CarrierFacts, Verdict, Weighed, facts_of, weigh
from orchestrator.calls.steps import Step, next_step
from orchestrator.calls.timings import CallTimings, micros
from orchestrator.calls.witnesses import (
    Callback,
    apply_callback,
    apply_detection,
    apply_fetched,
    apply_recording,
    apply_stream_event,
    file_carrier_facts,
)

__all__ = [
    "UNTIMED",
    "AnswerTooLate",
    "CallOrder",
    "CallTimings",
    "Callback",
    "Cancelled",
    "Candidate",
    "CarrierFacts",
    "Confirmed",
    "DialRules",
    "OrderAddresses",
    "Progress",
    "ProgressAnswer",
    "Question",
    "Step",
    "Verdict",
    "Weighed",
    "answer_in",
    "answerer_of",
    "apply_callback",
    "apply_detection",
    "apply_fetched",
    "apply_lookup",
    "apply_recording",
    "apply_stream_event",
    "cancel_call",
    "cancel_in",
    "candidate_of",
    "claim_call",
    "close_lapsed",
    "confirm_in",
    "confirm_task",
    "expire_call",
    "facts_of",
    "facts_of_answer",
    "file_carrier_facts",
    "look_again_at_all",
    "micros",
    "next_step",
    "note_accepted",
    "note_not_taken",
    "note_refused",
    "note_unreachable",
    "order_body",
    "order_message",
    "order_of",
    "progress_in",
    "record_progress",
    "waits_for_answer",
    "watch_questions",
    "weigh",
]
