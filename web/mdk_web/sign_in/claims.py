"""Owns what must hold of an ID token (OpenID Connect Core 3.1.3.7), and what is read out of its claims."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from mdk import tokens
from mdk.errors import SignInRefused
from mdk.people.structs import Vouched
from mdk.settings import Settings

LEEWAY: Final = 60  # seconds that the provider's clock and ours may differ
EMAIL: Final = "email"
_VERIFIED: Final = "email_verified"
Claims = Mapping[str, Any]


class Expected(NamedTuple):
    """Whose token it must be, for whom, in answer to what, and when it is read."""

    issuer: str
    client_id: str
    nonce: str
    now: datetime


class _IdToken(msgspec.Struct):
    iss: str
    sub: str
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str
    azp: str | None = None
    at_hash: str | None = None


def read(token: str, keys: Sequence[Claims], *, expected: Expected, access_token: str) -> Claims:
    """The claims of an ID token. Raises `TokenRefused`, and `KeyUnknown` when its key is none of `keys`."""
    content = tokens.signed_elsewhere(token, keys)
    try:
        said = msgspec.json.decode(content, type=_IdToken)
        claims: dict[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise _refused("claims") from error
    now = expected.now.timestamp()
    audience = [said.aud] if isinstance(said.aud, str) else said.aud
    for what, holds in (
        ("issuer", said.iss == expected.issuer),
        ("audience", expected.client_id in audience),
        ("authorized party", said.azp == expected.client_id or (said.azp is None and len(audience) == 1)),
        ("expired", now < said.exp + LEEWAY),
        ("not yet", said.iat <= now + LEEWAY),
        ("nonce", said.nonce == expected.nonce),
        ("subject", 0 < len(said.sub) <= 255),
        ("access token", said.at_hash is None or said.at_hash == _half_hash(access_token)),
    ):
        if not holds:
            raise _refused(what)
    return claims


def check_strength(claims: Claims, settings: Settings, *, now: datetime) -> None:
    """Check that someone signed in as strongly, and as lately, as is demanded here.

    Raises `SignInRefused` (`sign-in.assurance`, `sign-in.second-factor`, `sign-in.stale`, `sign-in.missing-claim`).
    """
    levels, ways = settings["OIDC_ACR"].split(), set(settings["OIDC_AMR"].split())
    if levels and claims.get("acr") not in levels:
        raise SignInRefused("sign-in.assurance", "Inloggningen har för låg tillitsnivå. Logga in med ditt SITHS-kort.")
    used = claims.get("amr")
    if ways and not ways & {each for each in (used if isinstance(used, list) else [used]) if isinstance(each, str)}:
        raise SignInRefused("sign-in.second-factor", "Inloggningen behöver ett starkare sätt att legitimera sig.")
    if settings["OIDC_MAX_AGE"]:
        _check_fresh(claims.get("auth_time"), now.timestamp(), int(settings["OIDC_MAX_AGE"]))


def _check_fresh(auth_time: object, now: float, max_age: int) -> None:
    """When it was that they proved who they are must be told in the signed token (3.1.2.1), and be no time to come."""
    if not isinstance(auth_time, int | float) or isinstance(auth_time, bool):
        raise _missing("auth_time")
    if not now - max_age - LEEWAY <= auth_time <= now + LEEWAY:
        message = "Det är för länge sedan du legitimerade dig hos inloggningstjänsten. Logga in igen."
        raise SignInRefused("sign-in.stale", message)


def needed(settings: Settings) -> list[str]:
    """The claims that a sign-in needs."""
    names = ("OIDC_PERSON_CLAIM", "OIDC_COMMISSION_CLAIM", "OIDC_UNIT_CLAIM")
    named = [settings[name] for name in names if settings[name]]
    return [*named, _VERIFIED] if EMAIL in named[:1] else named


def vouched(claims: Claims, settings: Settings) -> Vouched:
    """Of whom the claims speak.

    Raises `SignInRefused` (`sign-in.missing-claim`, `sign-in.email-unverified`).
    """
    found = {name: _texts(claims.get(name)) for name in needed(settings) if name != _VERIFIED}
    missing = [name for name, values in found.items() if not values]
    if missing:
        raise _missing(*missing)
    person = found[settings["OIDC_PERSON_CLAIM"]][0]
    by_email = settings["OIDC_PERSON_CLAIM"] == EMAIL
    if by_email and claims.get(_VERIFIED) not in {True, "true"}:
        message = "Inloggningstjänsten har inte bekräftat din e-postadress. Kontakta systemförvaltningen."
        raise SignInRefused("sign-in.email-unverified", message)
    return Vouched(
        issuer=settings["OIDC_ISSUER"],
        email=person if by_email else None,
        hsa_id=None if by_email else person,
        commissions=found.get(settings["OIDC_COMMISSION_CLAIM"]),
        units=found.get(settings["OIDC_UNIT_CLAIM"]),
    )


def _texts(value: object) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [value]
    return tuple(each for each in found if isinstance(each, str) and each)


def _half_hash(access_token: str) -> str:
    """The left half of the access token's hash, for both algorithms that are taken (3.1.3.6)."""
    return urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode()


def _missing(*names: str) -> SignInRefused:
    message = f"Inloggningstjänsten lämnade inte uppgiften {', '.join(names)}. Kontakta systemförvaltningen."
    return SignInRefused("sign-in.missing-claim", message)


def _refused(what: str) -> tokens.TokenRefused:
    return tokens.TokenRefused("Inloggningstjänstens svar kunde inte bekräftas. Logga in igen.", what)
