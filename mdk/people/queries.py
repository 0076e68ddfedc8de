"""Reads of people, units and page sessions."""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session
from sqlmodel import col
from sqlmodel.sql.sqltypes import UTCDateTime

from mdk.errors import NotFound
from mdk.people.structs import PersonLine, Role, SignedIn, Viewer
from mdk.people.tables import Assignment, Person, Region, SignIn, Unit


def viewer(
    session: Session, *, email: str, assignment_id: int | None = None, surface: str = "cli", address: str = ""
) -> Viewer:
    """The active person with `email`, acting with the named assignment or else the first one.

    Raises `NotFound` when there is no such active person or assignment.
    """
    query = _lines().where(col(Person.email) == email.strip().lower(), *_active())
    if assignment_id is not None:
        query = query.where(col(Assignment.id) == assignment_id)
    row = session.execute(query.order_by(col(Assignment.id)).limit(1)).first()
    if row is None:
        message = "Det finns ingen aktiv person med den adressen."
        raise NotFound(message)
    return _viewer(PersonLine(*row), surface, address)


def viewer_of_assignment(session: Session, *, assignment_id: int, surface: str, address: str) -> Viewer | None:
    """The viewer behind an active assignment; None when it or its person is no longer active."""
    row = session.execute(_lines().where(col(Assignment.id) == assignment_id, *_active())).first()
    return None if row is None else _viewer(PersonLine(*row), surface, address)


def signed_in(session: Session, *, cookie: str, at: datetime, address: str) -> SignedIn | None:
    """Whose page session a cookie stands for; None when it is unknown or over."""
    found = session.execute(_SIGNED_IN, {"hash": cookie_hash(cookie), "at": at}).first()
    if found is None:
        return None
    return SignedIn(viewer=_viewer(PersonLine(*found[:-1]), "page", address), session_id=found[-1])


def cookie_hash(cookie: str) -> str:
    """What is stored of a session cookie."""
    return hashlib.sha256(cookie.encode()).hexdigest()


def people(session: Session) -> list[PersonLine]:
    """Every person with every assignment, by address."""
    return [PersonLine(*row) for row in session.execute(_lines().order_by(col(Person.email), col(Assignment.id)))]


def holders(session: Session, role: Role, *, unit_id: str | None = None) -> list[PersonLine]:
    """The active people with a role, at one unit or anywhere."""
    query = _lines().where(col(Assignment.role) == role, *_active()).order_by(col(Person.name))
    if unit_id is not None:
        query = query.where(col(Assignment.unit_id) == unit_id)
    return [PersonLine(*row) for row in session.execute(query)]


def clinicians(session: Session) -> list[PersonLine]:
    """The active people who can take part in a conference, by name, each once."""
    roles = [Role.CHAIR, Role.CONSULTANT, Role.MEMBER, Role.NEUROSURGERY, Role.REGIONAL_FUNCTION]
    query = _lines().where(col(Assignment.role).in_(roles), *_active()).order_by(col(Person.name), col(Assignment.id))
    return list({line.person_id: line for line in (PersonLine(*row) for row in session.execute(query))}.values())


def person_ids(session: Session, emails: list[str]) -> dict[str, int]:
    """The ids of the active people among `emails`, by lower-case address."""
    wanted = [email.strip().lower() for email in emails]
    rows = session.execute(
        select(col(Person.email), col(Person.id)).where(col(Person.email).in_(wanted), col(Person.active).is_(True))
    )
    return {email: person_id for email, person_id in rows if person_id is not None}


def names(session: Session, ids: set[int | None]) -> dict[int | None, str]:
    """The names of people by id; the system is called by its own name."""
    rows = session.execute(select(col(Person.id), col(Person.name)).where(col(Person.id).in_(ids - {None})))
    return {None: "Systemet"} | {person_id: name for person_id, name in rows}  # noqa: C416 - rows are no pairs to mypy


def language_of(session: Session, person_id: int) -> str:
    """The language that a person's mails are written in."""
    return session.get_one(Person, person_id).language


def function_unit(session: Session, region: str) -> Unit:
    """The unit that receives a region's extern pumps. Raises `NotFound` when the region has none."""
    unit = session.scalar(
        select(Unit).where(
            col(Unit.kind) == "regional_function", col(Unit.region) == region, col(Unit.active).is_(True)
        )
    )
    if unit is None:
        raise NotFound
    return unit


def unit_of_kind(session: Session, kind: str) -> Unit:
    """The first active unit of a kind, such as `neurosurgery`. Raises `NotFound` when there is none."""
    unit = session.scalar(select(Unit).where(col(Unit.kind) == kind, col(Unit.active).is_(True)).order_by(col(Unit.id)))
    if unit is None:
        raise NotFound
    return unit


def units(session: Session) -> list[Unit]:
    """Every active unit by name."""
    return list(session.scalars(select(Unit).where(col(Unit.active).is_(True)).order_by(col(Unit.name))))


def region(session: Session, code: str) -> Region:
    """One region. Raises `NotFound`."""
    found = session.get(Region, code)
    if found is None:
        raise NotFound
    return found


def _lines() -> Any:
    return (
        select(
            col(Person.id),
            col(Assignment.id),
            col(Person.email),
            col(Person.name),
            col(Assignment.role),
            col(Unit.id),
            col(Unit.name),
            col(Unit.region),
            col(Person.active).is_(True) & col(Assignment.active).is_(True),
        )
        .join(Assignment, col(Assignment.person_id) == col(Person.id))
        .join(Unit, col(Unit.id) == col(Assignment.unit_id))
    )


def _active() -> tuple[Any, ...]:
    return col(Person.active).is_(True), col(Assignment.active).is_(True)


def _viewer(line: PersonLine, surface: str, address: str) -> Viewer:
    return Viewer(
        person_id=line.person_id,
        assignment_id=line.assignment_id,
        role=Role(line.role),
        unit_id=line.unit_id,
        unit_name=line.unit_name,
        email=line.email,
        name=line.name,
        region=line.region,
        surface=surface,
        address=address,
    )


_SIGNED_IN = (
    _lines()
    .add_columns(col(SignIn.id))
    .join(SignIn, col(SignIn.assignment_id) == col(Assignment.id))
    .where(
        col(SignIn.cookie_hash) == bindparam("hash"),
        col(SignIn.ends_at) > bindparam("at", type_=UTCDateTime()),
        *_active(),
    )
)
