"""Owns the proof that a form was sent from a page of ours: a signed token in a cookie and again in the form."""

from typing import Any

from litestar.concurrency import sync_to_thread
from litestar.config.csrf import CSRFConfig
from litestar.connection import Request
from litestar.enums import ScopeType
from litestar.middleware.csrf import CSRFMiddleware
from litestar.types import HTTPScope, Receive, Scope, Send
from litestar.utils.scope.state import ScopeState

from mdk.settings import Settings
from mdk_web.callers import cookie_name
from mdk_web.errors import API
from mdk_web.rendering import CSRF_COOKIE, CSRF_FIELD, CSRF_HEADER
from mdk_web.uploads import is_multipart, token_of
from mdk_web.visits import check_signed_in, session_of


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
            await _find_token(scope, receive)
        await super().__call__(scope, receive, send)

    def _decode_csrf_token(self, token: object) -> str | None:
        return super()._decode_csrf_token(token) if isinstance(token, str) and token.isascii() else None


async def _find_token(scope: HTTPScope, receive: Receive) -> None:
    """Read a form with files into memory, where the handler finds it: the framework would lay the files on disk.

    Whoever is not signed in sends no files: the form is not read. Without a session's cookie it counts as one without a
    token. Raises `SignInNeeded` for a cookie whose session is over, or never was.
    """
    request = Request[Any, Any, Any](scope, receive)
    if scope["method"] != "POST" or scope["path"].startswith(API) or not is_multipart(scope):
        return
    found = None
    if session_of(request):
        await sync_to_thread(check_signed_in, request)
        found = token_of(await request.body())
    ScopeState.from_scope(scope).form = {} if found is None else {CSRF_FIELD: found}


def form_rules(settings: Settings) -> CSRFConfig:
    """What the guard asks: all but the API, whose callers show a bearer token, and answer links, which are proof."""
    return CSRFConfig(
        secret=settings.secret_key,
        cookie_name=cookie_name(settings, CSRF_COOKIE),
        header_name=CSRF_HEADER,
        cookie_secure=settings.is_protected,
        exclude=["^/api/", "^/rsvp/", "^/home-care/"],
    )
