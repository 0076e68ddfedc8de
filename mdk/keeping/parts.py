"""Owns what a patient's record is made of: every table that has rows of a case, and how they are found.

The export shows these parts and a removal takes the same ones; a test finds the table that is missing here.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from mdk.audit.tables import StateMove
from mdk.cases.tables import (
    Case,
    CaseAttachment,
    CaseChange,
    CaseRelation,
    TreatmentDecision,
    UrgentOpinion,
    UrgentReview,
)
from mdk.conferences.tables import AgendaItem, Discussion
from mdk.learning.tables import LearningCase
from mdk.minutes.tables import Minutes, MinutesAddendum, MinutesEditing, MinutesSeal
from mdk.pathways.tables import (
    FollowUp,
    HomeCareQuestion,
    ImplantReferral,
    PackFact,
    PathwayAction,
    PathwayPrerequisite,
    PumpAssignment,
)


class Part(NamedTuple):
    """One table of a record: what it is called there, and by which column its rows hang on a case or on a `parent`.

    `documents` are columns that hold JSON. What is not `shown` is forgotten with the case and was never its record.
    """

    name: str
    table: type[SQLModel]
    key: str = "case_id"
    parent: "Part | None" = None
    documents: frozenset[str] = frozenset()
    shown: bool = True


_REVIEWS: Final = Part("urgent_reviews", UrgentReview, documents=frozenset({"member_ids"}))
_MINUTES: Final = Part("minutes", Minutes, documents=frozenset({"document"}))
_REFERRALS: Final = Part("implant_referrals", ImplantReferral)
_ASSIGNMENTS: Final = Part("pump_assignments", PumpAssignment)
CASE: Final = Part("case", Case, key="id", documents=frozenset({"submission", "assessment", "missing"}))

# In the order in which they can be removed: what hangs on another stands before it.
PARTS: Final[tuple[Part, ...]] = (
    Part("referral_prerequisites", PathwayPrerequisite, "referral_id", _REFERRALS),
    Part("assignment_prerequisites", PathwayPrerequisite, "assignment_id", _ASSIGNMENTS),
    Part("pack_facts", PackFact, "referral_id", _REFERRALS),
    _REFERRALS,
    _ASSIGNMENTS,
    Part("actions", PathwayAction),
    Part("follow_ups", FollowUp),
    Part("home_care_questions", HomeCareQuestion),
    Part("learning", LearningCase),
    Part("addenda", MinutesAddendum, "minutes_id", _MINUTES),
    Part("seals", MinutesSeal, "minutes_id", _MINUTES, documents=frozenset({"sheet"})),
    Part("editing", MinutesEditing, shown=False),
    _MINUTES,
    Part("opinions", UrgentOpinion, "conference_id", _REVIEWS),
    _REVIEWS,
    Part("discussions", Discussion),
    Part("agenda_items", AgendaItem),
    Part("attachments", CaseAttachment),
    Part("relations", CaseRelation),
    Part("treatment_decisions", TreatmentDecision),
    Part("changes", CaseChange, documents=frozenset({"changes"})),
    CASE,
)
_PLANS_AHEAD: Final = frozenset({"closes_at"})  # a time that was set, and nothing that was written then


def is_of(part: Part, case_ids: Sequence[int]) -> ColumnElement[bool]:
    """The condition that a row of a part belongs to one of some cases."""
    key: ColumnElement[Any] = getattr(part.table, part.key)
    if part.parent is None:
        return key.in_(case_ids)
    return key.in_(select(_own_key(part.parent)).where(is_of(part.parent, case_ids)))


def entries(part: Part, case_ids: Sequence[int]) -> list[Select[Any]]:
    """For each column that tells when something was written: the ids of those cases, and the times."""
    columns = [name for name in part.table.model_fields if name == "at" or name.endswith("_at")]
    key: ColumnElement[Any] = getattr(part.table, part.key)
    found = []
    for name in columns:
        if name in _PLANS_AHEAD:
            continue
        at: ColumnElement[Any] = getattr(part.table, name)
        query = select(key, at) if part.parent is None else _through(part.parent, key, at)
        found.append(query.where(is_of(part, case_ids), at.is_not(None)))
    return found


def moves(session: Session, cases: Sequence[Case]) -> ColumnElement[bool]:
    """The condition that a state move tells of one of some cases, or of what hangs on them."""
    ids = [case.id or 0 for case in cases]
    conditions = [_moved("case", [case.number for case in cases])]
    for kind, part in (
        ("referral", _REFERRALS),
        ("assignment", _ASSIGNMENTS),
        ("action", _part("actions")),
        ("learning", _part("learning")),
    ):
        conditions.append(_moved(kind, session.scalars(select(_own_key(part)).where(is_of(part, ids))).all()))
    numbers = {case.id: case.number for case in cases}
    held = session.execute(select(col(Minutes.conference_id), col(Minutes.case_id)).where(is_of(_MINUTES, ids)))
    conditions.append(_moved("minutes", [f"{conference}/{numbers[case_id]}" for conference, case_id in held]))
    steps = [
        f"{row.referral_id or row.assignment_id}.{row.n}"
        for part in PARTS[:2]
        for row in session.scalars(select(PathwayPrerequisite).where(is_of(part, ids)))
    ]
    return or_(*conditions, _moved("prerequisite", steps))


def _part(name: str) -> Part:
    return next(part for part in PARTS if part.name == name)


def _moved(kind: str, subjects: Sequence[Any]) -> ColumnElement[bool]:
    return (col(StateMove.kind) == kind) & col(StateMove.subject).in_(subjects)


def _own_key(part: Part) -> ColumnElement[Any]:
    name = part.table.__table__.primary_key.columns[0].key  # type: ignore[attr-defined]
    found: ColumnElement[Any] = getattr(part.table, name)
    return found


def _through(parent: Part, key: ColumnElement[Any], at: ColumnElement[Any]) -> Select[Any]:
    return select(getattr(parent.table, parent.key), at).join(parent.table, _own_key(parent) == key)
