"""Owns the conversation with the identity provider (OpenID Connect): where it is, its keys, a code for claims."""

import asyncio
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import structlog

from mdk.errors import MdkError, SignInRefused, Unavailable
from mdk.people.structs import Vouched
from mdk.settings import Settings
from mdk.tokens import KeyUnknown, TokenRefused
from mdk_web.sign_in import claims as rules
from mdk_web.sign_in.attempt import Attempt
from mdk_web.sign_in.calls import NO_ANSWER, NOTHING, Refused, Sent, call
from mdk_web.sign_in.claims import Claims, Expected

log = structlog.get_logger(__name__)
T = TypeVar("T")

THREADS: Final = 4  # of their own: whoever waits for a provider holds up no page
FRESH: Final = 3600.0  # seconds for which the provider's document and keys are kept
CALLBACK: Final = "/sign-in/callback"
SIGNED_OUT: Final = "/signed-out"


class _Document(msgspec.Struct):
    """What of OpenID Connect Discovery is used here."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Keys(msgspec.Struct):
    keys: list[dict[str, Any]]


class _Granted(msgspec.Struct):
    id_token: str
    access_token: str = ""


class Provider:
    """The configured provider, as this process knows it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._own = settings["BASE_URL"].rstrip("/")
        self._document: tuple[float, _Document] | None = None
        self._keys: list[dict[str, Any]] = []

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="mdk-sign-in")

    async def apart(self, work: Callable[[], T]) -> T:
        """Do what waits for the provider in threads of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def way_there(self, attempt: Attempt) -> str:
        """The address at which the provider asks who it is. Raises `Unavailable`."""
        asked = {
            "response_type": "code",
            "client_id": self._settings["OIDC_CLIENT_ID"],
            "redirect_uri": self._own + CALLBACK,
            "scope": self._settings["OIDC_SCOPES"],
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
            "ui_locales": "sv",
        }
        if self._settings["OIDC_ACR"]:
            asked["acr_values"] = self._settings["OIDC_ACR"]
        if self._settings["OIDC_MAX_AGE"]:
            asked["max_age"] = self._settings["OIDC_MAX_AGE"]
        return _with(self._found().authorization_endpoint, asked)

    def way_out(self) -> str:
        """The address at which the provider ends its own session (RP-Initiated Logout 1.0); empty when it has none.

        No ID token is kept for it, since one may hold an identity number: the provider asks instead.
        """
        try:
            there = self._found().end_session_endpoint
        except Unavailable:
            return ""
        back = {"client_id": self._settings["OIDC_CLIENT_ID"], "post_logout_redirect_uri": self._own + SIGNED_OUT}
        return _with(there, back) if there else ""

    def who(self, code: str, attempt: Attempt, *, issuer: str | None, now: datetime) -> Vouched:
        """Of whom the answer with `code` speaks; `issuer` is who the answer says it is from (RFC 9207).

        Raises `SignInRefused`, `TokenRefused`, `Unavailable`.
        """
        found = self._found()
        if issuer != found.issuer and (issuer or found.authorization_response_iss_parameter_supported):
            raise SignInRefused("sign-in.issuer", "Svaret kom inte från rätt inloggningstjänst. Logga in igen.")
        granted = self._exchanged(found, code, attempt)
        expected = Expected(found.issuer, self._settings["OIDC_CLIENT_ID"], attempt.nonce, now)
        claims = self._read(found, granted, expected)
        rules.check_strength(claims, self._settings, now=now)
        if any(name not in claims for name in rules.needed(self._settings)):
            claims = {**self._more(found, granted, claims), **claims}
        return rules.vouched(claims, self._settings)

    def _exchanged(self, found: _Document, code: str, attempt: Attempt) -> _Granted:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._own + CALLBACK,
            "code_verifier": attempt.verifier,
        }
        client, secret = self._settings["OIDC_CLIENT_ID"], self._settings["OIDC_CLIENT_SECRET"]
        headers = {}
        if "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"  # RFC 6749, 2.3.1
            headers = {"Authorization": "Basic " + b64encode(pair.encode()).decode()}
        else:
            form |= {"client_id": client, "client_secret": secret}
        try:
            return call(found.token_endpoint, _Granted, Sent(form, headers))
        except Refused as refusal:
            raise SignInRefused(
                "sign-in.code", "Inloggningen har redan använts eller gått ut. Logga in igen."
            ) from refusal

    def _read(self, found: _Document, granted: _Granted, expected: Expected) -> Claims:
        """The ID token's claims; when none of the keys at hand is its own, those that the provider has now are read."""
        token, access_token = granted.id_token, granted.access_token
        try:
            return rules.read(token, self._keys, expected=expected, access_token=access_token)
        except KeyUnknown:
            self._keys = _usable(self._called(found.jwks_uri, _Keys).keys)
        return rules.read(token, self._keys, expected=expected, access_token=access_token)

    def _more(self, found: _Document, granted: _Granted, claims: Claims) -> Claims:
        """What the provider tells only when it is asked, if it is of the same person."""
        if not (found.userinfo_endpoint and granted.access_token):
            return {}
        sent = Sent(headers={"Authorization": f"Bearer {granted.access_token}"})
        told: Claims = self._called(found.userinfo_endpoint, dict[str, Any], sent)
        return told if told.get("sub") == claims["sub"] else {}

    def _called(self, url: str, kind: type[T], sent: Sent = NOTHING) -> T:
        """What an endpoint answers that has no reason to refuse. Raises `Unavailable`."""
        try:
            return call(url, kind, sent)
        except (Refused, Unavailable) as fault:
            log.warning("sign-in provider", fault="no answer", at=urlsplit(url).path)
            raise Unavailable(NO_ANSWER) from fault

    def _found(self) -> _Document:
        """The provider's own document. Raises `Unavailable` when it cannot be read or is another's."""
        if self._document is None or time.monotonic() - self._document[0] > FRESH:
            issuer = self._settings["OIDC_ISSUER"]
            read = self._called(issuer.rstrip("/") + "/.well-known/openid-configuration", _Document)
            if read.issuer != issuer:
                log.warning("sign-in provider", fault="the document is another issuer's")
                raise Unavailable(NO_ANSWER)
            self._document, self._keys = (time.monotonic(), read), []
        return self._document[1]


def _usable(keys: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [key for key in keys if isinstance(key.get("kty"), str)]


def _with(address: str, fields: dict[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(fields, quote_via=quote)}"


def told(error: MdkError) -> SignInRefused | None:
    """What a refusal of a sign-in is called in the log; None for what is no refusal."""
    if isinstance(error, TokenRefused):
        return SignInRefused("sign-in.token", error.message)
    return error if isinstance(error, SignInRefused) else None
