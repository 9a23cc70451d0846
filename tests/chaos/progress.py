"""Shows how far a run is: bars on a terminal, else lines now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

LINE_EVERY_S = 10.0

Tell = Callable[[int, int, str], None]
"""Takes how much is done, of how much, and what is going on."""


class Board:
    """Where stages show their progress, several at the same time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = _bars(console) if console.is_terminal else None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Show what is told meanwhile."""
        if self._bars is None:
            yield
        else:
            with self._bars:
                yield

    @contextmanager
    def show(self, title: str) -> Iterator[Tell]:
        """Show one stage's progress as it is told."""
        bars = self._bars
        if bars is None:
            yield Lines(self._console.print, time.monotonic, title).tell
            return
        task = bars.add_task(title, total=None, words="")
        yield lambda done, total, words: bars.update(task, completed=done, total=total, words=words)
        bars.remove_task(task)


class Lines:
    """Prints a line when 10 s have passed since the last one, and one at the end."""

    def __init__(
        self, print_line: Callable[[str], None], clock: Callable[[], float], title: str
    ) -> None:
        self._print = print_line
        self._clock = clock
        self._title = title
        self._began = self._told = clock()

    def tell(self, done: int, total: int, words: str) -> None:
        """Tell how much is done."""
        now = self._clock()
        if now - self._told >= LINE_EVERY_S:
            self._told = now
            minutes, seconds = divmod(round(now - self._began), 60)
            self._print(f"  {minutes}:{seconds:02} {self._title}: {done} of {total}, {words}")


def _bars(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}"),
        console=console,
        transient=True,
    )
