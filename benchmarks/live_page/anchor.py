"""Measures the anchor: from an event's leaving to the DOM, and to the pixel."""

import asyncio
from dataclasses import dataclass

from playwright.async_api import Browser

from benchmarks.harness import SYSTEM_CORE, child
from benchmarks.live_calls.system import own_module
from benchmarks.live_page.sse_alone import LINES

_PATIENCE_S = 120.0
# The observer is told when the DOM has changed; what was drawn is seen in the next frame.
_FOLLOW = """
lines => new Promise(done => {
  const dom = [], pixel = [], now = () => performance.timeOrigin + performance.now();
  new MutationObserver(changes => {
    for (const change of changes)
      for (const line of change.addedNodes) {
        const sent = Number(line.textContent);
        dom.push(now() - sent);
        requestAnimationFrame(() => {
          pixel.push(now() - sent);
          if (pixel.length === lines) done({ dom, pixel });
        });
      }
  }).observe(document.querySelector("ol"), { childList: true });
  begin();
})
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """When things were seen, in ms after they happened."""

    dom_ms: list[float]
    pixel_ms: list[float]


async def measure_sse_alone(browser: Browser) -> Seen:
    """Follow 1,000 lines of the bare page."""
    with child(own_module("benchmarks.live_page.sse_alone"), core=SYSTEM_CORE) as server:
        page = await browser.new_page()
        await page.goto(f"http://127.0.0.1:{server.line()}/")
        async with asyncio.timeout(_PATIENCE_S):
            seen = await page.evaluate(_FOLLOW, LINES)
        await page.close()
    return Seen(seen["dom"], seen["pixel"])
