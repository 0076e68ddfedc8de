"""Owns how a value is sealed before it is stored, and found without being opened: AES-GCM and a keyed hash.

A sealed value is `mdk1.` and the id of its key and a point, then a nonce and the ciphertext (in base64 where the column
holds text). Its place, table and column, is authenticated with it, so that it opens in no other. An empty value stays
empty. What a value is found by is the key's id and an HMAC-SHA-256 of the value in its one form.
"""

import hmac
import secrets
import unicodedata
from base64 import urlsafe_b64encode
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Protocol

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Dialect, LargeBinary, String, Text
from sqlalchemy.sql.operators import OperatorType, is_, is_not
from sqlalchemy.types import TypeDecorator

from mdk.errors import Unavailable

MARK: Final = "mdk1"
KEYRING: Final = "mdk_keyring"  # where a store's engine keeps its keys, on its dialect
KEY_LENGTH: Final = 32  # bytes
_log: Final[Any] = structlog.get_logger("mdk.sealing")
_ID: Final = 4  # bytes
_NONCE: Final = 12  # bytes; random, so that a key may seal four thousand million values
PREFIX_LENGTH: Final = len(MARK) + 1 + 2 * _ID + 1


class NotOpened(Unavailable):
    """A stored value does not open with the keys at hand: another key, another place, or changed by someone."""

    def __init__(self) -> None:
        super().__init__("En sparad uppgift kan inte läsas just nu. Inget har ändrats. Hör av dig till driften.")


def folded(text: str) -> str:
    """A text as it is compared: in one Unicode form, capitals and small letters alike."""
    return unicodedata.normalize("NFC", text).casefold()


def _whole(name: str) -> str:
    return folded(" ".join(name.split()))


# What a value is brought to before it is hashed, for each kind that is looked for whole.
FORMS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType({"identity": str.strip, "name": _whole})


@dataclass(frozen=True)
class Index:
    """A key that values are found by."""

    id: str
    secret: bytes = field(repr=False)

    def of(self, kind: str, value: str) -> str:
        """What a value is found by; empty for an empty one."""
        form = FORMS[kind](value)
        if not form:
            return ""
        found = hmac.digest(self.secret, f"{kind}\0{form}".encode(), "sha256")
        return f"{self.id}.{urlsafe_b64encode(found).rstrip(b'=').decode()}"


@dataclass(frozen=True)
class Keys:
    """The opened keys of one store: which seals now, and all that open, each by how what it sealed begins."""

    sealing: str
    ciphers: Mapping[str, AESGCM]
    indexes: tuple[Index, ...]  # that values are found by; the one that is written with first

    def seal(self, place: str, content: bytes) -> bytes:
        """The content sealed for a place; never twice the same."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self.ciphers[self.sealing].encrypt(nonce, content, place.encode())


class Holder(Protocol):
    """Who holds the keys of a store."""

    def sealing(self) -> Keys:
        """The keys to seal with. Raises `Unavailable` when there are none."""

    def opening(self, head: str) -> AESGCM | None:
        """What opens values that begin so, looked for anew when it is not at hand. Raises `Unavailable`."""


def new_id() -> str:
    """The id of a new key: told by chance, so that a store that was restored is not taken for another."""
    return secrets.token_hex(_ID)


def prefix(key: str) -> str:
    """What everything that a key sealed begins with."""
    return f"{MARK}.{key}."


def sealed_text(holder: Holder, place: str, value: str) -> str:
    """A text sealed for a column of texts; an empty one stays empty. Raises `Unavailable`."""
    if not value:
        return value
    keys = holder.sealing()
    return keys.sealing + b2a_base64(keys.seal(place, value.encode()), newline=False).decode()


def sealed_bytes(holder: Holder, place: str, value: bytes) -> bytes:
    """Bytes sealed for a column of bytes; no bytes stay none. Raises `Unavailable`."""
    if not value:
        return value
    keys = holder.sealing()
    return keys.sealing.encode() + keys.seal(place, value)


def opened_text(holder: Holder, place: str, value: str) -> str:
    """The text that was sealed. Raises `NotOpened`."""
    if not value:
        return value
    try:
        sealed = a2b_base64(value[PREFIX_LENGTH:], strict_mode=True)
    except ValueError:
        sealed = b""
    return _opened(holder, value[:PREFIX_LENGTH], place, sealed).decode()


def opened_bytes(holder: Holder, place: str, value: bytes) -> bytes:
    """The bytes that were sealed. Raises `NotOpened`."""
    if not value:
        return value
    return _opened(holder, value[:PREFIX_LENGTH].decode("ascii", "replace"), place, value[PREFIX_LENGTH:])


def _opened(holder: Holder, head: str, place: str, sealed: bytes) -> bytes:
    cipher = holder.opening(head)
    if cipher is not None:
        with suppress(InvalidTag, ValueError):
            return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
    _log.error("sealing.unopened", place=place, known_key=cipher is not None)
    raise NotOpened


def _holder(dialect: Dialect) -> Holder:
    holder: Holder | None = getattr(dialect, KEYRING, None)
    if holder is None:
        raise NotOpened
    return holder


class _Incomparable(TypeDecorator.Comparator[Any]):
    """Sealed twice, the same value is two: a comparison would answer no and look like an answer."""

    def operate(self, op: OperatorType, *other: Any, **kwargs: Any) -> Any:
        is_itself = bool(other) and getattr(other[0], "type", None) is self.type  # as SQLAlchemy asks of a key
        if op not in {is_, is_not} and not is_itself:
            msg = "a sealed column cannot be compared, searched or sorted: look for its blind column"
            raise TypeError(msg)
        return super().operate(op, *other, **kwargs)


class Sealed(TypeDecorator[Any]):
    """A column whose values are sealed when they are stored; `place` is its table and name.

    `lasting` is the condition, in SQL, on which a row of its table can never be changed.
    """

    impl: Any = Text
    cache_ok = True
    comparator_factory = _Incomparable

    def __init__(self, place: str, lasting: str = "") -> None:
        super().__init__()
        self.place, self.lasting = place, lasting


class SealedText(Sealed):
    """A sealed column of texts."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What is stored."""
        return sealed_text(_holder(dialect), self.place, value) if value else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """What was given. Raises `NotOpened`."""
        return opened_text(_holder(dialect), self.place, value) if value else value


class SealedLine(SealedText):
    """The same, of short texts."""

    impl: Any = String
    cache_ok = True


class SealedBytes(Sealed):
    """A sealed column of bytes."""

    impl: Any = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """What is stored."""
        return sealed_bytes(_holder(dialect), self.place, value) if value else value

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """What was given. Raises `NotOpened`."""
        return opened_bytes(_holder(dialect), self.place, value) if value else value


class Blind(TypeDecorator[str]):
    """A column that a value of the column `source` is found by, whole and unread; `kind` is one of `FORMS`."""

    impl = String
    cache_ok = True

    def __init__(self, kind: str, source: str) -> None:
        super().__init__()
        self.kind, self.source = kind, source
