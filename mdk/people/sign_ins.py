"""Acts on page sessions: open, rotate and end them, all of them with the API tokens; a cookie is kept as a hash."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did
from mdk.audit.structs import SYSTEM, Actor
from mdk.bearers import issue, next_moment
from mdk.errors import NotFound, SignInRefused
from mdk.owed import at_end
from mdk.people.queries import choices, cookie_hash, tokens_ended_at, viewer, viewer_of_assignment, vouched_for
from mdk.people.rules import Relation, check_may
from mdk.people.structs import Arrival, Door, Holder, SignedIn, Viewer, Vouched
from mdk.people.tables import Person, SignIn

NOTED = timedelta(minutes=2)  # how exactly it is kept when a session was last used
FORGOTTEN = timedelta(days=30)  # after its end


def sign_in(
    session: Session,
    *,
    assignment_id: int,
    at: datetime,
    address: str,
    agent: str = "",
    door: Door = Door(),  # noqa: B008 - frozen
) -> str:
    """Open a page session with an assignment and give its cookie. Raises `NotFound`."""
    viewer = viewer_of_assignment(session, assignment_id=assignment_id, surface="page", address=address)
    if viewer is None:
        raise NotFound
    did(session, "sign-in", by=viewer, at=at)
    row = SignIn(
        cookie_hash="",
        person_id=viewer.person_id,
        assignment_id=assignment_id,
        created_at=at,
        seen_at=at,
        ends_at=at + door.lasts,
        issuer=door.issuer,
        address=address,
        agent=agent,
    )
    return _opened(session, row)


def arrive(session: Session, *, who: Vouched, at: datetime, address: str, agent: str, door: Door) -> Arrival:
    """Open a page session for whom an identity provider vouches; with one assignment to choose among, in that one.

    Raises `SignInRefused` (`sign-in.unknown-person`, `sign-in.no-assignment`).
    """
    person_id, offered = vouched_for(session, who)
    if person_id is None:
        raise SignInRefused("sign-in.unknown-person", _UNKNOWN)
    if not offered:
        raise SignInRefused("sign-in.no-assignment", _NOTHING_HERE, person_id=person_id)
    is_narrowed = who.commissions is not None or who.units is not None
    row = SignIn(
        cookie_hash="",
        person_id=person_id,
        assignment_id=offered[0].assignment_id if len(offered) == 1 else None,
        created_at=at,
        seen_at=at,
        ends_at=at + door.lasts,
        issuer=who.issuer,
        vouched=" ".join(str(line.assignment_id) for line in offered) if is_narrowed else "",
        address=address,
        agent=agent,
    )
    by = Actor(person_id=person_id, assignment_id=row.assignment_id, surface="page", address=address)
    did(session, "sign-in", by=by, at=at)
    return Arrival(_opened(session, row), must_choose=row.assignment_id is None)


def switch(session: Session, *, held: Holder, assignment_id: int, at: datetime, address: str) -> str:
    """Go on with another assignment in a new page session, which ends when the old one would have; gives its cookie.

    Raises `NotFound` for an assignment that the sign-in does not offer.
    """
    if assignment_id not in {line.assignment_id for line in choices(session, held)}:
        raise NotFound
    session.get_one(SignIn, held.session_id).ends_at = at
    row = SignIn(
        cookie_hash="",
        person_id=held.person_id,
        assignment_id=assignment_id,
        created_at=at,
        seen_at=at,
        ends_at=held.ends_at,
        issuer=held.issuer,
        vouched=" ".join(map(str, held.vouched)),
        address=address,
        agent=held.agent,
    )
    by = Actor(person_id=held.person_id, assignment_id=assignment_id, surface="page", address=address)
    did(session, "sign-in.switch", by=by, at=at)
    return _opened(session, row)


def note_use(session: Session, *, signed_in: SignedIn, at: datetime) -> None:
    """Keep that the session was used just now, unless that is kept already to within `NOTED`."""
    if at - signed_in.seen_at < NOTED:
        return
    mark = update(SignIn).where(col(SignIn.id) == signed_in.session_id).values(seen_at=at)

    def write(log: Connection) -> None:
        log.execute(mark)

    at_end(session, write)


def sign_out(session: Session, *, held: Holder, at: datetime, address: str) -> None:
    """End a page session."""
    session.get_one(SignIn, held.session_id).ends_at = at
    by = Actor(person_id=held.person_id, assignment_id=held.assignment_id, surface="page", address=address)
    did(session, "sign-out", by=by, at=at)


def end(session: Session, *, session_id: int, by: Viewer, at: datetime) -> None:
    """End one of the viewer's own page sessions. Raises `NotFound` for another's, or one that is over."""
    check_may("session.end", by, frozenset({Relation.SELF}))
    row = session.get(SignIn, session_id)
    if row is None or row.person_id != by.person_id or row.ends_at <= at:
        raise NotFound
    row.ends_at = at
    did(session, "session.end", by=by, at=at)


def end_others(session: Session, *, signed_in: SignedIn, at: datetime) -> int:
    """End every page session of the viewer but this one, and their tokens of the API; gives how many sessions."""
    by = signed_in.viewer
    check_may("session.end", by, frozenset({Relation.SELF}))
    ended = _end_all(session, by.person_id, at, but=signed_in.session_id)
    did(session, "session.end-others", by=by, at=at)
    return ended


def end_all(session: Session, *, email: str, by: Actor = SYSTEM, at: datetime) -> int:
    """End every page session and token of a person, who may sign in again; gives how many sessions.

    Raises `NotFound`.
    """
    known = email.strip().lower()
    person_id = session.scalar(select(col(Person.id)).where(col(Person.email) == known))
    if person_id is None:
        raise NotFound("Det finns ingen person med den adressen.")
    ended = _end_all(session, person_id, at)
    did(session, "session.end-all", by=by, at=at, reason=known)
    return ended


def give_token(
    session: Session,
    *,
    email: str,
    assignment_id: int | None = None,
    minutes: int,
    secret: str,
    issuer: str,
    by: Actor = SYSTEM,
    at: datetime,
) -> str:
    """A token of the API for one of a person's assignments, the first if none is named; the log says who got it.

    Raises `NotFound` when there is no such active person or assignment.
    """
    to = viewer(session, email=email, assignment_id=assignment_id)
    did(session, "token.give", by=by, at=at, reason=f"{to.email}, {minutes} min")
    return issue(
        secret,
        person_id=to.person_id,
        assignment_id=to.assignment_id,
        now=next_moment(tokens_ended_at(session, to.person_id), at),
        minutes=minutes,
        issuer=issuer,
    )


def _end_all(session: Session, person_id: int, at: datetime, *, but: int = 0) -> int:
    own = (col(SignIn.person_id) == person_id, col(SignIn.ends_at) > at, col(SignIn.id) != but)
    rows = list(session.scalars(select(SignIn).where(*own)))
    for row in rows:
        row.ends_at = at
    person = session.get_one(Person, person_id)
    person.tokens_ended_at = next_moment(person.tokens_ended_at, at)
    return len(rows)


def _opened(session: Session, row: SignIn) -> str:
    """Keep a session under a cookie of its own, and forget what ended long ago."""
    cookie = secrets.token_urlsafe(32)
    row.cookie_hash = cookie_hash(cookie)
    long_ago = row.created_at - FORGOTTEN
    session.execute(delete(SignIn).where(col(SignIn.person_id) == row.person_id, col(SignIn.ends_at) < long_ago))
    session.add(row)
    return cookie


_UNKNOWN = "Inloggningen gick bra, men du finns inte upplagd i MDK smärta. Be systemförvaltningen lägga till dig."
_NOTHING_HERE = (
    "Inloggningen gick bra, men uppdraget du valde ger ingen tillgång till MDK smärta. "
    "Logga in igen med ett annat uppdrag, eller be systemförvaltningen om ett."
)
