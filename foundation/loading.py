"""How a service loads quickly: called before anything else is imported."""

import gc
import os
import sys


def load_lightly() -> None:
    """Leave out what a start pays for and nobody uses.

    The collector: nothing that is loaded is garbage (`run_service` switches it on again). Rich,
    which structlog loads where it is installed, for tracebacks that we do not print. Pydantic's
    search of all installed packages for plug-ins. Measured: benchmarks/startup.py, 0.23 s of 1.3.
    """
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if "structlog" not in sys.modules and "rich" not in sys.modules:
        sys.modules["rich"] = None  # type: ignore[assignment] # the import system's "is not there"
        import structlog  # noqa: F401, PLC0415 - to be found loaded by whoever imports it

        del sys.modules["rich"]
