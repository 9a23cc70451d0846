"""Shows how far a run is: bars on a terminal, else lines now and then."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

LINE_EVERY_S = 10.0

Tell = Callable[[int, int, str], None]
"""Takes how much is done, of how much, and what is going on."""


@contextmanager
def show_progress(console: Console, titles: Sequence[str]) -> Iterator[list[Tell]]:
    """Show the progress of stages that run at the same time, each as its own `Tell` is told."""
    if console.is_terminal:
        with _bars(console) as bars:
            yield [_teller(bars, title) for title in titles]
    else:
        yield [Lines(console.print, time.monotonic, title).tell for title in titles]


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


def _teller(bars: Progress, title: str) -> Tell:
    task = bars.add_task(title, total=None, words="")
    return lambda done, total, words: bars.update(task, completed=done, total=total, words=words)


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
