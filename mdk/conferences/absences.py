"""Acts on absences: record one with who stands in, and take it back."""

import uuid
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did
from mdk.clock import midnight, today
from mdk.conferences import agenda, answers, rules
from mdk.conferences.absent import hit
from mdk.conferences.frames import stand_in_ids
from mdk.conferences.losses import losses
from mdk.conferences.structs import AbsenceBody
from mdk.conferences.tables import AbsenceCover, Conference
from mdk.errors import Invalid, NotFound, Problem
from mdk.people.queries import person_ids
from mdk.people.rules import Relation, check_may, check_role
from mdk.people.structs import Viewer
from mdk.people.tables import Absence

LONGEST = timedelta(days=400)


def record(session: Session, *, body: AbsenceBody, by: Viewer, at: datetime) -> Absence:
    """Record that someone is away, the viewer if no one is named; a named deputy stands in at once.

    The deputy is set on each coming conference of the person as consultant that has none, and whoever was invited is
    told. What a released conference loses is told to those who plan.

    Raises `NotAllowed`, `NotFound`, `Invalid` for days that are past, reversed or too many, an unknown person, and a
    deputy who cannot stand in.
    """
    check_role("absence.record", by)
    person_id = _person_id(session, body, by)
    problems = _day_problems(body, at)
    deputy_id = _deputy_id(session, body, person_id, problems)
    if problems:
        raise Invalid(problems)
    absence = Absence(
        id=uuid.uuid4().hex,
        person_id=person_id,
        first_day=body.first_day,
        last_day=body.last_day,
        deputy_id=deputy_id,
        recorded_by=by.person_id,
        recorded_at=at,
    )
    conferences = hit(session, absence, at=at)
    before = {row.id: losses(session, row) for row in conferences if row.release}
    session.add(absence)
    session.flush()
    for conference in conferences:
        _cover(session, absence, conference, at)
    for row in conferences:
        if row.release:
            answers.tell_of(session, row, answers.new_kinds(before[row.id], losses(session, row)), at=at)
    did(session, "absence.record", by=by, at=at)
    return absence


def remove(session: Session, *, absence_id: str, by: Viewer, at: datetime) -> None:
    """Take an absence back, and with it the deputy where it had set one and nobody has named another since.

    Raises `NotAllowed`, `NotFound`.
    """
    absence = load_absence(session, absence_id, by=by)
    covers = session.scalars(select(AbsenceCover).where(col(AbsenceCover.absence_id) == absence.id)).all()
    for cover in covers:
        conference = session.get_one(Conference, cover.conference_id)
        session.delete(cover)
        if conference.state in rules.PLANNABLE and conference.deputy_id == absence.deputy_id:
            conference.deputy_id, conference.changed_at = None, at
            session.flush()
            agenda.tell(session, conference, at)
    session.flush()
    session.delete(absence)
    session.flush()
    did(session, "absence.remove", by=by, at=at)


def load_absence(session: Session, absence_id: str, *, by: Viewer) -> Absence:
    """An absence that the viewer may take back: the own, or anyone's for the coordinator."""
    check_role("absence.record", by)
    absence = session.get(Absence, absence_id)
    if absence is None:
        raise NotFound
    check_may("absence.record", by, _held(absence.person_id, by))
    return absence


def stand_in(session: Session, *, conference: Conference) -> None:
    """Make the deputy of a conference, which was planned, moved or given another consultant, that of its absences.

    A deputy whom an absence had set, and that no longer holds on the conference's day, is taken back.
    """
    day = today(conference.starts_at)
    for cover in session.scalars(select(AbsenceCover).where(col(AbsenceCover.conference_id) == conference.id)).all():
        absence = session.get_one(Absence, cover.absence_id)
        still = absence.person_id == conference.consultant_id and absence.first_day <= day <= absence.last_day
        if not still:
            session.delete(cover)
            if conference.deputy_id == absence.deputy_id:
                conference.deputy_id = None
    session.flush()
    away = session.scalars(
        select(Absence)
        .where(
            col(Absence.person_id) == conference.consultant_id,
            col(Absence.first_day) <= day,
            col(Absence.last_day) >= day,
            col(Absence.deputy_id).is_not(None),
        )
        .order_by(col(Absence.recorded_at))
    )
    for absence in away:
        _set(session, absence, conference)


def _cover(session: Session, absence: Absence, conference: Conference, at: datetime) -> None:
    if _set(session, absence, conference):
        conference.changed_at = at
        session.flush()
        agenda.tell(session, conference, at)


def _set(session: Session, absence: Absence, conference: Conference) -> bool:
    """Whether the absence's deputy was set: only where its consultant is away and nobody stands in yet."""
    is_needed = conference.consultant_id == absence.person_id and conference.deputy_id is None
    if not is_needed or absence.deputy_id is None:
        return False
    conference.deputy_id = absence.deputy_id
    session.add(AbsenceCover(absence_id=absence.id, conference_id=conference.id))
    session.flush()
    return True


def _person_id(session: Session, body: AbsenceBody, by: Viewer) -> int:
    if body.person is None:
        return by.person_id
    found = person_ids(session, [body.person]).get(body.person.strip().lower(), 0)
    check_may("absence.record", by, _held(found, by), known=True)
    if not found:
        raise Invalid([Problem("person", "Det finns ingen aktiv person med den adressen.")])
    return found


def _held(person_id: int, by: Viewer) -> frozenset[Relation]:
    return frozenset({Relation.SELF}) if person_id == by.person_id else frozenset()


def _day_problems(body: AbsenceBody, at: datetime) -> list[Problem]:
    if body.last_day < body.first_day:
        return [Problem("last_day", "Sista dagen ligger före den första. Byt ordning.")]
    if body.last_day < today(at):
        return [Problem("last_day", "Frånvaron är redan över. Ange dagar som ligger framåt.")]
    if body.last_day - body.first_day > LONGEST or midnight(body.first_day) > at + 2 * LONGEST:
        return [Problem("last_day", "Ange högst ett år i taget, inom de närmaste två åren.")]
    return []


def _deputy_id(session: Session, body: AbsenceBody, person_id: int, problems: list[Problem]) -> int | None:
    if not body.deputy:
        return None
    found = person_ids(session, [body.deputy]).get(body.deputy.strip().lower(), 0)
    if not found:
        problems.append(Problem("deputy", "Det finns ingen aktiv person med den adressen."))
    elif found == person_id:
        problems.append(Problem("deputy", "Den som är borta kan inte vara sin egen ersättare. Välj någon annan."))
    elif found not in stand_in_ids(session):
        problems.append(Problem("deputy", "Personen kan inte vara ersättare. Välj någon som deltar i konferenser."))
    elif _is_away(session, found, body.first_day, body.last_day):
        problems.append(Problem("deputy", "Ersättaren är själv borta någon av dagarna. Välj någon annan."))
    return found


def _is_away(session: Session, person_id: int, first: date, last: date) -> bool:
    away = select(col(Absence.id)).where(
        col(Absence.person_id) == person_id, col(Absence.first_day) <= last, col(Absence.last_day) >= first
    )
    return session.scalar(away.limit(1)) is not None
