"""Who sounds how: the names in the scenarios and of the model, and a voice for each."""

import hashlib

from sandbox.espeak import Voice

VOICES = {
    "luigi": Voice("en-us+m3", 42, 175, 65),
    "neighbour": Voice("en-gb-x-rp+f2", 55, 165),
    "machine": Voice("en-us+f4", 48, 155, 30),
    "nobody": Voice("en-us+m1", 40, 165),
    "person": Voice("en-us+m7", 52, 170),
    "twilio": Voice("en-us+f1", 50, 160, 40),
    "cedar": Voice("en-us+m2", 50, 172, 60),
    "marin": Voice("en-us+f3", 55, 172, 60),
    "german": Voice("de+m3", 45, 165),
    "italian": Voice("it+m3", 45, 170, 65),
    "spanish": Voice("es+f2", 52, 170),
    "french": Voice("fr+f2", 52, 165),
}
_OTHERS = tuple(
    Voice(f"{accent}+{variant}", pitch)
    for accent in ("en-us", "en-gb-x-rp")
    for variant, pitch in (("m1", 38), ("m4", 46), ("m5", 54), ("f1", 48), ("f2", 56), ("f5", 62))
)


def voice_of(name: str) -> Voice:
    """Give the voice of a name: always the same one, also for a name that is not in the list."""
    known = VOICES.get(name)
    if known is not None:
        return known
    return _OTHERS[hashlib.sha256(name.encode()).digest()[0] % len(_OTHERS)]
