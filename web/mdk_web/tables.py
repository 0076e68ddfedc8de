"""What the edge remembers: requests that must not be carried out twice, and how often something was asked."""

from datetime import datetime
from typing import ClassVar

from sqlmodel import Field, SQLModel


class IdempotencyKey(SQLModel, table=True):
    """A key that a client gave with a request that creates: whose, what it asked, and what came of it."""

    __tablename__ = "idempotency_key"
    personal: ClassVar[frozenset[str]] = frozenset()

    person_id: int = Field(primary_key=True, foreign_key="person.id")
    key: str = Field(primary_key=True)
    route: str
    body_hash: str
    resource: str
    created_at: datetime


class RateCount(SQLModel, table=True):
    """How often something was asked in one stretch of time; by whom cannot be told from the key."""

    __tablename__ = "rate_count"
    personal: ClassVar[frozenset[str]] = frozenset()

    key: str = Field(primary_key=True)
    count: int
    ends_at: datetime = Field(index=True)
