"""Regions, units, people, their assignments, their page sessions, and when they are away or busy."""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from mdk.columns import one_of
from mdk.people.structs import Role


class Region(SQLModel, table=True):
    """One of the four regions; what it can do itself is in the reference data."""

    __tablename__ = "region"
    personal: ClassVar[frozenset[str]] = frozenset()

    code: str = Field(primary_key=True)
    name: str
    has_asih: bool
    profile: str = Field(sa_column=Column(Text, nullable=False))


class Unit(SQLModel, table=True):
    """A place where people work: a palliative team, a pain unit, neurosurgery, a region's function."""

    __tablename__ = "unit"
    personal: ClassVar[frozenset[str]] = frozenset()

    id: str = Field(primary_key=True)
    name: str
    region: str | None = Field(default=None, foreign_key="region.code", index=True)
    kind: str
    place: str = ""
    active: bool = True
    hsa_id: str | None = Field(default=None, unique=True, index=True)


class Person(SQLModel, table=True):
    """Someone who signs in or is invited; the identity provider knows them by HSA id or by address.

    Tokens of the API that were issued by `tokens_ended_at` are void.
    """

    __tablename__ = "person"
    personal: ClassVar[frozenset[str]] = frozenset({"email", "name", "hsa_id"})

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str
    language: str = "sv"
    profession: str = ""
    active: bool = True
    created_at: datetime
    hsa_id: str | None = Field(default=None, unique=True, index=True)
    tokens_ended_at: datetime | None = None


class Assignment(SQLModel, table=True):
    """A person's role at a unit (medarbetaruppdrag)."""

    __tablename__ = "assignment"
    __table_args__ = (one_of("role", Role), UniqueConstraint("person_id", "role", "unit_id"))
    personal: ClassVar[frozenset[str]] = frozenset()

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    role: str
    unit_id: str = Field(foreign_key="unit.id", index=True)
    active: bool = True
    hsa_id: str | None = None


class SignIn(SQLModel, table=True):
    """A page session: the hash of its cookie, whose it is, who vouched for it, and until when.

    Without an assignment it opens nothing but the choice of one, among those that `vouched` names (ids; empty for all
    of the person's).
    """

    __tablename__ = "sign_in"
    personal: ClassVar[frozenset[str]] = frozenset({"address", "agent"})

    id: int | None = Field(default=None, primary_key=True)
    cookie_hash: str = Field(unique=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    assignment_id: int | None = Field(default=None, foreign_key="assignment.id")
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    issuer: str = ""
    vouched: str = ""
    address: str = ""
    agent: str = ""


class Absence(SQLModel, table=True):
    """Swedish days, first and last included, on which a person takes part in nothing; who stands in, if anyone."""

    __tablename__ = "absence"
    personal: ClassVar[frozenset[str]] = frozenset({"first_day", "last_day"})

    id: str = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    first_day: date
    last_day: date
    deputy_id: int | None = Field(default=None, foreign_key="person.id")
    recorded_by: int = Field(foreign_key="person.id")
    recorded_at: datetime


class BusyTime(SQLModel, table=True):
    """A time that a person's own published calendar holds as taken; what for is not kept."""

    __tablename__ = "busy_time"
    __table_args__ = (Index("ix_busy_time_person", "person_id", "ends_at"),)
    personal: ClassVar[frozenset[str]] = frozenset({"starts_at", "ends_at"})

    id: int | None = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    starts_at: datetime
    ends_at: datetime
