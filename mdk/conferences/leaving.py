"""Owns how a case that has ended leaves an agenda that was let out: its slot is freed and the rest is re-timed."""

from datetime import datetime

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did
from mdk.cases.tables import Case, CaseRelation
from mdk.conferences.agenda import let_go, sync_grants, sync_participations
from mdk.conferences.queries import is_meeting, released_items
from mdk.conferences.structs import ConferenceState
from mdk.conferences.tables import AgendaItem, AgendaRelease, Conference
from mdk.outbox.service import conference_changed
from mdk.people.structs import Viewer

WHY = "Ett ärende utgick"
_HELD = (ConferenceState.RELEASED, ConferenceState.IN_SESSION)


def vacate(session: Session, *, case: Case, by: Viewer, at: datetime) -> set[int]:
    """Take a case off the released agenda on which it stands, as part of a larger act whose right was checked.

    Before the meeting that is a release of its own: those who come after move up, and whoever's time or part changed
    is told; what the planners have in the making stays. A meeting that has begun keeps its times. Gives whom it
    concerns: the meeting's chair and consultant.
    """
    conference = _conference_of(session, case)
    if conference is None:
        return set()
    if conference.state == ConferenceState.IN_SESSION:
        let_go(session, conference=conference, case=case)
    else:
        _release_without(session, conference, case, by=by, at=at)
    return {conference.chair_id, conference.consultant_id}


def chair_of(session: Session, case: Case) -> set[int]:
    """Who chaired the meeting at which a case was last discussed."""
    query = (
        select(col(Conference.chair_id))
        .join(AgendaItem, col(AgendaItem.conference_id) == col(Conference.id))
        .where(col(AgendaItem.case_id) == case.id)
        .order_by(col(Conference.starts_at).desc())
        .limit(1)
    )
    return set(session.scalars(query))


def _conference_of(session: Session, case: Case) -> Conference | None:
    """The meeting whose people may read the case; the planners may have taken it off what they have in the making."""
    keys = select(col(CaseRelation.key)).where(
        col(CaseRelation.case_id) == case.id, col(CaseRelation.kind) == "conference"
    )
    found = session.scalars(
        select(Conference).where(is_meeting(), col(Conference.id).in_(keys), col(Conference.state).in_(_HELD))
    )
    held = [each for each in found if case.id in {item.case_id for item in released_items(session, each)}]
    return held[0] if held else None


def _release_without(session: Session, conference: Conference, case: Case, *, by: Viewer, at: datetime) -> None:
    items = [item for item in released_items(session, conference) if item.case_id != case.id]
    here = (col(AgendaItem.conference_id) == conference.id, col(AgendaItem.case_id) == case.id)
    session.execute(delete(AgendaItem).where(*here))
    conference.release += 1
    conference.released_at = conference.agenda_changed_at = conference.changed_at = at
    release = AgendaRelease(
        conference_id=conference.id,
        number=conference.release,
        at=at,
        person_id=by.person_id,
        items=msgspec.json.encode(items).decode(),
        override_reason=WHY,
    )
    session.add(release)
    session.flush()
    sync_participations(session, conference)
    sync_grants(session, conference, at)
    conference_changed(session, conference.id, at=at)
    did(session, "conference.vacate", by=by, at=at, cases=(case.number,))
