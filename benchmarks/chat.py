"""Goal 19: from a message sent to its answer in the DOM, without a key, in a real browser.

The real Orchestrator (alone on core 0, SQLite FULL) and a headless Chromium (core 1). A script in
the page writes into the chat's own field and presses Enter there; the clock runs from before the
key press until a MutationObserver sees the assistant's next message. So it holds the page's script,
two requests for the first message of a conversation and one for any other, the form filler, the
commit, the answer and its drawing into the DOM. Each conversation is an order in four messages or
fewer, then four changes of mind; the messages until "Call now" appears are counted.

Anchor: server-sent events alone, in the same browser.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.async_api import Browser, Page

from benchmarks.harness import LOAD_CORE, SYSTEM_CORE, Line, Run, pin
from benchmarks.live_calls.system import ORCHESTRATOR, Layout, live_system
from benchmarks.live_page.anchor import measure_sse_alone
from benchmarks.live_page.anew import begin_anew
from benchmarks.live_page.browser import find_missing, running_browser

MESSAGES = 1_000
_QUICK_S = 18.0
"""How long is talked at most; on a slow machine that is fewer messages."""
CHAT, SSE = "message to answer", "SSE alone"
_WHOLE_S = 60.0
_WARM = 2
_LAYOUT = Layout({ORCHESTRATOR: SYSTEM_CORE})
_PATIENCE_S = 60.0
ORDERS: Sequence[Sequence[str]] = (
    ("Order a large margherita from Luigi's", "pick-up", "Ada", "415 555 0123"),
    ("Hello", "A large margherita from Luigi's, please", "Pick-up", "Ada, 415 555 0123"),
    ("Pizza from Luigi's", "Two large margheritas", "For pick-up", "Ada Lovelace, 415 555 0123"),
    (
        "Order a large margherita from Luigi's",
        "Deliver it to 5 Elm Street, Springfield",
        "Ada, 415 555 0123",
    ),
    ("A large margherita from Luigi's for pick-up, my name is Ada, my number is 415 555 0123",),
)
_CHANGES = (
    "Make it two margheritas",
    "My name is Grace",
    "The number is 415 555 0144",
    "Deliver it to 7 Oak Avenue, Springfield",
)
# Says each text once the one before is answered; gives the spans, and when "Call now" appeared.
_CONVERSE = """
async texts => {
  const log = document.querySelector(".log"), input = document.querySelector("textarea");
  const confirm = document.querySelector(".confirm");
  const persons = () => log.querySelectorAll(".message.person").length;
  const isAnswered = said =>
    persons() > said && log.lastElementChild?.classList.contains("assistant");
  const spans = [];
  let complete = 0;
  for (const text of texts) {
    const said = persons();
    spans.push(await new Promise(done => {
      const begun = performance.now();
      const observer = new MutationObserver(() => {
        if (!isAnswered(said)) return;
        observer.disconnect();
        done(performance.now() - begun);
      });
      observer.observe(log, { childList: true });
      input.value = text;
      const enter = { key: "Enter", bubbles: true, cancelable: true };
      input.dispatchEvent(new KeyboardEvent("keydown", enter));
    }));
    while (input.disabled) await new Promise(next => setTimeout(next));
    if (!confirm.hidden && !complete) complete = spans.length;
  }
  return { spans, complete };
}
"""


async def converse(page: Page, order: Sequence[str]) -> tuple[list[float], int]:
    """Hold one conversation; the span of each message in ms, and how many the order took."""
    await begin_anew(page, "/?new")
    async with asyncio.timeout(_PATIENCE_S):
        told = await page.evaluate(_CONVERSE, [*order, *_CHANGES])
    return told["spans"], told["complete"]


async def measure_chat(browser: Browser, within_s: float) -> tuple[list[float], int]:
    """Hold conversations until 1,000 messages are answered; the most messages of an order."""
    spans: list[float] = []
    longest = 0
    with (
        tempfile.TemporaryDirectory(prefix="ringback-bench-") as name,
        live_system(Path(name), (ORCHESTRATOR,), layout=_LAYOUT) as system,
    ):
        page = await browser.new_page()
        await page.goto(system.addresses.page)
        for order in ORDERS[:_WARM]:
            await converse(page, order)
        until = time.monotonic() + within_s
        for order in itertools.cycle(ORDERS):
            answered, complete = await converse(page, order)
            spans += answered
            longest = max(longest, complete or len(order) + len(_CHANGES))
            if len(spans) >= MESSAGES or time.monotonic() > until:
                break
        await page.close()
    return spans, longest


async def measure(run: Run) -> None:
    """Measure both in turns, in one browser."""
    async with running_browser() as browser:
        for turn in run.interleave([SSE, CHAT], repeats=1 if run.is_quick else None):
            if turn.case == SSE:
                seen = await measure_sse_alone(browser)
                run.add_spans(SSE, "dom_ms", seen.dom_ms)
            else:
                within_s = _QUICK_S if run.is_quick and not run.has_peers else _WHOLE_S
                spans, longest = await measure_chat(browser, within_s)
                run.add_spans(CHAT, "dom_ms", spans, messages=longest)


def main() -> int:
    """Run it, print the table, judge goal 19."""
    pin(LOAD_CORE)
    run = Run("chat", "no key, SQLite FULL, headless Chromium beside it")
    missing = find_missing()
    if missing:
        run.skip("19/answer", missing)
        run.skip("19/messages", missing)
        return run.finish()
    asyncio.run(measure(run))
    columns = ("p50_ms", "p90_ms", "worst_ms", "n")
    run.table(
        "From the key press to the answer in the DOM",
        [Line(SSE, None, "p99_ms", columns), Line(CHAT, SSE, "p99_ms", columns)],
    )
    run.histogram("Message to answer in the DOM", "dom_ms", [CHAT, SSE])
    run.judge("19/answer", run.median(CHAT, "p99_ms"))
    run.judge("19/messages", run.spread(CHAT, "messages")[1])
    return run.finish()


if __name__ == "__main__":
    raise SystemExit(main())
