"""Emergency openings as the auditor reviews them: which wait, what was read through each, and that a review stands."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.audit.service import did
from mdk.audit.tables import AccessLog
from mdk.cases import queries as cases
from mdk.cases import service
from mdk.db import Database
from mdk.errors import NotAllowed, NotFound, RuleBroken
from mdk.inspection import openings
from mdk.inspection import service as auditing
from mdk.inspection.structs import Awaited, ConclusionBody, LogLine, OpeningLine

HELD = ConclusionBody("as_expected", "Jouren behövde doserna.")
NOVEMBER = date(2026, 11, 1)


def broken(database: Database, name: str, number: str, hours: float = 0) -> None:
    at = make.AT + timedelta(hours=hours)
    make.act(database, name, service.break_glass, number=number, reason=f"Jour {name}", at=at)


def looked(database: Database, name: str, number: str, hours: float) -> None:
    make.ask(database, name, cases.view, number, at=make.AT + timedelta(hours=hours))


def seen(database: Database) -> tuple[list[OpeningLine], list[OpeningLine]]:
    return make.ask(database, make.AUDITOR, openings.openings)


def of(database: Database, log_id: int) -> list[LogLine]:
    return make.ask(database, make.AUDITOR, openings.opening, log_id)[1]


def awaited(database: Database, *, days: int = 0) -> Awaited:
    return make.ask(database, make.AUDITOR, openings.awaited, at=make.AT + timedelta(days=days))


def last_row(database: Database) -> tuple[str, str]:
    with database.reading() as session:
        row = session.execute(select(AccessLog).order_by(col(AccessLog.id).desc()).limit(1)).scalar_one()
    return row.act, row.cases


def test_openings_wait_the_oldest_first_until_each_is_reviewed_and_the_reads_are_logged(clinic: Database) -> None:
    first, second = make.submitted(clinic), make.submitted(clinic)
    broken(clinic, make.SURGEON, first)
    broken(clinic, make.PAEDIATRIC, second, hours=2)
    waiting, reviewed = seen(clinic)
    assert [(each.row.cases, each.row.reason, each.verdict) for each in waiting] == [
        ((first,), "Jour neurokirurgi", None),
        ((second,), "Jour barnteam", None),
    ]
    assert reviewed == []
    assert last_row(clinic) == ("log.openings", f"{first} {second}")
    make.act(clinic, make.AUDITOR, auditing.review, waiting[0].row.id, HELD, at=make.AT + make.DAY)
    assert last_row(clinic) == ("log.review", first)
    (left,), (done,) = seen(clinic)
    assert left == waiting[1]
    assert (done.row, done.verdict, done.found) == (waiting[0].row, "as_expected", HELD.found)
    assert (done.reviewed_at, done.reviewed_by) == (make.AT + make.DAY, "Loa Granskare")


def test_an_opening_shows_what_its_person_did_in_that_case_for_a_day_and_nothing_else(clinic: Database) -> None:
    number = make.submitted(clinic)
    other = make.submitted(clinic, make.submission(**{"patient.identity_number": make.OTHER_ADULT}))
    for each in (number, other):
        broken(clinic, make.SURGEON, each, hours=1)
    for name, case, hours in (
        (make.SURGEON, number, 2),
        (make.SURGEON, other, 3),
        (make.COORDINATOR, number, 4),
        (make.SURGEON, number, 24.9),
    ):
        looked(clinic, name, case, hours)
    broken(clinic, make.SURGEON, number, hours=26)
    waiting, _ = seen(clinic)
    lines = of(clinic, waiting[0].row.id)
    assert [(line.act, line.at - make.AT) for line in lines] == [
        ("case.read", timedelta(hours=2)),
        ("case.read", timedelta(hours=24.9)),
    ]
    assert last_row(clinic) == ("log.openings", number)


def test_a_review_stands_and_nobody_reviews_an_opening_of_their_own(clinic: Database) -> None:
    number = make.submitted(clinic)
    broken(clinic, make.SURGEON, number)
    with clinic.writing() as session:
        did(
            session,
            "case.break-glass",
            by=make.viewer(clinic, make.AUDITOR),
            at=make.AT,
            cases=(number,),
            reason="Jour",
        )
    waiting, _ = seen(clinic)
    theirs, own = (each.row.id for each in waiting)
    make.act(clinic, make.AUDITOR, auditing.review, theirs, HELD)
    for log_id, rule in ((theirs, "log.opening-reviewed"), (own, "log.own-opening")):
        with pytest.raises(RuleBroken) as refused:
            make.act(clinic, make.AUDITOR, auditing.review, log_id, ConclusionBody("deviation", "Nej."))
        assert refused.value.rule == rule
    assert seen(clinic)[1][0].found == HELD.found


def test_only_the_auditor_reviews_and_only_what_is_an_opening(clinic: Database) -> None:
    number = make.submitted(clinic)
    broken(clinic, make.SURGEON, number)
    log_id = seen(clinic)[0][0].row.id
    for name in (make.COORDINATOR, make.SURGEON, make.ADMIN):
        with pytest.raises(NotAllowed):
            make.act(clinic, name, auditing.review, log_id, HELD)
        for read in (openings.awaited, openings.openings):
            with pytest.raises(NotAllowed):
                make.ask(clinic, name, read)
    for strange in (log_id - 1, log_id + 10_000):
        with pytest.raises(NotFound):
            of(clinic, strange)
        with pytest.raises(NotFound):
            make.act(clinic, make.AUDITOR, auditing.review, strange, HELD)


def test_what_waits_is_the_openings_the_checks_begun_and_the_month_that_was_not_looked_at(clinic: Database) -> None:
    number = make.submitted(clinic)
    assert awaited(clinic) == Awaited(0, None, 0, None)
    broken(clinic, make.SURGEON, number, hours=3)
    broken(clinic, make.PAEDIATRIC, number, hours=2)
    assert awaited(clinic, days=1) == Awaited(2, make.AT + timedelta(hours=2), 0, None)
    assert awaited(clinic, days=8).month == NOVEMBER  # the first of December
    check_id = make.act(clinic, make.AUDITOR, auditing.draw, month=NOVEMBER, at=make.AT + timedelta(days=8))
    assert (awaited(clinic, days=8).checks, awaited(clinic, days=8).month) == (1, None)
    make.act(clinic, make.AUDITOR, auditing.conclude, check_id=check_id, body=HELD)
    assert awaited(clinic, days=8).checks == 0
