"""The bar of a whole run on stderr: redrawn once a second, so that it costs no measurement."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

_REDRAW_S = 1.0


class ProgressBar:
    """Fills by the benchmarks' budgets; a pipe gets a line for each benchmark instead."""

    def __init__(self, budgets: Sequence[tuple[str, int]]) -> None:
        self._budgets = dict(budgets)
        self._names = [name for name, _ in budgets]
        self._done_s = 0.0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True, highlight=False),
            auto_refresh=False,
            transient=True,
        )
        self._task = self._bar.add_task("", total=float(sum(self._budgets.values())))
        self._is_seen = sys.stderr.isatty()

    def __enter__(self) -> Self:
        if self._is_seen:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_seen:
            self._bar.stop()

    @contextmanager
    def show(self, name: str) -> Iterator[Callable[[str], None]]:
        """Show that a benchmark runs; gives what to tell its progress to."""
        at = f"{self._names.index(name) + 1}/{len(self._names)} {name}"
        said = [at]
        if not self._is_seen:
            sys.stderr.write(f"{at} ...\n")
        redrawing = asyncio.get_running_loop().create_task(self._redraw(name, said))
        try:
            yield lambda line: said.__setitem__(0, f"{at}  {line}")
        finally:
            redrawing.cancel()
            self._done_s += self._budgets[name]

    def print(self, text: str) -> None:
        """Print to stdout, the bar out of the way."""
        if self._is_seen:
            self._bar.stop()
        print(text, flush=True)
        if self._is_seen:
            self._bar.start()

    async def _redraw(self, name: str, said: Sequence[str]) -> None:
        begun = time.monotonic()
        with suppress(asyncio.CancelledError):
            while self._is_seen:
                spent = min(time.monotonic() - begun, self._budgets[name])
                self._bar.update(
                    self._task, completed=self._done_s + spent, description=said[0][:48]
                )
                self._bar.refresh()
                await asyncio.sleep(_REDRAW_S)
