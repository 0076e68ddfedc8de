"""Reads of people, units and page sessions."""

import hashlib
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased
from sqlmodel import col
from sqlmodel.sql.sqltypes import UTCDateTime

from mdk.bearers import Bearer, check_not_ended
from mdk.errors import NotFound
from mdk.people.structs import Door, Holder, PersonLine, Role, SessionShown, SignedIn, Viewer, Vouched
from mdk.people.tables import Assignment, Person, Region, SignIn, Unit
from mdk.statements import Query


class _BearerLine(PersonLine, frozen=True, array_like=True):
    tokens_ended_at: datetime | None


class _SignedInLine(PersonLine, frozen=True, array_like=True):
    session_id: int
    seen_at: datetime
    can_switch: bool


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


def viewer_of_bearer(session: Session, bearer: Bearer, *, address: str) -> Viewer | None:
    """The viewer that a token of the API speaks for; None when the assignment or its person is no longer active.

    Raises `TokenRefused` for a token that was issued before the person's tokens were ended.
    """
    given = {"assignment": bearer.assignment_id, "person": bearer.person_id}
    found = _BEARER.rows(session.connection(), given)
    if not found:
        return None
    check_not_ended(bearer, found[0].tokens_ended_at)
    return _viewer(found[0], "api", address)


def tokens_ended_at(session: Session, person_id: int) -> datetime | None:
    """When the tokens of the API that a person had were last ended, if ever."""
    return session.get_one(Person, person_id).tokens_ended_at


def signed_in(session: Session, *, cookie: str, at: datetime, address: str, door: Door = Door()) -> SignedIn | None:  # noqa: B008 - frozen
    """Whose page session a cookie stands for, and as what; None when it is over or no assignment is chosen."""
    found = _SIGNED_IN.rows(session.connection(), _valid_for(cookie, at, door))
    if not found:
        return None
    row = found[0]
    return SignedIn(_viewer(row, "page", address), row.session_id, row.seen_at, row.can_switch)


def holder(session: Session, *, cookie: str, at: datetime, door: Door) -> Holder | None:
    """Whose page session a cookie stands for, also before an assignment is chosen; None when it is unknown or over."""
    row = session.execute(_HOLDER, _valid_for(cookie, at, door)).first()
    if row is None:
        return None
    return Holder(
        session_id=row.id,
        person_id=row.person_id,
        name=row.name,
        assignment_id=row.assignment_id,
        vouched=tuple(map(int, row.vouched.split())),
        agent=row.agent,
        issuer=row.issuer,
        ends_at=row.ends_at,
    )


def choices(session: Session, held: Holder) -> list[PersonLine]:
    """The assignments that may be chosen in a page session, oldest first."""
    query = _lines().where(col(Person.id) == held.person_id, *_active()).order_by(col(Assignment.id))
    if held.vouched:
        query = query.where(col(Assignment.id).in_(held.vouched))
    return [PersonLine(*row) for row in session.execute(query)]


def vouched_for(session: Session, who: Vouched) -> tuple[int | None, list[PersonLine]]:
    """The active person whom an identity provider speaks of, and those of their assignments that it vouches for."""
    known = col(Person.email) == (who.email or "").strip().lower() if who.hsa_id is None else _is(Person, who.hsa_id)
    person_id = session.scalar(select(col(Person.id)).where(known, col(Person.active).is_(True)))
    query = _lines().where(col(Person.id) == person_id, *_active()).order_by(col(Assignment.id))
    if who.commissions is not None:
        query = query.where(col(Assignment.hsa_id).in_(who.commissions))
    if who.units is not None:
        query = query.where(col(Unit.hsa_id).in_(who.units))
    return person_id, [PersonLine(*row) for row in session.execute(query)]


def sessions(session: Session, *, person_id: int, at: datetime, idles: timedelta) -> list[SessionShown]:
    """A person's page sessions that hold, the last used first."""
    rows = session.execute(
        select(SignIn, col(Assignment.role), col(Unit.name))
        .outerjoin(Assignment, col(Assignment.id) == col(SignIn.assignment_id))
        .outerjoin(Unit, col(Unit.id) == col(Assignment.unit_id))
        .where(col(SignIn.person_id) == person_id, col(SignIn.ends_at) > at, col(SignIn.seen_at) > at - idles)
        .order_by(col(SignIn.seen_at).desc(), col(SignIn.id).desc())
    )
    return [
        SessionShown(
            id=row.id or 0,
            created_at=row.created_at,
            seen_at=row.seen_at,
            ends_at=row.ends_at,
            address=row.address,
            agent=row.agent,
            role=role,
            unit_name=unit,
        )
        for row, role, unit in rows
    ]


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
    """The active people who can be asked about a case outside a conference, by name, each once."""
    roles = {Role.CHAIR, Role.CONSULTANT, Role.MEMBER, Role.NEUROSURGERY, Role.REGIONAL_FUNCTION}
    return holders_of_any(session, roles)


def holders_of_any(session: Session, roles: Collection[Role], *, kept: Collection[str] = ()) -> list[PersonLine]:
    """The active people with one of some roles, by name, each once.

    Those with the addresses `kept` are among them, whatever became of them and their roles.
    """
    holding = and_(col(Assignment.role).in_(roles), *_active())
    query = _lines().where(or_(holding, col(Person.email).in_(kept))).order_by(col(Person.name), col(Assignment.id))
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


def _is(table: type[Person], hsa_id: str) -> Any:
    return col(table.hsa_id) == hsa_id


def _valid_for(cookie: str, at: datetime, door: Door) -> dict[str, Any]:
    """What a session must be: known, vouched for as sessions are here, and begun, used and ending in due time.

    One that began after now was made before the clock was set back, and would never end.
    """
    return {
        "hash": cookie_hash(cookie),
        "issuer": door.issuer,
        "at": at,
        "used_after": at - door.idles,
        "begun_before": at + _SKEW,
    }


def _instant(name: str) -> Any:
    return bindparam(name, type_=UTCDateTime())


_SKEW = timedelta(minutes=5)
_HOLDS = (
    col(SignIn.cookie_hash) == bindparam("hash"),
    col(SignIn.issuer) == bindparam("issuer"),
    col(SignIn.ends_at) > _instant("at"),
    col(SignIn.seen_at) > _instant("used_after"),
    col(SignIn.created_at) <= _instant("begun_before"),
)
_OTHER = aliased(Assignment)
_SIGNED_IN = Query(
    _lines()
    .add_columns(
        col(SignIn.id),
        col(SignIn.seen_at),
        exists()
        .where(
            col(_OTHER.person_id) == col(Person.id),
            col(_OTHER.id) != col(Assignment.id),
            col(_OTHER.active).is_(True),
        )
        .correlate(Person, Assignment),
    )
    .join(SignIn, col(SignIn.assignment_id) == col(Assignment.id))
    .where(*_HOLDS, *_active()),
    _SignedInLine,
)
_BEARER = Query(
    _lines()
    .add_columns(col(Person.tokens_ended_at))
    .where(col(Assignment.id) == bindparam("assignment"), col(Person.id) == bindparam("person"), *_active()),
    _BearerLine,
)
_HOLDER = (
    select(SignIn.__table__.columns, col(Person.name))  # type: ignore[attr-defined]
    .join(Person, col(Person.id) == col(SignIn.person_id))
    .where(*_HOLDS, col(Person.active).is_(True))
)
