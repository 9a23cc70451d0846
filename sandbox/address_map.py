"""Which loopback ports stand behind each public host name."""

from collections.abc import Iterable, Mapping, Sequence
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
    """Public host -> loopback addresses; a host that is not in it cannot be reached.

    Several addresses of one host take turns, as behind a load balancer.
    """

    def __init__(self, hosts: Mapping[str, Sequence[Address]]) -> None:
        self._hosts = {host.lower(): list(addresses) for host, addresses in hosts.items()}

    def find(self, url: str) -> Sequence[Address]:
        """Give the addresses for the host of `url` in the order in which to try them.

        Raises: HostUnreachable.
        """
        host = (urlsplit(url).hostname or "").lower()
        addresses = self._hosts.get(host)
        if not addresses:
            raise HostUnreachable(f"host {host!r} is not in the sandbox's address map")
        order = tuple(addresses)
        addresses.append(addresses.pop(0))
        return order

    def lines(self) -> list[str]:
        """Give one line per address, to be printed at start."""
        hosts = sorted(self._hosts.items())
        return [f"{host} -> {a.ip}:{a.port}" for host, addresses in hosts for a in addresses]


def group_mappings(mappings: Iterable[tuple[str, Address]]) -> dict[str, list[Address]]:
    """Collect the addresses of each host in the order given."""
    hosts: dict[str, list[Address]] = {}
    for host, address in mappings:
        hosts.setdefault(host, []).append(address)
    return hosts


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
