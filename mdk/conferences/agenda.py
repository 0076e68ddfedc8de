"""Acts on an agenda: put it together, and release it to those concerned."""

from datetime import datetime

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did, moved
from mdk.cases import lists
from mdk.cases import service as cases
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case, CaseRelation
from mdk.conferences import answers, rules
from mdk.conferences.clashes import absent_ids
from mdk.conferences.invited import consultant_ids, invited_roles
from mdk.conferences.queries import load, released_items, working_items
from mdk.conferences.structs import AgendaItemBody, ReleasedItem
from mdk.conferences.tables import AgendaItem, AgendaRelease, Conference, Participation
from mdk.errors import Problem, RuleBroken
from mdk.outbox.service import conference_changed
from mdk.people.structs import Viewer
from mdk.people.tables import Person

_missing = msgspec.json.Decoder(list[tuple[str, str | None]])


def put(
    session: Session, *, conference_id: str, version: int, items: list[AgendaItemBody], by: Viewer, at: datetime
) -> Conference:
    """Replace the working agenda; slots follow in list order from the start. Nobody is told before a release.

    Raises `NotFound`, `NotAllowed`, `Stale`, and `RuleBroken`: `conference.wrong-state`, `conference.case-twice`,
    `conference.too-long`, `conference.case-not-queued`, `conference.case-elsewhere`.
    """
    conference = load(session, conference_id, act="conference.agenda", by=by)
    cases.check_version(conference.version, version)
    rules.check_plannable(conference.state)
    broken = rules.agenda_problems(items, conference.duration_minutes)
    if broken:
        raise broken
    ids = _queued_ids(session, conference, items)
    session.execute(delete(AgendaItem).where(col(AgendaItem.conference_id) == conference.id))
    session.add_all(
        AgendaItem(conference_id=conference.id, case_id=ids[item.case], position=place, minutes=item.minutes)
        for place, item in enumerate(items)
    )
    conference.agenda_changed_at = conference.changed_at = at
    session.flush()
    did(session, "conference.agenda", by=by, at=at, cases=tuple(item.case for item in items))
    return conference


def release(
    session: Session, *, conference_id: str, version: int, override_reason: str | None, by: Viewer, at: datetime
) -> Conference:
    """Release the working agenda and owe a mail to each person whose own time or part changed.

    Its cases become scheduled, and those that were dropped go back to the queue.

    Raises `NotFound`, `NotAllowed`, `Stale`, and `RuleBroken`: `conference.wrong-state`, `conference.in-past`,
    `conference.consultant-away` (consultant and deputy are absent), `conference.no-consultant` (both declined),
    `conference.case-not-queued` (a case left the queue after it was put there), and without an override reason
    `conference.incomplete` (a field that release needs is missing) or `conference.late-addition` (a later release adds
    a case).
    """
    conference = load(session, conference_id, act="conference.release", by=by)
    cases.check_version(conference.version, version)
    target = rules.check_move("release", conference.state)
    before, items = released_items(session, conference), working_items(session, conference)
    _check_releasable(session, conference, at)
    _check_queued(session, conference, [item.number for item in items])
    if not (override_reason or "").strip():
        _check_no_override_needed(session, conference, before, items)
    conference.release += 1
    state, conference.state = conference.state, target
    conference.released_at = conference.changed_at = at
    session.add(_release_row(conference, items, override_reason or "", by, at))
    session.flush()
    _move_cases(session, before, items, by=by, at=at)
    sync_participations(session, conference)
    sync_grants(session, conference, at)
    conference_changed(session, conference.id, at=at)
    moved(
        session,
        "conference",
        conference.id,
        move=(state, target),
        act="release",
        by=by,
        at=at,
        reason=override_reason or "",
    )
    did(session, "conference.release", by=by, at=at, cases=tuple(item.number for item in items))
    return conference


def sync_participations(session: Session, conference: Conference) -> None:
    """Make the participations those of the last release and the present people; whoever dropped off turns inactive.

    An answer holds on for those whose times are the same.
    """
    roles = invited_roles(session, conference, released_items(session, conference))
    present = {
        row.person_id: row
        for row in session.scalars(select(Participation).where(col(Participation.conference_id) == conference.id))
    }
    for person_id, role in roles.items():
        row = present.get(person_id)
        if row is None:
            session.add(Participation(conference_id=conference.id, person_id=person_id, role=role))
        else:
            row.role, row.active = role, True
    for person_id, row in present.items():
        row.active = row.active and person_id in roles
    session.flush()
    answers.settle_all(session, conference)


def tell(session: Session, conference: Conference, at: datetime) -> None:
    """After a release, make those who take part and what they may read fit, and owe whoever it concerns the news."""
    if conference.release:
        sync_participations(session, conference)
        sync_grants(session, conference, at)
        conference_changed(session, conference.id, at=at)


def let_go(session: Session, *, conference: Conference, case: Case) -> None:
    """Free a case from this conference's agenda so that another may take it; what was released stays as it was."""
    item = session.scalar(
        select(AgendaItem).where(col(AgendaItem.conference_id) == conference.id, col(AgendaItem.case_id) == case.id)
    )
    if item is not None:
        item.open = False
        session.flush()


def take_off(session: Session, *, case: Case, at: datetime) -> None:
    """Take a case off the agenda on which it stands, as part of a larger act; a meeting that has begun lets it go."""
    item = session.scalar(select(AgendaItem).where(col(AgendaItem.case_id) == case.id, col(AgendaItem.open).is_(True)))
    if item is not None:
        conference = session.get_one(Conference, item.conference_id)
        conference.agenda_changed_at = conference.changed_at = at
        if conference.state in rules.PLANNABLE:
            session.delete(item)
        else:
            item.open = False
        session.flush()


def _queued_ids(session: Session, conference: Conference, items: list[AgendaItemBody]) -> dict[str, int]:
    _check_queued(session, conference, [item.case for item in items])
    ids = lists.case_ids(session, [item.case for item in items])
    elsewhere = set(
        session.scalars(
            select(AgendaItem.case_id).where(  # type: ignore[call-overload]
                col(AgendaItem.case_id).in_(ids.values()),
                col(AgendaItem.open).is_(True),
                col(AgendaItem.conference_id) != conference.id,
            )
        )
    )
    taken = [
        Problem(f"items.{place}.case", f"{item.case} står på en annan konferens agenda. Ta bort det där först.")
        for place, item in enumerate(items)
        if ids[item.case] in elsewhere
    ]
    if taken:
        raise RuleBroken("conference.case-elsewhere", "Ett ärende kan stå på en agenda i taget.", tuple(taken))
    return ids


def _check_queued(session: Session, conference: Conference, numbers: list[str]) -> None:
    states = dict(session.execute(select(col(Case.number), col(Case.state)).where(col(Case.number).in_(numbers))).all())
    mine = {item.number for item in released_items(session, conference)}
    waiting = [
        Problem(f"items.{place}.case", f"{number} väntar inte i kön. Ta bort raden.")
        for place, number in enumerate(numbers)
        if states.get(number) != CaseState.ACCEPTED
        and not (number in mine and states.get(number) == CaseState.SCHEDULED)
    ]
    if waiting:
        raise RuleBroken("conference.case-not-queued", "Agendan har ärenden som inte väntar i kön.", tuple(waiting))


def _check_releasable(session: Session, conference: Conference, at: datetime) -> None:
    if conference.starts_at <= at:
        message = "Konferensens tid har passerat. Flytta den innan du kallar."
        raise RuleBroken("conference.in-past", message)
    stand_in = consultant_ids(conference)
    away = absent_ids(session, stand_in, conference.starts_at)
    if away == stand_in:
        message = (
            "Konsulten är frånvarande den dagen och ingen ersättare finns. Utse en ersättare eller flytta ärendena."
        )
        raise RuleBroken("conference.consultant-away", message, (Problem("deputy", message),))
    declined = select(Participation.person_id).where(  # type: ignore[call-overload]
        col(Participation.conference_id) == conference.id, col(Participation.partstat) == "DECLINED"
    )
    coming = session.scalar(
        select(Person.id).where(  # type: ignore[call-overload]
            col(Person.id).in_(stand_in - away), col(Person.active).is_(True), col(Person.id).not_in(declined)
        )
    )
    if coming is None:
        message = "Konsulten är inte tillgänglig och ingen ersättare är utsedd. Utse en ersättare innan du kallar."
        raise RuleBroken("conference.no-consultant", message)


def _check_no_override_needed(
    session: Session, conference: Conference, before: list[ReleasedItem], items: list[ReleasedItem]
) -> None:
    rows = session.execute(
        select(col(Case.number), col(Case.missing), col(Case.override_reason)).where(
            col(Case.id).in_([item.case_id for item in items])
        )
    )
    gaps = [
        Problem(f"{number}.{field}", f"{number} saknar en uppgift som behövs före utskick.")
        for number, missing, override in rows
        for field, need in _missing.decode(missing)
        if need and not override
    ]
    if gaps:
        message = (
            "Ärenden saknar uppgifter som behövs före utskick. Begär komplettering, eller kalla ändå med ett skäl."
        )
        raise RuleBroken("conference.incomplete", message, tuple(gaps))
    added = {item.number for item in items} - {item.number for item in before}
    if conference.release and added:
        message = "Ett nytt ärende läggs till efter att agendan skickats ut. Ange skälet."
        raise RuleBroken("conference.late-addition", message, (Problem("override_reason", message),))


def _release_row(
    conference: Conference, items: list[ReleasedItem], reason: str, by: Viewer, at: datetime
) -> AgendaRelease:
    return AgendaRelease(
        conference_id=conference.id,
        number=conference.release,
        at=at,
        person_id=by.person_id,
        items=msgspec.json.encode(items).decode(),
        override_reason=reason,
    )


def _move_cases(
    session: Session, before: list[ReleasedItem], items: list[ReleasedItem], *, by: Viewer, at: datetime
) -> None:
    kept = {item.case_id for item in items}
    for item in before:
        case = session.get_one(Case, item.case_id)
        if item.case_id not in kept and case.state == CaseState.SCHEDULED:
            cases.step(session, case, "unschedule", by=by, at=at, reason="Togs bort från agendan")
    for item in items:
        case = session.get_one(Case, item.case_id)
        if case.state == CaseState.ACCEPTED:
            cases.step(session, case, "schedule", by=by, at=at)


def sync_grants(session: Session, conference: Conference, at: datetime) -> None:
    """Let those who take part, and no others, read the cases of the last release."""
    active = select(Participation.person_id).where(  # type: ignore[call-overload]
        col(Participation.conference_id) == conference.id,
        col(Participation.active).is_(True),
        col(Participation.role) != "presenter",
    )
    session.execute(delete(CaseRelation).where(col(CaseRelation.key) == conference.id))
    for item in released_items(session, conference):
        case = session.get_one(Case, item.case_id)
        for person_id in session.scalars(active):
            cases.grant(session, case, "conference", person_id=person_id, key=conference.id, at=at)
