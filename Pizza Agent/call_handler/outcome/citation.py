"""Which turns a quote cites: the callee's turns in which those words were said.

The model that quotes is not the one that writes the transcript, so the two differ: figures or
words, a misheard word, fillers. What counts is the figures and the words that carry meaning.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from call_handler.outcome.clauses import fold_text
from call_handler.outcome.clocks import read_clock
from call_handler.outcome.codes import say_doubled
from call_handler.outcome.days import ordinal_figures
from call_handler.outcome.numbers_in_words import length_of, read_run, split_words, word_at
from ringback.v1.call_results_pb2 import Role, TranscriptTurn

_FIGURES_TOLD = 0.6
"""The share of a quote's figures that a turn must hold: of a price and a time, the price."""
_WORDS_MISSED = 0.4
"""The share of a quote's words that a turn may miss."""
_AGENTS_LEAD = 0.2
"""By how much the agent's own words must fit better to be what was quoted."""
_JOINED_MAX = 4  # numbers that may be written as one
_STEM = 4  # letters that two forms of a word share: "deliver" and "delivery"

_EMPTY = frozenset((
    "a", "an", "the", "and", "or", "so", "then", "well", "now", "just", "only", "about", "i",
    "i'm", "i'll", "we", "we're", "we'll", "you", "you're", "it", "its", "it's", "it'll",
    "that", "that's", "that'll", "this", "there", "there's", "they", "he", "she", "your",
    "our", "is", "are", "was", "be", "been", "am", "will", "would", "can", "do", "does",
    "have", "has", "in", "on", "at", "by", "to", "for", "of", "from", "with", "as", "up",
    "out", "all", "yes", "yeah", "yep", "no", "ok", "okay", "right", "sure", "alright",
    "great", "fine", "please", "thanks", "thank", "sir", "madam", "sorry", "hello", "hi",
    "bye", "goodbye", "um", "uh", "er", "erm", "oh", "ah", "hm", "hmm", "mm", "like", "mean",
    "let", "see", "comes", "come", "makes", "make", "total", "altogether", "price", "costs",
    "cost", "dollar", "dollars", "buck", "bucks", "euro", "euros", "pound", "pounds", "cent",
    "cents", "minute", "minutes", "min", "mins", "pm", "o'clock", "point", "exactly",
    "correct", "$", "\u20ac", "\u00a3", "st", "nd", "rd", "th", "next", "going", "gonna",
    "get", "got",
))  # fmt: skip
_SENTENCE_END = re.compile(r"[.!?;]+(?=\s)|\.{2,}|\u2026")
_DIRECTIONS = frozenset(("past", "to", "after", "till"))
_HOUR, _HALF_DAY_HOURS = 60, 12


@dataclass(frozen=True, slots=True)
class _Words:
    """What a text holds: its numbers as figures, in order; its meaningful words; all of it."""

    numbers: tuple[str, ...]
    content: Counter[str]
    everything: Counter[str]

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing by which to recognise it."""
        return not self.numbers and not self.content


def find_cited(quote: str, turns: Sequence[TranscriptTurn]) -> set[int]:
    """Find the callee's turns that a quote cites, or one of its sentences does.

    None when the quote is rather the agent's own words.
    """
    whole = _find_whole(quote, turns)
    if whole is None:
        return set()
    sentences = [part for part in _SENTENCE_END.split(quote) if part.strip()]
    parts = [_find_whole(part, turns) for part in sentences] if len(sentences) > 1 else []
    return whole.union(*(part for part in parts if part is not None))


def _find_whole(quote: str, turns: Sequence[TranscriptTurn]) -> set[int] | None:
    """Find the turns that hold a whole quote; None when it is the agent's."""
    quoted = _read(quote)
    if quoted.is_empty:
        return set()
    cited: dict[int, _Words] = {}
    for answer in _find_answers(turns):
        said = {position: _read(turns[position].text) for position in answer}
        cited |= {at: words for at, words in said.items() if _holds(words, quoted)}
        if len(said) > 1 and _holds(_read(" ".join(turns[at].text for at in answer)), quoted):
            # A pause has cut one sentence into two turns: each is a part of what is quoted.
            cited |= {at: words for at, words in said.items() if _is_part(words, quoted)}
    agents = [_read(turn.text) for turn in turns if turn.role == Role.ROLE_AGENT]
    return None if _is_agents(quoted, cited, agents) else set(cited)


def _find_answers(turns: Sequence[TranscriptTurn]) -> list[list[int]]:
    """Group the callee's turns between which the agent said nothing to its end."""
    answers: list[list[int]] = [[]]
    for position, turn in enumerate(turns):
        if turn.role == Role.ROLE_AGENT and turn.text and not turn.interrupted:
            answers.append([])
        elif turn.role == Role.ROLE_CALLEE and turn.text:
            answers[-1].append(position)
    return answers


def _holds(said: _Words, quoted: _Words) -> bool:
    """Say whether a turn holds what is quoted."""
    figures = sum(len(number) for number in quoted.numbers)
    missed = (quoted.content - said.content).total()
    allowed = int(quoted.content.total() * _WORDS_MISSED)
    # Beside figures that fit, one word may always be misheard.
    told = _count_told(said.numbers, quoted.numbers)
    return told >= figures * _FIGURES_TOLD and missed <= max(allowed, 1 if figures else 0)


def _is_part(said: _Words, quoted: _Words) -> bool:
    return not said.is_empty and _holds(quoted, said)


def _count_told(said: Sequence[str], quoted: Sequence[str]) -> int:
    """Count the quote's figures that a turn tells: "14" and "50" are "1450"."""
    told = {figures for figures, _ in _joined(said)}
    found = {at for figures, places in _joined(quoted) if figures in told for at in places}
    return sum(len(quoted[at]) for at in found)


def _joined(numbers: Sequence[str]) -> Iterator[tuple[str, range]]:
    for start in range(len(numbers)):
        for end in range(start + 1, min(start + _JOINED_MAX, len(numbers)) + 1):
            yield "".join(numbers[start:end]), range(start, end)


def _is_agents(quoted: _Words, cited: Mapping[int, _Words], agents: Sequence[_Words]) -> bool:
    total = quoted.everything.total()
    heard: Counter[str] = Counter()
    for said in cited.values():
        heard |= said.everything
    callees = (quoted.everything & heard).total()
    best = max(((quoted.everything & said.everything).total() for said in agents), default=0)
    return best - callees >= _AGENTS_LEAD * total


def _read(text: str) -> _Words:
    words = say_doubled(split_words(re.sub(r"(?<=\d)[.,](?=\d)", " ", fold_text(text))))
    numbers: list[str] = []
    content: Counter[str] = Counter()
    everything: Counter[str] = Counter()
    at = 0
    while at < len(words):
        told, length = _figures_at(words, at)
        if told:
            numbers.append(told)
            everything.update(told)
        else:
            stem = words[at][:_STEM]
            everything[stem] += 1
            content[stem] += words[at] not in _EMPTY
        at += length
    return _Words(tuple(numbers), +content, everything)


def _figures_at(words: Sequence[str], at: int) -> tuple[str, int]:
    """Give the figures told from a word on and the number of words: `quarter to seven` is 645."""
    is_clock = words[at] in {"half", "quarter"} or word_at(words, at + 1) in _DIRECTIONS
    clock = read_clock(words, at) if is_clock or ":" in words[at] else None
    if clock is not None:
        minutes = int(dict(clock.readings[0].parts)["minute"])
        hour, minute = divmod(minutes, _HOUR)
        return f"{hour or _HALF_DAY_HOURS}{minute or ''}", clock.end - at
    run = read_run(words, at)
    if run:
        return "".join(number.digits for number in run), length_of(run)
    return ordinal_figures(words[at]), 1
