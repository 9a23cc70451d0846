"""Which loopback port stands behind each public host name."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.errors import HostUnreachable

DEFAULT_PORTS = {"https": 443, "wss": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A socket address on this machine."""

    ip: str
    port: int


class AddressMap:
    """Public host -> loopback address; a host that is not in it cannot be reached."""

    def __init__(self, hosts: Mapping[str, Address]) -> None:
        self._hosts = {host.lower(): address for host, address in hosts.items()}

    def find(self, url: str) -> Address:
        """Give the address for the host of `url`. Raises: HostUnreachable."""
        host = (urlsplit(url).hostname or "").lower()
        address = self._hosts.get(host)
        if address is None:
            raise HostUnreachable(f"host {host!r} is not in the sandbox's address map")
        return address

    def lines(self) -> list[str]:
        """Give one line per host, to be printed at start."""
        return [f"{host} -> {a.ip}:{a.port}" for host, a in sorted(self._hosts.items())]


def parse_mapping(text: str) -> tuple[str, Address]:
    """Read `HOST=IP:PORT`. Raises: ValueError that says what is wrong."""
    host, equals, rest = text.partition("=")
    ip, colon, port = rest.rpartition(":")
    if not (host and equals and ip and colon and port.isdecimal()):
        raise ValueError(f"--map {text!r} is not HOST=IP:PORT")
    return host, Address(ip, int(port))


def host_header(url: str) -> str:
    """Give the Host header for a public `url`: no port when it is the scheme's default."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.port is None or parts.port == DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"
