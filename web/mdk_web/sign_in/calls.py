"""Owns the calls to an identity provider: within bounds of time and size, and never led elsewhere."""

import time
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any, Final, NamedTuple, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import msgspec

from mdk.errors import Unavailable
from mdk.setting_checks import is_this_machine

T = TypeVar("T")
PATIENCE: Final = 5.0  # seconds for each wait on the line
SECONDS: Final = 10.0  # for a whole call
MAX_BYTES: Final = 500_000
_CHUNK: Final = 64 * 1024
NO_ANSWER: Final = "Inloggningstjänsten svarar inte som den ska just nu. Försök igen om en stund."


class Refused(Exception):
    """The provider answered that it will not: a code that was used before, a token that it does not know."""


class Sent(NamedTuple):
    """What is sent: fields of a form, or none for a question, and headers."""

    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = {}


NOTHING: Final = Sent()


class _Stay(HTTPRedirectHandler):
    """An endpoint is where the provider's own document says: whoever points elsewhere is not followed."""

    def redirect_request(self, *_args: Any) -> None:
        return None


_OPENER: Final = build_opener(_Stay)


def call(url: str, kind: type[T], sent: Sent = NOTHING) -> T:
    """What an endpoint answers, as `kind`. Raises `Refused` for a 4xx, `Unavailable` for anything that is no answer."""
    if not is_safe(url):
        raise Unavailable(NO_ANSWER)
    body = None if sent.form is None else urlencode(sent.form).encode()
    request = Request(url, body, {"Accept": "application/json", **sent.headers})  # noqa: S310 - checked above
    ends = time.monotonic() + SECONDS
    try:
        with _OPENER.open(request, timeout=PATIENCE) as answer:
            return msgspec.json.decode(_whole(answer, ends), type=kind)
    except HTTPError as error:
        error.close()
        if 400 <= error.code < 500:
            raise Refused from error
        raise Unavailable(NO_ANSWER) from error
    except (OSError, HTTPException, ValueError) as error:  # msgspec's own errors are ValueErrors
        raise Unavailable(NO_ANSWER) from error


def is_safe(url: str) -> bool:
    """Whether nobody can listen on the way: a protected line, or this machine itself."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(parts.hostname))


def _whole(answer: Any, ends: float) -> bytes:
    found = bytearray()
    while chunk := answer.read1(_CHUNK):
        found += chunk
        if len(found) > MAX_BYTES or time.monotonic() > ends:
            raise ValueError("too much, or too slow")
    return bytes(found)
