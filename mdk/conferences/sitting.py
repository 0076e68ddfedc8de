"""Acts on a conference while it is held: whose turn it is, the order of the rest, who is there, the patient's view."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified
from sqlmodel import col

from mdk.audit.service import did
from mdk.cases import service as cases
from mdk.cases.tables import Case
from mdk.conferences import rules
from mdk.conferences.held import going_on, running_items
from mdk.conferences.invited import invited_roles
from mdk.conferences.queries import load, released_items
from mdk.conferences.structs import AgendaItemBody, ConferenceState
from mdk.conferences.tables import AgendaItem, Attendee, Conference, Discussion
from mdk.errors import Invalid, NotFound, Problem, RuleBroken
from mdk.live import publish
from mdk.people.queries import person_ids
from mdk.people.structs import Viewer


def turn(
    session: Session, *, conference_id: str, version: int, number: str | None, by: Viewer, at: datetime
) -> Conference:
    """Take up a case, which ends the one that was going on; with no `number` that one just ends.

    Everyone who watches is told, and whoever chairs goes on from there on whatever computer.
    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("conference.wrong-state")`.
    """
    conference = _sitting(session, conference_id, by=by)
    case_id = None if number is None else item_of(session, conference, number).case_id
    cases.check_version(conference.version, version)
    _check_in_session(conference)
    rest(session, conference, at=at)
    if case_id is not None:
        session.add(Discussion(conference_id=conference.id, case_id=case_id, started_at=at))
    _touch(session, conference, at)
    did(session, "conference.turn", by=by, at=at, cases=() if number is None else (number,))
    publish(session, conference.id, "turn")
    return conference


def arrange(
    session: Session, *, conference_id: str, version: int, items: list[AgendaItemBody], by: Viewer, at: datetime
) -> Conference:
    """Put the cases in another order, or give them other lengths, while the conference is held; no mail is sent.

    Raises `NotFound`, `NotAllowed`, `Stale`, and `RuleBroken`: `conference.wrong-state`, `conference.case-twice`, and
    `conference.other-cases` when a case is added or left out.
    """
    conference = _sitting(session, conference_id, by=by)
    cases.check_version(conference.version, version)
    _check_in_session(conference)
    ids = {item.number: item.case_id for item in running_items(session, conference)}
    _check_same_cases([item.case for item in items], set(ids))
    for place, item in enumerate(items):
        row = item_of(session, conference, item.case)
        row.position, row.minutes = place, item.minutes
    _touch(session, conference, at)
    did(session, "conference.arrange", by=by, at=at, cases=tuple(item.case for item in items))
    publish(session, conference.id, "turn")
    return conference


def attend(
    session: Session,
    *,
    conference_id: str,
    email: str,
    present: bool,
    by: Viewer,
    at: datetime,
    version: int | None = None,
) -> Conference:
    """Note that someone invited is there, or is there no more; said twice it stays as it was said first.

    Raises `NotFound`, `NotAllowed`, `Invalid` for someone who is not invited, `RuleBroken("conference.wrong-state")`,
    and `Stale` when a `version` is named that is not the present one.
    """
    conference = _sitting(session, conference_id, by=by)
    person_id = person_ids(session, [email]).get(email.strip().lower(), 0)
    if person_id not in invited_roles(session, conference, released_items(session, conference)):
        raise Invalid([Problem("email", "Personen är inte kallad. Skriv in gäster i protokollets närvaro.")])
    _check_seen(conference, version)
    _check_in_session(conference)
    row = session.get(Attendee, (conference.id, person_id))
    if present and row is None:
        session.add(Attendee(conference_id=conference.id, person_id=person_id, arrived_at=at))
    elif row is not None and present != (row.left_at is None):
        row.left_at = None if present else at
    session.flush()
    did(session, "conference.attend", by=by, at=at)
    publish(session, conference.id, "attendance")
    return conference


def hear(
    session: Session,
    *,
    conference_id: str,
    number: str,
    heard: bool,
    by: Viewer,
    at: datetime,
    version: int | None = None,
) -> Conference:
    """Note that the patient's own view has had its turn, or has not after all.

    Raises `NotFound`, `NotAllowed`, `RuleBroken("conference.wrong-state")`, and `Stale` as `attend` does.
    """
    conference = _sitting(session, conference_id, by=by)
    row = item_of(session, conference, number)
    _check_seen(conference, version)
    _check_in_session(conference)
    row.patient_heard_at = at if heard else None
    session.flush()
    did(session, "conference.hear", by=by, at=at, cases=(number,))
    publish(session, conference.id, "minutes", number=number)
    return conference


def item_of(session: Session, conference: Conference, number: str) -> AgendaItem:
    """A case's place at a conference that is or was held. Raises `NotFound` for one that is not discussed here."""
    here = next((item for item in running_items(session, conference) if item.number == number), None)
    found = (
        None
        if here is None
        else session.scalar(
            select(AgendaItem).where(
                col(AgendaItem.conference_id) == conference.id, col(AgendaItem.case_id) == here.case_id
            )
        )
    )
    if found is None:
        raise NotFound
    return found


def begin(session: Session, conference: Conference) -> None:
    """Make the agenda that is gone by the one that was released, as part of opening the conference."""
    items = released_items(session, conference)
    here = col(AgendaItem.conference_id) == conference.id
    session.execute(delete(AgendaItem).where(here, col(AgendaItem.case_id).not_in([item.case_id for item in items])))
    known = {row.case_id: row for row in session.scalars(select(AgendaItem).where(here))}
    taken = set(session.scalars(select(col(AgendaItem.case_id)).where(col(AgendaItem.open).is_(True))))
    for place, item in enumerate(items):
        row = known.get(item.case_id) or AgendaItem(
            conference_id=conference.id, case_id=item.case_id, open=item.case_id not in taken, position=0, minutes=0
        )
        row.position, row.minutes = place, item.minutes
        row.completeness = session.get_one(Case, item.case_id).completeness
        session.add(row)
    session.flush()


def rest(session: Session, conference: Conference, *, at: datetime) -> None:
    """End the discussion that is going on, if any, as part of a larger act."""
    going = going_on(session, conference)
    if going is not None:
        going.ended_at = at
        session.flush()


def _touch(session: Session, conference: Conference, at: datetime) -> None:
    """Give the conference its next version, also when two acts fall within the same millisecond."""
    conference.changed_at = at
    flag_modified(conference, "changed_at")
    session.flush()


def _sitting(session: Session, conference_id: str, *, by: Viewer) -> Conference:
    return load(session, conference_id, act="conference.run", by=by)


def _check_seen(conference: Conference, version: int | None) -> None:
    if version is not None:
        cases.check_version(conference.version, version)


def _check_in_session(conference: Conference) -> None:
    if conference.state != ConferenceState.IN_SESSION:
        raise RuleBroken("conference.wrong-state", "Konferensen pågår inte. Börja den först.")


def _check_same_cases(numbers: list[str], known: set[str]) -> None:
    twice = rules.agenda_problems([AgendaItemBody(case=number, minutes=1) for number in numbers], len(numbers))
    if twice:
        raise twice
    if set(numbers) != known:
        message = "Under konferensen kan ordningen ändras, men inga ärenden läggas till eller tas bort."
        raise RuleBroken("conference.other-cases", message)
