"""A certificate for 127.0.0.1 that signs itself, for as long as one benchmark runs."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where the certificate and its key lie."""

    path: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """Make one with the machine's openssl. Raises: OSError, CalledProcessError without it."""
    made = Certificate(folder / "ca.pem", folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    command += ["-keyout", str(made.key), "-out", str(made.path)]
    subprocess.run(command, check=True, capture_output=True, timeout=20)  # noqa: S603 - our own
    return made
