"""Owns the headers of every answer, also of those that no handler made."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


_PROTECTED = b"max-age=63072000; includeSubDomains"


async def guard_answer(message: Message, scope: Scope) -> None:
    """Put the security headers on an answer; what may hold patient data is kept by no cache.

    Where people reach the system over a protected line, they never come over another, and no cookie travels on one.
    """
    if message["type"] != "http.response.start":
        return
    if scope["litestar_app"].state.settings.is_protected:
        kept = [_protected(name, value) for name, value in message["headers"]]
        message["headers"] = [*kept, (b"strict-transport-security", _PROTECTED)]
    headers = MutableScopeHeaders.from_message(message)
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if not scope["path"].startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
        headers.setdefault("Vary", "HX-Request, Cookie, Authorization")


def _protected(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    is_open = name.lower() == b"set-cookie" and b"; secure" not in value.lower()
    return name, value + b"; Secure" if is_open else value
