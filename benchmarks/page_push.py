"""Goal 15: from the callee's hang-up to the pixel on which a person sees the result.

Real services (Orchestrator and Call Handler on core 0, the sandbox's light mode on core 1), a
headless Chromium (core 1). The page shows the conversation of a live call; its callee hangs up; a
MutationObserver sees the result's badge come into the call's card (DOM), the next animation frame
draws it (pixel; 60 Hz adds up to 16.7 ms). The clock begins at the line `stream_stopped` of the
carrier's books, written before `stop` is sent; all clocks are the machine's time of day. So it
holds the bridge's end, build_result, the outbox's fsync, Report, the commit, the event, the page's
stream and script. All the time other calls talk, ring and are placed.

With PostgreSQL on this machine, also with two Orchestrators: the handler reports to one, the page
reads from the other, which hears of the commit by NOTIFY.

Anchor: server-sent events alone, in the same browser.
"""

import asyncio
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from playwright.async_api import Browser, Page

from benchmarks.durable_postgres import find_missing_postgres
from benchmarks.harness import LOAD_CORE, SYSTEM_CORE, ChildEnded, Line, Run, pin, quantiles
from benchmarks.live_calls.books import read_ledger
from benchmarks.live_calls.doors import Doors, NotInTime, open_doors
from benchmarks.live_calls.replicas import SECOND, two_replicas
from benchmarks.live_calls.system import HANDLER, ORCHESTRATOR, Layout, LiveSystem, live_system
from benchmarks.live_page.anchor import Seen, measure_sse_alone
from benchmarks.live_page.anew import begin_anew
from benchmarks.live_page.browser import find_missing, running_browser

SAMPLES, FEW_SAMPLES = 1_000, 100
SQLITE, TWO, SSE = "one, SQLite", "two, PostgreSQL", "SSE alone"
_LIVE = 40
"""Calls that are placed ahead: they ring for 2.3 s, and some ten hang up in a second."""
_PATIENCE_S = 30.0
_TALKS_S = 3.0
# Waits until the card shows a live call. `shown` is done when it shows a result: when that was in
# the DOM, and when it was drawn.
_FOLLOW = """
() => new Promise(follows => {
  const now = () => performance.timeOrigin + performance.now();
  const find = part => document.querySelector(`call-card ${part}`);
  const isLive = () => find("[aria-current=step]")?.textContent.startsWith("In progress");
  window.shown = new Promise(done => {
    const look = () => {
      if (isLive()) follows();
      if (find(".badge") === null) return;
      observer.disconnect();
      const dom = now();
      requestAnimationFrame(() => done({ dom, pixel: now() }));
    };
    const observer = new MutationObserver(look);
    observer.observe(document.querySelector(".log"), { childList: true, subtree: true });
    look();
  });
})
"""

Moments = dict[str, dict[str, float]]


async def see_hang_ups(doors: Doors, page: Page, count: int) -> Moments:
    """Let so many callees hang up, one after the other, before an open page; by call_id."""
    seen: Moments = {}
    live: deque[asyncio.Task[tuple[str, str]]] = deque()
    for number in range(count):
        while len(live) < min(_LIVE, count - number):
            live.append(asyncio.create_task(place(doors)))
        task_id, call_id = await live.popleft()
        await begin_anew(page, f"/tasks/{task_id}")
        async with asyncio.timeout(_PATIENCE_S):
            await page.evaluate(_FOLLOW)
            await doors.hang_up(call_id)
            seen[call_id] = await page.evaluate("window.shown")
    return seen


async def place(doors: Doors) -> tuple[str, str]:
    """Place a call; the ids of its conversation and of itself."""
    task_id = await doors.open_task()
    return task_id, await doors.confirm(task_id)


async def measure(browser: Browser, system: LiveSystem, url: str, samples: int) -> Seen:
    """Let callees hang up before the page at `url`; the spans in ms."""
    async with open_doors(system) as doors, open_page(browser) as page:
        await page.goto(url)
        shown = await see_hang_ups(doors, page, samples)
    stops = {
        str(line["call_id"]): float(str(line["at"])) * 1_000
        for line in read_ledger(system.ledger, "stream_stopped")
    }
    return Seen(
        [moments["dom"] - stops[call_id] for call_id, moments in shown.items()],
        [moments["pixel"] - stops[call_id] for call_id, moments in shown.items()],
    )


@asynccontextmanager
async def open_page(browser: Browser) -> AsyncIterator[Page]:
    """Open a page of its own person: one that is not looked at is not drawn."""
    context = await browser.new_context(reduced_motion="reduce")
    try:
        yield await context.new_page()
    finally:
        await context.close()


@contextmanager
def running(case: str) -> Iterator[tuple[LiveSystem, str]]:
    """Start what a case needs; the system and the address of the page."""
    cores = {ORCHESTRATOR: SYSTEM_CORE, SECOND: SYSTEM_CORE, HANDLER: SYSTEM_CORE}
    layout = Layout(cores, talks_s=_TALKS_S)
    with tempfile.TemporaryDirectory(prefix="ringback-bench-") as name:
        folder = Path(name)
        if case == TWO:
            with two_replicas(folder, layout) as (system, url):
                yield system, url
        else:
            with live_system(folder, layout=layout) as system:
                yield system, system.addresses.page


async def measure_all(run: Run, cases: list[str]) -> list[str]:
    """Measure all cases in turns, in one browser; returns those that could be measured."""
    measured = []
    async with running_browser() as browser:
        for turn in run.interleave(cases, repeats=1):
            if turn.case == SSE:
                seen = await measure_sse_alone(browser)
            else:
                samples = SAMPLES if turn.case == SQLITE and is_whole(run) else FEW_SAMPLES
                try:
                    with running(turn.case) as (system, url):
                        seen = await measure(browser, system, url, samples)
                except (NotInTime, TimeoutError, ChildEnded) as failure:
                    run.note(f"{turn.case}: broke off: {failure or type(failure).__name__}")
                    continue
            keep(run, turn.case, seen)
            measured.append(turn.case)
    return measured


def is_whole(run: Run) -> bool:
    """Say whether there is the time for a p99 of 1,000 samples."""
    return run.has_peers or not run.is_quick


def keep(run: Run, case: str, seen: Seen) -> None:
    """Keep one repetition."""
    dom = quantiles(seen.dom_ms)
    run.add_spans(case, "pixel_ms", seen.pixel_ms, dom_p50_ms=dom.p50, dom_p99_ms=dom.p99)


def main() -> int:
    """Run it, print the table, judge goal 15."""
    pin(LOAD_CORE)
    run = Run("page_push", f"{_LIVE} live calls, outbox and ledger on, SQLite FULL")
    missing = find_missing()
    if missing:
        run.skip("15", missing)
        return run.finish()
    cases = [SSE, SQLITE]
    no_postgres = find_missing_postgres() if is_whole(run) else "not in a quick run"
    if no_postgres:
        run.note(f"two Orchestrators are not measured: {no_postgres}")
    else:
        cases.append(TWO)
    cases = asyncio.run(measure_all(run, cases))
    columns = ("dom_p50_ms", "dom_p99_ms", "p50_ms", "p90_ms", "worst_ms", "n")
    run.table(
        "From the hang-up to the pixel",
        [Line(case, None if case == SSE else SSE, "p99_ms", columns) for case in cases],
    )
    run.histogram("Hang-up to pixel", "pixel_ms", [case for case in cases if case != SSE])
    if SQLITE in cases:
        run.judge("15", run.median(SQLITE, "p99_ms"))
    else:
        run.skip("15", "it broke off")
    return run.finish()


if __name__ == "__main__":
    raise SystemExit(main())
