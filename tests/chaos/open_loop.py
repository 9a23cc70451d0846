"""Load that does not wait for answers: each request is due at its moment, whatever came before.

What a request took counts from the moment at which it was due. A generator that is late itself, or
that waits for a slow answer before it asks again, would hide the very delays that it looks for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

_LEAD_S = 0.05


@dataclass(slots=True)
class Sent:
    """What came of one load."""

    answered: list[tuple[float, float]] = field(default_factory=list)
    """When each request that was answered was due, and when its answer came; of `loop.time()`."""
    late_s: list[float] = field(default_factory=list)
    """By how much each request was sent after its due moment: the generator's own fault."""
    failures: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> list[float]:
        """From the due moment to the answer."""
        return [answered - due for due, answered in self.answered]


async def send_steadily(
    send: Callable[[int], Awaitable[object]],
    per_s: float,
    count: int,
    tell: Callable[[int], None] = lambda _: None,
) -> Sent:
    """Call `send` with 0, 1, ... at a steady rate, and wait for what is under way at the end.

    `tell` is told each second how many are sent.
    """
    loop, sent = asyncio.get_running_loop(), Sent()
    began = loop.time() + _LEAD_S

    async def send_one(number: int, due: float) -> None:
        sent.late_s.append(loop.time() - due)
        try:
            await send(number)
        except Exception as error:  # noqa: BLE001 - whatever it is, the load counts it
            sent.failures.append(f"{type(error).__name__}: {error}")
        else:
            sent.answered.append((due, loop.time()))

    async with asyncio.TaskGroup() as group:
        for number in range(count):
            due = began + number / per_s
            if (pause_s := due - loop.time()) > 0:
                await asyncio.sleep(pause_s)
            group.create_task(send_one(number, due))
            if number % round(per_s) == 0:
                tell(number)
    return sent
