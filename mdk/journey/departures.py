"""Acts on people that their conferences must hear of: someone leaves, or is reached at another address."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.structs import SYSTEM, Actor
from mdk.conferences import answers
from mdk.conferences.losses import losses
from mdk.conferences.rules import PLANNABLE
from mdk.conferences.tables import Conference, Participation
from mdk.outbox.service import conference_changed
from mdk.people import service as people
from mdk.people.tables import Person


def leave(session: Session, *, email: str, by: Actor = SYSTEM, at: datetime) -> None:
    """End a person's access at once; what a coming conference loses with them is told to those who plan it.

    Raises `NotFound`.
    """
    coming = _coming(session, email, at)
    before = {conference.id: losses(session, conference) for conference in coming}
    people.disable(session, email=email, by=by, at=at)
    session.flush()
    for conference in coming:
        lost = answers.new_kinds(before[conference.id], losses(session, conference))
        answers.tell_of(session, conference, lost, at=at)
        conference_changed(session, conference.id, at=at)


def readdress(session: Session, *, email: str, to: str, by: Actor = SYSTEM, at: datetime) -> None:
    """Reach a person at another address, with the invitations that hold sent anew there.

    Raises `NotFound`, `Invalid` for a bad address or one that someone else has.
    """
    people.change_address(session, email=email, to=to, by=by, at=at)
    for conference in _coming(session, to, at):
        conference_changed(session, conference.id, at=at)


def _coming(session: Session, email: str, at: datetime) -> list[Conference]:
    """The released conferences ahead to which someone is invited, by start."""
    return list(
        session.scalars(
            select(Conference)
            .join(Participation, col(Participation.conference_id) == col(Conference.id))
            .join(Person, col(Person.id) == col(Participation.person_id))
            .where(
                col(Person.email) == email.strip().lower(),
                col(Participation.active).is_(True),
                col(Conference.state).in_(PLANNABLE),
                col(Conference.starts_at) > at,
            )
            .order_by(col(Conference.starts_at), col(Conference.id))
        )
    )
