"""Reads of one case; every one takes the viewer and sees what the viewer may see."""

from datetime import date, datetime
from typing import NamedTuple, Protocol

import msgspec
from sqlalchemy import ColumnElement, and_, false, literal_column, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock as time
from mdk.audit.queries import history
from mdk.audit.service import seen
from mdk.cases import attached, clock_rules, reviews, rules, shut
from mdk.cases.hints import hints_of
from mdk.cases.patients import is_of
from mdk.cases.report_structs import Reported
from mdk.cases.structs import (
    CaseState,
    CaseView,
    Clock,
    OpenCase,
    Supplement,
    Supplemented,
)
from mdk.cases.submission_structs import HomeCare, Patient, Submission, given
from mdk.cases.tables import Case, CaseRelation, TreatmentDecision
from mdk.cases.treatment_structs import TreatmentDecisionLine
from mdk.clinical.structs import Assessment
from mdk.db import choices
from mdk.errors import NotFound
from mdk.people.queries import names
from mdk.people.rules import ACCESS, TREATING, Relation, check_may, check_role, may
from mdk.people.structs import Viewer
from mdk.people.tables import Person, Unit

HIDDEN = "Skyddad"


class Timed(Protocol):
    """What the clock is told from."""

    @property
    def state(self) -> str: ...
    @property
    def outcome(self) -> str | None: ...
    @property
    def waiting_from(self) -> datetime | None: ...
    @property
    def supplement_since(self) -> datetime | None: ...
    @property
    def decided_at(self) -> datetime | None: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def days_allowed(self) -> int: ...
    @property
    def urgent_until(self) -> datetime | None: ...
    @property
    def waits_for(self) -> str | None: ...


class Waiting(Protocol):
    """What the target of triage is told from."""

    @property
    def state(self) -> str: ...
    @property
    def submitted_at(self) -> datetime | None: ...
    @property
    def triage_from(self) -> datetime | None: ...


class Tied(Protocol):
    """What someone's ties to a case are told from."""

    @property
    def id(self) -> int | None: ...
    @property
    def unit_id(self) -> str: ...
    @property
    def submitted_at(self) -> datetime | None: ...


class _NoCase(NamedTuple):
    id: int | None = 0
    unit_id: str = ""
    submitted_at: datetime | None = None


def load(session: Session, number: str, *, act: str, by: Viewer, at: datetime) -> Case:
    """The case with `number`, checked against what the viewer may do.

    Raises `NotAllowed` when the role never may do `act`, or may read but not do it; `NotFound` when there is no such
    case or the viewer may not know of it: both take the same work, so that the time of an answer tells nothing.
    """
    check_role(act, by)
    case = session.scalar(select(Case).where(col(Case.number) == number))
    held = relations(session, case or _NoCase(), by=by, at=at)
    if case is None:
        raise NotFound
    check_may(act, by, held, known=may("case.read", by, held))
    return case


def behind_glass(session: Session, number: str) -> Case:
    """The case that someone without a relation to it asks to open. Raises `NotFound` unless it was submitted."""
    case = session.scalar(select(Case).where(col(Case.number) == number, col(Case.submitted_at).is_not(None)))
    if case is None:
        message = "Det finns inget ärende med det numret."
        raise NotFound(message)
    return case


def relations(session: Session, case: Tied, *, by: Viewer, at: datetime) -> frozenset[Relation]:
    """What ties the viewer to the case at this moment."""
    held = {Relation.OWN_UNIT} if case.unit_id == by.unit_id else set()
    if case.submitted_at is not None:
        held.add(Relation.SUBMITTED)
    granted = session.scalars(
        select(CaseRelation.kind).where(col(CaseRelation.case_id) == case.id, _in_force(by, at))  # type: ignore[call-overload]
    )
    every = frozenset(held | {Relation(kind) for kind in granted})
    return every & {Relation.GLASS} if shut.is_shut(session, case.id or 0, by=by) else every


def check_identity(session: Session, case: Case, *, by: Viewer, at: datetime) -> None:
    """Let through who may know who a case's patient is. Raises `NotFound` for others while that is protected."""
    if not knows_identity(case, relations(session, case, by=by, at=at)):
        raise NotFound


def knows_identity(case: Case, held: frozenset[Relation]) -> bool:
    """Whether those so tied to a case they may read see who its patient is: all, or those treating a protected one."""
    return not case.protected or bool(held & TREATING)


def stands_at(state: CaseState) -> ColumnElement[bool]:
    """The condition that a case is in a state, written out: only so does SQLite read an index over that state."""
    return col(Case.state) == literal_column(f"'{state}'")


def is_unread(*states: CaseState) -> ColumnElement[bool]:
    """The condition that a case was answered (and is in one of the `states`, if told) and nobody there has read it."""
    answered = states or (CaseState.DECIDED, CaseState.CLOSED, CaseState.ANSWERED)
    written: list[ColumnElement[str]] = [literal_column(f"'{state}'") for state in answered]
    here = col(Case.state) == written[0] if len(written) == 1 else col(Case.state).in_(written)
    return and_(here, col(Case.read_confirmed_at).is_(None))


def visible(by: Viewer, at: datetime) -> ColumnElement[bool]:
    """The condition that a case is one that the viewer may read."""
    return or_(false(), *_scopes(by, at))


def listed(by: Viewer, at: datetime) -> ColumnElement[bool]:
    """The condition that a case stands in the viewer's lists and searches; a protected identity only if treating."""
    return or_(false(), *scopes(by, at))


def scopes(by: Viewer, at: datetime) -> list[ColumnElement[bool]]:
    """The parts of `listed`, one for each way in which a case is open to the viewer; each has its own index."""
    return _scopes(by, at, col(Case.protected).is_(False))


def _scopes(by: Viewer, at: datetime, *untreated: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """`untreated` holds for cases that are open to the viewer only because someone must lead."""
    open_here = shut.is_open_to(col(Case.id), by)
    wanted = ACCESS["case.read"].get(by.role, frozenset())
    conditions: list[ColumnElement[bool]] = []
    if Relation.OWN_UNIT in wanted:
        conditions.append(and_(col(Case.unit_id) == by.unit_id, open_here))
    if Relation.SUBMITTED in wanted:
        conditions.append(and_(col(Case.submitted_at).is_not(None), open_here, *untreated))
    granted = wanted & {Relation.CONFERENCE, Relation.RECEIVER, Relation.GLASS}
    if granted:
        let_in = or_(col(CaseRelation.kind) == "glass", shut.is_open_to(col(CaseRelation.case_id), by))
        tied = select(col(CaseRelation.case_id)).where(_in_force(by, at), col(CaseRelation.kind).in_(granted), let_in)
        conditions.append(col(Case.id).in_(tied))
    return conditions


def view(session: Session, number: str, *, by: Viewer, at: datetime) -> CaseView:
    """One case in full; the read is logged before it is answered. Raises `NotFound`, `NotAllowed`."""
    case = load(session, number, act="case.read", by=by, at=at)
    seen(session, "case.read", by=by, at=at, cases=(number,))
    return view_of(session, case, by=by, at=at)


def view_of(session: Session, case: Case, *, by: Viewer, at: datetime) -> CaseView:
    """What a reader sees of a case that was already checked and logged."""
    submission = submission_of(case)
    tied = relations(session, case, by=by, at=at)
    if not (is_known := knows_identity(case, tied)):
        submission = _without_identity(submission)
    today = time.today(at)
    years = rules.age(case.birth_date, today)
    child = rules.is_child(case.birth_date, today)
    now = rules.assess(submission, years=years, table_of_record=choices(session).omeq_table, at=at)
    held = assessment_of(case) or now
    unit_name, referrer = session.get_one(Unit, case.unit_id).name, session.get_one(Person, case.created_by).name
    asked = Supplement(case.supplement_what, case.supplement_until) if case.supplement_what else None
    return CaseView(
        **{name: getattr(submission, name) for name in Submission.__struct_fields__},
        number=case.number,
        state=case.state,
        version=case.version,
        unit=case.unit_id,
        unit_name=unit_name,
        referrer=referrer,
        created_at=case.created_at,
        submitted_at=case.submitted_at,
        triage_due=triage_due_of(case),
        age=years,
        sex=case.sex,  # type: ignore[arg-type]
        is_child=child,
        completeness=rules.completeness(submission, is_child=child),
        identification=held.identification,
        omeq=held.omeq,
        assessed_at=held.at,
        newer_assessment=now if rules.gives_another_answer(held, now) else None,
        hints=hints_of(submission, today=today, is_child=child),
        clock=clock_of(case, at),
        open_cases=open_cases(session, case.identity_number, besides=case.number, by=by, at=at),
        supplement_request=asked,
        supplements=[Supplemented(*step) for step in _told(session, case, "supplement")],
        attachments=attached.lines(session, case.id or 0) if is_known else [],
        identity_hidden=not is_known,
        answer=case.answer,
        outcome=case.outcome,
        read_confirmed_at=case.read_confirmed_at,
        treatment_decisions=decisions(session, [case.number]).get(case.number, []),
        deteriorated_at=case.deteriorated_at if case.state in rules.WORSENS else None,
        deteriorations=[Reported(*step) for step in _told(session, case, "report-deterioration")],
        died_on=case.died_on,
        urgent_review=reviews.shown(session, case, may_read=may("urgent.read-opinions", by, tied)),
    )


def open_cases(
    session: Session, identity_number: str, *, besides: str = "", by: Viewer, at: datetime
) -> list[OpenCase]:
    """The patient's other open cases that the viewer may see, by the number in 12 characters; logged if there are any.

    Raises `NotAllowed` for a role that reads no cases.
    """
    check_role("case.read", by)
    rows = session.execute(
        select(col(Case.number), col(Case.state)).where(
            is_of(session, identity_number),
            col(Case.number) != besides,
            col(Case.state).in_(rules.OPEN),
            listed(by, at),
        )
    ).all()
    if rows:
        seen(session, "case.other-open", by=by, at=at, cases=tuple(number for number, _ in rows))
    return [OpenCase(number, state) for number, state in rows]


def decisions(session: Session, numbers: list[str]) -> dict[str, list[TreatmentDecisionLine]]:
    """What treating doctors decided, by case, oldest first; the caller has checked and logged the read."""
    rows = session.execute(
        select(TreatmentDecision, col(Person.name), col(Case.number))
        .join(Person, col(Person.id) == col(TreatmentDecision.person_id))
        .join(Case, col(Case.id) == col(TreatmentDecision.case_id))
        .where(col(Case.number).in_(numbers))
        .order_by(col(TreatmentDecision.id))
    )
    found: dict[str, list[TreatmentDecisionLine]] = {}
    for row, name, number in rows:
        line = TreatmentDecisionLine(row.follows, row.why, name, row.at)  # type: ignore[arg-type]
        found.setdefault(number, []).append(line)
    return found


def submission_of(case: Case) -> Submission:
    """The stored submission of a case."""
    return msgspec.json.decode(case.submission, type=Submission)


def assessment_of(case: Case) -> Assessment | None:
    """What was computed when the submission was last saved; None for a case from before that was kept."""
    return None if case.assessment is None else msgspec.json.decode(case.assessment, type=Assessment)


def triage_due_of(case: Waiting) -> date | None:
    """The day by which triage should have answered; None for a case that does not wait for triage."""
    if case.state != CaseState.SUBMITTED:
        return None
    since = case.triage_from or case.submitted_at
    return None if since is None else clock_rules.triage_due(since)


def clock_of(case: Timed, at: datetime) -> Clock:
    """How long a case has waited of the days allowed, and whose move it is."""
    stopped = case.supplement_since or case.decided_at or case.ended_at
    return clock_rules.clock(
        state=case.state,
        waiting_from=case.waiting_from,
        stopped_at=stopped,
        allowed=case.days_allowed,
        whose_move=clock_rules.whose_move(
            case.state, case.outcome, is_urgent=case.urgent_until is not None, waits_for=case.waits_for
        ),
        at=at,
    )


def _without_identity(submission: Submission) -> Submission:
    """A submission as those see it who lead the work on a case and do not treat its patient, who is protected."""
    here = submission.patient
    hidden = Patient(identity_number=HIDDEN, name=HIDDEN, home_region=here.home_region, protected_identity="yes")
    home_care = submission.home_care
    if isinstance(home_care, HomeCare) and given(home_care.mas_contact):  # it names the patient's municipality
        home_care = msgspec.structs.replace(home_care, mas_contact=HIDDEN)
    return msgspec.structs.replace(submission, patient=hidden, home_care=home_care)


def _told(session: Session, case: Case, act: str) -> list[tuple[datetime, str, str]]:
    """When, by whom and what was told of the case by the steps of one act, oldest first."""
    moves = [move for move in history(session, "case", case.number) if move.act == act]
    people = names(session, {move.by for move in moves}) if moves else {}
    return [(move.at, people.get(move.by, ""), move.reason) for move in moves]


def _in_force(by: Viewer, at: datetime) -> ColumnElement[bool]:
    return and_(
        or_(col(CaseRelation.person_id) == by.person_id, col(CaseRelation.unit_id) == by.unit_id),
        col(CaseRelation.since) <= at,
        or_(col(CaseRelation.until).is_(None), col(CaseRelation.until) > at),
    )
