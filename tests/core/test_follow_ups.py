"""Follow-ups from what was done to the last one, or to a death; and the days of refills."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from make import DAY, FUNCTION, LATER, OTHER_REFERRER, REFERRER, SURGEON
from mdk.cases.tables import Case
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, RuleBroken
from mdk.journey import follow_ups, reports
from mdk.pathways import follow_up_queries, follow_up_rules
from mdk.pathways.ends import ends_of
from mdk.pathways.follow_up_structs import FollowUpBody
from mdk.pathways.tables import ImplantReferral, PathwayAction, PumpAssignment

IN = date(2026, 11, 26)  # the day on which `make` says that a pump came in
AFTER = LATER + 90 * DAY


def number_of(database: Database, table: type[Any], key: str) -> str:
    with database.reading() as session:
        found = select(col(Case.number)).where(col(Case.id) == session.get_one(table, key).case_id)
        return session.scalars(found).one()


def inserted(database: Database) -> tuple[str, str]:
    key = make.assignment(database, "inserted")
    return key, number_of(database, PumpAssignment, key)


def body(week: int = 2, **said: Any) -> FollowUpBody:
    usual: dict[str, Any] = {
        "date": follow_up_rules.due_on(IN, week if week in (2, 6, 12) else 2),
        "alive": "yes",
        "nrs": 3,
        "omeq": 90.0,
    }
    return FollowUpBody(week=week, **(usual | said))


def tell(database: Database, number: str, said: FollowUpBody, by: str = REFERRER, **given: Any) -> None:
    make.act(database, by, follow_ups.tell, number=number, body=said, **{"at": AFTER, **given})


def seen(database: Database, number: str, by: str = REFERRER, **given: Any) -> Any:
    return make.ask(database, by, follow_up_queries.follow_ups, number, **{"at": AFTER, **given})


def state(database: Database, number: str) -> str:
    return make.case_row(database, number).state


def test_a_series_ends_the_assignment_and_the_case(clinic: Database) -> None:
    key, number = inserted(clinic)
    for week, nrs in ((2, 5), (6, 3)):
        tell(clinic, number, body(week, nrs=nrs), FUNCTION)
        assert state(clinic, number) == "decided"
    tell(clinic, number, body(12, pump_state="Fungerar", care_place="Hemma"))
    with clinic.reading() as session:
        assert session.get_one(PumpAssignment, key).state == "followed_up"
    found = seen(clinic, number)
    assert (state(clinic, number), found.outcome, found.done_on) == ("closed", "extern_pump", IN)
    assert [each.told.nrs for each in found.planned] == [5, 3, 3]
    assert [point.week for point in found.points] == [0, 2, 6, 12]
    assert found.points[0].nrs == 7
    tell(clinic, number, body(6, nrs=2))
    assert [each.told.nrs for each in seen(clinic, number).planned] == [5, 2, 3]


def test_what_is_told_is_checked_and_nothing_kept(ward: Database) -> None:
    _, number = inserted(ward)
    wrong: tuple[tuple[dict[str, Any], set[str]], ...] = (
        ({"week": 3}, {"week"}),
        ({"date": AFTER.date() + DAY}, {"date"}),
        ({"date": IN - DAY}, {"date"}),
        ({"nrs": None, "date": IN - DAY, "week": 4}, {"nrs", "date", "week"}),
    )
    for said, fields in wrong:
        with pytest.raises(Invalid) as refused:
            tell(ward, number, body(**said))
        assert {problem.field for problem in refused.value.problems} == fields
    assert [each.told for each in seen(ward, number).planned] == [None, None, None]


@pytest.mark.parametrize(("week", "first"), [(2, 7), (6, 28), (12, 63)])
def test_a_follow_up_far_too_early_must_be_meant(ward: Database, week: int, first: int) -> None:
    _, number = inserted(ward)
    early = body(week, date=IN + (first - 1) * DAY)
    with pytest.raises(Invalid) as refused:
        tell(ward, number, early, is_early_known=False)
    (problem,) = refused.value.problems
    assert problem.field == "is_early"
    assert f"bara gått {first - 1} dagar sedan åtgärden" in problem.message
    assert [each.told for each in seen(ward, number).planned] == [None, None, None]
    tell(ward, number, body(week, date=IN + first * DAY), is_early_known=False)
    tell(ward, number, early)
    assert {each.week: each.told.date for each in seen(ward, number).planned if each.told} == {week: early.date}


def test_a_death_is_never_too_early_to_tell(ward: Database) -> None:
    _, number = inserted(ward)
    tell(ward, number, FollowUpBody(week=12, date=IN + DAY, alive="no"), is_early_known=False)
    assert state(ward, number) == "deceased"


def test_nothing_is_followed_up_before_it_is_done(ward: Database) -> None:
    waiting = number_of(ward, PumpAssignment, make.assignment(ward, "accepted"))
    advice = make.action(ward, "optimise_conventional")
    make.end_action(ward, advice, "done")
    for number in (waiting, number_of(ward, PathwayAction, advice)):
        with pytest.raises(RuleBroken) as refused:
            tell(ward, number, body())
        assert refused.value.rule == "followup.nothing-done"


def test_a_block_that_was_done_is_followed_up_and_an_implant_after_its_report(ward: Database) -> None:
    block = make.action(ward)
    make.end_action(ward, block, "partly", note="Ena sidan")
    implant = make.referral(ward, "reported")
    for number, by in (
        (number_of(ward, PathwayAction, block), REFERRER),
        (number_of(ward, ImplantReferral, implant), SURGEON),
    ):
        assert state(ward, number) == "closed"
        tell(ward, number, body(12), by)
        assert seen(ward, number).planned[2].told.nrs == 3
        assert state(ward, number) == "closed"


def test_who_may_tell(ward: Database) -> None:
    _, number = inserted(ward)
    with pytest.raises(NotFound):
        tell(ward, number, body(), OTHER_REFERRER)
    with pytest.raises(NotAllowed):
        tell(ward, number, body(), make.COORDINATOR)
    with pytest.raises(NotAllowed):
        seen(ward, number, make.STEERING)


@pytest.mark.parametrize("by", [REFERRER, FUNCTION])
def test_a_death_told_of_ends_the_series(clinic: Database, by: str) -> None:
    key, number = inserted(clinic)
    tell(clinic, number, FollowUpBody(week=2, date=IN + 9 * DAY, alive="no"), by)
    with clinic.reading() as session:
        assert session.get_one(PumpAssignment, key).state == "followed_up"
    found = make.case_row(clinic, number)
    assert (found.state, found.died_on) == ("deceased", IN + 9 * DAY)
    assert [each.is_overdue for each in seen(clinic, number).planned] == [False, False, False]
    for alive in ("yes", "no"):
        with pytest.raises(RuleBroken) as refused:
            tell(clinic, number, body(6, alive=alive))
        assert refused.value.rule == "followup.dead"


REFERRALS = ("created", "received", "more_information", "accepted", "scheduled", "implanted", "reported")
ASSIGNMENTS = ("assigned", "accepted", "preparing", "inserted")


@pytest.mark.parametrize("where", [*(("referral", s) for s in REFERRALS), *(("assignment", s) for s in ASSIGNMENTS)])
def test_a_patient_who_dies_at_each_state_is_counted_apart_or_as_done(ward: Database, where: tuple[str, str]) -> None:
    kind, begins = where
    table: type[Any] = ImplantReferral if kind == "referral" else PumpAssignment
    key = make.referral(ward, begins) if kind == "referral" else make.assignment(ward, begins)
    number = number_of(ward, table, key)
    make.act(ward, REFERRER, reports.report_death, number=number, date=LATER.date(), at=LATER + DAY)
    with ward.reading() as session:
        row = session.get_one(table, key)
        end = ends_of(session, [row.case_id])[row.case_id]
        after = row.state
    is_in = begins in {"implanted", "reported", "inserted"}
    assert (end.result, end.reason_code) == (("done", "") if is_in else ("not_done", "died"))
    assert after == {"implanted": "implanted", "reported": "reported", "inserted": "followed_up"}.get(
        begins, "cancelled" if kind == "referral" else "not_done"
    )
    assert state(ward, number) == "deceased"


@pytest.mark.parametrize(
    ("outcome", "today", "following"),
    [
        ("extern_pump", date(2026, 11, 26), date(2026, 12, 3)),
        ("extern_pump", date(2026, 12, 3), date(2026, 12, 3)),
        ("extern_pump", date(2026, 12, 4), date(2026, 12, 10)),
        ("intern_pump", date(2026, 11, 26), date(2027, 1, 26)),
        ("intern_pump", date(2027, 1, 27), date(2027, 3, 26)),
    ],
)
def test_a_pump_is_refilled_weekly_or_every_second_month(outcome: str, today: date, following: date) -> None:
    found = follow_up_rules.refill(outcome, IN, today=today)
    assert found is not None
    assert found.next == following


def test_a_refill_falls_on_the_last_day_of_a_shorter_month_and_a_block_has_none() -> None:
    found = follow_up_rules.refill("intern_pump", date(2026, 12, 31), today=date(2027, 1, 5))
    assert found is not None
    assert found.next == date(2027, 2, 28)
    assert follow_up_rules.refill("nerve_block", IN, today=IN) is None
