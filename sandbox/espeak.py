"""A voice in this process: espeak-ng through ctypes, from the package `espeakng_loader`.

An optional part of the sandbox: where the library is missing or does not load, nobody speaks and
`load` says so. The library has one global state, so one sentence is spoken at a time.
"""

import ctypes
import importlib
import os
import threading
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np

from sandbox.mulaw import Samples

PACKAGE = "espeakng_loader"

_SYNCHRONOUS = 2  # sound comes by the callback, during espeak_Synth
_DO_NOT_EXIT = 0x8000
_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_OK = 0

_SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


@dataclass(frozen=True, slots=True)
class Voice:
    """How somebody sounds.

    `name`: of an espeak voice, with its variant (`en-us+f3`). `pitch` and `liveliness`: 0 to 100.
    """

    name: str = "en-us"
    pitch: int = 50
    words_per_minute: int = 170
    liveliness: int = 55


class EspeakMissing(RuntimeError):
    """The library is not installed, does not load, or does not start."""


class Espeak:
    """The started library."""

    def __init__(self, package: str = PACKAGE) -> None:
        """Load and start the library that `package` finds. Raises: EspeakMissing."""
        loader = _import(package)
        try:
            library = ctypes.CDLL(str(loader.get_library_path()))
            data = os.fsencode(str(loader.get_data_path()))
        except (OSError, RuntimeError) as error:
            raise EspeakMissing(f"{package} does not load: {error}") from error
        self._library = library
        self._lock = threading.Lock()
        self._pieces: list[bytes] = []
        self._callback = _SynthCallback(self._take)  # held: the library keeps only its address
        _declare(library)
        self.rate_hz = int(library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DO_NOT_EXIT))
        if self.rate_hz <= 0:
            raise EspeakMissing(f"espeak-ng does not start: {self.rate_hz}")
        library.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, voice: Voice) -> Samples:
        """Speak a sentence; gives its sound at `rate_hz`. Raises: EspeakMissing when it fails."""
        with self._lock:
            self._choose(voice)
            self._pieces.clear()
            spoken = text.encode() + b"\0"
            asked = self._library.espeak_Synth(spoken, len(spoken), 0, 0, 0, _UTF8, None, None)
            if asked != _OK or self._library.espeak_Synchronize() != _OK:
                raise EspeakMissing(f"espeak-ng did not speak: {asked}")
            sound = b"".join(self._pieces)
        return np.frombuffer(sound, dtype=np.int16).astype(np.float64)

    def _choose(self, voice: Voice) -> None:
        if self._library.espeak_SetVoiceByName(voice.name.encode()) != _OK:
            raise EspeakMissing(f"espeak-ng has no voice {voice.name}")
        for parameter, value in (
            (_RATE, voice.words_per_minute),
            (_PITCH, voice.pitch),
            (_RANGE, voice.liveliness),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)

    def _take(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, 2 * count))
        return 0


@cache
def load() -> Espeak:
    """Give the one started library. Raises: EspeakMissing."""
    return Espeak()


def _import(package: str) -> ModuleType:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        words = f"{package} is missing: pip install 'ringback[sandbox]'"
        raise EspeakMissing(words) from error


def _declare(library: ctypes.CDLL) -> None:
    """Tell ctypes the arguments that are wider than an int."""
    library.espeak_Initialize.argtypes = [
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
    ]
    library.espeak_SetSynthCallback.argtypes = [_SynthCallback]
    library.espeak_SetSynthCallback.restype = None
    library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
