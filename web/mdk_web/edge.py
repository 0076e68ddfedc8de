"""Owns what a call must be before anything of it is read: meant for this host, and sent in good time."""

import asyncio
import time
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, ReceiveMessage, Scope, Send

from mdk.errors import MdkError
from mdk.setting_checks import is_this_machine
from mdk.settings import Settings
from mdk_web.uploads import is_multipart

BODY_SECONDS: Final = 30.0
FILE_SECONDS: Final = 180.0  # 10 MB over a slow line
_ANY_HOST: Final = ("/health/", "/metrics")  # asked by what watches the machine, by its number


class BadHost(MdkError):
    """The call is meant for another place."""

    code = "bad-host"

    def __init__(self) -> None:
        super().__init__("Den här adressen hör inte till MDK smärta.")


class TooSlow(MdkError):
    """What was being sent did not arrive in time."""

    code = "too-slow"

    def __init__(self) -> None:
        super().__init__("Det tog för lång tid att ta emot innehållet. Inget har ändrats. Försök igen.")


class Edge(ASGIMiddleware):
    """Turns away what is meant for another host, and what is sent so slowly that it only holds a place."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        if scope["type"] == ScopeType.HTTP:
            host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
            if not (scope["path"].startswith(_ANY_HOST) or scope["litestar_app"].state.hosts.has(host)):
                raise BadHost
            receive = in_time(receive, FILE_SECONDS if is_multipart(scope) else BODY_SECONDS)
        await next_app(scope, receive, send)


class Hosts:
    """The names under which the system may be called.

    Its own by BASE_URL and those in HOSTS. Where BASE_URL is the machine itself, every name of it; and in the demo any
    number and any name without a dot, which nobody elsewhere can have and turn to this machine (DNS rebinding).
    """

    def __init__(self, settings: Settings) -> None:
        own = urlsplit(settings["BASE_URL"])
        self._is_demo, self._is_local = settings.is_demo, is_this_machine(own.hostname)
        named = [each.strip().lower() for each in settings["HOSTS"].split(",") if each.strip()]
        self._named = frozenset({own.netloc.lower(), (own.hostname or "").lower(), *named})

    def has(self, host: str) -> bool:
        """Whether a Host header names one of them; with a port where it is not the usual one."""
        try:
            parts = urlsplit(f"//{host.lower()}")
            name, is_plain = parts.hostname or "", parts.netloc == host.lower() and "@" not in host
            _ = parts.port
        except ValueError:
            return False
        if not is_plain or not name:
            return False
        if self._is_local and (is_this_machine(name) or (self._is_demo and _is_nobodys(name))):
            return True
        return host.lower() in self._named or (name in self._named and parts.port in {80, 443})


def in_time(receive: Receive, seconds: float) -> Receive:
    """The same body, or `TooSlow` when it has not arrived whole after so many seconds. What follows it may wait."""
    ends, is_whole = time.monotonic() + seconds, False

    async def received() -> ReceiveMessage:
        nonlocal is_whole
        if is_whole:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), max(0.0, ends - time.monotonic()))
        except TimeoutError as late:
            raise TooSlow from late
        is_whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    return received


def _is_nobodys(host: str) -> bool:
    if "." not in host:
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
