"""Owns what lies ahead of a case: the conference it is planned for or likely comes to, and whether that is too late."""

from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy.orm import Session

from mdk.cases.hints import late_conference
from mdk.cases.structs import CaseView
from mdk.cases.submission_structs import Submission
from mdk.clinical.structs import Hint
from mdk.clock import today
from mdk.conferences.forecast import FORECAST_STATES, Forecast, forecast
from mdk.conferences.queries import planned_for
from mdk.conferences.structs import Planned


class Outlook(NamedTuple):
    """Where a case is planned (None: nowhere), else when it is likely taken up, and what that gives to think of."""

    planned: Planned | None
    likely: Forecast | None
    hints: list[Hint]


def outlook(session: Session, view: CaseView, *, at: datetime) -> Outlook:
    """What lies ahead of a case whose reader was checked and logged."""
    planned, likely = planned_for(session, [view.number]).get(view.number), forecast(session, view.number, at=at)
    starts = planned.starts_at if planned else _date_of(likely)
    waits = view.state in FORECAST_STATES
    return Outlook(planned, likely, _late(view, view.clock.days_waiting, starts, at) if waits else [])


def outlook_of_typing(session: Session, submission: Submission, *, number: str, waited: float, at: datetime) -> Outlook:
    """The same for what is being typed, in the case with `number` ("": a new one) that has `waited` so many days."""
    likely = forecast(session, number, at=at, typed=submission)
    return Outlook(None, likely, _late(submission, waited, _date_of(likely), at))


def foreseen(session: Session, view: CaseView, *, at: datetime) -> CaseView:
    """The case with what lies ahead of it among its hints."""
    ahead = outlook(session, view, at=at).hints
    return msgspec.structs.replace(view, hints=[*view.hints, *ahead]) if ahead else view


def _date_of(likely: Forecast | None) -> datetime | None:
    return likely.starts_at if likely and likely.kind == "likely" else None


def _late(submission: Submission, waited: float, starts: datetime | None, at: datetime) -> list[Hint]:
    if starts is None:
        return []
    return late_conference(submission, waited=waited, likely=today(starts), today=today(at))
