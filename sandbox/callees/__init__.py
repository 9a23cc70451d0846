"""The people (and machines) who answer the sandbox's telephones, one file each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sandbox.variation import Variation


@dataclass(frozen=True, slots=True)
class Step:
    """What a callee does in 20 ms: the 160 bytes it says, and at most one act."""

    frame: bytes
    hang_up: bool = False
    reset: bool = False
    """The line breaks: the media stream is reset without `stop`."""
    digit: str | None = None
    """A key pressed in this step; None: none."""


class Callee(Protocol):
    """Somebody on the other end of one call. Has no clock: it counts its steps."""

    def step(self, heard: bytes) -> Step:
        """Live through 20 ms of media time. `heard`: 160 bytes from the agent, or silence."""
        ...


@runtime_checkable
class Actor(Protocol):
    """A callee who plays a script, and can tell what is left of it."""

    @property
    def left_over(self) -> Sequence[str]:
        """Name what was never said or done, in order; nothing for a script played to its end."""
        ...


CalleeFactory = Callable[[Variation], Callee]
