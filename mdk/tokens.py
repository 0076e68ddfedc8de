"""Owns how every token is signed and read, answer links, and the seals of minutes; the only importer of jose.

Bearers (`mdk/bearers.py`) and links have one algorithm (HS256) and one derived key per purpose; seals have another
(ES256) and keys of their own, so that anyone can check them. jose checks the signature only; header and claims are
checked here against strict structs and the injected time, since jose takes a missing `aud`, ignores `crit` and `kid`,
and knows no clock but its own.
"""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jose import jwk, jws
from jose.exceptions import JOSEError

from mdk.errors import MdkError

ALGORITHM: Final = "HS256"
LONGEST: Final = 1024  # characters; ours are below 400
LEEWAY: Final = timedelta(seconds=60)  # a token may be issued by a clock that is this much ahead
SHORTEST_SECRET: Final = 32  # characters
SEAL: Final = "ES256"
LONGEST_FOREIGN: Final = 20_000  # characters
LONGEST_SEAL: Final = 2_000_000  # characters; minutes of nothing but full fields stay below a quarter of it
FOREIGN: Final = {"RS256": ("RSA", None), "ES256": ("EC", "P-256")}  # what an identity provider may sign with
SMALLEST_RSA: Final = 256  # bytes
_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)


class TokenRefused(MdkError):
    """The token proves nothing; `reason` is for the log, the message for the person."""

    code = "token-refused"

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class KeyUnknown(TokenRefused):
    """None of the keys at hand is the one that the token names; its issuer may have a new one."""


class Answer(msgspec.Struct, frozen=True):
    """Whose answer to which sending of a conference's invitation a link may record."""

    conference_id: str
    person_id: int
    sequence: int
    token_id: str
    expires_at: datetime


class SealKey(msgspec.Struct, frozen=True):
    """A key that seals: its id, the public part as a JWK, and the private part as encrypted PEM text."""

    kid: str
    public: dict[str, str]
    private: str


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    alg: str
    typ: str
    kid: str


class _ForeignHeader(msgspec.Struct):
    alg: str
    kid: str | None = None
    crit: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class Claims(msgspec.Struct, forbid_unknown_fields=True):
    """What every token claims; a purpose adds its own."""

    iss: str
    aud: str
    sub: str
    jti: str
    iat: int
    exp: int


class _AnswerClaims(Claims):
    conference: str
    sequence: int


class _QuestionClaims(Claims):
    pass


class Purpose(msgspec.Struct, frozen=True):
    """What a token is for, which decides its key, and what is said of one that is refused."""

    audience: str
    refusal: str


_ANSWER: Final = Purpose("rsvp", "Svarslänken gäller inte längre. Svara i stället från konferensens sida.")
_QUESTION: Final = Purpose(
    "home-care", "Länken kan inte läsas, eller har gått ut. Kontrollera att hela länken kom med."
)
_FOREIGN: Final = Purpose("", "Inloggningstjänstens svar kunde inte bekräftas. Logga in igen.")
_SEAL: Final = Purpose("mdk-minutes", "Signaturen stämmer inte: innehållet är ändrat eller nyckeln okänd.")

_C = TypeVar("_C", bound=Claims)


def sign(secret: str, claims: Claims, *, purpose: Purpose) -> str:
    """A token with these claims. Raises: ValueError when the secret is short, or the token longer than readers take."""
    key = _derive(secret, "key", purpose)
    token: str = jws.sign(msgspec.to_builtins(claims), key, {"kid": _key_id(secret, purpose)}, ALGORITHM)
    if len(token) > LONGEST:
        msg = "the token would be longer than any reader takes"
        raise ValueError(msg)
    return token


def read(secret: str, token: str, now: datetime, *, purpose: Purpose, issuer: str, form: type[_C]) -> _C:
    """The claims of a token, whose shape, header, signature and claims are checked in this order.

    Raises: TokenRefused for anything but an unexpired token of this purpose and installation.
    """
    key = jwk.construct(_derive(secret, "key", purpose), ALGORITHM)
    key_id = _key_id(secret, purpose)
    moment = seconds(now)
    try:
        _check_shape(token)
        header = msgspec.json.decode(_decoded(token.partition(".")[0]), type=_Header)
        _check("header", header == _Header(ALGORITHM, "JWT", key_id))
        claims = msgspec.json.decode(jws.verify(token, key, [ALGORITHM]), type=form)
        _check("audience", claims.aud == purpose.audience)
        _check("issuer", claims.iss == issuer)
        _check("expired", moment < claims.exp)
        _check("not yet", claims.iat <= moment + LEEWAY.seconds)
    except (JOSEError, msgspec.MsgspecError, ValueError, TypeError, AttributeError) as error:
        raise TokenRefused(purpose.refusal, str(error)) from error
    return claims


def subject(claims: Claims, purpose: Purpose) -> int:
    """The id of whom or what a token speaks for. Raises: TokenRefused for what is no id."""
    if not (claims.sub.isascii() and claims.sub.isdigit()):
        raise TokenRefused(purpose.refusal, "subject")
    return int(claims.sub)


def seconds(moment: datetime) -> int:
    """A time as claims have it, in whole seconds. Raises: ValueError for a naive one."""
    if moment.tzinfo is None:
        msg = "a naive time proves nothing"
        raise ValueError(msg)
    return int(moment.timestamp())


def moment_of(count: int) -> datetime:
    """The time that a claim tells."""
    return datetime.fromtimestamp(count, UTC)


def issue_answer(
    secret: str,
    *,
    conference_id: str,
    person_id: int,
    sequence: int,
    now: datetime,
    expires_at: datetime,
    issuer: str,
) -> str:
    """Sign an answer link's token; the same arguments give the same token, so that a repeated mail is identical.

    Raises: ValueError when the secret is short or a time is naive.
    """
    claims = _AnswerClaims(
        iss=issuer,
        aud=_ANSWER.audience,
        sub=str(person_id),
        jti=f"{conference_id}.{person_id}.{sequence}",
        iat=seconds(now),
        exp=seconds(expires_at),
        conference=conference_id,
        sequence=sequence,
    )
    return sign(secret, claims, purpose=_ANSWER)


def read_answer(secret: str, token: str, now: datetime, *, issuer: str) -> Answer:
    """Tell whose answer a link carries.

    Raises: TokenRefused for anything but an unexpired answer link of this installation.
    """
    claims = read(secret, token, now, purpose=_ANSWER, issuer=issuer, form=_AnswerClaims)
    person_id = subject(claims, _ANSWER)
    return Answer(claims.conference, person_id, claims.sequence, claims.jti, moment_of(claims.exp))


def issue_question(secret: str, *, question_id: int, now: datetime, expires_at: datetime, issuer: str) -> str:
    """Sign the link of a question to someone without a sign-in; the same arguments give the same token.

    Raises: ValueError when the secret is short or a time is naive.
    """
    claims = _QuestionClaims(
        iss=issuer,
        aud=_QUESTION.audience,
        sub=str(question_id),
        jti=f"question.{question_id}",
        iat=seconds(now),
        exp=seconds(expires_at),
    )
    return sign(secret, claims, purpose=_QUESTION)


def read_question(secret: str, token: str, now: datetime, *, issuer: str) -> int:
    """Tell which question a link answers.

    Raises: TokenRefused for anything but an unexpired question link of this installation.
    """
    claims = read(secret, token, now, purpose=_QUESTION, issuer=issuer, form=_QuestionClaims)
    return subject(claims, _QUESTION)


def make_seal_key(secret: str) -> SealKey:
    """A new key for seals, on P-256; its id is the thumbprint of RFC 7638, and only `secret` opens its private part.

    Raises: ValueError when the secret is short.
    """
    private = ec.generate_private_key(ec.SECP256R1())
    lock = serialization.BestAvailableEncryption(_derive(secret, "lock", _SEAL).encode())
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    numbers = private.public_key().public_numbers()
    point = {name: _text(getattr(numbers, name).to_bytes(32, "big")) for name in ("x", "y")}
    public = {"crv": "P-256", "kty": "EC", **point}
    kid = _text(_sha256(msgspec.json.encode(public, order="sorted")))
    return SealKey(kid, {**public, "kid": kid, "alg": SEAL, "use": "sig"}, pem.decode())


def seal(secret: str, key: SealKey, content: bytes) -> str:
    """Sign `content` as it stands, as a compact JWS (RFC 7515).

    Raises: ValueError when `secret` is not the one that the key was made with, or the content is too long.
    """
    pem = _unlocked(secret, key)
    token: str = jws.sign(content, pem, {"kid": key.kid, "typ": _SEAL.audience}, SEAL)
    if len(token) > LONGEST_SEAL:
        msg = "the content is longer than any reader of seals takes"
        raise ValueError(msg)
    return token


def opens(secret: str, key: SealKey) -> bool:
    """Whether `secret` is the one that the key was made with."""
    try:
        _unlocked(secret, key)
    except ValueError:
        return False
    return True


def sealed_by(token: str) -> str:
    """The id of the key that a seal names; nothing is proved by it. Raises: TokenRefused for what is no seal."""
    try:
        _check_shape(token, LONGEST_SEAL)
        return msgspec.json.decode(_decoded(token.partition(".")[0]), type=_Header).kid
    except (msgspec.MsgspecError, ValueError, TypeError, AttributeError) as error:
        raise TokenRefused(_SEAL.refusal, str(error)) from error


def unseal(token: str, keys: Mapping[str, Mapping[str, str]]) -> bytes:
    """The content of a seal that one of `keys` (JWKs by their id) made.

    Raises: TokenRefused for an unknown key, another algorithm, or content that was changed by as much as a byte.
    """
    kid = sealed_by(token)
    try:
        header = msgspec.json.decode(_decoded(token.partition(".")[0]), type=_Header)
        _check("header", header == _Header(SEAL, _SEAL.audience, kid))
        _check("unknown key", kid in keys)
        _check("key", (keys[kid].get("kty"), keys[kid].get("crv")) == ("EC", "P-256"))
        content: bytes = jws.verify(token, jwk.construct(dict(keys[kid]), SEAL), [SEAL])
    except (JOSEError, msgspec.MsgspecError, ValueError, TypeError, AttributeError) as error:
        raise TokenRefused(_SEAL.refusal, str(error)) from error
    return content


def signed_elsewhere(token: str, keys: Sequence[Mapping[str, Any]]) -> bytes:
    """The content of what another party signed with the one key among its JWKs that fits; its claims are not looked at.

    Raises: KeyUnknown when no key or more than one fits; TokenRefused for any other algorithm than `FOREIGN`'s, an
    unsigned token, or a signature that does not hold.
    """
    try:
        _check_shape(token, LONGEST_FOREIGN)
        header = msgspec.json.decode(_decoded(token.partition(".")[0]), type=_ForeignHeader)
        _check("algorithm", header.alg in FOREIGN and header.crit is msgspec.UNSET)
        fitting = [key for key in keys if _fits(key, header)]
        if len(fitting) != 1:
            raise KeyUnknown(_FOREIGN.refusal, "unknown key")
        public = {name: fitting[0][name] for name in ("kty", "crv", "n", "e", "x", "y") if name in fitting[0]}
        _check("short key", public["kty"] != "RSA" or len(_decoded(public["n"])) >= SMALLEST_RSA)
        content: bytes = jws.verify(token, jwk.construct(public, header.alg), [header.alg])
    except (JOSEError, msgspec.MsgspecError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise TokenRefused(_FOREIGN.refusal, str(error)) from error
    return content


def _fits(key: Mapping[str, Any], header: _ForeignHeader) -> bool:
    """Whether a JWK is of the kind that the algorithm takes, may check signatures, and is the one that is named."""
    kind, curve = FOREIGN[header.alg]
    is_for_this = key.get("use", "sig") == "sig" and key.get("alg", header.alg) == header.alg
    is_named = header.kid is None or key.get("kid") == header.kid
    return key.get("kty") == kind and (curve is None or key.get("crv") == curve) and is_for_this and is_named


def _check(what: str, holds: bool) -> None:  # noqa: FBT001 (the condition is the point)
    if not holds:
        raise ValueError(what)


def _check_shape(token: str, longest: int = LONGEST) -> None:
    """Three canonical base64url parts: jose would skip foreign characters and loose bits."""
    _check("too long", len(token) <= longest)
    _check("shape", _SHAPE.fullmatch(token) is not None)
    for part in token.split("."):
        _check("shape", _text(_decoded(part)) == part)


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _unlocked(secret: str, key: SealKey) -> str:
    private = serialization.load_pem_private_key(key.private.encode(), _derive(secret, "lock", _SEAL).encode())
    plain = serialization.NoEncryption()
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _derive(secret: str, use: str, purpose: Purpose) -> str:
    """A purpose's own 32 bytes as hex text (never DER), so that no token of one purpose passes as another."""
    if len(secret) < SHORTEST_SECRET:
        msg = f"the secret key is shorter than {SHORTEST_SECRET} characters"
        raise ValueError(msg)
    info = f"mdk/token/{use}/{purpose.audience}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode()).hex()


def _key_id(secret: str, purpose: Purpose) -> str:
    return _derive(secret, "kid", purpose)[:8]
