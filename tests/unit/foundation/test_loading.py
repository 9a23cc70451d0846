import subprocess
import sys

SEEN = "import gc, sys; print(gc.isenabled(), 'rich' in sys.modules, 'structlog' in sys.modules)"


def test_a_service_loads_neither_rich_nor_with_the_collector_on() -> None:
    code = f"from foundation.loading import load_lightly; load_lightly(); {SEEN}"
    told = subprocess.run(  # noqa: S603 - our own line of Python
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert told.stdout.split() == ["False", "False", "True"]
    assert not told.stderr


def test_what_a_service_left_out_can_still_be_loaded() -> None:
    code = "from foundation.loading import load_lightly; load_lightly(); import rich.console"
    told = subprocess.run(  # noqa: S603 - our own line of Python
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert told.returncode == 0
