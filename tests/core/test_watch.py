"""What is late, kind by kind, and the sheet that says whom to call."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from make import COORDINATOR, DAY, LATER, REFERRER
from mdk.cases.tables import Case
from mdk.clinical.on_call import EVENTS, call_rows
from mdk.clinical.reference import regions
from mdk.db import Database
from mdk.errors import NotAllowed, NotFound
from mdk.journey import on_call, watch, work
from mdk.pathways.tables import PumpAssignment

CONTACT = "Anestesijouren"


def late(database: Database, days: int) -> list[tuple[str, date]]:
    rows = make.ask(database, COORDINATOR, watch.overdue, at=LATER + days * DAY)
    return [(row.kind, row.due) for row in rows]


def case_of(database: Database, key: str) -> str:
    with database.reading() as session:
        found = select(col(Case.number)).where(col(Case.id) == session.get_one(PumpAssignment, key).case_id)
        return session.scalars(found).one()


def read(database: Database, number: str) -> None:
    with database.writing() as session:
        session.scalars(select(Case).where(col(Case.number) == number)).one().read_confirmed_at = LATER


def test_everything_decided_that_is_late_is_listed_longest_first(clinic: Database) -> None:
    make.assignment(clinic, "assigned")
    make.referral(clinic, "accepted")
    make.action(clinic, due=date(2026, 11, 28))
    assert late(clinic, 0) == []
    found = late(clinic, 7)
    assert found == sorted(found, key=lambda each: each[1])
    assert ("assignment", date(2026, 11, 27)) in found
    assert ("action", date(2026, 11, 28)) in found
    assert ("unread", date(2026, 11, 30)) in found
    assert "referral" not in dict(found)
    assert ("referral", date(2026, 12, 14)) in late(clinic, 20)
    with pytest.raises(NotAllowed):
        make.ask(clinic, REFERRER, watch.overdue)


def test_a_follow_up_is_due_on_its_day_and_late_a_week_after(clinic: Database) -> None:
    number = case_of(clinic, make.assignment(clinic, "inserted"))
    read(clinic, number)
    for days, due, is_late in ((13, 0, 0), (14, 1, 0), (21, 1, 0), (22, 1, 1)):
        with clinic.reading() as session:
            at = LATER + timedelta(days=days)
            waiting = watch.waiting_follow_ups(session, at=at)
            assert (len(waiting), watch.counts(watch.late(session, at=at))["follow_up"]) == (due, is_late)
            assert all(len(watch.reminded_of(session, each)) == 2 for each in waiting)
    for name in (REFERRER, make.FUNCTION):
        (task,) = make.ask(clinic, name, work.waiting, limit=9, at=LATER + 15 * DAY).tasks
        assert (task.kind, task.key, task.until) == ("follow_up", number, date(2026, 12, 10))
    (line,) = make.ask(clinic, COORDINATOR, watch.overdue, at=LATER + 22 * DAY)
    assert (line.key, line.week, line.due) == (number, 2, date(2026, 12, 10))


@pytest.mark.parametrize("region", [each.id for each in regions()])
def test_the_sheet_names_who_answers_and_where_nobody_does(region: str) -> None:
    office, holiday, night = call_rows(region, inserted_by="Funktionen", contact=CONTACT)
    for event in EVENTS:
        assert office.calls[event][0] not in {"", CONTACT}
        assert ("Funktionen" in office.calls[event]) == (event in {"device_failure", "infection"})
        assert holiday.calls[event][-1] == night.calls[event][-1] == CONTACT
    covered = (holiday.is_covered, night.is_covered)
    assert covered == {"skane": (True, True), "halland": (True, False)}.get(region, (False, False))


def sheet(database: Database, number: str, by: str = REFERRER) -> Any:
    return make.ask(database, by, on_call.on_call_sheet, number)


def test_the_sheet_of_a_patient_with_a_pump(ward: Database) -> None:
    number = case_of(ward, make.assignment(ward, "inserted"))
    found = sheet(ward, number)
    assert (found.patient, found.outcome, found.placed_on, found.tip) == (
        "Elsa Provlund",
        "extern_pump",
        date(2026, 11, 26),
        "L1",
    )
    assert (found.route, found.contact) == ("intrathecal", "Smärtjouren")
    assert "Ingen specialiserad palliativ vård på jourtid" in found.warning
    skane = sheet(ward, case_of(ward, make.assignment(ward, "inserted", "skane")))
    assert skane.warning == ""
    with pytest.raises(NotFound):
        sheet(ward, number, make.OTHER_REFERRER)


def test_there_is_no_sheet_without_a_pump(ward: Database) -> None:
    for number in (case_of(ward, make.assignment(ward, "not_done")), make.signed(ward, "nerve_block")[1]):
        with pytest.raises(NotFound):
            sheet(ward, number)
