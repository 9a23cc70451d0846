"""The model's answers: at most one at a time, each watched until it is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from call_handler.bridge.limits import BridgeLimits
from call_handler.realtime.events import object_of, text_of
from call_handler.realtime.fault import ModelFault

_ATTEMPTS = 2


@dataclass(slots=True)
class Responses:
    """Keeps the books of the model's answers in one session. Times are wall-clock seconds.

    `active_id` is None while no answer runs. `wanted`: an answer is to be asked for as soon as none
    runs; `wanted_words`: special instructions for it; `is_urgent`: it waits for nobody. `_heard_at`
    (the callee speaks), `_asked_at`, `_awaited_at`, `_started_at` and `_retry_at` are None while
    nothing of the kind is under way.
    """

    limits: BridgeLimits
    active_id: str | None = None
    wanted: bool = False
    wanted_words: str = ""
    is_urgent: bool = False
    failures: int = 0
    closed_ids: set[str] = field(default_factory=set)
    _heard_at: float | None = None
    _asked_at: float | None = None
    _awaited_at: float | None = None
    _started_at: float | None = None
    _retry_at: float | None = None
    _has_sound: bool = False
    _open_outputs: int = 0
    _asked_words: str = ""
    _knows_outputs: bool = False

    @property
    def is_idle(self) -> bool:
        """Say whether no answer runs, is asked for or is wanted."""
        return self.active_id is None and self._asked_at is None and not self.wanted

    def want(self, words: str = "", *, is_urgent: bool = False) -> None:
        """Ask for an answer, now or when the running one is done.

        Unless it is urgent it waits for the end of the callee's words, and for the answer to them.
        """
        self.wanted = True
        self.wanted_words = words
        self.is_urgent = is_urgent

    def output_sent(self) -> None:
        """Note that a tool's output was sent; only an answer begun after it came in knows it."""
        self._open_outputs += 1
        self.want()

    def output_added(self) -> None:
        """Note that the model has taken a tool's output in."""
        self._open_outputs = max(0, self._open_outputs - 1)

    def take_wanted(self, now: float) -> str | None:
        """Give the special instructions of the answer to ask for now, and note that it was.

        Returns: "" for an ordinary answer; None when there is nothing to ask for yet.
        """
        waits = self._retry_at is not None and now < self._retry_at
        if not self.wanted or self.active_id is not None or self._asked_at is not None or waits:
            return None
        if self._is_callees_turn(now) and not self.is_urgent:
            return None
        self._asked_words, self.wanted_words = self.wanted_words, ""
        self.wanted = False
        self._retry_at = None
        self._asked_at = now
        return self._asked_words

    def speech_started(self, now: float) -> None:
        """Note that the callee speaks: what is awaited begins anew with the end of their words."""
        self._awaited_at = None
        self._heard_at = now

    def close_active(self) -> None:
        """Take no more sound of the running answer: the callee spoke, the model cancels it."""
        if self.active_id is not None:
            self.closed_ids.add(self.active_id)

    def committed(self, now: float) -> None:
        """Note that the callee's words are complete: the model has to answer."""
        self._awaited_at = now
        self._heard_at = None

    def started(self, response_id: str, now: float) -> None:
        """Note that an answer began; if it knows all tool outputs no other one is needed."""
        self._knows_outputs = self._open_outputs == 0
        if self._knows_outputs and not self.wanted_words:
            self.wanted = False
        self.active_id = response_id
        self._asked_at = self._awaited_at = None
        self._started_at = now
        self._has_sound = False

    def sounded(self) -> None:
        """Note that the running answer has begun to speak, or to use a tool."""
        self._has_sound = True

    def refused(self, now: float) -> None:
        """Note that our request met an answer that the callee's words had begun.

        It is repeated after that one, unless that one does what ours was for.
        """
        self._asked_at = None
        if self.active_id is None or not self._knows_outputs or self._asked_words:
            self.wanted = True
            self.wanted_words = self._asked_words
            self._retry_at = now + self.limits.retry_s

    def finished(self, response: Mapping[str, object], now: float) -> ModelFault | None:
        """Note the end of an answer; a failed one is asked for once more.

        Returns: the fault when it failed twice in a row.
        """
        response_id = text_of(response, "id")
        self.closed_ids.add(response_id)
        if response_id == self.active_id or self.active_id is None:
            self.active_id = self._started_at = None
        if self._awaited_at is not None:
            self._awaited_at = now  # it could not begin before this one had ended
        failed = text_of(response, "status") == "failed" or (
            text_of(response, "status") == "incomplete" and not self._has_sound
        )
        if not failed:
            self.failures = 0
            return None
        self.failures += 1
        if self.failures >= _ATTEMPTS:
            return _fault_of(response)
        self.wanted = True
        self._retry_at = now + self.limits.retry_s
        return None

    def _is_callees_turn(self, now: float) -> bool:
        if self._awaited_at is not None:
            return True
        return self._heard_at is not None and now - self._heard_at < self.limits.polite_s

    def find_overdue(self, now: float) -> ModelFault | None:
        """Give the fault of what has taken too long; None while all is in time."""
        limits = self.limits
        awaited = [at for at in (self._asked_at, self._awaited_at) if at is not None]
        if self.active_id is None and awaited and now - min(awaited) > limits.response_s:
            return ModelFault("no_response", "The speech model did not begin to answer.")
        if self._started_at is None:
            return None
        if not self._has_sound and now - self._started_at > limits.audio_s:
            return ModelFault("no_audio", "The speech model began to answer and said nothing.")
        if now - self._started_at > limits.done_s:
            return ModelFault("response_never_done", "The speech model did not end its answer.")
        return None


def _fault_of(response: Mapping[str, object]) -> ModelFault:
    details = object_of(response, "status_details")
    error = object_of(details, "error")
    code = text_of(error, "code") or text_of(error, "type") or text_of(details, "reason")
    words = text_of(error, "message") or "no reason given"
    message = f"The speech model failed to answer twice: {words}"
    return ModelFault(code or "response_failed", message, retryable=code != "insufficient_quota")
