"""Owns the on-call sheet: one page for a patient with a pump, from the signed minutes and what the regions can do."""

import datetime as dt
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import seen
from mdk.cases.queries import check_identity, load, submission_of
from mdk.cases.rules import value_at
from mdk.cases.tables import Case
from mdk.clinical import reference
from mdk.clinical.on_call import CallRow, call_rows
from mdk.errors import NotFound
from mdk.minutes.queries import body_of
from mdk.minutes.tables import Minutes
from mdk.pathways.structs import AssignmentState, ReferralState
from mdk.pathways.tables import ImplantReferral, PumpAssignment
from mdk.people.structs import Viewer
from mdk.people.tables import Unit

_NO_PUMP = (ReferralState.DECLINED, ReferralState.CANCELLED)


class OnCallView(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to call about a patient's pump; `warning` says in plain words where the home region has no cover."""

    case: str
    patient: str
    identity_number: str
    care_place: str
    home_region: str
    outcome: str
    route: str
    placed_on: dt.date | None
    tip: str
    drug: str
    placed_by: str
    opioid_plan_owner: str
    contact: str
    rows: list[CallRow]
    cover: str
    warning: str


def on_call_sheet(session: Session, number: str, *, by: Viewer, at: datetime) -> OnCallView:
    """The sheet of a patient with a pump, or with one on its way; the read is logged.

    Raises `NotFound` also for a case without a pump, `NotAllowed`.
    """
    case = load(session, number, act="case.read", by=by, at=at)
    check_identity(session, case, by=by, at=at)
    pump = _pump_of(session, case)
    if pump is None:
        message = "Jourbladet finns för patienter med pump. Här finns ingen pump, och ingen på väg."
        raise NotFound(message)
    seen(session, "on-call.read", by=by, at=at, cases=(number,))
    return _sheet(session, case, pump)


def has_pump(session: Session, number: str) -> bool:
    """Whether there is a sheet for a case that the reader was let in to."""
    case = session.scalars(select(Case).where(col(Case.number) == number)).one()
    return _pump_of(session, case) is not None


def _pump_of(session: Session, case: Case) -> ImplantReferral | PumpAssignment | None:
    implants = session.scalars(
        select(ImplantReferral).where(
            col(ImplantReferral.case_id) == case.id, col(ImplantReferral.state).not_in(_NO_PUMP)
        )
    )
    externs = session.scalars(
        select(PumpAssignment).where(
            col(PumpAssignment.case_id) == case.id, col(PumpAssignment.state) != AssignmentState.NOT_DONE
        )
    )
    found: list[ImplantReferral | PumpAssignment] = [*implants, *externs]
    return max(found, key=lambda each: each.created_at, default=None)


def _sheet(session: Session, case: Case, pump: ImplantReferral | PumpAssignment) -> OnCallView:
    submission = submission_of(case)
    said = body_of(session.get_one(Minutes, pump.minutes_id))
    home = reference.region(pump.home_region)
    placed_by = session.get_one(Unit, pump.unit_id).name
    rows = call_rows(pump.home_region, inserted_by=placed_by, contact=said.out_of_hours_contact or "")
    is_intern = isinstance(pump, ImplantReferral)
    return OnCallView(
        case=case.number,
        patient=value_at(submission, "patient.name") or "",
        identity_number=case.identity_number,
        care_place=value_at(submission, "patient.care_place") or "",
        home_region=pump.home_region,
        outcome="intern_pump" if is_intern else "extern_pump",
        route=said.route or "",
        placed_on=pump.implanted_on if isinstance(pump, ImplantReferral) else pump.inserted_on,
        tip=pump.placed_tip or said.catheter_tip or "",
        drug="" if isinstance(pump, ImplantReferral) else pump.drug,
        placed_by=placed_by,
        opioid_plan_owner=said.opioid_plan_owner or "",
        contact=said.out_of_hours_contact or "",
        rows=rows,
        cover=home.palliative_care if home else "",
        warning="" if home is None or all(row.is_covered for row in rows) else home.out_of_hours.partition(":")[0],
    )
