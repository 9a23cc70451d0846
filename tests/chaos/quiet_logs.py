"""What the product's logs must not tell at INFO and above (I15): numbers, words, secrets."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.chaos.ledger_facts import Line, read_ledger
from tests.chaos.parts import list_secrets
from tests.chaos.system import Fleet

_NUMBER = re.compile(r"\+(\d{10,15})(?!\d)")
_DIGITS = re.compile(r"\d{10,}")
# The signature at the end of the token with which a media stream is admitted.
_STREAM_TOKEN = re.compile(r"/media-stream/[^/\"\\]+/[^/\"\\]*?([0-9a-zA-Z_-]{32,})(?=[\"\\])")
_LONG_WORDS = re.compile(r"[0-9a-zA-Z_-]{32,}")
_BELOW_INFO = "[debug "
_FEWEST_WORDS = 4
"""Fewer are found by chance, in a reason or a name."""
_LONGEST = 300


def find_leaks_of(fleet: Fleet) -> list[str]:
    """Read the ledger, and the logs of all Orchestrators and Call Handlers of a fleet."""
    names = (*fleet.orchestrator_names, *fleet.handler_names)
    secrets = list_secrets(fleet.folder)
    return find_leaks(read_ledger(fleet.ledger), {name: fleet.log(name) for name in names}, secrets)


def find_leaks(
    ledger: Sequence[Line], logs: Mapping[str, str], secrets: Iterable[str]
) -> list[str]:
    """Say which log tells a full number, a sentence of a call or a secret; or tells nothing.

    Each log is told once for each kind of leak, with its first line. Line by line, so that a thread
    that does it beside an event loop holds it up nowhere.
    """
    numbers, signatures = set[str](), set[str]()
    for entry in ledger:
        words = json.dumps(entry, ensure_ascii=False)
        numbers.update(_NUMBER.findall(words))
        signatures.update(_STREAM_TOKEN.findall(words))
    sentences, hidden = frozenset(_list_sentences(ledger)), frozenset(secrets)
    leaks = []
    for name, log in logs.items():
        found: dict[str, list[str]] = {}
        lines = [line for line in log.splitlines() if _BELOW_INFO not in line]
        if not lines:
            leaks.append(f"{name} has logged nothing: its log was not tested.")
        for line in lines:
            if not numbers.isdisjoint(_DIGITS.findall(line)):
                found.setdefault("a full number", []).append(line)
            if any(sentence in line for sentence in sentences):
                found.setdefault("words of a call", []).append(line)
            is_signature = not signatures.isdisjoint(_LONG_WORDS.findall(line))
            if is_signature or any(secret in line for secret in hidden):
                found.setdefault("a secret", []).append(line)
        leaks += [
            f"{name} logs {what} in {len(told)} lines, first: {told[0][:_LONGEST]}"
            for what, told in found.items()
        ]
    return leaks


def _list_sentences(ledger: Iterable[Line]) -> Iterator[str]:
    for line in ledger:
        words = str(line["text"]) if line["kind"] == "said" else ""
        if len(words.split()) >= _FEWEST_WORDS:
            yield words
