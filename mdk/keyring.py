"""Owns the keys of a store: made by chance, wrapped by the installation's own key, kept in the table `data_key`.

The installation's key never lies in the store or a copy of it. One data key seals and one finds values at a time; an
earlier one that sealed still opens, and an earlier one that found is asked for too until nothing is found by it.
"""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Boolean, Column, Connection, String, column, insert, inspect, select, table
from sqlalchemy.orm import Session
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

from mdk import clock
from mdk.errors import MdkError, Unavailable
from mdk.sealing import KEY_LENGTH, Blind, Index, Keys, new_id, prefix
from mdk.statements import Query

INFO: Final = "mdk.keyring"
SEAL, INDEX = "seal", "index"
NO_KEY: Final = "MDK_DATA_KEY eller MDK_SECRET_KEY saknas: utan nyckel kan patientuppgifter varken läsas eller sparas."
WRONG_KEY: Final = (
    "Databasens uppgifter är krypterade med en annan nyckel än den angivna. Ange rätt MDK_DATA_KEY (eller den "
    "MDK_SECRET_KEY som gällde när ingen MDK_DATA_KEY var satt), och under ett byte även MDK_DATA_KEY_OLD. "
    "Inget har ändrats."
)
_NONCE: Final = 12
DATA_KEY: Final = table(
    "data_key",
    column("id", String()),
    column("purpose", String()),
    column("wrapped", String()),
    column("active", Boolean()),
    column("made_at", UTCDateTime()),
    column("retired_at", UTCDateTime()),
)
_D: Final = DATA_KEY.c


class WrongKey(MdkError):
    """The store's keys do not open with the installation's; nothing can be read and nothing was changed."""

    code = "data-key"

    def __init__(self, message: str = WRONG_KEY) -> None:
        super().__init__(message)


@dataclass(frozen=True)
class Masters:
    """The installation's own key, and those before it that still open, 32 bytes each; never shown."""

    current: bytes = field(repr=False)
    earlier: tuple[bytes, ...] = field(default=(), repr=False)


class Stored(NamedTuple):
    """A row of the table."""

    id: str
    purpose: str
    wrapped: str
    active: bool
    retired_at: datetime | None


_ROWS: Final = select(_D.id, _D.purpose, _D.wrapped, _D.active, _D.retired_at).order_by(_D.id)
_STORED: Final = Query(_ROWS, Stored)
_HELD: Final = Query(_ROWS.with_for_update(read=True), Stored)


def derived(secret: bytes) -> bytes:
    """An installation's key from what was chosen for it; never the secret itself, and fit for nothing else."""
    return HKDF(algorithm=SHA256(), length=KEY_LENGTH, salt=None, info=b"mdk/data-key").derive(secret)


class Keyring:
    """The keys of one store, opened when they are first needed and read anew when another process has changed them."""

    def __init__(self, connecting: Callable[[], AbstractContextManager[Connection]], masters: Masters | None) -> None:
        self.masters = masters
        self._connecting = connecting
        self._at_hand: tuple[tuple[Stored, ...], Keys | None] = ((), None)
        self._secrets: dict[str, bytes] = {}  # what a key is never changes, whichever key of the installation wraps it
        self._has_table = False

    @property
    def is_open(self) -> bool:
        """Whether keys are at hand."""
        return self._at_hand[1] is not None

    def sealing(self) -> Keys:
        """The keys to seal with. Raises `Unavailable` when there are none."""
        keys = self._at_hand[1]
        if keys is None:
            raise Unavailable(NO_KEY)
        return keys

    def opening(self, head: str) -> AESGCM | None:
        """What opens values that begin so; the keys are read anew when it is not at hand. Raises `Unavailable`."""
        keys = self._at_hand[1]
        found = None if keys is None else keys.ciphers.get(head)
        if found is None:
            with self._connecting() as connection:
                self.follow(connection)
            found = self.sealing().ciphers.get(head)
        return found

    def follow(self, connection: Connection, *, holds: bool = False) -> Keys | None:
        """The keys as they stand in this unit of work, None before the first; `holds` keeps them so until its end.

        Raises `WrongKey`, and changes nothing then.
        """
        if self.masters is None:
            return None
        found, (known, keys) = self.stored(connection, holds=holds), self._at_hand
        if found != known:
            self._secrets = {row.id: self._secrets.get(row.id) or unwrapped(row, self.masters) for row in found}
            keys = _opened(found, self._secrets) if found else None
            self._at_hand = found, keys
        return keys

    def begin(self, connection: Connection) -> None:
        """Make the store's first keys unless it has some. Raises `WrongKey`."""
        if self.follow(connection) is None and self.masters is not None and self._is_there(connection):
            for purpose in (SEAL, INDEX):
                add(connection, purpose, self.masters)
            self.follow(connection)

    def forget(self) -> None:
        """Forget every key; the next need reads them again."""
        self._at_hand, self._has_table, self._secrets = ((), None), False, {}

    def stored(self, connection: Connection, *, holds: bool = False) -> tuple[Stored, ...]:
        """The keys as they are stored; a store of an earlier schema has none."""
        if not self._is_there(connection):
            return ()
        return tuple((_HELD if holds else _STORED).rows(connection))

    def _is_there(self, connection: Connection) -> bool:
        self._has_table = self._has_table or inspect(connection).has_table(DATA_KEY.name)
        return self._has_table


def add(connection: Connection, purpose: str, masters: Masters) -> None:
    """Put a new key of a purpose to work."""
    key = new_id()
    wrapped = wrap(secrets.token_bytes(KEY_LENGTH), key, purpose, masters.current)
    row = {"id": key, "purpose": purpose, "wrapped": wrapped, "active": True, "made_at": clock.now()}
    connection.execute(insert(DATA_KEY).values(row))


def wrap(secret: bytes, key: str, purpose: str, master: bytes) -> str:
    """A data key as it is stored."""
    nonce = secrets.token_bytes(_NONCE)
    return b64encode(nonce + AESGCM(master).encrypt(nonce, secret, _place(key, purpose))).decode()


def unwrapped(row: Stored, masters: Masters) -> bytes:
    """A data key as it is used. Raises `WrongKey`."""
    for master in (masters.current, *masters.earlier):
        found = _unwrapped_with(row, master)
        if found is not None:
            return found
    raise WrongKey


def is_wrapped_by(row: Stored, master: bytes) -> bool:
    """Whether an installation's key opens a data key."""
    return _unwrapped_with(row, master) is not None


def sought(session: Session, kind: str, value: str) -> tuple[str, ...]:
    """All that a value may be found by in a blind column, as the keys stand in this unit of work.

    Raises `Unavailable` without an installation's key; a store with no keys has nothing to find.
    """
    ring = ring_of(session)
    keys = ring.follow(session.connection())
    return () if keys is None else tuple(index.of(kind, value) for index in keys.indexes)


def kept(session: Session, kind: str, value: str) -> str:
    """What a value is to be found by from now on: while keys change, what it is found by in other rows goes before.

    So all rows of one patient are found by the same and may be joined on it. Raises `Unavailable`.
    """
    keys = ring_of(session).follow(session.connection(), holds=True)
    if keys is None:
        raise Unavailable(NO_KEY)
    able = tuple(index.of(kind, value) for index in keys.indexes)
    if len(able) > 1 and able[0]:
        with session.no_autoflush:
            for each in blind_columns(kind):
                found = session.scalar(select(each).where(each.in_(able)).limit(1))
                if found:
                    return str(found)
    return able[0]


def blind_columns(kind: str | None = None) -> list[Column[Any]]:
    """Every column that values of a kind, or of any, are found by."""
    columns = (each for one in SQLModel.metadata.tables.values() for each in one.columns)
    return [each for each in columns if isinstance(each.type, Blind) and kind in {None, each.type.kind}]


def ring_of(session: Session) -> Keyring:
    """The keys of the store that a unit of work is on. Raises `Unavailable` without an installation's key."""
    ring: Keyring = session.info[INFO]
    if ring.masters is None:
        raise Unavailable(NO_KEY)
    return ring


def _opened(found: tuple[Stored, ...], secret: Mapping[str, bytes]) -> Keys:
    seals = [row for row in found if row.purpose == SEAL]
    indexes = [row for row in found if row.purpose == INDEX and row.retired_at is None]
    return Keys(
        sealing=next(prefix(row.id) for row in seals if row.active),
        ciphers={prefix(row.id): AESGCM(secret[row.id]) for row in seals},
        indexes=tuple(Index(row.id, secret[row.id]) for row in sorted(indexes, key=lambda row: not row.active)),
    )


def _unwrapped_with(row: Stored, master: bytes) -> bytes | None:
    held = b64decode(row.wrapped)
    try:
        return AESGCM(master).decrypt(held[:_NONCE], held[_NONCE:], _place(row.id, row.purpose))
    except InvalidTag:
        return None


def _place(key: str, purpose: str) -> bytes:
    return f"{DATA_KEY.name}.{purpose}.{key}".encode()
