"""Reads of what a person was last told."""

from sqlalchemy.orm import Session

from mdk_calendar.events import Event
from mdk_calendar.ics import to_ics
from mdk_calendar.ledger import remembered
from mdk_calendar.tables import Told


def current_invitation(session: Session, conference_id: str, person_id: int) -> Event | None:
    """What a person was last told of a conference, a CANCEL too; None for someone who was never told of it."""
    told = session.get(Told, (conference_id, person_id))
    return None if told is None else remembered(told).event


def invitation_ics(session: Session, conference_id: str, person_id: int) -> bytes | None:
    """The same as a calendar object, for download by that person only."""
    event = current_invitation(session, conference_id, person_id)
    return None if event is None else to_ics(event)
