"""An implant referral from its opening to the report: its moves, its dialogue, its dates, and the way back."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from make import DAY, LATER, SURGEON
from mdk.cases.lists import queue
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, RuleBroken, Stale
from mdk.outbox.tables import OutboxRow
from mdk.pathways import checklists, queries, rules, service
from mdk.pathways.structs import Fact, PrerequisiteBody, ReferralState
from mdk.pathways.tables import ImplantReferral

LEADS = {
    ("receive", "created"): "received",
    ("accept", "received"): "accepted",
    ("request-information", "received"): "more_information",
    ("supply-information", "more_information"): "received",
    ("decline", "received"): "declined",
    ("schedule", "accepted"): "scheduled",
    ("schedule", "scheduled"): "scheduled",
    ("implant", "scheduled"): "implanted",
    ("report", "implanted"): "reported",
    ("cancel", "accepted"): "cancelled",
    ("cancel", "scheduled"): "cancelled",
    **{("end", state): "cancelled" for state in ("created", "received", "more_information", "accepted", "scheduled")},
}


def seen(database: Database, key: str, name: str = SURGEON) -> Any:
    return make.ask(database, name, queries.referral, key, at=LATER)


def told(database: Database, kind: str) -> set[str]:
    people = {make.viewer(database, name).person_id: name for name in make.EVERYONE}
    with database.reading() as session:
        query = select(col(OutboxRow.person_id)).where(col(OutboxRow.topic) == f"notice.{kind}")
        return {people[person_id or 0] for person_id in session.scalars(query)}


@pytest.mark.parametrize("state", ReferralState)
@pytest.mark.parametrize("act", rules.REFERRAL_MOVES)
def test_a_referral_moves_as_its_table_says(act: str, state: str) -> None:
    target = LEADS.get((act, state))
    if target is not None:
        assert rules.check_move(rules.REFERRAL_MOVES, act, state) == target
        return
    with pytest.raises(RuleBroken) as refused:
        rules.check_move(rules.REFERRAL_MOVES, act, state)
    assert refused.value.rule == "pathway.wrong-state"


def test_a_referral_walks_to_its_report_and_closes_its_case(clinic: Database) -> None:
    key = make.referral(clinic, "reported")
    found = seen(clinic, key)
    states = ["created", "received", "accepted", "scheduled", "implanted", "reported"]
    assert [step.state for step in found.history] == states
    assert (found.planned_for, found.implanted_on) == (date(2026, 12, 3), date(2026, 11, 26))
    assert (found.device, found.placed_tip, found.report) == ("Provpump 20 ml", "Th9", "Okomplicerat ingrepp.")
    assert make.case_row(clinic, found.case).ended_at == LATER
    assert (found.line.state, found.line.clock.whose_move) == ("closed", "nobody")
    for kind in ("referral-accepted", "implant-scheduled", "pump-in-place", "implant-reported"):
        assert make.REFERRER in told(clinic, kind)
    assert make.FUNCTION in told(clinic, "implant-reported")


def test_an_act_out_of_order_changes_nothing(ward: Database) -> None:
    key = make.referral(ward)
    for name in ("schedule", "implant", "cancel", "report"):
        with pytest.raises(RuleBroken) as refused:
            make.refer(ward, key, name)
        assert refused.value.rule == "pathway.wrong-state"
    assert (seen(ward, key).state, seen(ward, key).version) == ("created", 1)
    with pytest.raises(Stale):
        make.refer(ward, key, "accept", version=7)


def test_more_information_is_asked_and_given_and_the_move_follows(clinic: Database) -> None:
    key = make.referral(clinic, "more_information")
    asked = seen(clinic, key)
    assert (asked.state, asked.history[-1].reason) == ("more_information", "Aktuell MR?")
    assert asked.line.clock.whose_move == "referrer"
    assert told(clinic, "information-requested") == {make.REFERRER}
    with pytest.raises(NotAllowed):
        make.refer(clinic, key, "supply_information")
    with pytest.raises(NotFound):
        make.refer(clinic, key, "supply_information", by=make.OTHER_REFERRER)
    make.refer(clinic, key, "supply_information", by=make.REFERRER)
    given = seen(clinic, key)
    assert (given.state, given.history[-1].reason) == ("received", "MR gjord i dag.")
    assert given.line.clock.whose_move == "neurosurgery"
    assert told(clinic, "information-supplied") == {SURGEON}


def test_the_referring_unit_fills_in_what_the_pack_lacks(clinic: Database) -> None:
    lacking = make.submission(**{"treatments.imaging": [], "safety.weight_kg": make.LEFT_OUT})
    key = make.referral(clinic, submission_=lacking)
    assert [gap.field for gap in seen(clinic, key).missing] == ["safety.weight_kg", "treatments.imaging"]
    given: dict[str, Any] = {"by": make.REFERRER}
    with pytest.raises(Invalid) as refused:
        make.refer(clinic, key, "complete_pack", facts=[Fact(field="safety.allergy", text="Ingen")], **given)
    assert [problem.field for problem in refused.value.problems] == ["facts.0.field"]
    for text in ("68 kg", "67 kg"):
        make.refer(clinic, key, "complete_pack", facts=[Fact(field="safety.weight_kg", text=text)], **given)
    found = seen(clinic, key)
    assert [gap.field for gap in found.missing] == ["treatments.imaging"]
    assert [(fact.field, fact.text, fact.by) for fact in found.supplied] == [
        ("safety.weight_kg", "67 kg", "Vera Remitterius")
    ]
    assert found.state == "created"
    done = make.referral(
        clinic,
        "reported",
        submission_=make.submission(**{"patient.identity_number": make.OTHER_ADULT, "treatments.imaging": []}),
    )
    with pytest.raises(RuleBroken):
        make.refer(clinic, done, "complete_pack", facts=[Fact(field="treatments.imaging", text="MR")], **given)


def test_declining_returns_the_case_to_its_referrer_and_the_queue_with_its_first_date(clinic: Database) -> None:
    key = make.referral(clinic)
    number = seen(clinic, key).case
    first = make.case_row(clinic, number).waiting_from
    make.refer(clinic, key, "decline")
    row = make.case_row(clinic, number)
    assert (row.state, row.outcome, row.decided_at, row.waiting_from) == ("accepted", None, None, first)
    assert seen(clinic, key).state == "declined"
    (place,), _ = make.ask(clinic, make.COORDINATOR, queue, at=LATER)
    assert (place.case, place.clock.days_waiting > 3) == (number, True)
    assert told(clinic, "referral-declined") == {make.REFERRER, make.COORDINATOR}
    held = make.in_session(clinic, [number], starts_at=make.MEETS + 7 * DAY)
    assert make.state_of(clinic, number) == "scheduled"
    assert held


def test_cancelling_closes_the_case(clinic: Database) -> None:
    key = make.referral(clinic, "cancelled")
    found = seen(clinic, key)
    assert (found.state, found.line.state, found.history[-1].reason) == ("cancelled", "closed", "Patienten försämrad.")


def test_dates_that_cannot_be_are_refused_and_change_nothing(ward: Database) -> None:
    key = make.referral(ward, "accepted")
    with pytest.raises(Invalid) as passed:
        make.refer(ward, key, "schedule", day=date(2026, 11, 25))
    make.refer(ward, key, "schedule", day=date(2026, 11, 26))
    refusals = [passed.value]
    for day in (date(2026, 11, 24), date(2026, 11, 27)):
        with pytest.raises(Invalid) as refused:
            make.refer(ward, key, "implant", day=day)
        refusals.append(refused.value)
    assert {problem.field for refusal in refusals for problem in refusal.problems} == {"date"}
    make.refer(ward, key, "schedule", day=date(2026, 11, 30))
    make.refer(ward, key, "implant", day=date(2026, 11, 25))
    assert seen(ward, key).implanted_on == date(2026, 11, 25)


def test_neurosurgery_sets_every_row_and_the_home_region_its_own(ward: Database) -> None:
    key = make.referral(ward)

    def set_row(name: str, n: int, **said: Any) -> None:
        body = PrerequisiteBody(**{"state": "met", "owner": "Vårdenhetschefen", **said})
        version = seen(ward, key, make.REFERRER).version
        make.act(ward, name, checklists.set_of_referral, referral_id=key, n=n, version=version, body=body, at=LATER)

    set_row(SURGEON, 22)
    set_row(make.FUNCTION, 6)
    with pytest.raises(NotAllowed):
        set_row(make.FUNCTION, 22)
    with pytest.raises(NotAllowed):
        set_row(make.REFERRER, 6)
    for name, n in (("funktion.halland", 6), (SURGEON, 7), (SURGEON, 24)):
        with pytest.raises(NotFound):
            set_row(name, n)
    with pytest.raises(Invalid) as refused:
        set_row(SURGEON, 21, owner=" ")
    assert [problem.field for problem in refused.value.problems] == ["owner"]
    rows = {row.n: row for row in seen(ward, key).prerequisites}
    assert (rows[22].state, rows[22].by, rows[6].by) == ("met", "Nora Kirurg", "Kajsa Funktion")
    assert (seen(ward, key).state, rows[21].state) == ("created", "open")


@pytest.mark.parametrize("state", ["created", "received", "more_information", "accepted", "scheduled"])
def test_a_death_ends_a_referral_that_is_not_implanted(ward: Database, state: str) -> None:
    key = make.referral(ward, state)
    end(ward, key)
    found = seen(ward, key)
    assert (found.state, found.reason_code, found.line.state) == ("cancelled", "died", "decided")
    assert told(ward, "pathway-ended") >= {SURGEON}


def test_a_death_leaves_what_was_implanted_for_its_report(ward: Database) -> None:
    key = make.referral(ward, "implanted")
    end(ward, key)
    assert seen(ward, key).state == "implanted"
    make.refer(ward, key, "report")
    assert seen(ward, key).state == "reported"
    end(ward, key)
    assert seen(ward, key).state == "reported"


def end(database: Database, key: str) -> None:
    with database.reading() as session:
        case_id = session.get_one(ImplantReferral, key).case_id
    make.act(database, make.REFERRER, service.end_for_case, case_id, reason="died", at=LATER)


@pytest.mark.parametrize(
    ("band", "clock"),
    [("under_6_weeks", (10, 42, False)), ("6w_3_months", (10, 42, True)), ("unknown", None), (None, None)],
)
def test_the_clock_runs_against_the_expected_survival(band: str | None, clock: tuple[int, int, bool] | None) -> None:
    found = rules.survival_clock(band, days=10)
    assert (found and (found.days, found.of, found.is_least)) == clock


def test_undated_imaging_and_undated_anticoagulants_are_gaps() -> None:
    changes = {
        "treatments.imaging": [{"modality": "MR"}],
        "safety.anticoagulants": [{"drug": "Apixaban"}],
        "safety.infection": "yes",
    }
    assert [gap.field for gap in rules.gaps(make.submission(**changes), "Th10")] == [
        "safety.anticoagulants.last_dose",
        "treatments.imaging",
        "safety.swab",
    ]


def medians(database: Database, name: str, at: Any) -> dict[str, tuple[float, int]]:
    _, days = make.ask(database, name, queries.referral_inbox, at=at)
    return {each.state: (each.median, each.n) for each in days}


def test_medians_rest_on_every_stay_that_ended_within_a_year_and_on_no_other(clinic: Database) -> None:
    first, second = make.referral(clinic), make.referral(clinic)
    for key, days in ((first, 2), (second, 5)):
        make.refer(clinic, key, "receive", at=LATER)
        make.refer(clinic, key, "accept", at=LATER + days * DAY)
    make.refer(clinic, first, "schedule", at=LATER + 4 * DAY)
    make.refer(clinic, first, "schedule", at=LATER + 6 * DAY)  # a new day ends no stay
    make.refer(clinic, first, "implant", at=LATER + 13 * DAY)
    at = LATER + 20 * DAY
    assert medians(clinic, SURGEON, at) == {
        "created": (1.0, 2),
        "received": (3.5, 2),
        "accepted": (2.0, 1),
        "scheduled": (9.0, 1),
    }
    assert medians(clinic, make.COORDINATOR, at) == medians(clinic, SURGEON, at)
    assert medians(clinic, make.OTHER_REFERRER, at) == {}
    assert medians(clinic, SURGEON, LATER + (365 + 5) * DAY) == {"received": (5.0, 1), "scheduled": (9.0, 1)}


def test_an_inbox_keeps_what_goes_on_and_lets_go_of_what_ended_a_year_ago(clinic: Database) -> None:
    waits, ended = make.referral(clinic, "accepted"), make.referral(clinic, "reported")
    for days, shown in ((365, [waits, ended]), (366, [waits])):
        rows, _ = make.ask(clinic, SURGEON, queries.referral_inbox, at=LATER + days * DAY)
        assert [row.id for row in rows] == shown
