"""Who answered, in the words of the carrier's detection: what they mean, and which one stays."""

from collections.abc import Mapping

from ringback.v1 import call_results_pb2 as pb

_MEANINGS: Mapping[str, pb.AnsweredBy.ValueType] = {
    "human": pb.ANSWERED_BY_HUMAN,
    "machine_start": pb.ANSWERED_BY_VOICEMAIL,
    "machine_end_beep": pb.ANSWERED_BY_VOICEMAIL,
    "machine_end_silence": pb.ANSWERED_BY_VOICEMAIL,
    "machine_end_other": pb.ANSWERED_BY_VOICEMAIL,
    "fax": pb.ANSWERED_BY_FAX,
    "unknown": pb.ANSWERED_BY_UNKNOWN,
}
_VERDICTS = frozenset({"human", "machine_start", "fax"})
_NOTHING, _VAGUE, _VERDICT, _END_OF_GREETING = range(4)


def answerer_of(word: str) -> pb.AnsweredBy.ValueType:
    """Translate the carrier's word; ANSWERED_BY_UNSPECIFIED for none, and for one not known."""
    return _MEANINGS.get(word, pb.ANSWERED_BY_UNSPECIFIED)


def better_word(known: str, told: str) -> str:
    """Say which of two words stays: the one that says more, else the first.

    So a repeat, a replay and a late copy change nothing.
    """
    return told if _precision(told) > _precision(known) else known


def _precision(word: str) -> int:
    if word.startswith("machine_end_"):
        return _END_OF_GREETING
    if word in _VERDICTS:
        return _VERDICT
    return _VAGUE if word else _NOTHING
