"""Acts on people: add, change, disable; and the loading of reference data."""

import re
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did
from mdk.audit.structs import SYSTEM, Actor
from mdk.bearers import next_moment
from mdk.db import choices
from mdk.errors import Invalid, NotFound, Problem
from mdk.people.rules import Relation, check_may
from mdk.people.structs import Role, Viewer
from mdk.people.tables import Assignment, BusyTime, Person, Region, SignIn, Unit

LANGUAGES = ("sv", "en")
LONGEST = 200  # characters of a name or an address
# With or without the century of the organisation's number; TSTNMT is what Inera's tests use (clinical.md 4.3).
_HSA_ID = re.compile(r"(SE|TSTNMT)(16)?\d{10}-[A-Za-z0-9]{1,18}", re.ASCII)
# What needs no quoting in any header, so that every mail to it can be written.
_ADDRESS = re.compile(r"[A-Za-z0-9._+'-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){0,5}", re.ASCII)


def put_region(session: Session, *, code: str, name: str, has_asih: bool, profile: str) -> None:
    """Load or refresh one region of the reference data; `profile` is its JSON document."""
    session.merge(Region(code=code, name=name, has_asih=has_asih, profile=profile))


def put_unit(session: Session, *, unit_id: str, name: str, region: str | None, kind: str, place: str) -> None:
    """Load or refresh one unit of the reference data; its HSA id is the installation's own and stays."""
    known = session.get(Unit, unit_id)
    hsa_id = known.hsa_id if known else None
    session.merge(Unit(id=unit_id, name=name, region=region, kind=kind, place=place, hsa_id=hsa_id))


def add(
    session: Session,
    *,
    email: str,
    name: str,
    role: str,
    unit_id: str,
    by: Actor = SYSTEM,
    at: datetime,
    profession: str = "",
    language: str | None = None,
    hsa_id: str | None = None,
    commission: str | None = None,
) -> int:
    """Give a person an assignment, making the person when the address is new; gives the assignment's id.

    `language` is what their mails are written in; None leaves it as it is, the installation's
    own at first. `hsa_id` is what the
    identity provider calls the person, `commission` what it calls the assignment; None leaves either as it is. Raises
    `Invalid` for a bad address, name, role, unit, language or HSA id, or a person's HSA id that someone else has.
    """
    address, shown = email.strip().lower(), " ".join(name.split())
    _check(session, address, shown, role, unit_id)
    _check_language(language or LANGUAGES[0])
    _check_hsa_ids(session, address, hsa_id, commission)
    person = session.scalar(select(Person).where(col(Person.email) == address))
    if person is None:
        first = choices(session).language
        person = Person(email=address, name=shown, profession=profession, language=first, created_at=at)
        session.add(person)
        session.flush()
    person.active, person.language = True, language or person.language
    person.hsa_id = hsa_id or person.hsa_id
    existing = session.scalar(
        select(Assignment).where(
            col(Assignment.person_id) == person.id, col(Assignment.role) == role, col(Assignment.unit_id) == unit_id
        )
    )
    assignment = existing or Assignment(person_id=person.id or 0, role=role, unit_id=unit_id)
    assignment.active, assignment.hsa_id = True, commission or assignment.hsa_id
    session.add(assignment)
    session.flush()
    did(session, "person.add", by=by, at=at, reason=person.email)
    return assignment.id or 0


def disable(session: Session, *, email: str, by: Actor = SYSTEM, at: datetime) -> None:
    """End a person's access at once, and for good that of their sessions and tokens; what they did stays.

    Raises `NotFound`.
    """
    person = session.scalar(select(Person).where(col(Person.email) == email.strip().lower()))
    if person is None:
        message = "Det finns ingen person med den adressen."
        raise NotFound(message)
    person.active, person.tokens_ended_at = False, next_moment(person.tokens_ended_at, at)
    for row in session.scalars(select(SignIn).where(col(SignIn.person_id) == person.id)):
        row.ends_at = at
    did(session, "person.disable", by=by, at=at, reason=person.email)


def name_unit(session: Session, *, unit_id: str, hsa_id: str, by: Actor = SYSTEM, at: datetime) -> None:
    """Say what the identity provider calls a unit.

    Raises `NotFound`, `Invalid` for a bad HSA id or one that another unit has.
    """
    unit = session.get(Unit, unit_id)
    if unit is None:
        raise NotFound("Enheten finns inte. Ange dess id, till exempel palliativa-vaxjo.")
    other = session.scalar(select(col(Unit.id)).where(col(Unit.hsa_id) == hsa_id, col(Unit.id) != unit_id))
    problems = _hsa_problems("hsa_id", hsa_id, taken=other is not None)
    if problems:
        raise Invalid(problems)
    unit.hsa_id = hsa_id
    did(session, "unit.name", by=by, at=at)


def choose_language(session: Session, *, language: str, by: Viewer, at: datetime) -> None:
    """Have the viewer's mails written in `language` from now on. Raises `NotAllowed`, `Invalid` for an unknown one."""
    check_may("language.choose", by, frozenset({Relation.SELF}))
    _check_language(language)
    session.get_one(Person, by.person_id).language = language
    did(session, "language.choose", by=by, at=at)


def change_address(session: Session, *, email: str, to: str, by: Actor = SYSTEM, at: datetime) -> None:
    """Reach a person at another address from now on.

    Raises `NotFound`, `Invalid` for a bad address or one that someone else has.
    """
    person = session.scalar(select(Person).where(col(Person.email) == email.strip().lower()))
    if person is None:
        raise NotFound("Det finns ingen person med den adressen.")
    address = to.strip().lower()
    problems = _address_problems(address)
    if session.scalar(select(Person.id).where(col(Person.email) == address, col(Person.id) != person.id)):  # type: ignore[call-overload]
        problems.append(Problem("email", "Adressen används redan av någon annan."))
    if problems:
        raise Invalid(problems)
    told, person.email = f"{person.email} → {address}", address
    session.flush()
    did(session, "person.change-address", by=by, at=at, reason=told)


def note_busy(
    session: Session, *, person_id: int, times: list[tuple[datetime, datetime]], by: Actor, at: datetime
) -> None:
    """Keep when a person's own calendar is taken, instead of what was kept before; the same again changes nothing."""
    own = col(BusyTime.person_id) == person_id
    kept = session.execute(select(col(BusyTime.starts_at), col(BusyTime.ends_at)).where(own)).all()
    if sorted((start, end) for start, end in kept) == sorted(times):
        return
    session.execute(delete(BusyTime).where(own))
    session.add_all(BusyTime(person_id=person_id, starts_at=start, ends_at=end) for start, end in times)
    session.flush()
    did(session, "person.busy", by=by, at=at)


def _check_hsa_ids(session: Session, email: str, hsa_id: str | None, commission: str | None) -> None:
    holder = session.scalar(select(col(Person.email)).where(col(Person.hsa_id) == hsa_id)) if hsa_id else None
    problems = _hsa_problems("hsa_id", hsa_id, taken=holder not in {None, email})
    problems += _hsa_problems("commission", commission, taken=False)
    if problems:
        raise Invalid(problems)


def _hsa_problems(field: str, hsa_id: str | None, *, taken: bool) -> list[Problem]:
    if hsa_id is not None and _HSA_ID.fullmatch(hsa_id) is None:
        return [Problem(field, "Ange ett HSA-id, till exempel SE2321000131-P000000123456.")]
    return [Problem(field, "HSA-id:t används redan av någon annan.")] if taken else []


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise Invalid([Problem("language", "Välj språk: sv eller en.")])


def _check(session: Session, email: str, name: str, role: str, unit_id: str) -> None:
    problems = _address_problems(email)
    if not name:
        problems.append(Problem("name", "Ange personens namn."))
    elif len(name) > LONGEST or not name.isprintable():
        problems.append(Problem("name", f"Ange namnet med högst {LONGEST} synliga tecken."))
    if role not in set(Role):
        problems.append(Problem("role", "Välj en roll: " + ", ".join(Role) + "."))
    if session.get(Unit, unit_id) is None:
        problems.append(Problem("unit", "Enheten finns inte. Ange dess id, till exempel palliativa-vaxjo."))
    if problems:
        raise Invalid(problems)


def _address_problems(email: str) -> list[Problem]:
    if _ADDRESS.fullmatch(email) is None or len(email) > LONGEST:
        return [Problem("email", "Ange en e-postadress, till exempel anna@region.example.")]
    return []
