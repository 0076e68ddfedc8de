"""Owns the proof that a form was sent from a page of ours: a signed token in a cookie and again in the form."""

from typing import Any

from litestar.config.csrf import CSRFConfig
from litestar.connection import Request
from litestar.enums import ScopeType
from litestar.middleware.csrf import CSRFMiddleware
from litestar.types import Receive, Scope, Send

from mdk.settings import Settings
from mdk_web.rendering import CSRF_COOKIE, CSRF_HEADER


class FormGuard(CSRFMiddleware):
    """The framework's check, for what it would fail at or never get over.

    A token that is no plain text proves nothing, and a cookie that was signed with another secret counts as none: the
    next page brings a new one, where the framework would keep it and refuse every form until the browser is closed.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            cookies: dict[str, str] = Request[Any, Any, Any](scope).cookies
            if self._decode_csrf_token(cookies.get(self.config.cookie_name)) is None:
                cookies.pop(self.config.cookie_name, None)
        await super().__call__(scope, receive, send)

    def _decode_csrf_token(self, token: object) -> str | None:
        return super()._decode_csrf_token(token) if isinstance(token, str) and token.isascii() else None


def form_rules(settings: Settings) -> CSRFConfig:
    """What the guard asks: all but the API, whose callers show a bearer token, and answer links, which are proof."""
    return CSRFConfig(
        secret=settings.secret_key,
        cookie_name=CSRF_COOKIE,
        header_name=CSRF_HEADER,
        cookie_secure=settings["BASE_URL"].startswith("https://"),
        exclude=["^/api/", "^/rsvp/"],
    )
