"""Reads of absences, and of the conferences that they hit."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.clock import midnight, today
from mdk.conferences import rules
from mdk.conferences.invited import planned_roles
from mdk.conferences.structs import AbsenceView, ConferenceKind, HitLine
from mdk.conferences.tables import Conference, ConferenceMember, Participation
from mdk.people.rules import check_role, may
from mdk.people.structs import Viewer
from mdk.people.tables import Absence, Person


def absences(session: Session, *, by: Viewer, at: datetime) -> list[AbsenceView]:
    """The absences that are not over, by first day: the viewer's own, for those who plan everyone's."""
    check_role("absence.read", by)
    query = select(Absence).where(col(Absence.last_day) >= today(at))
    if not may("absence.read", by, frozenset()):
        query = query.where(col(Absence.person_id) == by.person_id)
    rows = session.scalars(query.order_by(col(Absence.first_day), col(Absence.id)))
    return [absence_view(session, row, at=at) for row in rows]


def absence_view(session: Session, absence: Absence, *, at: datetime) -> AbsenceView:
    """One absence, with the coming conferences that it hits."""
    person = session.get_one(Person, absence.person_id)
    deputy = session.get(Person, absence.deputy_id) if absence.deputy_id else None
    return AbsenceView(
        id=absence.id,
        person=person.email,
        name=person.name,
        first_day=absence.first_day,
        last_day=absence.last_day,
        deputy=deputy.email if deputy else None,
        deputy_name=deputy.name if deputy else "",
        conferences=[_line(session, row, absence) for row in hit(session, absence, at=at)],
    )


def hit(session: Session, absence: Absence, *, at: datetime) -> list[Conference]:
    """The coming conferences that fall into an absence and that the person takes part in, by start."""
    person_id = absence.person_id
    standing = select(col(ConferenceMember.conference_id)).where(col(ConferenceMember.person_id) == person_id)
    invited = select(col(Participation.conference_id)).where(
        col(Participation.person_id) == person_id, col(Participation.active).is_(True)
    )
    return list(
        session.scalars(
            select(Conference)
            .where(
                col(Conference.kind) == ConferenceKind.MEETING,
                col(Conference.state).in_(rules.PLANNABLE),
                col(Conference.starts_at) >= max(midnight(absence.first_day), at),
                col(Conference.starts_at) < midnight(absence.last_day + timedelta(days=1)),
                or_(
                    col(Conference.chair_id) == person_id,
                    col(Conference.consultant_id) == person_id,
                    col(Conference.deputy_id) == person_id,
                    col(Conference.id).in_(standing),
                    col(Conference.id).in_(invited),
                ),
            )
            .order_by(col(Conference.starts_at), col(Conference.id))
        )
    )


def _line(session: Session, conference: Conference, absence: Absence) -> HitLine:
    role = planned_roles(session, conference).get(absence.person_id, "presenter")
    covered = role == "consultant" and conference.deputy_id is not None
    return HitLine(conference.id, conference.starts_at, conference.state, role, covered)
