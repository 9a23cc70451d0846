"""Ties a child process to the launcher: when the launcher dies, in whatever way, so does it."""

import ctypes
import os
import signal
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1


def main(command: list[str]) -> int:
    """Become `command` (Linux), or run it and end it when standard input closes (elsewhere).

    Source: prctl(2), PR_SET_PDEATHSIG: the signal survives exec and comes when the parent ends.
    """
    if sys.platform == "linux":
        launcher_pid = int(os.environ.pop("RINGBACK_LAUNCHER_PID", "0"))
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if launcher_pid and os.getppid() != launcher_pid:
            return 1  # the launcher died before the tether was tied
        os.execvp(command[0], command)  # noqa: S606 - no shell: the launcher's own argument list
    return _run_until_input_closes(command)


def _run_until_input_closes(command: list[str]) -> int:
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - see above
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())

    def wait_for_the_launcher() -> None:
        sys.stdin.buffer.read()
        child.terminate()

    threading.Thread(target=wait_for_the_launcher, daemon=True).start()
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
