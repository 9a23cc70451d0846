"""A microphone for the browser: a file with somebody who speaks, played again and again."""

import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser

from sandbox.mulaw import SAMPLE_RATE, decode_mulaw
from sandbox.speech import speak
from tests.e2e.browser import running_browser

WORDS = "Good evening, what can I do for you today?"


@asynccontextmanager
async def browser_with_microphone(folder: Path) -> AsyncIterator[Browser]:
    """Run a browser that lends every page a microphone; its sound is written into `folder`."""
    file = folder / "spoken.wav"
    _write_speech(file)
    async with running_browser(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={file}",
    ) as running:
        yield running


def _write_speech(path: Path) -> None:
    samples = decode_mulaw(speak(WORDS, "microphone"))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.astype("<i2").tobytes())
