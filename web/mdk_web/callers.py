"""Owns what is known of who calls: from which address, with which browser, and by which cookies."""

from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from litestar.connection import ASGIConnection

from mdk.settings import Settings

Connection = ASGIConnection[Any, Any, Any, Any]

SESSION_COOKIE: Final = "mdk_session"
ATTEMPT_COOKIE: Final = "mdk_attempt"
NEXT_COOKIE: Final = "mdk_next"
_BROWSERS: Final = ("Edg", "Firefox", "Chrome", "Safari")
_SYSTEMS: Final[Mapping[str, str]] = {
    "Windows": "Windows",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Mac OS": "Mac",
    "Linux": "Linux",
}


def cookie_name(settings: Settings, name: str) -> str:
    """A cookie's name; over a protected line one that no other host, and no open line, can set (RFC 6265bis, 4.1.3)."""
    return f"__Host-{name}" if settings.is_protected else name


def address_of(connection: Connection) -> str:
    """The address that a call comes from; behind known proxies, the last one that is none of them."""
    own = connection.client.host if connection.client else ""
    proxies = _networks(connection.app.state.settings["PROXIES"])
    lines = ",".join(connection.headers.getall("x-forwarded-for", []))  # one who adds a line adds it last
    told = [each.strip() for each in lines.split(",") if each.strip()]
    found = own
    while told and _is_in(found, proxies):
        found = told.pop()
    return found if _is_address(found) else own


def agent_of(connection: Connection) -> str:
    """The browser as its person knows it, such as `Firefox, Windows`; empty for any other program."""
    told = connection.headers.get("user-agent", "")
    browser = next((name for name in _BROWSERS if name in told), "")
    system = next((word for sign, word in _SYSTEMS.items() if sign in told), "")
    return ", ".join(filter(None, (browser.replace("Edg", "Edge"), system)))


@cache
def _networks(setting: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(each.strip()) for each in setting.split(",") if each.strip())


def _is_in(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
