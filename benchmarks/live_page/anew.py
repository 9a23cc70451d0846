"""Another conversation in an open page, without loading the page again.

A load costs the browser 100 ms and more of the core that measures. The chat is an element of its
own: a new one, as the server sent it, takes the old one's place and reads the address, as after a
load; the old one closes its stream.
"""

from playwright.async_api import Page

_BEGIN_ANEW = """
async path => {
  window.asSent ??= new DOMParser()
    .parseFromString(await (await fetch("/")).text(), "text/html")
    .querySelector("ringback-chat");
  history.replaceState(null, "", path);
  document.querySelector("ringback-chat").replaceWith(document.importNode(window.asSent, true));
}
"""


async def begin_anew(page: Page, path: str) -> None:
    """Show the conversation of a path, such as `/?new` or `/tasks/TASK`."""
    await page.evaluate(_BEGIN_ANEW, path)
