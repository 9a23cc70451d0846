"""Questions of a running call, as `ringback call` puts them to the person at the terminal."""

import contextlib
import os
import select
import sys
import termios
import threading
import time
from collections.abc import Callable
from typing import TextIO, TypeAlias

from ringback_cli.errors import CommandFailed
from ringback_cli.wire import Json, send_json

Say: TypeAlias = Callable[[str, str], None]
_LOOK_S = 0.2  # how soon a wait notices that its question is over
_GRACE_S = 1.0
_AT_ONCE = 4096  # bytes
_WARNING = "they are told what you write: no card data"
_LONGEST = 2_000  # characters of an answer


class LineSource:
    """Reads lines of a stream, each with a limit of time."""

    def __init__(self, prepared: str = "", stream: TextIO | None = None) -> None:
        """`prepared`: what is answered, once, when nobody sits at a terminal; "": nothing."""
        # None when it is closed: then nobody answers.
        self._stream = stream if stream is not None else sys.stdin
        self._held = b""
        if prepared and not (self._stream is not None and self._stream.isatty()):
            self._held = f"{prepared}\n".encode()

    def forget(self) -> None:
        """Drop what was typed before anything was asked."""
        if self._stream is not None and self._stream.isatty():
            termios.tcflush(self._stream.fileno(), termios.TCIFLUSH)

    def read_line(self, limit_s: float, is_over: threading.Event) -> str | None:
        """Wait for a line; None when there is none in time, or will never be one."""
        until = time.monotonic() + limit_s
        while b"\n" not in self._held:
            if self._stream is None or is_over.is_set() or time.monotonic() >= until:
                return None
            descriptor = self._stream.fileno()
            if not select.select([descriptor], [], [], _LOOK_S)[0]:
                continue
            came = os.read(descriptor, _AT_ONCE)
            if not came:
                return None
            self._held += came
        line, _newline, self._held = self._held.partition(b"\n")
        return line.decode(errors="replace").strip()


class Answerer:
    """Asks the person and sends what they answer, while the events go on."""

    def __init__(self, task_url: str, say: Say, source: LineSource) -> None:
        self._url = f"{task_url}/messages"
        self._say = say
        self._source = source
        self._open: dict[str, threading.Event] = {}  # set when the question is over
        self._asking: list[threading.Thread] = []

    def take(self, question: Json) -> None:
        """Take an event of a question: put a new one to the person, let go of one that is over."""
        question_id, state = str(question["question_id"]), question.get("state")
        if state != "open":
            is_over = self._open.pop(question_id, None)
            if is_over is not None:
                is_over.set()
                if state == "unanswered":
                    self._say("ringback", "nobody answered in time")
            return
        self._let_go()
        is_over = self._open[question_id] = threading.Event()
        limit_s = max(0.0, (_time_of(question, "until_at") - _time_of(question, "asked_at")) / 1e6)
        self._say("question", f"{question.get('text')} (answer within {limit_s:.0f} s; {_WARNING})")
        ask = threading.Thread(target=self._ask, args=(question_id, limit_s, is_over), daemon=True)
        self._asking.append(ask)
        ask.start()

    def close(self) -> None:
        """Ask nobody any more; an answer that is on its way has a moment to arrive."""
        self._let_go()
        for ask in self._asking:
            ask.join(_GRACE_S)

    def _let_go(self) -> None:
        for is_over in self._open.values():
            is_over.set()
        self._open.clear()

    def _ask(self, question_id: str, limit_s: float, is_over: threading.Event) -> None:
        """Wait for a line and send it; a person who is gone leaves the question open."""
        with contextlib.suppress(OSError, ValueError):  # the terminal was closed
            self._source.forget()
            answer = self._source.read_line(limit_s, is_over)
            if answer and not is_over.is_set():
                self._send(question_id, answer[:_LONGEST])

    def _send(self, question_id: str, answer: str) -> None:
        try:
            send_json("POST", self._url, {"text": answer, "question_id": question_id})
        except CommandFailed as refusal:
            self._say("ringback", str(refusal))


def _time_of(question: Json, name: str) -> int:
    value = question.get(name)
    return value if isinstance(value, int) else 0
