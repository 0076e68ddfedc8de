"""What lies ahead of a case: the likely conference held against the expected survival, wherever the case is read."""

from datetime import timedelta

import pytest

import make
from make import AT, COORDINATOR, MEETS, REFERRER
from mdk.cases import queries
from mdk.conferences.outlook import foreseen, outlook_of_typing
from mdk.db import Database

LATE = "time.conference-late"
DYING = {"diagnosis.expected_survival": "under_6_weeks"}
NEXT_WEEK = MEETS + timedelta(weeks=1)


def hints(database: Database, number: str, name: str = COORDINATOR) -> list[str]:
    with database.reading() as session:
        view = queries.view(session, number, by=make.viewer(database, name), at=AT)
        return [each.id for each in foreseen(session, view, at=AT).hints]


@pytest.mark.parametrize(("starts_at", "is_late"), [(MEETS, False), (NEXT_WEEK, True)])
def test_a_short_survival_is_held_against_the_likely_conference(
    clinic: Database, starts_at: object, *, is_late: bool
) -> None:
    make.conference(clinic, starts_at=starts_at)
    number = make.submitted(clinic, make.submission(**DYING))
    assert (LATE in hints(clinic, number), hints(clinic, number).count(LATE)) == (is_late, int(is_late))


def test_a_case_on_an_agenda_is_held_against_that_conference(clinic: Database) -> None:
    number = make.accepted(clinic, make.submission(**DYING))
    make.conference(clinic, [number], starts_at=NEXT_WEEK)
    make.conference(clinic, starts_at=MEETS)
    assert LATE in hints(clinic, number)


def test_once_the_agenda_is_let_out_or_the_case_has_ended_it_is_not_told(clinic: Database) -> None:
    number = make.accepted(clinic, make.submission(**DYING))
    make.released(clinic, [number], starts_at=NEXT_WEEK)
    assert LATE not in hints(clinic, number)
    other = make.submitted(clinic, make.submission(**DYING))
    make.report(clinic, other, "withdraw")
    assert LATE not in hints(clinic, other)


def test_what_is_being_typed_is_told_of_before_anything_is_saved(clinic: Database) -> None:
    make.conference(clinic, starts_at=NEXT_WEEK)
    number = make.draft(clinic, make.submission())
    with clinic.reading() as session:
        for named in ("", number):
            ahead = outlook_of_typing(session, make.submission(**DYING), number=named, waited=0.0, at=AT)
            assert ahead.likely is not None
            assert (ahead.likely.starts_at, ahead.likely.is_late) == (NEXT_WEEK, True)
            assert [each.id for each in ahead.hints] == [LATE]
            calm = outlook_of_typing(session, make.submission(), number=named, waited=0.0, at=AT)
            assert (calm.hints, calm.likely is not None and calm.likely.is_late) == ([], False)
    assert hints(clinic, number, REFERRER).count(LATE) == 0
