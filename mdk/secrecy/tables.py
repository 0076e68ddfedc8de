"""The keys that seal what is stored, each wrapped by the installation's own key."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Column, Index, Text, text
from sqlmodel import Field, SQLModel

from mdk.columns import one_of

_ACTIVE = text("active")


class DataKey(SQLModel, table=True):
    """A key that seals values, or that they are found by; one that sealed stays for opening what it sealed."""

    __tablename__ = "data_key"
    __table_args__ = (
        one_of("purpose", ("seal", "index")),
        Index("ux_data_key_active", "purpose", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
    )
    personal: ClassVar[frozenset[str]] = frozenset()

    id: str = Field(primary_key=True)
    purpose: str
    wrapped: str = Field(sa_column=Column(Text, nullable=False))
    active: bool
    made_at: datetime
    retired_at: datetime | None = None
