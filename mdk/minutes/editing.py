"""The telling of which field of a draft someone has open; it names no patient and is soon forgotten."""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.live import publish
from mdk.minutes import queries
from mdk.minutes.structs import MinutesBody
from mdk.minutes.tables import MinutesEditing
from mdk.people.structs import Viewer
from mdk.people.tables import Person

LASTS = timedelta(seconds=90)


class EditingLine(msgspec.Struct, frozen=True):
    """Someone who has a field of the draft open; `is_self` when it is the viewer, in another window."""

    field: str
    by: str
    is_self: bool


def tell(session: Session, *, conference_id: str, number: str, tab: str, field: str, by: Viewer, at: datetime) -> None:
    """Tell that the form opened as `tab` has `field` open now, or none (empty).

    Raises `NotFound`, `NotAllowed`.
    """
    conference, case, _ = queries.load(session, conference_id, number, act="minutes.write", by=by)
    old = col(MinutesEditing.at) < at - LASTS
    session.execute(delete(MinutesEditing).where((col(MinutesEditing.tab) == tab) | old))
    if field in MinutesBody.__struct_fields__:
        session.add(
            MinutesEditing(
                tab=tab, conference_id=conference.id, case_id=case.id or 0, field=field, person_id=by.person_id, at=at
            )
        )
    publish(session, conference.id, "editing", number=number)


def others(
    session: Session, conference_id: str, number: str, *, tab: str, by: Viewer, at: datetime
) -> list[EditingLine]:
    """Which fields others have open, or the viewer in another window than `tab`. Raises `NotFound`, `NotAllowed`."""
    conference, case, _ = queries.load(session, conference_id, number, act="minutes.write", by=by)
    rows = session.execute(
        select(col(MinutesEditing.field), col(Person.name), col(Person.id))
        .join(Person, col(Person.id) == col(MinutesEditing.person_id))
        .where(
            col(MinutesEditing.conference_id) == conference.id,
            col(MinutesEditing.case_id) == case.id,
            col(MinutesEditing.tab) != tab,
            col(MinutesEditing.at) >= at - LASTS,
        )
        .order_by(col(MinutesEditing.at))
    )
    return [EditingLine(field, name, person_id == by.person_id) for field, name, person_id in rows]
