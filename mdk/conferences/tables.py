"""Series, conferences, their agendas, releases and participations."""

from datetime import date, datetime
from typing import ClassVar, get_args

from sqlalchemy import Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mdk.columns import Versioned, one_of
from mdk.conferences.structs import ConferenceKind, ConferenceState, Partstat, Via

_OPEN = text("open")
_GOING_ON = text("ended_at IS NULL")


class Series(Versioned, table=True):
    """A repeating conference, in Swedish local time."""

    __tablename__ = "series"
    personal: ClassVar[frozenset[str]] = frozenset()

    id: str = Field(primary_key=True)
    name: str
    rrule: str
    first_start: datetime
    duration_minutes: int
    chair_id: int = Field(foreign_key="person.id")
    consultant_id: int = Field(foreign_key="person.id")
    deputy_id: int | None = Field(default=None, foreign_key="person.id")
    member_ids: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    video_url: str | None = None
    ended_from: date | None = None
    created_at: datetime


class Conference(Versioned, table=True):
    """One meeting, or the written conference of an urgent review; `occurrence` is the day of its series' rule."""

    __tablename__ = "conference"
    __table_args__ = (
        one_of("state", ConferenceState),
        one_of("kind", ConferenceKind),
        UniqueConstraint("series_id", "occurrence"),
    )
    personal: ClassVar[frozenset[str]] = frozenset()

    id: str = Field(primary_key=True)
    series_id: str | None = Field(default=None, foreign_key="series.id")
    occurrence: str | None = None
    kind: str = ConferenceKind.MEETING
    state: str = ConferenceState.PLANNED
    starts_at: datetime = Field(index=True)
    duration_minutes: int
    chair_id: int = Field(foreign_key="person.id")
    consultant_id: int = Field(foreign_key="person.id")
    deputy_id: int | None = Field(default=None, foreign_key="person.id")
    video_url: str | None = None
    release: int = 0
    agenda_changed_at: datetime | None = None
    released_at: datetime | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    cancel_reason: str | None = None
    changed_at: datetime


class ConferenceMember(SQLModel, table=True):
    """A standing member of one conference."""

    __tablename__ = "conference_member"
    personal: ClassVar[frozenset[str]] = frozenset()

    conference_id: str = Field(primary_key=True, foreign_key="conference.id")
    person_id: int = Field(primary_key=True, foreign_key="person.id")


class AgendaItem(SQLModel, table=True):
    """A case on the working agenda; while open, a case stands on one agenda only.

    `completeness` is the case's when the conference began.
    """

    __tablename__ = "agenda_item"
    __table_args__ = (
        UniqueConstraint("conference_id", "case_id"),
        Index("ux_agenda_item_case", "case_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )
    personal: ClassVar[frozenset[str]] = frozenset()

    id: int | None = Field(default=None, primary_key=True)
    conference_id: str = Field(foreign_key="conference.id", index=True)
    case_id: int = Field(foreign_key="case_file.id")
    position: int
    minutes: int
    open: bool = True
    completeness: float | None = None
    patient_heard_at: datetime | None = None


class AgendaRelease(SQLModel, table=True):
    """One release of an agenda: what those concerned were told, and why it was let out."""

    __tablename__ = "agenda_release"
    personal: ClassVar[frozenset[str]] = frozenset({"override_reason"})

    conference_id: str = Field(primary_key=True, foreign_key="conference.id")
    number: int = Field(primary_key=True)
    at: datetime
    person_id: int = Field(foreign_key="person.id")
    items: str = Field(sa_column=Column(Text, nullable=False))
    override_reason: str = Field(default="", sa_column=Column(Text, nullable=False))


class Participation(SQLModel, table=True):
    """Someone who is invited to a released conference, and their answer; inactive once they dropped off.

    `given` holds each answer with the times that it was given to; the other columns say which of them holds now
    (`mdk.conferences.answers`).
    """

    __tablename__ = "participation"
    __table_args__ = (one_of("partstat", get_args(Partstat)), one_of("answered_via", ("", *get_args(Via))))
    personal: ClassVar[frozenset[str]] = frozenset({"comment", "given"})

    conference_id: str = Field(primary_key=True, foreign_key="conference.id")
    person_id: int = Field(primary_key=True, foreign_key="person.id")
    role: str
    partstat: str = "NEEDS-ACTION"
    comment: str = Field(default="", sa_column=Column(Text, nullable=False))
    answered_at: datetime | None = None
    answered_via: str = ""
    given: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    active: bool = True


class AbsenceCover(SQLModel, table=True):
    """A conference whose deputy was set by an absence, so that its removal takes the deputy back."""

    __tablename__ = "absence_cover"
    personal: ClassVar[frozenset[str]] = frozenset()

    absence_id: str = Field(primary_key=True, foreign_key="absence.id")
    conference_id: str = Field(primary_key=True, foreign_key="conference.id")


class Discussion(SQLModel, table=True):
    """A stretch of a conference during which one case was discussed; the one without an end is going on now."""

    __tablename__ = "discussion"
    __table_args__ = (
        Index(
            "ux_discussion_going_on",
            "conference_id",
            unique=True,
            sqlite_where=_GOING_ON,
            postgresql_where=_GOING_ON,
        ),
    )
    personal: ClassVar[frozenset[str]] = frozenset()

    id: int | None = Field(default=None, primary_key=True)
    conference_id: str = Field(foreign_key="conference.id", index=True)
    case_id: int = Field(foreign_key="case_file.id")
    started_at: datetime
    ended_at: datetime | None = None


class Attendee(SQLModel, table=True):
    """Someone invited who came to a conference, when, and when they left, if before its end."""

    __tablename__ = "attendee"
    personal: ClassVar[frozenset[str]] = frozenset()

    conference_id: str = Field(primary_key=True, foreign_key="conference.id")
    person_id: int = Field(primary_key=True, foreign_key="person.id")
    arrived_at: datetime
    left_at: datetime | None = None


class Presence(SQLModel, table=True):
    """A stream that someone has open to a conference; one that was not seen for a while is dead."""

    __tablename__ = "presence"
    personal: ClassVar[frozenset[str]] = frozenset()

    stream_id: str = Field(primary_key=True)
    conference_id: str = Field(foreign_key="conference.id", index=True)
    person_id: int = Field(foreign_key="person.id")
    seen_at: datetime
