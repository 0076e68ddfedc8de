"""A pump assignment from its opening to the follow-up: moves, prerequisites, what stands, support, another region."""

from datetime import date
from typing import Any

import pytest

import make
from make import DAY, FUNCTION, LATER
from mdk.clinical import prerequisites
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, RuleBroken, Stale
from mdk.pathways import assignments, checklists, queries, rules, service
from mdk.pathways.structs import AssignmentState, PrerequisiteBody, StandingBody
from mdk.pathways.tables import PumpAssignment, StandingPrerequisite
from mdk.people.queries import viewer

SKANE, BLEKINGE = "funktion.skane", "funktion.blekinge"
BEFORE = ("assigned", "accepted", "preparing")
LEADS = {
    ("accept", "assigned"): "accepted",
    ("prepare", "accepted"): "preparing",
    ("prepare", "preparing"): "preparing",
    ("insert", "preparing"): "inserted",
    ("follow-up", "inserted"): "followed_up",
    **{("not-done", state): "not_done" for state in BEFORE},
    **{("hand-over", state): "assigned" for state in BEFORE},
}


def seen(database: Database, key: str, name: str = FUNCTION, **given: Any) -> Any:
    return make.ask(database, name, queries.assignment, key, **{"at": LATER, **given})


def rows(database: Database, key: str, name: str = FUNCTION, **given: Any) -> dict[int, Any]:
    return {row.n: row for row in seen(database, key, name, **given).prerequisites}


def met(database: Database, key: str, n: int, *, by: str = FUNCTION, **said: Any) -> None:
    body = PrerequisiteBody(**{"state": "met", "owner": "Enhetschefen", **said})
    make.assign(database, key, "prepare", n=n, body=body, by=by)


@pytest.mark.parametrize("state", AssignmentState)
@pytest.mark.parametrize("act", rules.ASSIGNMENT_MOVES)
def test_an_assignment_moves_as_its_table_says(act: str, state: str) -> None:
    target = LEADS.get((act, state))
    if target is not None:
        assert rules.check_move(rules.ASSIGNMENT_MOVES, act, state) == target
        return
    with pytest.raises(RuleBroken) as refused:
        rules.check_move(rules.ASSIGNMENT_MOVES, act, state)
    assert refused.value.rule == "pathway.wrong-state"


@pytest.mark.parametrize(("region", "applying"), [("kronoberg", 20), ("skane", 19)])
def test_an_assignment_walks_to_insertion_with_every_prerequisite_met(
    clinic: Database, region: str, applying: int
) -> None:
    function = f"funktion.{region}"
    key = make.assignment(clinic, "accepted", region)
    for n, row in rows(clinic, key, function).items():
        if row.applies:
            met(clinic, key, n, by=function)
    make.assign(clinic, key, "insert", by=function)
    found = seen(clinic, key, function)
    assert [step.state for step in found.history] == ["assigned", "accepted", "preparing", "inserted"]
    assert sum(row.state == "met" for row in found.prerequisites) == applying
    assert (found.inserted_on, found.place, found.placed_tip) == (date(2026, 11, 26), "Växjö", "L1")
    assert (found.line.state, found.line.clock.whose_move) == ("decided", "regional_function")


def test_row_19_is_not_asked_where_there_is_asih(ward: Database) -> None:
    key = make.assignment(ward, "accepted", "skane")
    with pytest.raises(RuleBroken) as refused:
        met(ward, key, 19, by=SKANE)
    assert refused.value.rule == "prerequisite.not-applicable"
    assert seen(ward, key, SKANE).state == "accepted"


def test_a_prerequisite_needs_an_owner_a_number_and_an_accepted_assignment(ward: Database) -> None:
    key = make.assignment(ward)
    with pytest.raises(RuleBroken) as refused:
        met(ward, key, 7)
    assert refused.value.rule == "pathway.wrong-state"
    make.assign(ward, key, "accept")
    with pytest.raises(Invalid) as nobody:
        met(ward, key, 7, owner="")
    assert [problem.field for problem in nobody.value.problems] == ["owner"]
    with pytest.raises(Invalid) as not_standing:
        met(ward, key, 3, valid_until=date(2027, 1, 1))
    assert [problem.field for problem in not_standing.value.problems] == ["valid_until"]
    with pytest.raises(NotFound):
        met(ward, key, 21)
    assert (seen(ward, key).state, rows(ward, key)[7].state) == ("accepted", "open")
    met(ward, key, 7, state="not_met", owner="")
    assert (seen(ward, key).state, rows(ward, key)[7].state) == ("preparing", "not_met")


def test_another_region_and_the_referrer_cannot_work_it(ward: Database) -> None:
    key = make.assignment(ward)
    for name, error in ((SKANE, NotFound), (make.REFERRER, NotAllowed), (make.COORDINATOR, NotAllowed)):
        for act in ("accept", "insert", "not_done", "ask_support", "hand_over"):
            with pytest.raises(error):
                make.assign(ward, key, act, by=name)
    with pytest.raises(Stale):
        make.assign(ward, key, "accept", version=9)


def test_the_pump_goes_in_after_the_decision_and_not_tomorrow(ward: Database) -> None:
    key = make.assignment(ward, "preparing")
    for day in (date(2026, 11, 24), date(2026, 11, 27)):
        with pytest.raises(Invalid) as refused:
            make.assign(ward, key, "insert", day=day)
        assert [problem.field for problem in refused.value.problems] == ["date"]
    assert seen(ward, key).state == "preparing"


def test_not_done_has_its_reason_and_closes_the_case(clinic: Database) -> None:
    key = make.assignment(clinic, "not_done")
    found = seen(clinic, key)
    assert (found.state, found.reason_code, found.history[-1].reason) == (
        "not_done",
        "patient_wish",
        "Vill vara hemma.",
    )
    assert found.line.state == "closed"


def test_the_follow_up_closes_the_case(clinic: Database) -> None:
    key = make.assignment(clinic, "inserted")
    with clinic.writing() as session:
        assignment, by = session.get_one(PumpAssignment, key), viewer(session, email=make.email(FUNCTION))
        assignments.follow_up(session, assignment, by=by, at=LATER)
    found = seen(clinic, key)
    assert (found.state, found.line.state) == ("followed_up", "closed")


@pytest.mark.parametrize(("state", "ended"), [*((state, "not_done") for state in BEFORE), ("inserted", "followed_up")])
def test_a_death_ends_an_assignment(ward: Database, state: str, ended: str) -> None:
    key = make.assignment(ward, state)
    with ward.reading() as session:
        case_id = session.get_one(PumpAssignment, key).case_id
    for reason in ("died", "died"):
        make.act(ward, make.REFERRER, service.end_for_case, case_id, reason=reason, note="Hemma", at=LATER)
    found = seen(ward, key)
    assert (found.state, found.line.state, found.history[-1].reason) == (ended, "decided", "Hemma")
    assert found.reason_code == ("died" if ended == "not_done" else None)


# ------------------------------------------------------------------------------------------------- what stands
def test_what_stands_is_met_from_the_start_for_the_next_patient_of_the_municipality(clinic: Database) -> None:
    key = make.assignment(clinic, "accepted")
    met(clinic, key, 7, owner="Förrådet", valid_until=date(2027, 5, 1))
    met(clinic, key, 17, owner="MAS Växjö", valid_until=date(2027, 5, 1))
    following = make.assignment(clinic)
    shown = rows(clinic, following)
    assert (shown[7].state, shown[7].owner, shown[7].valid_until) == ("met", "Förrådet", date(2027, 5, 1))
    assert (shown[17].state, shown[8].state) == ("met", "open")
    elsewhere = make.signed(clinic, "extern_pump", make.submission(**{"patient.municipality": "Älmhult"}))[1]
    found = next(row for row in make.ask(clinic, FUNCTION, queries.assignments, at=LATER)[0] if row.case == elsewhere)
    assert {row.n for row in found.prerequisites if row.state == "met"} == {1, 5, 7}


def test_what_stood_until_a_day_is_open_after_it(ward: Database) -> None:
    key = make.assignment(ward, "accepted")
    met(ward, key, 7, valid_until=date(2026, 12, 1))
    assert rows(ward, key, at=LATER + 5 * DAY)[7].state == "met"
    assert rows(ward, key, at=LATER + 6 * DAY)[7].state == "open"


def keep(database: Database, n: int, *, by: str = FUNCTION, **said: Any) -> StandingPrerequisite:
    body = StandingBody(**{"owner": "Chefen", "valid_until": date(2027, 1, 1), **said})
    return make.act(database, by, checklists.keep_standing, n=n, body=body, at=LATER)


def test_what_stands_is_kept_renewed_and_ended_by_its_unit(clinic: Database) -> None:
    keep(clinic, 17, municipality="Växjö")
    keep(clinic, 17, municipality="växjö ", valid_until=date(2027, 6, 1), owner="MAS")
    keep(clinic, 22, by=make.SURGEON)
    shown = make.ask(clinic, FUNCTION, queries.standing, at=LATER)
    assert [(row.n, row.municipality, row.valid_until, row.owner) for row in shown] == [
        (17, "växjö", date(2027, 6, 1), "MAS")
    ]
    for name, error in ((SKANE, NotFound), (make.COORDINATOR, NotAllowed)):
        with pytest.raises(error):
            make.act(clinic, name, checklists.end_standing, standing_id=shown[0].id)
    make.act(clinic, FUNCTION, checklists.end_standing, standing_id=shown[0].id)
    assert make.ask(clinic, FUNCTION, queries.standing, at=LATER) == []


@pytest.mark.parametrize(
    ("n", "said", "field"),
    [
        (7, {"valid_until": date(2026, 11, 25)}, "valid_until"),
        (7, {"valid_until": date(2029, 1, 1)}, "valid_until"),
        (5, {}, "valid_until"),
        (19, {}, "municipality"),
        (7, {"municipality": "Växjö"}, "municipality"),
    ],
)
def test_what_cannot_stand_is_refused(ward_once: Database, n: int, said: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        keep(ward_once, n, **said)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_in_home_care_each_municipality_answers_for_itself_where_there_is_no_asih() -> None:
    by_municipality = [row.n for row in prerequisites.for_extern(has_asih=False) if row.by_municipality]
    assert by_municipality == [17, 18, 19]
    assert not any(row.by_municipality for row in prerequisites.for_extern(has_asih=True))


# ------------------------------------------------------------------------------------------------- other regions
def test_skane_is_asked_for_support_reads_and_answers(clinic: Database) -> None:
    key = make.assignment(clinic, "accepted", "blekinge")
    with pytest.raises(NotFound):
        seen(clinic, key, SKANE)
    make.assign(clinic, key, "ask_support", by=BLEKINGE)
    asked = seen(clinic, key, SKANE)
    assert (asked.state, asked.region, asked.history[-1].reason) == ("accepted", "blekinge", "Kan ni lägga in?")
    with pytest.raises(NotAllowed):
        make.assign(clinic, key, "accept", by=SKANE)
    with pytest.raises(NotAllowed):
        make.assign(clinic, key, "answer_support", by=BLEKINGE)
    make.assign(clinic, key, "answer_support", by=SKANE)
    assert seen(clinic, key, BLEKINGE).history[-1].reason == "Ja, på fredag."
    with pytest.raises(RuleBroken) as refused:
        make.assign(clinic, key, "answer_support", by=SKANE)
    assert refused.value.rule == "assignment.no-question"


def test_skane_asks_nobody_for_support(ward: Database) -> None:
    key = make.assignment(ward, "accepted", "skane")
    with pytest.raises(RuleBroken) as refused:
        make.assign(ward, key, "ask_support", by=SKANE)
    assert refused.value.rule == "assignment.own-support"


def test_an_assignment_is_handed_over_and_the_old_region_keeps_reading(clinic: Database) -> None:
    keep(clinic, 15, by=SKANE, owner="Kristianstad")
    key = make.assignment(clinic, "accepted", "blekinge")
    met(clinic, key, 4, by=BLEKINGE)
    met(clinic, key, 9, by=BLEKINGE)
    with pytest.raises(RuleBroken) as same:
        make.assign(clinic, key, "hand_over", by=BLEKINGE, region="blekinge")
    assert same.value.rule == "assignment.same-region"
    make.assign(clinic, key, "hand_over", by=BLEKINGE)
    found = seen(clinic, key, SKANE)
    assert (found.state, found.region, found.home_region, found.history[-1].reason) == (
        "assigned", "skane", "blekinge", "Ingen kan lägga in här.",
    )  # fmt: skip
    states = {row.n: row.state for row in found.prerequisites}
    assert (states[4], states[9], states[15]) == ("met", "open", "met")
    assert seen(clinic, key, BLEKINGE).state == "assigned"
    with pytest.raises(NotAllowed):
        make.assign(clinic, key, "accept", by=BLEKINGE)
    make.assign(clinic, key, "not_done", by=SKANE)
    assert seen(clinic, key, BLEKINGE, at=LATER + 29 * DAY).state == "not_done"
    with pytest.raises(NotFound):
        seen(clinic, key, BLEKINGE, at=LATER + 31 * DAY)
