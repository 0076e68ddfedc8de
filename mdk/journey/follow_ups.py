"""Owns the telling of a follow-up, which may be the news that the patient has died."""

from datetime import datetime

from sqlalchemy.orm import Session

from mdk.cases.tables import Case
from mdk.journey import reports
from mdk.pathways import follow_ups
from mdk.pathways.follow_up_structs import FollowUpBody
from mdk.people.structs import Viewer


def tell(
    session: Session, *, number: str, body: FollowUpBody, by: Viewer, at: datetime, is_early_known: bool = True
) -> Case:
    """Tell of the follow-up at 2, 6 or 12 weeks after what was decided was done.

    Of a patient who is not alive it reports the death, too, on the day of the follow-up; that ends all that goes on.
    Raises as `mdk.pathways.follow_ups.tell`.
    """
    case = follow_ups.tell(session, number=number, body=body, by=by, at=at, is_early_known=is_early_known)
    if body.alive == "no":
        reports.record_death(session, case, date=body.date, by=by, at=at)
    return case
