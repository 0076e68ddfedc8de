"""What in a period of the log is worth a question, found among its rows by the rules."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import seen
from mdk.audit.tables import AccessLog, StateMove
from mdk.cases.tables import Case, CaseRelation
from mdk.inspection import rules
from mdk.inspection.rules import Found, Read
from mdk.inspection.structs import Oddity, OddityKind
from mdk.people.rules import check_role
from mdk.people.structs import Viewer
from mdk.people.tables import Assignment, Person

MOST = 100_000  # rows of a period that are looked at, the newest
SHOWN = 25
_ROW: Any = AccessLog.__table__.c  # type: ignore[attr-defined]


def oddities(
    session: Session, *, since: datetime, until: datetime, by: Viewer, at: datetime
) -> dict[OddityKind, tuple[list[Oddity], int]]:
    """The oddities of a period by kind, the newest `SHOWN` of each and how many there are; what is shown is logged.

    Raises `NotAllowed`.
    """
    check_role("log.read", by)
    reads = _reads(session, since, until)
    numbers = sorted({number for read in reads for number in read.cases})
    patients, people = _patients(session, numbers), _people(session)
    readers = {person_id: name for person_id, name, _ in people}
    of_units: dict[str, set[str]] = defaultdict(set)
    for _, name, unit_id in people:
        of_units[unit_id].add(name)
    opened = sorted({number for read in reads if read.act in rules.OPENS for number in read.cases})
    found: dict[OddityKind, list[Found]] = {
        "glass": rules.glass(reads),
        "name": rules.namesakes(reads, patients, of_units),
        "surname": rules.surnames(reads, patients, readers),
        "many": rules.many(reads),
        "hours": rules.outside_hours(reads),
        "idle": rules.idle(reads, _concerned(session, opened)),
    }
    shown = {kind: _newest(each, kind, readers) for kind, each in found.items()}
    told = {number for each, _ in shown.values() for oddity in each for number in oddity.cases}
    seen(session, "log.oddities", by=by, at=at, cases=tuple(sorted(told)))
    return shown


def _newest(found: list[Found], kind: OddityKind, readers: dict[int, str]) -> tuple[list[Oddity], int]:
    newest = sorted(found, key=lambda each: each.at, reverse=True)[:SHOWN]
    made = [
        Oddity(kind, readers.get(each.person_id, ""), each.person_id, each.at, each.cases, each.times, each.reason)
        for each in newest
    ]
    return made, len(found)


def _reads(session: Session, since: datetime, until: datetime) -> list[Read]:
    """The rows of a period in which someone was shown or did something with a patient's data, oldest first."""
    wanted = (_ROW.at >= since, _ROW.at < until, _ROW.person_id.is_not(None), _ROW.cases != "", _ROW.allowed.is_(True))
    query = select(_ROW.at, _ROW.act, _ROW.person_id, _ROW.unit_id, _ROW.cases, _ROW.reason).where(*wanted)
    rows = session.execute(query.order_by(_ROW.at.desc(), _ROW.id.desc()).limit(MOST)).all()
    return [Read(row[0], row[1], row[2], row[3], tuple(row[4].split()), row[5]) for row in reversed(rows)]


def _patients(session: Session, numbers: list[str]) -> dict[str, str]:
    return dict(_in_parts(session, numbers, _named))


def _named(numbers: list[str]) -> Any:
    return select(col(Case.number), col(Case.patient_name)).where(col(Case.number).in_(numbers))


def _people(session: Session) -> list[tuple[int, str, str]]:
    query = select(col(Person.id), col(Person.name), col(Assignment.unit_id))
    rows = session.execute(query.join(Assignment, col(Assignment.person_id) == col(Person.id)))
    return [(person_id or 0, name, unit_id) for person_id, name, unit_id in rows]


def _concerned(session: Session, numbers: list[str]) -> dict[str, set[int]]:
    """Who has something to do with a case: at its unit, at its conference or receiver, or by a step in its life."""
    found: dict[str, set[int]] = defaultdict(set)
    for query in (_at_the_unit, _tied_as_person, _tied_by_unit, _acting):
        for number, person_id in _in_parts(session, numbers, query):
            found[number].add(person_id)
    return found


def _at_the_unit(numbers: list[str]) -> Any:
    joined = select(col(Case.number), col(Assignment.person_id)).join(
        Assignment, col(Assignment.unit_id) == col(Case.unit_id)
    )
    return joined.where(col(Case.number).in_(numbers))


def _tied_as_person(numbers: list[str]) -> Any:
    tied = select(col(Case.number), col(CaseRelation.person_id)).join(
        CaseRelation, col(CaseRelation.case_id) == col(Case.id)
    )
    there = (col(CaseRelation.kind) == "conference", col(CaseRelation.person_id).is_not(None))
    return tied.where(col(Case.number).in_(numbers), *there)


def _tied_by_unit(numbers: list[str]) -> Any:
    tied = select(col(Case.number), col(Assignment.person_id)).join(
        CaseRelation, col(CaseRelation.case_id) == col(Case.id)
    )
    tied = tied.join(Assignment, col(Assignment.unit_id) == col(CaseRelation.unit_id))
    return tied.where(col(Case.number).in_(numbers))


def _acting(numbers: list[str]) -> Any:
    moved = select(col(StateMove.subject), col(StateMove.person_id))
    return moved.where(
        col(StateMove.kind) == "case", col(StateMove.subject).in_(numbers), col(StateMove.person_id).is_not(None)
    )


def _in_parts(session: Session, numbers: list[str], query: Callable[[list[str]], Any]) -> list[tuple[Any, Any]]:
    """The rows of a query about many case numbers, asked for a thousand at a time."""
    parts = (numbers[start : start + 1000] for start in range(0, len(numbers), 1000))
    return [(first, second) for part in parts for first, second in session.execute(query(part))]
