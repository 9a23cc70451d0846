"""Calls as the carrier keeps them: the resource, the book of all calls, who answers a number."""

import random
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sandbox.call_form import CallForm
from sandbox.carrier_faults import CarrierFaults
from sandbox.playback import PlaybackBuffer
from sandbox.recording import Recording
from sandbox.scenario import Scenario
from sandbox.script_time import rfc2822, wall_now
from sandbox.sentence_track import SentenceTrack

API = "2010-04-01"
FINAL = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
DEFAULT_SCENARIO = "order_taken"
PRICE_PER_MINUTE = 0.014
_SUBRESOURCES = (
    "notifications",
    "recordings",
    "payments",
    "events",
    "siprec",
    "streams",
    "transcriptions",
    "user_defined_message_subscriptions",
    "user_defined_messages",
)


class Names:
    """Makes SIDs and tokens from one seeded generator: the same seed, the same names."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - must be repeatable, guards nothing

    def sid(self, prefix: str) -> str:
        """Make a SID: two letters and 32 hex digits."""
        return f"{prefix}{self._random.getrandbits(128):032x}"

    def token(self) -> str:
        """Make an idempotency token."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


@dataclass(slots=True)
class Call:
    """One call resource and what it was created with.

    `started`: None until dialled; `ended`: None until final; `duration_s`: None unless completed.
    `call_id`: the product's id, None for an agent that has none in its URLs.
    """

    sid: str
    account_sid: str
    form: CallForm
    call_id: str | None
    scenario: Scenario
    made: float
    is_picked: bool = False
    """Its callee was picked on the phone page, so that it does not ring there."""
    queue_ms: int = 0
    status: str = "queued"
    created: datetime = field(default_factory=wall_now)
    updated: datetime = field(default_factory=wall_now)
    started: datetime | None = None
    ended: datetime | None = None
    duration_s: int | None = None
    answered_by: str | None = None
    """The word of machine detection; None before it, and without it."""
    playback: PlaybackBuffer | None = None
    """What the agent sent to be played; None before the stream."""
    recording: Recording | None = None
    """None unless it was ordered, and before the answer."""

    @property
    def faults(self) -> CarrierFaults:
        """Give what the carrier does wrong on purpose for this call."""
        return self.scenario.carrier

    @property
    def is_final(self) -> bool:
        """Say whether the call is over."""
        return self.status in FINAL

    @property
    def facts(self) -> dict[str, object]:
        """Give the ids that stand in every ledger line of this call."""
        return {"call_sid": self.sid, "call_id": self.call_id}

    def resource(self) -> dict[str, object]:
        """Give the 26 keys of Twilio's Call resource; numbers are text, as there."""
        uri = f"/{API}/Accounts/{self.account_sid}/Calls/{self.sid}"
        done = self.duration_s is not None
        minutes = -(-(self.duration_s or 0) // 60)
        return {
            "sid": self.sid,
            "account_sid": self.account_sid,
            "parent_call_sid": None,
            "phone_number_sid": None,
            "group_sid": None,
            "trunk_sid": None,
            "to": self.form.to,
            "from": self.form.from_,
            "to_formatted": national(self.form.to),
            "from_formatted": national(self.form.from_),
            "status": self.status,
            "start_time": rfc2822(self.started),
            "end_time": rfc2822(self.ended if done else None),
            "date_created": rfc2822(self.created),
            "date_updated": rfc2822(self.updated),
            "duration": str(self.duration_s) if done else None,
            "queue_time": str(self.queue_ms),
            "price": f"{-minutes * PRICE_PER_MINUTE:.5f}" if done else None,
            "price_unit": "USD",
            "direction": "outbound-api",
            "answered_by": self.answered_by,
            "api_version": API,
            "forwarded_from": None,
            "caller_name": None,
            "uri": f"{uri}.json",
            "subresource_uris": {name: f"{uri}/{_path(name)}.json" for name in _SUBRESOURCES},
        }


def _path(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def national(number: str) -> str:
    """Print a North American number as `(415) 555-0100`, any other as it is."""
    if number.startswith("+1") and len(number) == len("+14155550100"):
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number


@dataclass(slots=True)
class Binding:
    """A scenario bound to a number. `left`: calls it still applies to, None for all."""

    scenario: Scenario
    left: int | None


class CallBook:
    """All calls of this run, newest last, and which scenario answers which number.

    `seed`: makes the choices of all callees that are bound without a seed of their own.
    """

    def __init__(self, scenarios: Mapping[str, Scenario], seed: int = 0) -> None:
        self.scenarios = scenarios
        self._seed = seed
        self._chosen: Counter[str] = Counter()
        self._own = {s.number: s for s in scenarios.values()}
        self._bound: dict[str, Binding] = {}
        self._creates: dict[str, int] = {}
        self._calls: dict[str, Call] = {}
        self._by_call_id: dict[str, Call] = {}

    def bind(self, number: str, scenario: Scenario, count: int | None) -> None:
        """Bind a scenario to a number, or to the next `count` calls to it."""
        self._bound[number] = Binding(scenario, count)
        self._creates.pop(number, None)
        self._chosen.pop(number, None)

    def choose(self, number: str) -> Scenario:
        """Choose the scenario for a new call to `number`, using up one of its bound calls.

        Each call gets a seed of its own; the same calls get the same ones in every run.
        """
        return self.vary(self._find_bound(number), number)

    def vary(self, scenario: Scenario, number: str) -> Scenario:
        """Give a scenario the seed of the next call to `number`."""
        self._chosen[number] += 1
        seed = scenario.seed or f"{self._seed}:{number}"
        return replace(scenario, seed=f"{seed}:{self._chosen[number]}")

    def _find_bound(self, number: str) -> Scenario:
        binding = self._bound.get(number)
        if binding is None:
            return self._own.get(number) or self.scenarios[DEFAULT_SCENARIO]
        if binding.left is not None:
            binding.left -= 1
            if binding.left <= 0:
                del self._bound[number]
        return binding.scenario

    def count_create(self, number: str) -> int:
        """Count a create for `number` since it was bound; the first is 1."""
        self._creates[number] = self._creates.get(number, 0) + 1
        return self._creates[number]

    def add(self, call: Call) -> None:
        """Enter a call; its call_id belongs to the first call that brings it."""
        self._calls[call.sid] = call
        if call.call_id is not None:
            self._by_call_id.setdefault(call.call_id, call)

    def find(self, call_sid: str) -> Call | None:
        """Find a call by its SID."""
        return self._calls.get(call_sid)

    def find_scenario(self, call_id: str) -> Scenario | None:
        """Find the scenario that plays the call with the product's id `call_id`."""
        call = self._by_call_id.get(call_id)
        return None if call is None else call.scenario

    def find_track(self, call_id: str) -> SentenceTrack | None:
        """Find what was played of the agent's sentences in the call with that id."""
        call = self._by_call_id.get(call_id)
        return None if call is None or call.playback is None else call.playback.track

    def remove(self, call_sid: str) -> None:
        """Forget a finished call, as DELETE asks."""
        self._calls.pop(call_sid, None)

    def newest_first(self) -> Iterator[Call]:
        """Give all calls, the newest first."""
        return reversed(self._calls.values())

    @property
    def live_calls(self) -> int:
        """Count the calls that are not over."""
        return sum(not call.is_final for call in self._calls.values())
