"""Reads how what was decided ended: done, partly, not done, or still on its way."""

from datetime import date, datetime
from typing import Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.pathways.action_structs import ActionState
from mdk.pathways.structs import AssignmentState, ReferralState
from mdk.pathways.tables import ImplantReferral, PathwayAction, PumpAssignment

Result = Literal["done", "partly", "not_done", ""]


class PathwayEnd(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case's newest pathway stands: its result ("" while it goes on), since when, and why it was not done."""

    result: Result
    at: datetime | None = None
    due: date | None = None
    reason_code: str = ""


def ends_of(session: Session, case_ids: list[int]) -> dict[int, PathwayEnd]:
    """The end of each case's newest pathway, by case id; a case without one is left out."""
    referrals = session.scalars(select(ImplantReferral).where(col(ImplantReferral.case_id).in_(case_ids)))
    assignments = session.scalars(select(PumpAssignment).where(col(PumpAssignment.case_id).in_(case_ids)))
    actions = session.scalars(select(PathwayAction).where(col(PathwayAction.case_id).in_(case_ids)))
    found = [(row.created_at, row.case_id, _of_referral(row)) for row in referrals]
    found += [(row.created_at, row.case_id, _of_assignment(row)) for row in assignments]
    found += [(row.created_at, row.case_id, _of_action(row)) for row in actions]
    return {case_id: end for _, case_id, end in sorted(found, key=lambda each: each[0])}


def _of_referral(row: ImplantReferral) -> PathwayEnd:
    if row.implanted_on is not None:
        return PathwayEnd(result="done", at=clock.midnight(row.implanted_on), due=row.due)
    if row.state in {ReferralState.CANCELLED, ReferralState.DECLINED}:
        return PathwayEnd(result="not_done", at=row.changed_at, due=row.due, reason_code=row.reason_code or "other")
    return PathwayEnd(result="", due=row.due)


def _of_assignment(row: PumpAssignment) -> PathwayEnd:
    if row.inserted_on is not None:
        return PathwayEnd(result="done", at=clock.midnight(row.inserted_on), due=row.due)
    if row.state == AssignmentState.NOT_DONE:
        return PathwayEnd(result="not_done", at=row.changed_at, due=row.due, reason_code=row.reason_code or "other")
    return PathwayEnd(result="", due=row.due)


def _of_action(row: PathwayAction) -> PathwayEnd:
    if row.state == ActionState.OPEN:
        return PathwayEnd(result="", due=row.due)
    without = "other" if row.state == ActionState.NOT_DONE else ""
    return PathwayEnd(
        result=row.state,  # type: ignore[arg-type]
        at=row.changed_at,
        due=row.due,
        reason_code=row.reason_code or without,
    )
