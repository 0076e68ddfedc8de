"""Acts of the auditor: a spot check is drawn by lot from a month of the log and concluded, an opening is reviewed."""

import random
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit.service import did
from mdk.audit.tables import AccessLog
from mdk.errors import Invalid, NotFound, Problem, RuleBroken
from mdk.inspection import openings, rules
from mdk.inspection.queries import month_of, shows_patients
from mdk.inspection.structs import ConclusionBody
from mdk.inspection.tables import OpeningReview, SpotCheck, SpotCheckRow
from mdk.people.rules import check_role
from mdk.people.structs import Viewer

_LOT = random.SystemRandom()  # so that nobody can know or choose which rows will be looked at


def draw(session: Session, *, month: date, by: Viewer, at: datetime) -> int:
    """Draw the suggested number of rows from a month of the log by lot; gives the check's id.

    Raises `NotAllowed`, `Invalid` for a month to come or one in which no patient's data was shown.
    """
    check_role("log.check", by)
    if month > clock.today(at):
        raise Invalid([Problem("month", "Månaden har inte börjat än.")])
    since, until = month_of(month)
    ids = list(session.scalars(select(col(AccessLog.id)).where(*shows_patients(since, until))))
    if not ids:
        raise Invalid([Problem("month", "Ingen läste eller gjorde något i ett ärende den månaden.")])
    drawn = SpotCheck(month=month.replace(day=1), total=len(ids), drawn_at=at, drawn_by=by.person_id)
    session.add(drawn)
    session.flush()
    chosen = sorted(_LOT.sample(ids, rules.suggested(len(ids))), key=lambda log_id: log_id or 0)
    session.add_all(SpotCheckRow(check_id=drawn.id or 0, log_id=log_id or 0) for log_id in chosen)
    session.flush()
    did(session, "log.draw", by=by, at=at)
    return drawn.id or 0


def conclude(session: Session, *, check_id: int, body: ConclusionBody, by: Viewer, at: datetime) -> None:
    """Record what a spot check found; then it stands.

    Raises `NotAllowed`, `NotFound`, `RuleBroken("log.check-concluded")` the second time.
    """
    check_role("log.check", by)
    row = session.get(SpotCheck, check_id, with_for_update=True)
    if row is None:
        raise NotFound
    if row.concluded_at is not None:
        raise RuleBroken("log.check-concluded", "Stickprovet är redan avslutat. Gör ett nytt om något ska ändras.")
    row.verdict, row.found, row.concluded_at, row.concluded_by = body.verdict, body.found, at, by.person_id
    did(session, "log.conclude", by=by, at=at)


def review(session: Session, log_id: int, body: ConclusionBody, *, by: Viewer, at: datetime) -> None:
    """Record whether an opening's reason held; then it stands.

    Raises `NotAllowed`, `NotFound`, `RuleBroken("log.own-opening")` for the auditor's own, and
    `RuleBroken("log.opening-reviewed")` the second time.
    """
    check_role("log.check", by)
    row = openings.row_of(session, log_id)
    if row.person_id == by.person_id:
        raise RuleBroken("log.own-opening", "Din egen nödöppning granskas av någon annan.")
    if row.verdict is not None:
        raise RuleBroken("log.opening-reviewed", "Nödöppningen är redan granskad.")
    told = {"verdict": body.verdict, "found": body.found}
    session.add(OpeningReview(log_id=log_id, **told, reviewed_at=at, reviewed_by=by.person_id))
    session.flush()
    did(session, "log.review", by=by, at=at, cases=tuple(row.cases.split()))
