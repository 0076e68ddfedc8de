"""Owns the reading back of minutes before they are signed."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from mdk.cases.queries import HIDDEN, knows_identity, relations
from mdk.errors import RuleBroken
from mdk.minutes import queries, rules
from mdk.minutes.sheets import fingerprint, sheet_of
from mdk.minutes.structs import MinutesView, Sheet
from mdk.people.structs import Viewer


def read_back(
    session: Session, conference_id: str, number: str, *, by: Viewer, at: datetime
) -> tuple[MinutesView, Sheet, str]:
    """The saved minutes as the chair would sign them, the sheet that would be printed, and its fingerprint.

    A chair who does not treat a protected patient any more signs without reading who it is. The read is logged.

    Raises `NotFound`, `NotAllowed`, `RuleBroken("minutes.not-saved")` and those of `minutes.rules.check_signable`.
    """
    conference, case, minutes = queries.load(session, conference_id, number, act="minutes.sign", by=by)
    if minutes is None:
        raise RuleBroken("minutes.not-saved", "Det finns inget sparat protokoll att signera. Spara det först.")
    body = queries.body_of(minutes)
    if minutes.signed_at is None:
        rules.check_signable(body, queries.verdicts(case), queries.lacking(session, conference, case, body))
    sheet = sheet_of(session, conference, case, body, kid="", by=by, at=at)
    signed = fingerprint(sheet)
    if not knows_identity(case, relations(session, case, by=by, at=at)):
        sheet = msgspec.structs.replace(sheet, patient=HIDDEN, identity_number=HIDDEN)
    return queries.view(session, conference_id, number, by=by, at=at), sheet, signed
