"""The carrier's answers in our terms: what a fetched or listed call says (pure)."""

from datetime import datetime

from orchestrator.calls.lookups import Candidate
from orchestrator.calls.sightings import UNTIMED, CarrierFacts
from orchestrator.calls.timings import micros
from telephony.status_words import status_of_word
from telephony.twilio_rest import CarrierCall


def facts_of_answer(answer: CarrierCall) -> CarrierFacts | None:
    """Read a fetched call; None for a status word that is not known."""
    status = status_of_word(answer.status)
    if status is None:
        return None
    return CarrierFacts(
        status=status,
        word=answer.status,
        at_us=_micros_of(answer.end_time) or UNTIMED,
        fetched=True,
        duration_s=answer.duration_s,
        answered_by=answer.answered_by or "",
    )


def candidate_of(answer: CarrierCall) -> Candidate | None:
    """Read a listed call as a candidate for an unknown dial."""
    facts = facts_of_answer(answer)
    if facts is None:
        return None
    made_at = _micros_of(answer.date_created) or _micros_of(answer.start_time)
    age_us = None if answer.age_s is None else micros(answer.age_s)
    return Candidate(answer.sid, made_at, facts, age_us)


def _micros_of(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1_000_000)
