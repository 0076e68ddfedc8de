"""A case's history: what was changed after it was sent in, field by field and row by row, and what is stored of it."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlmodel import col

import make
import stores
from mdk.audit.queries import of_case
from mdk.cases import queries, service
from mdk.cases.changes import FieldChange, by_row, differences, merged
from mdk.cases.tables import Case, CaseChange
from mdk.clinical.structs import Assessment
from mdk.db import Choices, Database
from mdk.errors import NotFound
from mdk.journey import work

OXYCODONE = {"drug": "oxycodone", "route": "oral", "dose": "80", "unit": "mg", "per_day": "2"}
MORPHINE = {"drug": "morphine", "route": "oral", "dose": "20", "unit": "mg", "per_day": "4"}
MORE = {**OXYCODONE, "per_day": "3"}


def difference(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    found = differences(make.submission(**before), make.submission(**after))
    return [(each.field, each.before, each.after) for each in found]


def save(database: Database, number: str, changes: dict[str, Any], *, after: timedelta = make.HOUR) -> None:
    version = make.version_of(database, number)
    at = make.AT + after
    make.act(database, make.REFERRER, service.patch, number=number, version=version, changes=changes, at=at)


def name_of(database: Database, person: str) -> str:
    return make.viewer(database, person).name


def told(database: Database, number: str, *, by: str = make.REFERRER) -> list[tuple[str, list[FieldChange]]]:
    steps = make.ask(database, by, work.story, number, at=make.AT + make.DAY)
    return [(step.by, step.changes) for step in steps if step.act == "change"]


# ------------------------------------------------------------------------------------------------- what differs
@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({}, {}, []),
        ({}, {"pain.nrs_now": 9}, [("pain.nrs_now", 7, 9)]),
        ({}, {"patient.next_of_kin": ""}, []),
        ({"patient.next_of_kin": None}, {"patient.next_of_kin": make.LEFT_OUT}, []),
        ({}, {"safety.platelets.value": 90}, [("safety.platelets.value", 210, 90)]),
        ({}, {"safety.cachexia": "yes"}, [("safety.cachexia", None, "yes")]),
        ({}, {"function": make.LEFT_OUT, "function.addiction": "no"}, [
            ("function.physical", "Går med rollator.", None),
            ("function.psychiatric_comorbidity", "no", None),
        ]),
        ({}, {"safety.anticoagulants": make.LEFT_OUT}, [("safety.anticoagulants", [], None)]),
        ({}, {"medicines.opioids.0.rescue_dose": None}, []),
    ],
)  # fmt: skip
def test_each_field_that_is_another_is_found_and_what_says_the_same_is_not(
    before: dict[str, Any], after: dict[str, Any], found: list[tuple[str, Any, Any]]
) -> None:
    assert difference(before, after) == found


@pytest.mark.parametrize(
    ("before", "after", "rows"),
    [
        ([OXYCODONE], [OXYCODONE, MORPHINE], [(None, MORPHINE)]),
        ([OXYCODONE, MORPHINE], [MORPHINE], [(OXYCODONE, None)]),
        ([OXYCODONE, MORPHINE], [MORE, MORPHINE], [(OXYCODONE, MORE)]),
        ([], [OXYCODONE], [(None, OXYCODONE)]),
        (None, [OXYCODONE], [(None, OXYCODONE)]),
        ([OXYCODONE], None, [(OXYCODONE, None)]),
        (None, [], [(None, [])]),
    ],
)
def test_a_list_is_told_row_by_row(before: Any, after: Any, rows: list[tuple[Any, Any]]) -> None:
    change = FieldChange("medicines.opioids", before, after)
    assert [(each.before, each.after) for each in by_row(change)] == rows


def test_a_list_of_words_is_told_as_one() -> None:
    change = FieldChange("pain.types", ["visceral"], ["visceral", "mixed"])
    assert by_row(change) == [change]


VALUES = st.none() | st.integers(0, 3)


@given(st.dictionaries(st.sampled_from("abc"), st.lists(VALUES, min_size=3, max_size=3)))
def test_two_changes_merged_lead_from_the_first_to_the_last(values: dict[str, list[int | None]]) -> None:
    first = [FieldChange(name, one, two) for name, (one, two, _) in values.items() if one != two]
    then = [FieldChange(name, two, three) for name, (_, two, three) in values.items() if two != three]
    net = {name: (one, three) for name, (one, _, three) in values.items() if one != three}
    assert {each.field: (each.before, each.after) for each in merged(first, then)} == net


# ------------------------------------------------------------------------------------------------- what is kept
def test_a_draft_is_not_followed_and_a_sent_in_case_is(clinic: Database) -> None:
    number = make.draft(clinic)
    save(clinic, number, {"pain": {"nrs_now": 8}}, after=make.MINUTE)
    make.do(clinic, number, "submit", by=make.REFERRER, at=make.AT + 2 * make.MINUTE)
    assert told(clinic, number) == []
    save(clinic, number, {"pain": {"nrs_now": 9}})
    assert told(clinic, number) == [(name_of(clinic, make.REFERRER), [FieldChange("pain.nrs_now", 8, 9)])]


def test_what_one_person_saves_within_30_minutes_is_one_step_and_later_another(clinic: Database) -> None:
    number = make.submitted(clinic)
    for minutes, nrs in ((60, 8), (90, 9), (120, 10), (151, 6)):
        save(clinic, number, {"pain": {"nrs_now": nrs}}, after=minutes * make.MINUTE)
    assert [changes for _, changes in told(clinic, number)] == [
        [FieldChange("pain.nrs_now", 7, 10)],
        [FieldChange("pain.nrs_now", 10, 6)],
    ]
    steps = make.ask(clinic, make.REFERRER, work.story, number, at=make.AT + make.DAY)
    first = next(step for step in steps if step.act == "change")
    assert (first.at, first.until) == (make.AT + make.HOUR, make.AT + 2 * make.HOUR)


def test_what_is_changed_back_at_once_is_not_told(clinic: Database) -> None:
    number = make.submitted(clinic)
    save(clinic, number, {"pain": {"nrs_now": 8}})
    save(clinic, number, {"pain": {"nrs_now": 7}}, after=make.HOUR + make.MINUTE)
    assert told(clinic, number) == []


def test_a_save_that_changes_nothing_is_no_step(clinic: Database) -> None:
    number = make.submitted(clinic)
    save(clinic, number, {"pain": {"nrs_now": 7}})
    assert told(clinic, number) == []


def test_changes_before_and_after_a_supplement_was_asked_for_stand_apart(clinic: Database) -> None:
    number = make.submitted(clinic)
    save(clinic, number, {"pain": {"nrs_now": 8}}, after=make.MINUTE)
    make.do(clinic, number, "request_supplement", at=make.AT + 2 * make.MINUTE)
    save(clinic, number, {"pain": {"nrs_now": 9}}, after=3 * make.MINUTE)
    steps = make.ask(clinic, make.REFERRER, work.story, number, at=make.AT + make.DAY)
    assert [step.act for step in steps] == ["create", "submit", "change", "request-supplement", "change"]


def test_an_urgency_that_triage_changes_is_told_as_the_coordinators_change(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.do(clinic, number, "accept", urgency="high", at=make.AT + make.HOUR)
    ((by, changes),) = told(clinic, number)
    assert changes == [
        FieldChange("urgency", "normal", "high"),
        FieldChange("urgency_reason", None, "Ändrad vid triage."),
    ]
    assert by == name_of(clinic, make.COORDINATOR)
    unchanged = make.accepted(clinic)
    assert told(clinic, unchanged) == []


def test_only_readers_of_the_case_see_its_history_and_the_reading_is_logged(clinic: Database) -> None:
    number = make.submitted(clinic)
    save(clinic, number, {"question": "En ny fråga"})
    assert told(clinic, number, by=make.COORDINATOR)
    with pytest.raises(NotFound):
        told(clinic, number, by=make.OTHER_REFERRER)
    with clinic.reading() as session:
        assert "case.story" in {row.act for row in of_case(session, number)}


# ------------------------------------------------------------------------------------------------- what was assessed
def pinned(database: Database, table: str | None) -> Database:
    return stores.made(database.url.render_as_string(hide_password=False), Choices(omeq_table=table))


def test_the_assessment_is_stored_at_each_save_and_shown_as_it_was(clinic: Database) -> None:
    number = make.draft(clinic)
    first = make.ask(clinic, make.REFERRER, queries.view, number, at=make.AT + make.DAY)
    assert (first.assessed_at, first.newer_assessment) == (make.AT, None)
    assert (first.omeq.verdict, first.identification.policy) == ("over", "bilaga1-2026.1")
    save(clinic, number, {"medicines": {"opioids": [MORPHINE]}})
    then = make.ask(clinic, make.REFERRER, queries.view, number, at=make.AT + make.DAY)
    assert (then.assessed_at, then.omeq.verdict) == (make.AT + make.HOUR, "not_over")


def test_a_later_table_of_record_does_not_change_an_old_case_but_is_told(clinic: Database) -> None:
    answered = {"function.rapid_progression": "no", "function.expected_severe_pain": "no"}
    number = make.draft(clinic, make.submission(**{"medicines.opioids.0.dose": "60", **answered}))
    later = pinned(clinic, "CDC22")
    view = make.ask(later, make.REFERRER, queries.view, number)
    assert (view.omeq.verdict, view.identification.result) == ("table_dependent", "unknown")
    assert view.newer_assessment is not None
    assert (view.newer_assessment.omeq.verdict, view.newer_assessment.identification.result) == ("not_over", "no")
    save(later, number, {"pain": {"nrs_now": 8}})
    saved = make.ask(later, make.REFERRER, queries.view, number)
    assert (saved.omeq.verdict, saved.newer_assessment) == ("not_over", None)
    later.close()


def test_triage_leaves_the_assessment_as_the_referrer_saved_it(clinic: Database) -> None:
    number = make.submitted(clinic)
    make.do(clinic, number, "accept", urgency="high", at=make.AT + make.HOUR)
    assert make.ask(clinic, make.COORDINATOR, queries.view, number).assessed_at == make.AT


def test_a_case_from_before_assessments_were_kept_is_computed_as_it_is_read(clinic: Database) -> None:
    number = make.submitted(clinic)
    with clinic.writing() as session:
        session.execute(update(Case).values(assessment=None))
    view = make.ask(clinic, make.REFERRER, queries.view, number, at=make.AT + make.DAY)
    assert (view.assessed_at, view.omeq.verdict, view.newer_assessment) == (make.AT + make.DAY, "over", None)


def test_what_version_2026_1_stored_is_still_read() -> None:
    stored = (
        '{"at":"2026-11-23T08:00:00Z","identification":{"result":"yes","policy":"bilaga1-2026.1","criteria":'
        '[{"id":"A","met":"yes","text":"t","value":"","threshold":"","quotation":"q"}],"remark":null},'
        '"omeq":{"verdict":"over","low":240.0,"high":320.0,"explanation":"e","caveat":"c","tables":[{"name":"CDC22",'
        '"version":"2022","source":"s","covers":true,"counts":true,"low":240.0,"high":240.0,"lines":[{"text":"t",'
        '"drug":"oxycodone","route":"oral","amount":160.0,"unit":"mg","covered":true,"factor":"f","low":240.0,'
        '"high":240.0}]}],"manual":[{"text":"t","drug":"methadone","route":"oral","reason":"r"}],'
        '"uncovered":[{"text":"t","drug":"codeine","route":"oral","tables":["PMED"]}]}}'
    )
    assert msgspec.json.decode(stored, type=Assessment).omeq.low == 240


def test_changes_are_kept_as_plain_json_with_the_case(ward: Database) -> None:
    number = make.submitted(ward)
    save(ward, number, {"question": "En ny fråga"})
    with ward.reading() as session:
        kept = session.scalars(select(col(CaseChange.changes)).where(col(CaseChange.state) == "submitted")).one()
    assert msgspec.json.decode(kept)[0]["field"] == "question"
