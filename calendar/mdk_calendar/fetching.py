"""Owns the reading of an address that a person gave: within bounds, and never from a place that is not public.

Each hop is resolved once and reached at the very address that was checked, so that a name which changes its mind
between the check and the call (DNS rebinding) gains nothing.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from socket import IPPROTO_TCP, SHUT_RDWR, SOCK_STREAM, create_connection, getaddrinfo, socket
from typing import Final, Literal, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

import msgspec

Failure = Literal["address", "unreachable", "redirects", "refused", "slow", "too-large", "broken", "too-heavy"]
Resolve = Callable[[str, int], list[str]]
Address = IPv4Address | IPv6Address

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_HOPS: Final = 3
SECONDS: Final = 20.0
_PORTS: Final = {"http": 80, "https": 443}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CHUNK: Final = 64 * 1024
# Addresses that carry another one inside, by which a private host could be reached: NAT64, 6to4, Teredo.
_DISGUISES: Final = tuple(ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))


class Unreadable(Exception):
    """The address gave nothing that could be used, and why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An address to read, what was kept of the last answer, and hosts beside the public ones that may be asked."""

    url: str
    etag: str = ""
    modified: str = ""
    hosts: tuple[str, ...] = ()


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How long an answer may take in all, how large it may be, and how often it may point elsewhere."""

    seconds: float = SECONDS
    size: int = MAX_BYTES
    hops: int = MAX_HOPS


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """What an address answered; no `body` means that nothing has changed since."""

    body: bytes | None
    etag: str = ""
    modified: str = ""


class _Hop(NamedTuple):
    parts: SplitResult
    host: str
    port: int


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the machine finds them."""
    return [str(found[4][0]) for found in getaddrinfo(host, port, type=SOCK_STREAM, proto=IPPROTO_TCP)]


def fetch(asked: Asked, *, bounds: Bounds = Bounds(), resolver: Resolve = resolve) -> Fetched:  # noqa: B008 - frozen
    """Read an address over HTTP or HTTPS. Raises `Unreadable` for whatever keeps it from being read."""
    ends = time.monotonic() + bounds.seconds
    url = asked.url
    try:
        for _ in range(bounds.hops + 1):
            answer = _ask(_hop(url), asked, ends=ends, bounds=bounds, resolver=resolver)
            if isinstance(answer, Fetched):
                return answer
            url = _onward(url, answer)
    except (OSError, HTTPException, ValueError) as fault:
        raise Unreadable("slow" if time.monotonic() >= ends else "unreachable") from fault
    raise Unreadable("redirects")


def is_public(address: str) -> bool:
    """Whether an address is one that anybody on the internet reaches, and hides no other."""
    try:
        found: Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    disguised = any(found.version == net.version and found in net for net in _DISGUISES)
    return found.is_global and not found.is_multicast and not disguised


def check_address(url: str) -> str:
    """The address as it is read: `webcal` is `https`. Raises `Unreadable("address")` for no address of the web."""
    scheme, separator, rest = url.strip().partition(":")
    plain = f"{ {'webcal': 'https', 'webcals': 'https'}.get(scheme.lower(), scheme.lower()) }{separator}{rest}"
    hop = _hop(plain)
    return hop.parts.geturl()


def _hop(url: str) -> _Hop:
    if not url.isascii() or not url.isprintable() or " " in url:
        raise Unreadable("address")
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as fault:
        raise Unreadable("address") from fault
    host = (parts.hostname or "").rstrip(".")
    if not port or not host or parts.username is not None or parts.scheme not in _PORTS:
        raise Unreadable("address")
    return _Hop(parts, host, port)


def _checked(hop: _Hop, asked: Asked, resolver: Resolve) -> str:
    """The one address at which the hop is reached. Raises `Unreadable("address")` when any of them is not public."""
    found = resolver(hop.host, hop.port)
    if not found:
        raise Unreadable("unreachable")
    is_known = hop.host in asked.hosts or f"{hop.host}:{hop.port}" in asked.hosts
    if not is_known and not all(is_public(address) for address in found):
        raise Unreadable("address")
    return found[0]


def _ask(hop: _Hop, asked: Asked, *, ends: float, bounds: Bounds, resolver: Resolve) -> Fetched | str:
    """One call: what it answers, or where it points."""
    address = _checked(hop, asked, resolver)
    with _connected(hop, address, ends) as connection:
        path = hop.parts.path or "/"
        connection.request(
            "GET", f"{path}?{hop.parts.query}" if hop.parts.query else path, headers=_headers(hop, asked)
        )
        with connection.getresponse() as answer:
            return _read(answer, asked, ends=ends, size=bounds.size)


def _read(answer: HTTPResponse, asked: Asked, *, ends: float, size: int) -> Fetched | str:
    if answer.status in _REDIRECTS:
        return answer.getheader("Location", "")
    if answer.status == 304 and (asked.etag or asked.modified):
        return Fetched(body=None, etag=asked.etag, modified=asked.modified)
    if answer.status != 200 or answer.getheader("Content-Encoding", "identity") != "identity":
        raise Unreadable("unreachable" if answer.status >= 500 else "refused")
    body = _body(answer, size)
    if time.monotonic() >= ends:
        raise Unreadable("slow")
    return Fetched(body=body, etag=_kept(answer, "ETag"), modified=_kept(answer, "Last-Modified"))


@contextmanager
def _connected(hop: _Hop, address: str, ends: float) -> Iterator[HTTPConnection]:
    left = ends - time.monotonic()
    if left <= 0:
        raise Unreadable("slow")
    plain = create_connection((address, hop.port), timeout=left)
    # Ends the call when its time is over, however slowly the other side drips: a time limit on each read would not.
    line = plain.dup()  # TLS takes over the first one
    watch = threading.Timer(ends - time.monotonic(), _hang_up, [line])
    watch.daemon = True
    watch.start()
    connection = HTTPConnection(hop.host, hop.port)
    connection.sock = plain
    try:
        if hop.parts.scheme == "https":
            connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=hop.host)
        yield connection
    finally:
        watch.cancel()
        connection.close()
        plain.close()
        line.close()


def _hang_up(line: socket) -> None:
    with suppress(OSError):
        line.shutdown(SHUT_RDWR)


def _headers(hop: _Hop, asked: Asked) -> dict[str, str]:
    usual = {
        "Host": hop.parts.netloc,
        "User-Agent": "MDK-smarta",
        "Accept": "text/calendar, */*;q=0.1",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    known = {"If-None-Match": asked.etag, "If-Modified-Since": asked.modified}
    return usual | {name: value for name, value in known.items() if value}


def _body(answer: HTTPResponse, size: int) -> bytes:
    if (answer.length or 0) > size:
        raise Unreadable("too-large")
    found = bytearray()
    while chunk := answer.read(_CHUNK):
        found += chunk
        if len(found) > size:
            raise Unreadable("too-large")
    if answer.length:
        raise HTTPException("the line broke")  # half a calendar would free its owner's time
    return bytes(found)


def _kept(answer: HTTPResponse, name: str) -> str:
    """A mark of the answer, if it can be sent back as it is."""
    value: str = answer.getheader(name, "").strip()
    return value if len(value) <= 200 and value.isascii() and value.isprintable() else ""


def _onward(url: str, target: str) -> str:
    """Where an answer points; from a protected line nobody is led to an open one."""
    if not target:
        raise Unreadable("unreachable")
    onward = urljoin(url, target)
    if url.startswith("https:") and not onward.startswith("https:"):
        raise Unreadable("address")
    return onward
