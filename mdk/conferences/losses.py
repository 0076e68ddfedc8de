"""Reads of whom a conference has lost: a decline, an absence or a departure that it cannot do without."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.conferences import rules
from mdk.conferences.clashes import absent_ids
from mdk.conferences.invited import consultant_ids
from mdk.conferences.queries import released_items
from mdk.conferences.structs import Loss
from mdk.conferences.tables import Conference, Participation
from mdk.people.tables import Person


class _Invited(NamedTuple):
    person_id: int
    name: str
    profession: str
    gone: bool


def losses(session: Session, conference: Conference) -> list[Loss]:
    """Whom a released conference cannot do without and who does not come; each stands until it is made good.

    The consultant with no deputy who may come, every nurse, and each who presents a case and so knows the patient.
    """
    invited = _invited(session, conference)
    stand = [each for each in invited if each.person_id in consultant_ids(conference)]
    nurses = [each for each in invited if rules.NURSE in each.profession.lower()]
    presenters = {item.presenter_id for item in released_items(session, conference)}
    found = [Loss("consultant", _names(stand))] if _all_gone(stand) else []
    found += [Loss("nurse", _names(nurses))] if _all_gone(nurses) else []
    return found + [Loss("presenter", (each.name,)) for each in invited if each.gone and each.person_id in presenters]


def _invited(session: Session, conference: Conference) -> list[_Invited]:
    rows = session.execute(
        select(
            col(Person.id),
            col(Person.name),
            col(Person.profession),
            (col(Participation.partstat) == "DECLINED") | col(Person.active).is_(False),
        )
        .join(Person, col(Person.id) == col(Participation.person_id))
        .where(col(Participation.conference_id) == conference.id, col(Participation.active).is_(True))
        .order_by(col(Person.name))
    )
    people = [_Invited(person_id or 0, name, work, gone) for person_id, name, work, gone in rows]
    away = absent_ids(session, {each.person_id for each in people}, conference.starts_at)
    return [each._replace(gone=each.gone or each.person_id in away) for each in people]


def _all_gone(people: list[_Invited]) -> bool:
    return bool(people) and all(each.gone for each in people)


def _names(people: list[_Invited]) -> tuple[str, ...]:
    return tuple(each.name for each in people)
