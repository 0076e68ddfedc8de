"""Owns what the urgent lane asks of whom: the reviews on a person's own page, those to ratify, and whom to ask."""

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import seen
from mdk.cases import reviews
from mdk.cases.lists import lines_of
from mdk.cases.queries import load
from mdk.cases.rules import value_at
from mdk.cases.shut import is_open_to
from mdk.cases.structs import CaseLine, CaseState, CaseView
from mdk.cases.tables import Case, UrgentOpinion, UrgentReview
from mdk.clinical.pump import intern_considered
from mdk.clinical.reference import region, units
from mdk.conferences import queries as conferences
from mdk.conferences.structs import ConferenceState
from mdk.conferences.tables import Conference, ConferenceMember
from mdk.minutes import queries as minutes_queries
from mdk.minutes.service import check_signable
from mdk.minutes.structs import Attendance, MinutesBody
from mdk.minutes.tables import Minutes
from mdk.people.queries import clinicians
from mdk.people.rules import Relation, may_ever
from mdk.people.structs import Role, Viewer
from mdk.people.tables import Person

ReviewKind = Literal["opine", "conclude", "overdue", "ratify"]
_UNDONE = col(UrgentReview.ratified_at).is_(None)  # read from its own index
_OPEN = and_(
    col(UrgentReview.concluded_at).is_(None),
    col(Case.state) == CaseState.SCHEDULED,
    col(Case.urgent_until).is_not(None),
)
_UNRATIFIED = and_(
    col(UrgentReview.concluded_at).is_not(None),
    col(Minutes.outcome) != "deferred",
)


class ReviewLine(msgspec.Struct, frozen=True, kw_only=True):
    """An urgent review that waits: for what, until when, and how many of those asked have answered."""

    kind: ReviewKind
    conference: str
    deadline: datetime
    concluded_at: datetime | None
    asked: int
    answered: int
    version: int
    line: CaseLine


class Askable(msgspec.Struct, frozen=True):
    """Someone who can be asked for an opinion: with the role and unit that they are asked as."""

    email: str
    name: str
    profession: str
    unit: str
    unit_id: str = ""
    role: str = ""


def waiting(session: Session, *, by: Viewer, at: datetime) -> list[ReviewLine]:
    """The urgent reviews that wait for the viewer, the nearest deadline first; one log row for all.

    A member is asked for an opinion, the consultant for a conclusion; the coordinator sees what is overdue, and
    coordinator and chair what no meeting has ratified.
    """
    if not may_ever("case.read", by):
        return []
    return _lines(session, or_(and_(_OPEN, _unopined(by)), _to_lead(by, at)), by=by, at=at)


def to_ratify(session: Session, conference_id: str, *, by: Viewer, at: datetime) -> list[ReviewLine]:
    """What the meeting that the viewer chairs can ratify now, oldest first; the cases shown are logged.

    Empty for anyone else, and while it is not in session. Raises `NotFound`, `NotAllowed`.
    """
    meeting = conferences.load(session, conference_id, act="conference.read", by=by)
    chairs = Relation.CHAIRS in conferences.relations(session, meeting, by) and may_ever("urgent.ratify", by)
    if not chairs or meeting.state != ConferenceState.IN_SESSION:
        return []
    return _lines(session, _UNRATIFIED, by=by, at=at)


def askable(session: Session) -> list[Askable]:
    """The clinicians who can be asked, by name."""
    found = clinicians(session)
    query = select(col(Person.id), col(Person.profession)).where(col(Person.id).in_([line.person_id for line in found]))
    professions = {row.id: row.profession for row in session.execute(query)}
    return [
        Askable(line.email, line.name, professions[line.person_id], line.unit_name, line.unit_id, line.role)
        for line in found
    ]


def suggested(people: list[Askable], view: CaseView, *, by: Viewer) -> list[str]:
    """Whom to ask about a case unless one knows better, by address; never the viewer.

    The conference's standing members, the home region's own function, neurosurgery unless the case rules an intern
    pump out, and the paediatric team for a child and only for one.
    """
    home = region(value_at(view, "patient.home_region") or "")
    months = value_at(view, "diagnosis.expected_treatment_months") or None
    met = intern_considered(months, value_at(view, "patient_view.mobility_benefit") or None)
    paediatric = {unit.id for unit in units() if unit.kind == "paediatric"}
    wanted = {
        person.email
        for person in people
        if (person.role == Role.MEMBER and (person.unit_id not in paediatric or view.is_child))
        or (person.role == Role.NEUROSURGERY and met != "no")
        or (home is not None and person.unit_id == home.function_unit)
    }
    return [person.email for person in people if person.email in wanted - {by.email}]


def ratifying_meeting(session: Session, number: str, *, by: Viewer, at: datetime) -> str | None:
    """The meeting that the viewer chairs just now and that can ratify what was concluded on a case; None otherwise.

    Raises `NotFound`, `NotAllowed` for a case that the viewer may not read.
    """
    case = load(session, number, act="case.read", by=by, at=at)
    review = reviews.newest(session, case) if may_ever("urgent.ratify", by) else None
    if review is None or reviews.state_of(review, case) != "concluded" or case.outcome == "deferred":
        return None
    return session.scalar(
        select(col(Conference.id))
        .where(
            conferences.is_meeting(),
            col(Conference.chair_id) == by.person_id,
            col(Conference.state) == ConferenceState.IN_SESSION,
        )
        .order_by(col(Conference.starts_at))
        .limit(1)
    )


def suggestion(session: Session, number: str, *, by: Viewer, at: datetime) -> MinutesBody:
    """Minutes to begin a conclusion with: those who gave an opinion count as present. The read is logged.

    Raises `NotFound`, `NotAllowed`, `RuleBroken("urgent.not-open")`.
    """
    case = load(session, number, act="urgent.conclude", by=by, at=at)
    review = reviews.current(session, case)
    seen(session, "minutes.read", by=by, at=at, cases=(number,))
    conference = session.get_one(Conference, review.conference_id)
    body = minutes_queries.suggestion(session, conference, case)
    heard = {opinion.person_id for opinion in reviews.opinions_of(session, review)} | {by.person_id}
    asked = dict.fromkeys([*reviews.member_ids(review), by.person_id])
    people = {person.id: person for person in session.scalars(select(Person).where(col(Person.id).in_(asked)))}
    body.attendance = [
        Attendance(email=people[each].email, profession=people[each].profession, present=each in heard)
        for each in asked
    ]
    return body


def read_back(session: Session, number: str, body: MinutesBody, *, by: Viewer, at: datetime) -> MinutesBody:
    """The conclusion as the consultant would sign it; the read is logged and nothing changes.

    Raises `NotFound`, `NotAllowed`, `RuleBroken("urgent.not-open")` and those of `minutes.rules.check_signable`.
    """
    case = load(session, number, act="urgent.conclude", by=by, at=at)
    conference = session.get_one(Conference, reviews.current(session, case).conference_id)
    check_signable(session, conference, case, body)
    seen(session, "minutes.read", by=by, at=at, cases=(number,))
    return body


def still_owed(session: Session, kind: str, key: str, person_id: int) -> bool:
    """Whether a reminder about the review of a written conference holds by the time it is to be sent."""
    review = session.get(UrgentReview, key)
    if review is None or reviews.state_of(review, session.get_one(Case, review.case_id)) != "open":
        return False
    given = {opinion.person_id for opinion in reviews.opinions_of(session, review)}
    return kind != "urgent-reminder" or person_id not in given


def _unopined(by: Viewer) -> ColumnElement[bool]:
    own = select(col(UrgentOpinion.conference_id)).where(col(UrgentOpinion.person_id) == by.person_id)
    asked = select(col(ConferenceMember.conference_id)).where(col(ConferenceMember.person_id) == by.person_id)
    key = col(UrgentReview.conference_id)
    return and_(key.in_(asked), key.not_in(own))


def _to_lead(by: Viewer, at: datetime) -> ColumnElement[bool]:
    if may_ever("urgent.conclude", by):
        return _OPEN
    overdue = and_(_OPEN, col(UrgentReview.deadline) <= at)
    if may_ever("urgent.open", by):
        return or_(overdue, _UNRATIFIED)
    return _UNRATIFIED if may_ever("urgent.ratify", by) else false()


def _lines(session: Session, wanted: ColumnElement[bool], *, by: Viewer, at: datetime) -> list[ReviewLine]:
    found = session.execute(
        select(UrgentReview, col(Case.version))
        .join(Case, col(Case.id) == col(UrgentReview.case_id))
        .outerjoin(Minutes, col(Minutes.conference_id) == col(UrgentReview.conference_id))
        .where(_UNDONE, wanted, is_open_to(col(Case.id), by))
        .order_by(col(UrgentReview.deadline), col(UrgentReview.conference_id))
    ).all()
    if not found:
        return []
    heard = _heard(session, [review.conference_id for review, _ in found])
    cases = lines_of(session, [review.case_id for review, _ in found], at=at)
    seen(session, "urgent.read", by=by, at=at, cases=tuple(cases[review.case_id].number for review, _ in found))
    return [_line(review, version, heard, cases[review.case_id], by) for review, version in found]


def _line(review: UrgentReview, version: int, heard: dict[str, set[int]], line: CaseLine, by: Viewer) -> ReviewLine:
    asked, answered = set(reviews.member_ids(review)), heard.get(review.conference_id, set())
    kind: ReviewKind = "conclude" if may_ever("urgent.conclude", by) else "overdue"
    if by.person_id in asked - answered:
        kind = "opine"
    return ReviewLine(
        kind="ratify" if review.concluded_at is not None else kind,
        conference=review.conference_id,
        deadline=review.deadline,
        concluded_at=review.concluded_at,
        asked=len(asked),
        answered=len(answered),
        version=version,
        line=line,
    )


def _heard(session: Session, keys: list[str]) -> dict[str, set[int]]:
    rows = session.execute(
        select(col(UrgentOpinion.conference_id), col(UrgentOpinion.person_id)).where(
            col(UrgentOpinion.conference_id).in_(keys)
        )
    )
    heard: dict[str, set[int]] = {}
    for key, person_id in rows:
        heard.setdefault(key, set()).add(person_id)
    return heard
