"""Figures of what really happened: from the acts through the store to what each role may see."""

from datetime import datetime

import pytest

import make
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, Stale
from mdk.figures import queries, service
from mdk.figures.structs import GoalBody, Statistics
from mdk.journey import follow_ups
from mdk.pathways.follow_up_structs import FollowUpBody

LATER = make.MEETS + 2 * make.DAY


def figures(
    database: Database, *, by: str = make.COORDINATOR, year: int = 2026, region: str | None = None
) -> Statistics:
    with database.reading() as session:
        return queries.statistics(session, year=year, region=region, by=make.viewer(database, by), at=LATER)


def decided(database: Database, outcome: str = "extern_pump") -> str:
    number = make.accepted(database)
    conference = make.in_session(database, [number])
    make.save(database, conference, number, make.minutes_body(outcome))
    make.sign(database, conference, number)
    return number


def test_a_case_is_counted_where_it_belongs_as_far_as_it_has_come(clinic: Database) -> None:
    make.submitted(clinic)
    decided(clinic)
    make.draft(clinic)
    found = figures(clinic)
    kronoberg = next(row for row in found.regions if row.region == "kronoberg")
    assert (kronoberg.submitted, kronoberg.discussed, kronoberg.decided, kronoberg.done) == (2, 1, 1, 0)
    assert kronoberg.outcomes["extern_pump"] == 1
    assert kronoberg.submitted_by_place == {"Växjö": 2}
    spread = kronoberg.days["submission_to_decision"]
    assert (spread.n, spread.median, spread.p90, spread.within) == (1, 2.2, 2.2, 1.0)
    assert [row.submitted for row in found.regions if row.region != "kronoberg"] == [0, 0, 0]
    assert (found.total.submitted, found.total.decided) == (2, 1)


def test_another_year_has_none_of_it(ward: Database) -> None:
    decided(ward)
    assert figures(ward, year=2025).total.submitted == 0


def test_the_regions_stand_in_their_order_and_one_can_be_asked_for(ward: Database) -> None:
    assert [row.region for row in figures(ward).regions] == ["skane", "halland", "kronoberg", "blekinge"]
    assert [row.region for row in figures(ward, region="halland").regions] == ["halland"]


@pytest.mark.parametrize("by", [make.COORDINATOR, make.CHAIR, make.CONSULTANT])
def test_who_runs_the_conference_sees_every_count(ward: Database, by: str) -> None:
    decided(ward)
    found = figures(ward, by=by)
    assert (found.suppressed, found.total.decided) == (False, 1)


def test_the_steering_group_sees_no_small_count_and_zero_as_zero(ward: Database) -> None:
    decided(ward)
    found = figures(ward, by=make.STEERING)
    assert (found.suppressed, found.total.decided, found.total.submitted, found.total.done) == (True, None, None, 0)
    assert found.total.days["submission_to_decision"].median is None
    assert [line.patients for line in found.prevalence if line.place == "Lund"] == [53]


@pytest.mark.parametrize("by", [make.REFERRER, make.NURSE, make.SURGEON, make.FUNCTION, make.AUDITOR, make.ADMIN])
def test_others_see_no_figures(ward: Database, by: str) -> None:
    with pytest.raises(NotAllowed):
        figures(ward, by=by)


def set_level(
    database: Database, level: float, *, version: int = 0, by: str = make.STEERING, goal: str = "implemented"
) -> int:
    with database.writing() as session:
        row = service.set_goal(
            session, goal=goal, version=version, body=GoalBody(level=level), by=make.viewer(database, by), at=make.AT
        )
        return row.version


def test_a_level_is_proposed_until_the_steering_group_decides_it(clinic: Database) -> None:
    first = set_level(clinic, 0.7)
    set_level(clinic, 0.75, version=first)
    with clinic.reading() as session:
        lines = queries.goals(session, year=2026, by=make.viewer(clinic, make.STEERING), at=make.AT)
    by_goal = {line.goal: (line.level, line.is_decided, line.version) for line in lines}
    assert by_goal["implemented"] == (0.75, True, first + 1)
    assert by_goal["triage_in_time"] == (0.9, False, 0)


def test_a_level_that_another_has_decided_meanwhile_is_not_overwritten(ward: Database) -> None:
    set_level(ward, 0.7)
    with pytest.raises(Stale):
        set_level(ward, 0.6)


def test_a_goal_that_there_is_not_and_a_role_that_decides_none(ward: Database) -> None:
    with pytest.raises(Invalid):
        set_level(ward, 0.5, goal="happiness")
    with pytest.raises(NotAllowed):
        set_level(ward, 0.5, by=make.CHAIR)


def test_the_reports_question_is_answered_year_by_year(ward: Database) -> None:
    with ward.reading() as session:
        years = queries.treated(session, last=2027, by=make.viewer(ward, make.COORDINATOR), at=make.AT)
    assert [(each.year, each.treated["all"]) for each in years] == [(2026, 0), (2027, 0)]


def goal_in(database: Database, goal: str, *, at: datetime, year: int = 2026) -> tuple[float | None, ...]:
    """A goal's value in Kronoberg and in all."""
    with database.reading() as session:
        lines = queries.goals(session, year=year, by=make.viewer(database, make.COORDINATOR), at=at)
    (line,) = [each for each in lines if each.goal == goal]
    return tuple(each.value for each in line.values if each.region in {"kronoberg", "all"})


def test_goals_of_the_patients_view_and_of_follow_up(clinic: Database) -> None:
    make.assignment(clinic, "inserted")
    pump = "MDK-2026-0001"
    silent = make.submission(**{"patient_view.goals": " "})
    make.signed(clinic, "nerve_block", silent)
    assert goal_in(clinic, "patient_heard", at=make.AT) == (0.5, 0.5)
    due = make.LATER + 42 * make.DAY
    assert goal_in(clinic, "followed_up", at=due, year=2027) == (None, None)
    assert goal_in(clinic, "followed_up", at=due + 8 * make.DAY, year=2027) == (0.0, 0.0)
    told = FollowUpBody(week=6, date=due.date(), nrs=4, alive="yes")
    make.act(clinic, make.REFERRER, follow_ups.tell, number=pump, body=told, at=due + make.DAY)
    assert goal_in(clinic, "followed_up", at=due + 8 * make.DAY, year=2027) == (1.0, 1.0)
    assert goal_in(clinic, "pain_eased", at=due + 8 * make.DAY, year=2027) == (1.0, 1.0)


def test_who_died_before_six_weeks_is_not_missed_in_follow_up(ward: Database) -> None:
    make.assignment(ward, "inserted")
    dead = FollowUpBody(week=2, date=(make.LATER + 9 * make.DAY).date(), alive="no")
    make.act(ward, make.REFERRER, follow_ups.tell, number="MDK-2026-0001", body=dead, at=make.LATER + 10 * make.DAY)
    assert goal_in(ward, "followed_up", at=make.LATER + 90 * make.DAY, year=2027) == (None, None)
