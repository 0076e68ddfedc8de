"""Minutes and their addenda."""

from datetime import datetime
from typing import ClassVar, get_args

from sqlalchemy import CheckConstraint, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mdk.columns import Versioned, one_of
from mdk.minutes.structs import Outcome
from mdk.sealing import SealedBytes, SealedText

_ACTIVE = text("active")
_SIGNED, _ALWAYS = "signed_at IS NOT NULL", "true"  # when a row is for good


class Minutes(Versioned, table=True):
    """The minutes of one case at one conference; signed ones never change."""

    __tablename__ = "minutes"
    __table_args__ = (
        UniqueConstraint("conference_id", "case_id"),
        one_of("outcome", get_args(Outcome), optional=True),
        CheckConstraint(
            "(signed_at IS NULL) = (signed_by IS NULL) AND (signed_at IS NULL) = (digest IS NULL)", name="signed_whole"
        ),
    )
    personal: ClassVar[frozenset[str]] = frozenset({"document"})

    id: int | None = Field(default=None, primary_key=True)
    conference_id: str = Field(foreign_key="conference.id")
    case_id: int = Field(foreign_key="case_file.id", index=True)
    document: str = Field(sa_column=Column(SealedText("minutes.document", _SIGNED), nullable=False))
    outcome: str | None = None
    saved_at: datetime
    saved_by: int = Field(foreign_key="person.id")
    saved_from: str = ""  # the opened form that saved it last, so that one person's own typing is told from another's
    signed_at: datetime | None = None
    signed_by: int | None = Field(default=None, foreign_key="person.id")
    digest: str | None = None
    kid: str | None = None


class MinutesAddendum(SQLModel, table=True):
    """A correction or addition to signed minutes."""

    __tablename__ = "minutes_addendum"
    personal: ClassVar[frozenset[str]] = frozenset({"text"})

    id: int | None = Field(default=None, primary_key=True)
    minutes_id: int = Field(foreign_key="minutes.id", index=True)
    text: str = Field(sa_column=Column(SealedText("minutes_addendum.text", _ALWAYS), nullable=False))
    at: datetime
    person_id: int = Field(foreign_key="person.id")


class MinutesEditing(SQLModel, table=True):
    """The field of a draft that one opened form is being typed in; it is soon forgotten."""

    __tablename__ = "minutes_editing"
    personal: ClassVar[frozenset[str]] = frozenset()

    tab: str = Field(primary_key=True)
    conference_id: str = Field(foreign_key="conference.id")
    case_id: int = Field(foreign_key="case_file.id")
    field: str
    person_id: int = Field(foreign_key="person.id")
    at: datetime


class SigningKey(SQLModel, table=True):
    """A key that signs minutes; a retired one stays for checking what it signed."""

    __tablename__ = "signing_key"
    __table_args__ = (
        Index("ux_signing_key_active", "active", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
    )
    personal: ClassVar[frozenset[str]] = frozenset()

    kid: str = Field(primary_key=True)
    public: str = Field(sa_column=Column(Text, nullable=False))
    private: str = Field(sa_column=Column(Text, nullable=False))
    active: bool = True
    created_at: datetime
    retired_at: datetime | None = None


class MinutesSeal(SQLModel, table=True):
    """What a signature made of minutes, or of one addendum to them: the JWS, the PDF, and what the PDF was made of."""

    __tablename__ = "minutes_seal"
    __table_args__ = (UniqueConstraint("minutes_id", "addendum"),)
    personal: ClassVar[frozenset[str]] = frozenset({"jws", "pdf", "sheet"})

    id: int | None = Field(default=None, primary_key=True)
    minutes_id: int = Field(foreign_key="minutes.id")
    addendum: int = 0
    kid: str = Field(foreign_key="signing_key.kid")
    jws: str = Field(sa_column=Column(SealedText("minutes_seal.jws", _ALWAYS), nullable=False))
    pdf: bytes = Field(sa_column=Column(SealedBytes("minutes_seal.pdf", _ALWAYS), nullable=False))
    pdf_sha256: str
    sheet: str = Field(sa_column=Column(SealedText("minutes_seal.sheet", _ALWAYS), nullable=False))
    at: datetime
