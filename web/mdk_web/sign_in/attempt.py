"""Owns what ties the answer of an identity provider to the browser that was sent there: state, nonce and PKCE.

All three are made from one random value, which the browser keeps in a cookie, and the installation's secret; nothing is
stored, so that whoever asks for a million sign-ins fills no table.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from mdk.errors import SignInRefused

LASTS: Final = timedelta(minutes=10)
_LONGEST: Final = 100  # characters of the value; ours are below 60


class Attempt(NamedTuple):
    """One attempt to sign in."""

    state: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (RFC 7636, S256)."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())


def begin(now: datetime) -> str:
    """A new attempt's value, for the cookie."""
    return f"{int(now.timestamp())}.{secrets.token_urlsafe(32)}"


def made_of(secret: str, value: str) -> Attempt:
    """The attempt that a value stands for."""
    return Attempt(*(_derived(secret, name, value) for name in ("state", "nonce", "verifier")))


def recall(secret: str, value: str, *, state: str, now: datetime) -> Attempt:
    """The attempt that an answer with `state` belongs to.

    Raises `SignInRefused("sign-in.state")` when the browser began none, another one, or one that is too old.
    """
    attempt = made_of(secret, value[:_LONGEST])
    begun = value.partition(".")[0]
    age = int(now.timestamp()) - int(begun) if begun.isascii() and begun.isdecimal() else -1
    is_own = hmac.compare_digest(attempt.state.encode(), state.encode("utf-8", "replace"))
    if not (is_own and 0 <= age <= LASTS.total_seconds()):
        raise SignInRefused("sign-in.state", "Inloggningen tog för lång tid eller påbörjades på ett annat ställe.")
    return attempt


def _derived(secret: str, name: str, value: str) -> str:
    return _text(hmac.digest(secret.encode(), f"mdk/sign-in/{name}/{value}".encode(), "sha256"))


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
