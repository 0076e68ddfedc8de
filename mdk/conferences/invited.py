"""Reads of who is invited to a conference, what they answered, and whether they make a quorum."""

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.cases.rules import is_child
from mdk.cases.tables import Case
from mdk.clock import today
from mdk.conferences import rules
from mdk.conferences.structs import InvitedPerson, Quorum, QuorumOfCase, ReleasedItem
from mdk.conferences.tables import Conference, ConferenceMember, Participation
from mdk.people.structs import Role
from mdk.people.tables import Assignment, Person, Unit


def member_ids(session: Session, conference: Conference) -> list[int]:
    """The standing members of a conference."""
    return list(
        session.scalars(
            select(ConferenceMember.person_id)  # type: ignore[call-overload]
            .where(col(ConferenceMember.conference_id) == conference.id)
            .order_by(col(ConferenceMember.person_id))
        )
    )


def invited_people(session: Session, conference: Conference, items: list[ReleasedItem]) -> list[InvitedPerson]:
    """Who an agenda of `items` invites, by name, and what they answered so far."""
    roles = invited_roles(session, conference, items)
    answers = {
        row.person_id: row
        for row in session.scalars(select(Participation).where(col(Participation.conference_id) == conference.id))
    }
    nothing = Participation(conference_id="", person_id=0, role="")
    people = session.scalars(select(Person).where(col(Person.id).in_(roles)).order_by(col(Person.name)))
    return [
        InvitedPerson(
            email=person.email,
            name=person.name,
            role=roles[person.id or 0],
            partstat=(answer := answers.get(person.id or 0, nothing)).partstat,
            profession=person.profession,
            comment=answer.comment,
            answered_via=answer.answered_via,
            answered_at=answer.answered_at,
            active=person.active,
        )
        for person in people
    ]


def invited_roles(session: Session, conference: Conference, items: list[ReleasedItem]) -> dict[int, str]:
    """The people whom an agenda of `items` invites, by what they are there for.

    Those who submitted a case present it; the paediatric team comes when one of the patients is a child.
    """
    roles = {item.presenter_id: "presenter" for item in items}
    if children(session, items, conference.starts_at):
        roles |= dict.fromkeys(paediatric_ids(session), "member")
    return roles | planned_roles(session, conference)


def children(session: Session, items: list[ReleasedItem], at: datetime) -> set[int]:
    """The ids of the cases on an agenda whose patient is under 18."""
    ids = [item.case_id for item in items]
    births = session.execute(select(col(Case.id), col(Case.birth_date)).where(col(Case.id).in_(ids)))
    return {case_id or 0 for case_id, birth_date in births if is_child(birth_date, today(at))}


def planned_roles(session: Session, conference: Conference) -> dict[int, str]:
    """The people of a conference by what they are there, without those who present a case."""
    roles = dict.fromkeys(member_ids(session, conference), "member")
    if conference.deputy_id is not None:
        roles[conference.deputy_id] = "deputy"
    roles[conference.consultant_id] = "consultant"
    roles[conference.chair_id] = "chair"
    return roles


def paediatric_ids(session: Session) -> list[int]:
    """The people of the paediatric team."""
    query = (
        select(Assignment.person_id)  # type: ignore[call-overload]
        .join(Unit, col(Unit.id) == col(Assignment.unit_id))
        .where(col(Unit.kind) == "paediatric", col(Assignment.active).is_(True))
    )
    return list(session.scalars(query))


def attending(session: Session, people: dict[int, tuple[str, bool]]) -> list[rules.Attending]:
    """People as quorum sees them, from their id to (profession, knows the patient)."""
    kinds = session.execute(
        select(col(Assignment.person_id), col(Assignment.role), col(Unit.kind))
        .join(Unit, col(Unit.id) == col(Assignment.unit_id))
        .where(col(Assignment.person_id).in_(people))
    ).all()
    surgeons = {person_id for person_id, role, _ in kinds if role == Role.NEUROSURGERY}
    children = {person_id for person_id, _, kind in kinds if kind == "paediatric"}
    return [
        rules.Attending(
            person_id=person_id,
            profession=profession,
            knows_patient=knows,
            is_neurosurgery=person_id in surgeons,
            is_paediatric=person_id in children,
        )
        for person_id, (profession, knows) in people.items()
    ]


def consultant_ids(conference: Conference) -> set[int]:
    """Those who can stand for the consultant."""
    return {person_id for person_id in (conference.consultant_id, conference.deputy_id) if person_id is not None}


def quorum(session: Session, conference: Conference, items: list[ReleasedItem]) -> Quorum:
    """The quorum that those invited would make for each case, as far as they have not declined."""
    people = invited_people(session, conference, items)
    coming = [person.email for person in people if person.partstat != "DECLINED"]
    found = session.execute(select(col(Person.id), col(Person.profession)).where(col(Person.email).in_(coming)))
    crowd = attending(session, {person_id or 0: (profession, False) for person_id, profession in found})
    young = children(session, items, conference.starts_at)
    cases = []
    for item in items:
        there = [msgspec.structs.replace(p, knows_patient=p.person_id == item.presenter_id) for p in crowd]
        lacking = rules.lacking_for_quorum(
            there, consultant_ids=consultant_ids(conference), implant=False, child=item.case_id in young
        )
        cases.append(QuorumOfCase(case=item.number, met=not lacking, lacking=lacking))
    return Quorum(met=all(case.met for case in cases), cases=cases)


def ids_of(session: Session, emails: set[str]) -> dict[str, int]:
    """The ids of people by address, active or not."""
    rows = session.execute(select(col(Person.email), col(Person.id)).where(col(Person.email).in_(emails)))
    return {email: person_id or 0 for email, person_id in rows}


def emails_of(session: Session, ids: set[int | None]) -> dict[int, str]:
    """The addresses of people by id."""
    rows = session.execute(select(col(Person.id), col(Person.email)).where(col(Person.id).in_(ids)))
    return {person_id or 0: email for person_id, email in rows}
