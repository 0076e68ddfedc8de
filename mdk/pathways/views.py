"""What is shown of referrals and assignments, built for many at once: their checklists, packs, histories and clocks."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit.queries import Move, histories
from mdk.cases.lists import lines_of
from mdk.cases.queries import submission_of
from mdk.cases.structs import CaseLine
from mdk.cases.tables import Case
from mdk.clinical import prerequisites
from mdk.clinical.prerequisites import Prerequisite
from mdk.pathways import rules
from mdk.pathways.structs import (
    AssignmentView,
    HistoryStep,
    PrerequisiteRow,
    ReferralView,
    Supplied,
    SurvivalClock,
)
from mdk.pathways.tables import ImplantReferral, PackFact, PathwayPrerequisite, PumpAssignment
from mdk.people.queries import names

People = dict[int | None, str]


def referral_views(session: Session, rows: list[ImplantReferral], *, at: datetime) -> list[ReferralView]:
    """What is shown of referrals that were already checked and are logged by the caller."""
    lines = lines_of(session, [row.case_id for row in rows], at=at)
    ids = [row.id for row in rows]
    cases = _cases(session, rows)
    texts = {row.n: row for row in prerequisites.for_intern()}
    checklists = _checklists(session, PathwayPrerequisite.referral_id, ids, texts, day=clock.today(at))
    steps, facts = histories_of(session, "referral", ids), _facts(session, ids)
    return [
        ReferralView(
            id=row.id,
            case=lines[row.case_id].number,
            conference=row.conference_id,
            state=row.state,
            created_at=row.created_at,
            home_region=row.home_region,
            catheter_tip=row.catheter_tip,
            due=row.due,
            planned_for=row.planned_for,
            implanted_on=row.implanted_on,
            device=row.device,
            placed_tip=row.placed_tip,
            report=row.report,
            reason_code=row.reason_code,
            missing=rules.gaps(
                submission_of(cases[row.case_id]),
                row.catheter_tip,
                frozenset(fact.field for fact in facts.get(row.id, [])),
            ),
            supplied=facts.get(row.id, []),
            prerequisites=checklists.get(row.id, []),
            history=steps.get(row.id, []),
            survival=_survival(lines[row.case_id], at),
            line=lines[row.case_id],
            version=row.version,
        )
        for row in rows
    ]


def assignment_views(session: Session, rows: list[PumpAssignment], *, at: datetime) -> list[AssignmentView]:
    """What is shown of assignments that were already checked and are logged by the caller."""
    lines = lines_of(session, [row.case_id for row in rows], at=at)
    ids = [row.id for row in rows]
    texts = {row.n: row for row in prerequisites.for_extern(has_asih=False)}
    checklists = _checklists(session, PathwayPrerequisite.assignment_id, ids, texts, day=clock.today(at))
    steps = histories_of(session, "assignment", ids)
    return [
        AssignmentView(
            id=row.id,
            case=lines[row.case_id].number,
            conference=row.conference_id,
            state=row.state,
            created_at=row.created_at,
            region=row.region,
            home_region=row.home_region,
            unit=row.unit_id,
            due=row.due,
            inserted_on=row.inserted_on,
            place=row.place,
            placed_tip=row.placed_tip,
            drug=row.drug,
            support_asked_at=row.support_asked_at,
            support_answered_at=row.support_answered_at,
            reason_code=row.reason_code,
            prerequisites=checklists.get(row.id, []),
            history=steps.get(row.id, []),
            survival=_survival(lines[row.case_id], at),
            line=lines[row.case_id],
            version=row.version,
        )
        for row in rows
    ]


def histories_of(session: Session, kind: str, keys: list[str]) -> dict[str, list[HistoryStep]]:
    """What has happened to each of many, by their ids, oldest first."""
    found = histories(session, kind, keys)
    people = names(session, {move.by for moves in found.values() for move in moves})
    return {key: [_step(move, people) for move in moves] for key, moves in found.items()}


def _survival(line: CaseLine, at: datetime) -> SurvivalClock | None:
    waited = (clock.today(at) - clock.today(line.submitted_at)).days if line.submitted_at else 0
    return rules.survival_clock(line.survival, days=waited)


def _cases(session: Session, rows: list[ImplantReferral]) -> dict[int, Case]:
    found = session.scalars(select(Case).where(col(Case.id).in_([row.case_id for row in rows])))
    return {case.id or 0: case for case in found}


def _facts(session: Session, ids: list[str]) -> dict[str, list[Supplied]]:
    rows = list(session.scalars(select(PackFact).where(col(PackFact.referral_id).in_(ids)).order_by(col(PackFact.id))))
    people = names(session, {row.person_id for row in rows}) if rows else {}
    found: dict[str, list[Supplied]] = {}
    for row in rows:
        fact = Supplied(row.field, row.text, row.at, people.get(row.person_id, ""))
        found.setdefault(row.referral_id, []).append(fact)
    return found


def _checklists(
    session: Session, column: Any, keys: list[str], texts: dict[int, Prerequisite], *, day: date
) -> dict[str, list[PrerequisiteRow]]:
    query = select(PathwayPrerequisite).where(column.in_(keys)).order_by(col(PathwayPrerequisite.n))
    rows = list(session.scalars(query))
    people = names(session, {row.person_id for row in rows})
    found: dict[str, list[PrerequisiteRow]] = {}
    for row in rows:
        key = row.referral_id or row.assignment_id or ""
        found.setdefault(key, []).append(_shown(row, texts[row.n], people, day))
    return found


def _shown(row: PathwayPrerequisite, text: Prerequisite, people: People, day: date) -> PrerequisiteRow:
    is_over = row.valid_until is not None and row.valid_until < day
    return PrerequisiteRow(
        n=row.n,
        text=text.text,
        scope=text.scope,
        applies=row.applies,
        state="open" if is_over else row.state,
        owner=row.owner,
        note=row.note,
        at=row.at,
        by=people.get(row.person_id, "") if row.at else "",
        valid_until=row.valid_until,
        at_home=text.at_home,
    )


def _step(move: Move, people: People) -> HistoryStep:
    return HistoryStep(move.state, move.at, people.get(move.by, ""), move.reason, move.act)
