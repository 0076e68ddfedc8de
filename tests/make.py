"""Owns the builders of the tests: people, cases, conferences and minutes, made by the real acts."""

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

import stores
from mdk import clock, parsing
from mdk.cases import service as cases
from mdk.cases.queries import view as view_case
from mdk.cases.review_structs import UrgentReviewView
from mdk.cases.structs import CaseState
from mdk.cases.submission_structs import Submission
from mdk.cases.tables import Case
from mdk.conferences import agenda
from mdk.conferences import service as conferences
from mdk.conferences.series_structs import SeriesBody
from mdk.conferences.structs import AgendaItemBody, ConferenceBody
from mdk.conferences.tables import Conference, Series
from mdk.db import Database
from mdk.journey import decisions, reports, triage
from mdk.journey import urgent as urgent_lane
from mdk.journey.demo import load_people
from mdk.journey.demo_earlier import DOMAIN
from mdk.minutes import service as minutes
from mdk.minutes.seals import Sealing
from mdk.minutes.structs import Attendance, MinutesBody
from mdk.minutes.tables import Minutes
from mdk.pathways import actions as action_acts
from mdk.pathways import assignments as assignment_acts
from mdk.pathways import checklists
from mdk.pathways import referrals as referral_acts
from mdk.pathways.structs import AssignmentState, PrerequisiteBody, ReferralState
from mdk.pathways.tables import ImplantReferral, PathwayAction, PumpAssignment
from mdk.people.queries import viewer as find_viewer
from mdk.people.structs import Viewer
from mdk_web.minutes.paper import press

T = TypeVar("T")

# A Monday morning in Sweden, in winter time; every act takes its time, so that no test depends on today.
AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MEETS = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # 13:00 on the Wednesday after
TODAY = date(2026, 11, 23)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

# Skatteverket's official test numbers (tests/data): nobody has them.
ADULT = "194001042383"
OTHER_ADULT = "189001019802"
CHILD = "202001012398"

REFERRER, OTHER_REFERRER = "remittent.vaxjo", "remittent.lund"
COORDINATOR, CHAIR, CONSULTANT, NURSE = "samordnare", "ordforande", "konsult", "deltagare"
SURGEON, PAEDIATRIC, FUNCTION = "neurokirurgi", "barnteam", "funktion.kronoberg"
STEERING, AUDITOR, ADMIN = "chefsamrad", "loggranskare", "admin"
EVERYONE = (
    REFERRER, "remittent.halmstad", "remittent.karlskrona", OTHER_REFERRER, COORDINATOR, CHAIR, CONSULTANT, NURSE,
    PAEDIATRIC, SURGEON, FUNCTION, "funktion.halland", "funktion.blekinge", "funktion.skane", STEERING, AUDITOR, ADMIN,
)  # fmt: skip

# What the intern criteria say of `submission()`: both are met.
FULL: dict[str, Any] = {
    "patient": {
        "identity_number": ADULT,
        "name": "Elsa Provlund",
        "home_region": "kronoberg",
        "municipality": "Växjö",
        "care_place": "Palliativa teamet Växjö",
        "protected_identity": "no",
    },
    "urgency": "normal",
    "question": "Är intratekal behandling aktuell vid svår sakral smärta?",
    "diagnosis": {
        "icd10": "C20.9",
        "description": "Rektalcancer, lokalrecidiv i bäckenet",
        "palliative": "yes",
        "spread": "Sakrum",
        "ecog": 3,
        "expected_survival": "3_6_months",
        "expected_treatment_months": 4,
        "oncological_treatment": "Avslutad",
    },
    "pain": {
        "nrs_now": 7,
        "nrs_worst": 9,
        "constant": "yes",
        "breakthroughs_per_day": 5,
        "breakthroughs_need_rescue": "yes",
        "types": ["neuropathic"],
        "location": "Sakralt",
        "dermatomes": "S2–S4",
        "refractory_since": "2026-10-02",
    },
    "medicines": {
        "opioids": [{"drug": "oxycodone", "route": "oral", "dose": "80", "unit": "mg", "per_day": "2"}],
        "side_effects": [{"what": "Förstoppning", "severity": "moderate"}],
        "declines_opioids": "no",
    },
    "treatments": {"earlier": "Strålning", "imaging": [{"modality": "MR", "date": "2026-10-10", "region": "Bäcken"}]},
    "safety": {
        "anticoagulants": [],
        "platelets": {"value": 210, "date": "2026-10-10"},
        "pk_inr": {"value": "1.0", "date": "2026-10-10"},
        "infection": "no",
        "intraspinal_growth": "no",
        "raised_icp_suspected": "no",
        "mri_planned": "no",
        "weight_kg": 68,
    },
    "function": {"physical": "Går med rollator.", "addiction": "no", "psychiatric_comorbidity": "no"},
    "patient_view": {"goals": "Kunna sitta.", "informed": "yes", "accepts": "yes", "mobility_benefit": "yes"},
    "home_care": {"form": "municipal", "mas_contact": "MAS Växjö kommun", "can_take_extern": "no"},
    "consent": {"basis": "patient_consent", "given_to": "Remitterande läkare", "date": "2026-10-16"},
}

# What a case that may be submitted holds, and no more.
MINIMUM: dict[str, Any] = {
    "patient": {"identity_number": ADULT, "name": "Elsa Provlund", "home_region": "kronoberg"},
    "urgency": "normal",
    "question": "Är intratekal behandling aktuell?",
    "diagnosis": {"icd10": "C20.9", "palliative": "yes", "expected_survival": "unknown"},
    "consent": {"basis": "patient_consent"},
}

# What a signature is made with: the secret of every installation in the tests, and the press of the program.
SECRET = stores.SECRET
SEALING = Sealing(SECRET, press)

LEFT_OUT = object()  # as a change: the field is not given


# ------------------------------------------------------------------------------------------------- people and acts
def people(database: Database, at: datetime = AT - 30 * DAY) -> Database:
    """Load the reference data and the demo's 17 people; gives the database again."""
    with database.writing() as session:
        load_people(session, at=at)
    return database


def email(name: str) -> str:
    """The address of a demo person."""
    return name if "@" in name else f"{name}@{DOMAIN}"


def viewer(database: Database, name: str) -> Viewer:
    """A demo person as who looks and acts."""
    with database.reading() as session:
        return find_viewer(session, email=email(name))


def act(
    database: Database,
    name: str,
    service: Callable[..., T],
    *args: Any,
    **given: Any,
) -> T:
    """Do one act as a demo person in a transaction of its own, at `AT` unless another `at` is given."""
    with database.writing() as session:
        return service(session, *args, **_for(session, name, given))


def ask(
    database: Database,
    name: str,
    query: Callable[..., T],
    *args: Any,
    **given: Any,
) -> T:
    """Read something as a demo person, at `AT` unless another `at` is given."""
    with database.reading() as session:
        return query(session, *args, **_for(session, name, given))


def _for(session: Session, name: str, given: dict[str, Any]) -> dict[str, Any]:
    return {"at": AT, **given, "by": find_viewer(session, email=email(name))}


def _kept(session: Session, row: T) -> T:
    session.expunge(row)
    return row


# ------------------------------------------------------------------------------------------------- cases
def patched(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of a JSON document with values put in, or left out, at dotted paths."""
    result = copy.deepcopy(document)
    for path, value in changes.items():
        *parts, last = path.split(".")
        holder: Any = result
        for part in parts:
            holder = holder[int(part)] if isinstance(holder, list) else holder.setdefault(part, {})
        if value is LEFT_OUT:
            holder.pop(last, None)
        elif isinstance(holder, list):
            holder[int(last)] = value
        else:
            holder[last] = value
    return result


def document(**changes: Any) -> dict[str, Any]:
    """A complete, valid submission as a client sends it: `document(**{"patient.name": "…", "pain": LEFT_OUT})`."""
    return patched(FULL, changes)


def submission(**changes: Any) -> Submission:
    """The same, parsed."""
    return parsing.parse(Submission, document(**changes))


def minimal(**changes: Any) -> Submission:
    """What a case must hold to be submitted, and no more, changed likewise."""
    return parsing.parse(Submission, patched(MINIMUM, changes))


def draft(database: Database, submission_: Submission | None = None, *, by: str = REFERRER, at: datetime = AT) -> str:
    """A new draft's number."""
    return act(database, by, cases.create, submission=submission_ or submission(), at=at).number


def version_of(database: Database, number: str) -> int:
    """The version of a case as it stands."""
    return case_row(database, number).version


def case_row(database: Database, number: str) -> Case:
    """A case as it is stored."""
    with database.reading() as session:
        return _kept(session, session.scalars(select(Case).where(col(Case.number) == number)).one())


def state_of(database: Database, number: str) -> str:
    """Where a case stands."""
    return case_row(database, number).state


def do(database: Database, number: str, name: str, *, by: str = COORDINATOR, at: datetime = AT, **given: Any) -> Case:
    """Do the act called `name` to a case on its present version, with a usual content unless told."""
    usual: dict[str, dict[str, Any]] = {
        "accept": {"urgency": "normal", "override_reason": None},
        "request_supplement": {"what": "Aktuella prover", "until": (at + 3 * DAY).date()},
        "answer": {"text": "Öka dosen."},
        "redirect": {"to": "Smärtenheten Lund", "reason": "Inte cancerrelaterad smärta."},
        "decline": {"reason": "Utanför uppdraget."},
        "supplement": {"text": "Nya prover finns."},
    }
    service: Callable[..., Case] = getattr(cases, name)
    return act(
        database,
        by,
        service,
        number=number,
        **{"version": version_of(database, number), "at": at, **usual.get(name, {}), **given},
    )


def report(database: Database, number: str, name: str, *, by: str = REFERRER, at: datetime = AT, **given: Any) -> Case:
    """Report something of a case's patient by the act called `name`, with a usual content unless told."""
    usual: dict[str, dict[str, Any]] = {
        "withdraw": {"reason": "Patienten vill inte."},
        "report_death": {"date": clock.today(at)},
        "report_deterioration": {"what": "Kan inte längre svälja."},
    }
    service: Callable[..., Case] = getattr(reports, name)
    return act(database, by, service, number=number, **{"at": at, **usual[name], **given})


def triage_act(database: Database, number: str, name: str) -> Case:
    """Do one of triage's acts that take a case out of the queue, wherever it is planned."""
    usual: dict[str, dict[str, Any]] = {
        "request_supplement": {"what": "Prover", "until": TODAY},
        "answer": {"text": "Öka dosen."},
        "redirect": {"to": "Smärtenheten Lund", "reason": "Inte cancer."},
        "decline": {"reason": "Utanför uppdraget."},
        "take_back": {},
    }
    service: Callable[..., Case] = getattr(triage, name)
    return act(database, COORDINATOR, service, number=number, version=version_of(database, number), **usual[name])


def take_back(database: Database, number: str, *, by: str = COORDINATOR, at: datetime = AT) -> Case:
    """Undo triage's answer on the case's present version."""
    return act(database, by, triage.take_back, number=number, version=version_of(database, number), at=at)


def submitted(
    database: Database, submission_: Submission | None = None, *, by: str = REFERRER, at: datetime = AT
) -> str:
    """A submitted case's number."""
    number = draft(database, submission_, by=by, at=at)
    do(database, number, "submit", by=by, at=at)
    return number


def accepted(
    database: Database,
    submission_: Submission | None = None,
    *,
    by: str = REFERRER,
    at: datetime = AT,
    urgency: str = "normal",
) -> str:
    """The number of a case in the queue."""
    number = submitted(database, submission_, by=by, at=at)
    do(database, number, "accept", at=at, urgency=urgency)
    return number


_AT_TRIAGE = {
    CaseState.SUPPLEMENT_REQUESTED: "request_supplement",
    CaseState.ACCEPTED: "accept",
    CaseState.ANSWERED: "answer",
    CaseState.REDIRECTED: "redirect",
    CaseState.DECLINED: "decline",
}


_ENDED_BY = {CaseState.WITHDRAWN: "withdraw", CaseState.DECEASED: "report_death"}


def case_in_state(database: Database, state: str, submission_: Submission | None = None, *, at: datetime = AT) -> str:
    """The number of a case that the acts have brought to `state`; a conference is held when it takes one."""
    number = draft(database, submission_, at=at)
    if state == CaseState.DRAFT:
        return number
    do(database, number, "submit", by=REFERRER, at=at)
    if state in _ENDED_BY:
        report(database, number, _ENDED_BY[CaseState(state)], at=at)
    if state in _AT_TRIAGE:
        do(database, number, _AT_TRIAGE[CaseState(state)], at=at)
    if state in {CaseState.SCHEDULED, CaseState.DISCUSSED, CaseState.DECIDED}:
        do(database, number, "accept", at=at)
        _bring_on(database, number, state)
    return number


def _bring_on(database: Database, number: str, state: str) -> None:
    held = released(database, [number])
    if state != CaseState.SCHEDULED:
        opened(database, held)
        save(database, held, number, minutes_body("optimise_conventional"))
    if state == CaseState.DECIDED:
        sign(database, held, number)


# ------------------------------------------------------------------------------------------------- conferences
def plan(**changes: Any) -> ConferenceBody:
    """A conference of an hour with chair, consultant, nurse and neurosurgery, changed as told."""
    usual: dict[str, Any] = {
        "starts_at": MEETS,
        "duration_minutes": 60,
        "chair": email(CHAIR),
        "consultant": email(CONSULTANT),
        "members": [email(NURSE), email(SURGEON)],
        "video_url": "https://video.example/mdk",
    }
    return ConferenceBody(**(usual | changes))


def series_plan(**changes: Any) -> SeriesBody:
    """A series each Wednesday at 13:00, changed as told."""
    usual = msgspec.structs.asdict(plan())
    usual["first_start"] = usual.pop("starts_at")
    return SeriesBody(**({"name": "Onsdagar", "rrule": "FREQ=WEEKLY;BYDAY=WE"} | usual | changes))


def conference(database: Database, numbers: list[str] | None = None, *, minutes_each: int = 15, **changes: Any) -> str:
    """The id of a planned conference, with cases on its working agenda."""
    planned = act(database, COORDINATOR, conferences.plan, body=plan(**changes))
    if numbers:
        put_agenda(database, planned.id, numbers, minutes_each=minutes_each)
    return planned.id


def conference_row(database: Database, conference_id: str) -> Conference:
    """A conference as it is stored."""
    with database.reading() as session:
        return _kept(session, session.get_one(Conference, conference_id))


def series_row(database: Database, series_id: str) -> Series:
    """A series as it is stored."""
    with database.reading() as session:
        return _kept(session, session.get_one(Series, series_id))


def at_conference(
    database: Database, conference_id: str, service: Callable[..., T], *, by: str = COORDINATOR, **given: Any
) -> T:
    """Do an act to a conference on its present version."""
    return act(
        database,
        by,
        service,
        **{"conference_id": conference_id, "version": conference_row(database, conference_id).version, **given},
    )


def put_agenda(
    database: Database, conference_id: str, numbers: list[str], *, minutes_each: int = 15, by: str = COORDINATOR
) -> Conference:
    """Replace the working agenda."""
    items = [AgendaItemBody(case=number, minutes=minutes_each) for number in numbers]
    return at_conference(database, conference_id, agenda.put, items=items, by=by)


def release(
    database: Database, conference_id: str, *, reason: str | None = None, by: str = COORDINATOR, at: datetime = AT
) -> Conference:
    """Release the working agenda."""
    return at_conference(database, conference_id, agenda.release, override_reason=reason, by=by, at=at)


def released(database: Database, numbers: list[str], **changes: Any) -> str:
    """The id of a conference that was released with cases from the queue."""
    planned = conference(database, numbers, **changes)
    release(database, planned)
    return planned


def opened(database: Database, conference_id: str, *, at: datetime = MEETS) -> str:
    """Begin a released conference; gives its id again."""
    at_conference(database, conference_id, conferences.open_session, by=CHAIR, at=at)
    return conference_id


def in_session(database: Database, numbers: list[str], **changes: Any) -> str:
    """The id of a conference that is being held."""
    return opened(database, released(database, numbers, **changes))


def closed(database: Database, conference_id: str, *, at: datetime = MEETS + HOUR) -> str:
    """End a conference; gives its id again."""
    at_conference(database, conference_id, conferences.close_session, by=CHAIR, at=at)
    return conference_id


# ------------------------------------------------------------------------------------------------- minutes
def present(name: str, profession: str = "läkare", *, knows: bool = False, there: bool = True) -> Attendance:
    """One person at the discussion."""
    return Attendance(email=email(name), profession=profession, knows_patient=knows, present=there)


def quorate() -> list[Attendance]:
    """Those whom a quorum needs when an implant is in question."""
    return [
        present(CONSULTANT),
        present(NURSE, "sjuksköterska", knows=True),
        present(SURGEON),
    ]


def minutes_body(outcome: str | None = "extern_pump", /, **changes: Any) -> MinutesBody:
    """Minutes that can be signed, for any outcome, changed as told."""
    usual: dict[str, Any] = {
        "attendance": quorate(),
        "answer": "Ja, behandlingen rekommenderas.",
        "refractory": "yes",
        "outcome": outcome,
        "motivation": "Refraktär smärta trots höga doser.",
        "route": "epidural" if outcome == "epidural" else "intrathecal",
        "catheter_tip": "Th10",
        "opioid_plan_owner": "Palliativa teamet Växjö",
        "responsible_unit": "Funktionen i Kronoberg",
        "due": date(2026, 12, 14),
        "informs_patient": "Vera Remitterius",
        "out_of_hours_contact": "Smärtjouren",
    }
    return MinutesBody(**(usual | changes))


def minutes_version(database: Database, conference_id: str, number: str) -> int:
    """The version of a case's minutes; 0 before the first save."""
    with database.reading() as session:
        found = session.scalar(
            select(col(Minutes.version))
            .join(Case, col(Case.id) == col(Minutes.case_id))
            .where(col(Minutes.conference_id) == conference_id, col(Case.number) == number)
        )
    return int(found or 0)


def save(
    database: Database,
    conference_id: str,
    number: str,
    body: MinutesBody | None = None,
    *,
    by: str = CHAIR,
    at: datetime = MEETS,
) -> Minutes:
    """Save minutes on their present version."""
    return act(
        database,
        by,
        minutes.save,
        conference_id=conference_id,
        number=number,
        version=minutes_version(database, conference_id, number),
        body=body or minutes_body(),
        at=at,
    )


def sign(database: Database, conference_id: str, number: str, *, by: str = CHAIR, at: datetime = MEETS) -> Minutes:
    """Sign minutes on their present version."""
    return act(
        database,
        by,
        decisions.sign,
        conference_id=conference_id,
        number=number,
        version=minutes_version(database, conference_id, number),
        sealing=SEALING,
        at=at,
    )


def signed(
    database: Database, outcome: str = "extern_pump", submission_: Submission | None = None, **changes: Any
) -> tuple[str, str]:
    """A conference in session and a case on it whose minutes are signed: (conference id, case number)."""
    number = accepted(database, submission_)
    held = in_session(database, [number])
    save(database, held, number, minutes_body(outcome, **changes))
    sign(database, held, number)
    return held, number


# ------------------------------------------------------------------------------------------------- the urgent lane
def urgent(
    database: Database,
    number: str,
    *,
    members: list[str] | None = None,
    deadline: datetime | None = None,
    version: int | None = None,
    by: str = COORDINATOR,
    at: datetime = AT,
) -> Case:
    """Ask the nurse and neurosurgery, or others, for opinions within a day."""
    return act(
        database,
        by,
        urgent_lane.open_review,
        number=number,
        version=version or version_of(database, number),
        members=[email(NURSE), email(SURGEON)] if members is None else members,
        deadline=deadline or at + DAY,
        at=at,
    )


def ask_review(database: Database, number: str, *, by: str = CONSULTANT, at: datetime = AT) -> UrgentReviewView:
    """The urgent review of a case as someone sees it."""
    found = ask(database, by, view_case, number, at=at).urgent_review
    assert found is not None
    return found


def opine(database: Database, number: str, by: str, text: str = "Jag stöder det.", *, at: datetime = AT) -> Case:
    """Give an opinion."""
    return act(database, by, urgent_lane.give_opinion, number=number, text=text, at=at)


def conclude(
    database: Database,
    number: str,
    body: MinutesBody | None = None,
    *,
    version: int | None = None,
    by: str = CONSULTANT,
    at: datetime = AT,
) -> Case:
    """Conclude an urgent review on the case's present version."""
    version = version or version_of(database, number)
    given = {"number": number, "version": version, "body": body or minutes_body(), "sealing": SEALING, "at": at}
    return act(database, by, urgent_lane.conclude, **given)


def ratify(
    database: Database,
    number: str,
    conference_id: str,
    *,
    remark: str | None = None,
    version: int | None = None,
    by: str = CHAIR,
    at: datetime = MEETS,
) -> Case:
    """Let a meeting ratify what was concluded."""
    version = version or version_of(database, number)
    given = {"number": number, "version": version, "conference": conference_id, "remark": remark, "at": at}
    return act(database, by, urgent_lane.ratify, sealing=SEALING, **given)


# ------------------------------------------------------------------------------------------------- pathways
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


LATER = MEETS + DAY  # when a pathway is worked: the day after the conference that opened it
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
