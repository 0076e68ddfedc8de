"""Cases, their numbers, and the relations that let someone read one."""

from datetime import date, datetime
from typing import ClassVar, get_args

from sqlalchemy import CheckConstraint, Column, Index, Text, TextClause, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from mdk.cases.file_structs import AttachmentKind
from mdk.cases.structs import CaseState
from mdk.cases.submission_structs import RegionCode, Urgency
from mdk.cases.treatment_structs import Follows
from mdk.columns import Versioned, one_of
from mdk.sealing import Blind, SealedBytes, SealedLine, SealedText

_QUEUED = text("state = 'accepted'")
_AT_TRIAGE = text("state = 'submitted'")
_ASKED = text("state = 'supplement_requested'")
_WORSE = text("deteriorated_at IS NOT NULL")
_UNREAD = text("state IN ('decided', 'closed', 'answered') AND read_confirmed_at IS NULL")
_UNREAD_DECISION = text("state IN ('decided', 'closed') AND read_confirmed_at IS NULL")
_UNREAD_ANSWER = text("state = 'answered' AND read_confirmed_at IS NULL")
_READ_AGAIN = text("read_confirmed_at IS NULL AND read_again_since IS NOT NULL")
_UNRATIFIED = text("ratified_at IS NULL")


def _partial(name: str, *columns: str, where: TextClause) -> Index:
    """An index over the rows that meet a condition, in either store's words."""
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


def _blind(kind: str, source: str) -> Column[str]:
    return Column(Blind(kind, source), nullable=False, index=True)


class Case(Versioned, table=True):
    """One patient's case: the submission as a document, and the columns that lists and rules need."""

    __tablename__ = "case_file"
    __table_args__ = (
        one_of("state", CaseState),
        one_of("urgency", get_args(Urgency), optional=True),
        one_of("home_region", get_args(RegionCode), optional=True),
        # In order to `id`; what comes after lets a filter pass over a case without reading it.
        _partial("ix_case_queue", "days_allowed", "waiting_from", "id", "birth_date", "home_region", where=_QUEUED),
        _partial("ix_case_triage", "waiting_from", "id", where=_AT_TRIAGE),
        _partial("ix_case_worse", "deteriorated_at", "id", where=_WORSE),
        _partial("ix_case_asked", "unit_id", "supplement_until", "id", where=_ASKED),
        _partial("ix_case_unread", "unit_id", "submitted_at", "id", where=_UNREAD),
        _partial("ix_case_unread_decision", "decided_at", "id", where=_UNREAD_DECISION),
        _partial("ix_case_unread_answer", "ended_at", "id", where=_UNREAD_ANSWER),
        _partial("ix_case_read_again", "read_again_since", "id", where=_READ_AGAIN),
        Index("ix_case_state", "state", "id"),
        Index("ix_case_unit", "unit_id", "id"),
        Index("ix_case_unit_state", "unit_id", "state", "id"),
    )
    personal: ClassVar[frozenset[str]] = frozenset(
        {
            "identity_number",
            "patient_name",
            "identity_blind",
            "name_key",
            "birth_date",
            "sex",
            "question",
            "search_text",
            "submission",
            "assessment",
            "supplement_what",
            "answer",
            "died_on",
        }
    )

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    state: str = CaseState.DRAFT
    unit_id: str = Field(foreign_key="unit.id")
    created_by: int = Field(foreign_key="person.id")
    submitted_by: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime
    changed_at: datetime
    submitted_at: datetime | None = None
    waiting_from: datetime | None = None
    triage_from: datetime | None = None
    deteriorated_at: datetime | None = None
    days_allowed: int = 14
    supplement_since: datetime | None = None
    supplement_until: date | None = None
    supplement_what: str = Field(default="", sa_column=Column(Text, nullable=False))
    accepted_at: datetime | None = None
    decided_at: datetime | None = None
    ended_at: datetime | None = None
    died_on: date | None = None
    read_confirmed_at: datetime | None = None
    read_again_since: datetime | None = None  # when something was added to an answer that had been read
    override_reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    answer: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    urgency: str | None = None
    home_region: str | None = None
    survival: str | None = None
    question: str = Field(default="", sa_column=Column(Text, nullable=False))
    search_text: str = Field(default="", sa_column=Column(Text, nullable=False))
    identity_number: str = Field(sa_column=Column(SealedLine("case_file.identity_number"), nullable=False))
    identity_blind: str = Field(default="", sa_column=_blind("identity", "identity_number"))
    patient_name: str = Field(default="", sa_column=Column(SealedLine("case_file.patient_name"), nullable=False))
    name_key: str = Field(default="", sa_column=_blind("name", "patient_name"))
    birth_date: date | None = None
    sex: str | None = None
    protected: bool = False
    submission: str = Field(sa_column=Column(SealedText("case_file.submission"), nullable=False))
    assessment: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    completeness: float = 0.0
    missing: str = Field(default="[]", sa_column=Column(Text, nullable=False))
    outcome: str | None = None
    urgent_until: datetime | None = None
    waits_for: str | None = None


class CaseChange(SQLModel, table=True):
    """What one person changed in a submission that was sent in, from `at` until `until`, and where the case stood."""

    __tablename__ = "case_change"
    __table_args__ = (Index("ix_case_change_case", "case_id", "id"),)
    personal: ClassVar[frozenset[str]] = frozenset({"changes"})

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    at: datetime
    until: datetime
    person_id: int = Field(foreign_key="person.id")
    state: str
    changes: str = Field(default="[]", sa_column=Column(SealedText("case_change.changes"), nullable=False))


class TreatmentDecision(SQLModel, table=True):
    """What the treating doctor decided with the patient, beside the recommendation; the newest of a case stands."""

    __tablename__ = "treatment_decision"
    __table_args__ = (one_of("follows", get_args(Follows)),)
    personal: ClassVar[frozenset[str]] = frozenset({"why"})

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id", index=True)
    follows: str
    why: str = Field(default="", sa_column=Column(Text, nullable=False))
    at: datetime
    person_id: int = Field(foreign_key="person.id")


class CaseCounter(SQLModel, table=True):
    """The last case number given out in a year."""

    __tablename__ = "case_counter"
    personal: ClassVar[frozenset[str]] = frozenset()

    year: int = Field(primary_key=True)
    last: int


class CaseRelation(SQLModel, table=True):
    """Why a person or a unit may read a case, and for how long."""

    __tablename__ = "case_relation"
    __table_args__ = (
        one_of("kind", ("conference", "receiver", "glass")),
        Index("ix_case_relation_case", "case_id", "person_id", "unit_id"),
    )
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    kind: str
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    unit_id: str | None = Field(default=None, foreign_key="unit.id", index=True)
    key: str = ""
    since: datetime
    until: datetime | None = None
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))


class PatientBlock(SQLModel, table=True):
    """Whom a patient has shut out of every case (spärr): a person or a unit, until the patient lets them in again."""

    __tablename__ = "patient_block"
    __table_args__ = (CheckConstraint("(person_id IS NULL) <> (unit_id IS NULL)", name="one_is_shut_out"),)
    personal: ClassVar[frozenset[str]] = frozenset({"identity_number", "identity_blind", "wish", "lift_reason"})

    id: int | None = Field(default=None, primary_key=True)
    identity_number: str = Field(sa_column=Column(SealedLine("patient_block.identity_number"), nullable=False))
    identity_blind: str = Field(sa_column=_blind("identity", "identity_number"))
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    unit_id: str | None = Field(default=None, foreign_key="unit.id", index=True)
    wish: str = Field(sa_column=Column(Text, nullable=False))
    recorded_by: int = Field(foreign_key="person.id")
    recorded_at: datetime
    lifted_by: int | None = Field(default=None, foreign_key="person.id")
    lifted_at: datetime | None = None
    lift_reason: str = Field(default="", sa_column=Column(Text, nullable=False))


class CaseAttachment(SQLModel, table=True):
    """A file of a case, kept in the database; what was removed leaves its place and no content or name."""

    __tablename__ = "case_attachment"
    __table_args__ = (one_of("kind", AttachmentKind), UniqueConstraint("case_id", "place"))
    personal: ClassVar[frozenset[str]] = frozenset({"name", "content"})

    id: str = Field(primary_key=True)
    case_id: int = Field(foreign_key="case_file.id")
    place: int
    name: str = Field(sa_column=Column(SealedLine("case_attachment.name"), nullable=False))
    kind: str
    size: int
    sha256: str
    content: bytes | None = Field(default=None, sa_column=Column(SealedBytes("case_attachment.content"), nullable=True))
    at: datetime
    person_id: int = Field(foreign_key="person.id")
    removed_at: datetime | None = None
    removed_by: int | None = Field(default=None, foreign_key="person.id")


class UrgentReview(SQLModel, table=True):
    """One passage of a case through the urgent lane: a written conference with a deadline, and what became of it."""

    __tablename__ = "urgent_review"
    __table_args__ = (_partial("ix_urgent_review_waiting", "deadline", "conference_id", where=_UNRATIFIED),)
    personal: ClassVar[frozenset[str]] = frozenset()

    conference_id: str = Field(primary_key=True, foreign_key="conference.id")
    case_id: int = Field(foreign_key="case_file.id", index=True)
    member_ids: str = Field(sa_column=Column(Text, nullable=False))
    deadline: datetime
    opened_at: datetime
    opened_by: int = Field(foreign_key="person.id")
    concluded_at: datetime | None = None
    ratified_at: datetime | None = None
    ratified_by: int | None = Field(default=None, foreign_key="person.id")
    ratified_at_conference: str | None = Field(default=None, foreign_key="conference.id")


class UrgentOpinion(SQLModel, table=True):
    """One written opinion in an urgent review."""

    __tablename__ = "urgent_opinion"
    personal: ClassVar[frozenset[str]] = frozenset({"text"})

    id: int | None = Field(default=None, primary_key=True)
    conference_id: str = Field(foreign_key="urgent_review.conference_id", index=True)
    person_id: int = Field(foreign_key="person.id")
    at: datetime
    text: str = Field(sa_column=Column(Text, nullable=False))
