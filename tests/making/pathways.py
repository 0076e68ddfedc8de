"""Owns the builders of what follows a decision: referrals, pump assignments and actions."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from making.acting import act
from making.cases import case_row
from making.documents import submission
from making.minutes import signed
from making.world import DAY, FUNCTION, LATER, REFERRER, SURGEON
from mdk.db import Database
from mdk.pathways import actions as action_acts
from mdk.pathways import assignments as assignment_acts
from mdk.pathways import checklists
from mdk.pathways import referrals as referral_acts
from mdk.pathways.structs import AssignmentState, PrerequisiteBody, ReferralState
from mdk.pathways.tables import ImplantReferral, PathwayAction, PumpAssignment


def referral(database: Database, state: str = ReferralState.CREATED, **changes: Any) -> str:
    """The id of an implant referral that the acts have brought to a state that is not ended from outside."""
    _, number = signed(database, "intern_pump", **changes)
    with database.reading() as session:
        of_case = col(ImplantReferral.case_id) == case_row(database, number).id
        key = session.scalars(select(ImplantReferral).where(of_case)).one().id
    for name in _REFERRAL_WAYS[ReferralState(state)]:
        refer(database, key, name)
    return key


def assignment(database: Database, state: str = AssignmentState.ASSIGNED, region: str = "kronoberg") -> str:
    """The id of a pump assignment that the acts of a region's function have brought to a state."""
    _, number = signed(database, "extern_pump", submission(**{"patient.home_region": region}))
    with database.reading() as session:
        of_case = col(PumpAssignment.case_id) == case_row(database, number).id
        key = session.scalars(select(PumpAssignment).where(of_case)).one().id
    for name in _ASSIGNMENT_WAYS[AssignmentState(state)]:
        assign(database, key, name, by=f"funktion.{region}")
    return key


def action(database: Database, outcome: str = "nerve_block", **changes: Any) -> str:
    """The id of the open action that signed minutes have opened."""
    _, number = signed(database, outcome, **changes)
    with database.reading() as session:
        of_case = col(PathwayAction.case_id) == case_row(database, number).id
        return session.scalars(select(PathwayAction).where(of_case)).one().id


def end_action(
    database: Database, key: str, name: str, *, by: str = REFERRER, at: datetime | None = None, **given: Any
) -> Any:
    """End an action on its present version: `done`, `partly` or `not-done`."""
    with database.reading() as session:
        version = session.get_one(PathwayAction, key).version
    told = {"action_id": key, "how": name, "version": version, "at": at or LATER}
    return act(database, by, action_acts.end, **(told | given))


_WAY_TO_SURGERY = ("accept", "schedule", "implant", "report")

_REFERRAL_WAYS: dict[ReferralState, tuple[str, ...]] = {
    ReferralState.CREATED: (),
    ReferralState.RECEIVED: ("receive",),
    ReferralState.MORE_INFORMATION: ("request_information",),
    ReferralState.DECLINED: ("decline",),
    ReferralState.CANCELLED: ("accept", "cancel"),
    ReferralState.ACCEPTED: _WAY_TO_SURGERY[:1],
    ReferralState.SCHEDULED: _WAY_TO_SURGERY[:2],
    ReferralState.IMPLANTED: _WAY_TO_SURGERY[:3],
    ReferralState.REPORTED: _WAY_TO_SURGERY,
}

_ASSIGNMENT_WAYS: dict[AssignmentState, tuple[str, ...]] = {
    AssignmentState.ASSIGNED: (),
    AssignmentState.ACCEPTED: ("accept",),
    AssignmentState.PREPARING: ("accept", "prepare"),
    AssignmentState.INSERTED: ("accept", "prepare", "insert"),
    AssignmentState.NOT_DONE: ("not_done",),
}


def refer(database: Database, key: str, name: str, *, by: str = SURGEON, at: datetime = LATER, **given: Any) -> Any:
    """Do the act called `name` to a referral on its present version, with a usual content unless told."""
    usual: dict[str, dict[str, Any]] = {
        "request_information": {"what": "Aktuell MR?"},
        "supply_information": {"text": "MR gjord i dag.", "facts": []},
        "decline": {"reason": "Pågående infektion."},
        "cancel": {"reason": "Patienten försämrad."},
        "schedule": {"day": (at + 7 * DAY).date()},
        "implant": {"day": at.date(), "device": "Provpump 20 ml", "catheter_tip": "Th9"},
        "report": {"text": "Okomplicerat ingrepp."},
    }
    with database.reading() as session:
        version = {} if name == "receive" else {"version": session.get_one(ImplantReferral, key).version}
    service: Callable[..., Any] = getattr(referral_acts, name)
    return act(database, by, service, referral_id=key, **{**version, "at": at, **usual.get(name, {}), **given})


def assign(database: Database, key: str, name: str, *, by: str = FUNCTION, at: datetime = LATER, **given: Any) -> Any:
    """Do the act called `name` to an assignment on its present version; `prepare` sets its third prerequisite."""
    usual: dict[str, dict[str, Any]] = {
        "prepare": {"n": 3, "body": PrerequisiteBody(state="met", owner="Överläkare Prov")},
        "insert": {"day": at.date(), "place": "Växjö", "catheter_tip": "L1", "drug": "Enligt ordination"},
        "not_done": {"reason_code": "patient_wish", "note": "Vill vara hemma."},
        "ask_support": {"text": "Kan ni lägga in?"},
        "answer_support": {"text": "Ja, på fredag."},
        "hand_over": {"region": "skane", "reason": "Ingen kan lägga in här."},
    }
    with database.reading() as session:
        version = session.get_one(PumpAssignment, key).version
    service: Callable[..., Any] = checklists.set_of_assignment if name == "prepare" else getattr(assignment_acts, name)
    return act(
        database, by, service, assignment_id=key, **{"version": version, "at": at, **usual.get(name, {}), **given}
    )
