"""Acts on figures: a goal's level, and a new point prevalence."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit.service import did, moved
from mdk.errors import Invalid, Problem, RuleBroken, Stale
from mdk.figures import prevalence
from mdk.figures.goals import PROPOSED
from mdk.figures.register import dictionary
from mdk.figures.structs import GoalBody, MappingBody, SurveyBody
from mdk.figures.tables import CodeMapping, GoalLevel, PrevalenceCount, PrevalenceSurvey
from mdk.people.rules import check_role
from mdk.people.structs import Viewer


def set_goal(session: Session, *, goal: str, version: int, body: GoalBody, by: Viewer, at: datetime) -> GoalLevel:
    """Decide the level (0–1) that a goal is to reach; `version` is 0 while its level is only proposed.

    Raises `NotAllowed`, `Invalid` for a goal that there is not, `Stale`.
    """
    check_role("figures.set-goal", by)
    if goal not in PROPOSED:
        raise Invalid([Problem("goal", "Målet finns inte. Välj ett av dem på sidan.")])
    row = session.get(GoalLevel, goal)
    current = row.version if row is not None else 0
    if current != version:
        raise Stale(current)
    before = row.level if row is not None else PROPOSED[goal]
    if row is None:
        row = GoalLevel(goal=goal, level=body.level, set_at=at, set_by=by.person_id)
        session.add(row)
    row.level, row.set_at, row.set_by = body.level, at, by.person_id
    session.flush()
    moved(session, "goal", goal, move=(f"{before:.0%}", f"{body.level:.0%}"), act="set-goal", by=by, at=at)
    did(session, "figures.set-goal", by=by, at=at)
    return row


def import_prevalence(session: Session, *, body: SurveyBody, by: Viewer, at: datetime) -> prevalence.Survey:
    """Take in a new point prevalence; the newest one is what need and equity are measured against.

    Raises `NotAllowed`, `Invalid` with every bad row and for sums that do not add up, and
    `RuleBroken("prevalence.week-taken")` when that week is there already.
    """
    check_role("prevalence.import", by)
    prevalence.check_week(body.year, body.week, today=clock.today(at))
    lines = prevalence.read_table(body.table)
    published = prevalence.published()
    same = select(PrevalenceSurvey).where(
        col(PrevalenceSurvey.year) == body.year, col(PrevalenceSurvey.week) == body.week
    )
    if (published.year, published.week) == (body.year, body.week) or session.scalar(same) is not None:
        message = f"Vecka {body.week} år {body.year} finns redan. Kontrollera år och vecka."
        raise RuleBroken("prevalence.week-taken", message)
    survey = PrevalenceSurvey(
        year=body.year, week=body.week, source=body.source, imported_at=at, imported_by=by.person_id
    )
    session.add(survey)
    session.flush()
    session.add_all(
        PrevalenceCount(
            survey_id=survey.id or 0,
            position=position,
            place=line.place,
            region=line.region,
            patients=line.patients,
            high_dose=line.high_dose,
            advanced=line.advanced,
        )
        for position, line in enumerate(lines)
    )
    did(session, "prevalence.import", by=by, at=at)
    return prevalence.Survey(body.year, body.week, body.source, lines)


def map_codes(session: Session, *, column: str, bodies: list[MappingBody], by: Viewer, at: datetime) -> None:
    """Say what the codes of a register column are called in another system; an emptied target takes its mapping away.

    Raises `NotAllowed`, `Invalid` for a column that has no codes, and for a target whose code system is not named.
    """
    check_role("register.map", by)
    if column not in {one.name for one in dictionary().columns if one.kind == "code"}:
        raise Invalid([Problem("column", "Kolumnen har inga koder. Välj en av dem på sidan.")])
    unnamed = [body for body in bodies if body.target and not body.system]
    if unnamed:
        message = "Ange kodsystemet som koden kommer från, till exempel KVÅ."
        raise Invalid([Problem(f"system-{body.code}", message) for body in unnamed])
    rows = {row.code: row for row in session.scalars(select(CodeMapping).where(col(CodeMapping.column) == column))}
    for body in bodies:
        row = rows.get(body.code)
        if not body.target:
            if row is not None:
                session.delete(row)
            continue
        if row is None:
            row = CodeMapping(column=column, code=body.code, set_at=at, set_by=by.person_id)
            session.add(row)
        row.system, row.version_of_system, row.target = body.system, body.version, body.target
        row.set_at, row.set_by = at, by.person_id
    session.flush()
    did(session, "register.map", by=by, at=at)
