"""Owns the acts of a conference that reach its minutes: who came in, and what is put off."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from mdk.cases.tables import Case
from mdk.conferences import sitting
from mdk.conferences.held import going_on
from mdk.conferences.invited import ids_of
from mdk.conferences.tables import Conference
from mdk.journey import decisions
from mdk.minutes import queries
from mdk.minutes import service as minutes_service
from mdk.minutes.seals import Sealing
from mdk.minutes.structs import Attendance, MinutesBody
from mdk.minutes.tables import Minutes
from mdk.people.structs import Viewer
from mdk.people.tables import Person


def attend(
    session: Session,
    *,
    conference_id: str,
    email: str,
    present: bool,
    by: Viewer,
    at: datetime,
    version: int | None = None,
) -> Conference:
    """Tick someone invited as there or gone, also in the minutes of the case that is discussed unless they are signed.

    Raises what `mdk.conferences.sitting.attend` raises.
    """
    named = {"conference_id": conference_id, "email": email}
    conference = sitting.attend(session, **named, present=present, version=version, by=by, at=at)
    going = going_on(session, conference)
    case = None if going is None else session.get_one(Case, going.case_id)
    if case is None:
        return conference
    _, _, minutes = queries.load(session, conference_id, case.number, act="minutes.write", by=by)
    if minutes is not None and minutes.signed_at is not None:
        return conference
    body = queries.suggestion(session, conference, case) if minutes is None else queries.body_of(minutes)
    body = _with(body, email.strip().lower(), _profession(session, email), present=present)
    written = {"conference_id": conference_id, "number": case.number}
    stored = 0 if minutes is None else minutes.version
    minutes_service.save(session, **written, version=stored, body=body, by=by, at=at)
    return conference


def defer(
    session: Session,
    *,
    conference_id: str,
    number: str,
    version: int,
    reason: str,
    sealing: Sealing,
    by: Viewer,
    at: datetime,
) -> Minutes:
    """Put a case off: minutes that say so and why are signed, and it stands in the queue again with its place kept.

    Raises what `mdk.journey.decisions.sign` raises.
    """
    conference, case, minutes = queries.load(session, conference_id, number, act="minutes.write", by=by)
    body = queries.suggestion(session, conference, case) if minutes is None else queries.body_of(minutes)
    body = msgspec.structs.replace(body, outcome="deferred", motivation=reason)
    named = {"conference_id": conference_id, "number": number}
    saved = minutes_service.save(session, **named, version=version, body=body, by=by, at=at)
    going = going_on(session, conference)
    if going is not None and going.case_id == case.id:
        sitting.rest(session, conference, at=at)
    return decisions.sign(session, **named, version=saved.version, sealing=sealing, by=by, at=at)


def _profession(session: Session, email: str) -> str:
    ids = ids_of(session, {email.strip().lower()})
    return session.get_one(Person, next(iter(ids.values()))).profession


def _with(body: MinutesBody, email: str, profession: str, *, present: bool) -> MinutesBody:
    rows = [
        msgspec.structs.replace(row, present=present) if row.email.strip().lower() == email else row
        for row in body.attendance
    ]
    if email not in {row.email.strip().lower() for row in rows}:
        rows.append(Attendance(email=email, profession=profession, present=present))
    return msgspec.structs.replace(body, attendance=rows)
