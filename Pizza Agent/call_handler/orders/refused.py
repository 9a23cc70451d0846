"""What was refused for now: a copy of a refused order is refused too, a new try is not.

Whoever was told "later" tries again, perhaps elsewhere. A proxy that sends the same request once
more must not have it dialled here as well.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from call_handler.errors import OrderLater

_KEPT_MAX = 10_000


class RefusedOrders:
    """Remembers the newest refusals by their order_id; of a process's life, a copy comes soon."""

    def __init__(self) -> None:
        self._refusals: dict[str, tuple[str, str, int]] = {}  # what an OrderLater is made of

    def refuse_copy(self, order_id: str) -> None:
        """Refuse what was refused before, in the same words. Raises: OrderLater."""
        first = self._refusals.get(order_id)
        if first is not None:
            raise OrderLater(*first)

    @contextmanager
    def noting(self, order_id: str) -> Iterator[None]:
        """Remember an OrderLater that is raised inside; an order without an id is none of ours."""
        try:
            yield
        except OrderLater as refusal:
            if order_id:
                words = (refusal.error, refusal.message, refusal.retry_after_s)
                self._refusals[order_id] = words
                if len(self._refusals) > _KEPT_MAX:
                    del self._refusals[next(iter(self._refusals))]
            raise
