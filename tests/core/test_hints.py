"""Hints: each is shown when its facts are there, with the fields it rests on and a source, and none decides."""

from datetime import date, timedelta
from string import Formatter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import make
from mdk.cases import queries
from mdk.cases.hints import hints_of, late_conference
from mdk.cases.submission_structs import Patient, Submission
from mdk.clinical.hints import hint_texts
from mdk.clinical.reference import regions
from mdk.clinical.structs import Hint
from mdk.db import Database

TODAY = date(2026, 11, 22)


def shown(changes: dict[str, Any] | None = None, *, is_child: bool = False) -> dict[str, Hint]:
    found = hints_of(make.submission(**(changes or {})), today=TODAY, is_child=is_child)
    return {each.id: each for each in found}


def bare() -> dict[str, Hint]:
    submission = Submission(patient=Patient(identity_number=make.ADULT))
    return {each.id: each for each in hints_of(submission, today=TODAY, is_child=False)}


CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("safety.infection", {"safety.infection": "yes"}, ["safety.infection"]),
    ("safety.intraspinal-growth", {"safety.intraspinal_growth": "yes"}, ["safety.intraspinal_growth"]),
    ("safety.raised-icp", {"safety.raised_icp_suspected": "yes"}, ["safety.raised_icp_suspected"]),
    ("safety.unanswered", {"safety.infection": "unknown"}, ["safety.infection"]),
    ("safety.unanswered", {"safety.anticoagulants": make.LEFT_OUT}, ["safety.anticoagulants"]),
    ("safety.imaging", {"treatments.imaging": []}, ["treatments.imaging"]),
    ("safety.allergy", {"safety.allergy": "Lokalbedövning"}, ["safety.allergy"]),
    ("safety.spinal-surgery", {"safety.earlier_spinal_surgery": "Fusion L4–L5"}, ["safety.earlier_spinal_surgery"]),
    ("safety.mri", {"safety.mri_planned": "yes"}, ["safety.mri_planned"]),
    ("safety.body-size", {"safety.cachexia": "yes"}, ["safety.cachexia", "safety.weight_kg"]),
    ("safety.samples-missing", {"safety.platelets": make.LEFT_OUT}, ["safety.platelets.value"]),
    ("safety.samples-undated", {"safety.pk_inr.date": make.LEFT_OUT}, ["safety.pk_inr.date"]),
    ("pathway.home-care-cannot", {}, ["home_care.can_take_extern"]),
    (
        "pathway.home-care-unasked",
        {"home_care.can_take_extern": "unknown"},
        ["home_care.can_take_extern", "home_care.form"],
    ),
    ("pathway.interpreter", {"patient.interpreter_language": "arabiska"}, ["patient.interpreter_language"]),
    ("pathway.protected", {"patient.protected_identity": "yes"}, ["patient.protected_identity"]),
    ("pathway.intern-region", {}, ["patient.home_region"]),
    ("pathway.out-of-hours", {"patient.home_region": "halland"}, ["patient.home_region"]),
    ("pathway.extern-hand-over", {"patient.home_region": "blekinge"}, ["patient.home_region"]),
    (
        "pathway.transfer",
        {"patient.home_region": "halland", "patient.municipality": "Kungsbacka kommun"},
        ["patient.municipality"],
    ),
    ("pathway.mas", {}, ["patient.home_region", "patient.municipality"]),
    ("pathway.mas-contact", {"home_care.mas_contact": ""}, ["patient.home_region", "home_care.mas_contact"]),
    (
        "time.short-survival",
        {"diagnosis.expected_survival": "under_6_weeks"},
        ["diagnosis.expected_survival", "urgency"],
    ),
    ("time.intern-survival", {"diagnosis.expected_survival": "6w_3_months"}, ["diagnosis.expected_survival"]),
    (
        "time.treatment-longer",
        {"diagnosis.expected_survival": "6w_3_months"},
        ["diagnosis.expected_treatment_months", "diagnosis.expected_survival"],
    ),
]


@pytest.mark.parametrize(("id_", "changes", "because"), CASES)
def test_a_hint_is_shown_when_its_facts_are_there_and_names_the_fields(
    id_: str, changes: dict[str, Any], because: list[str]
) -> None:
    hint = shown(changes)[id_]
    assert hint.because == because
    assert hint.kind == id_.split(".", maxsplit=1)[0]
    assert hint.text.endswith(".")
    assert hint.source


def test_a_case_without_dangers_shows_no_safety_hint_but_the_age_of_its_samples() -> None:
    assert [id_ for id_ in shown() if id_.startswith("safety.")] == ["safety.samples-age"]
    today = {"safety.platelets.date": "2026-11-22", "safety.pk_inr.date": "2026-11-22"}
    assert [id_ for id_ in shown(today) if id_.startswith("safety.")] == []


def test_an_empty_list_of_anticoagulants_is_an_answer() -> None:
    assert "safety.anticoagulants" not in shown({"safety.anticoagulants": []})


def test_each_anticoagulant_is_asked_for_its_last_dose_and_whether_it_can_be_stopped() -> None:
    drugs = [
        {"drug": "apixaban"},
        {"drug": "tinzaparin", "last_dose": "2026-11-17", "stoppable": "no"},
        {"drug": "klopidogrel", "last_dose": "2026-11-01", "stoppable": "unknown"},
    ]
    found = shown({"safety.anticoagulants": drugs})
    assert found["safety.anticoagulants"].because == ["safety.anticoagulants"]
    assert found["safety.anticoagulant-last-dose"].because == ["safety.anticoagulants.0.last_dose"]
    assert found["safety.anticoagulant-stoppable"].because == [
        "safety.anticoagulants.0.stoppable",
        "safety.anticoagulants.2.stoppable",
    ]
    assert found["safety.anticoagulant-not-stoppable"].because == ["safety.anticoagulants.1.stoppable"]
    assert found["safety.samples-before-dose"].text.endswith(": Trombocyter och PK-INR.")


def test_the_age_of_a_sample_is_told_without_a_limit_that_nobody_published() -> None:
    both = shown()["safety.samples-age"].text
    assert both.startswith("Trombocyter och PK-INR togs för 43 dagar sedan. Ingen källa anger")
    apart = shown({"safety.pk_inr.date": "2026-11-21"})["safety.samples-age"].text
    assert apart.startswith("Trombocyter togs för 43 dagar sedan; PK-INR togs för 1 dag sedan.")


@pytest.mark.parametrize(
    ("months", "mobility", "id_", "because"),
    [
        (3, "yes", "met", ["diagnosis.expected_treatment_months", "patient_view.mobility_benefit"]),
        (2.9, "yes", "not-met", ["diagnosis.expected_treatment_months"]),
        (2, "no", "not-met", ["diagnosis.expected_treatment_months", "patient_view.mobility_benefit"]),
        (None, "no", "not-met", ["patient_view.mobility_benefit"]),
        (None, "yes", "unknown", ["diagnosis.expected_treatment_months"]),
        (6, "unknown", "unknown", ["patient_view.mobility_benefit"]),
    ],
)
def test_the_intern_criteria_are_met_not_met_or_unknown_with_the_sources_sentence(
    months: float | None, mobility: str, id_: str, because: list[str]
) -> None:
    changes = {"diagnosis.expected_treatment_months": months, "patient_view.mobility_benefit": mobility}
    found = shown(changes)
    assert [each for each in found if each.startswith("pathway.intern-") and each != "pathway.intern-region"] == [
        f"pathway.intern-{id_}"
    ]
    assert found[f"pathway.intern-{id_}"].because == because
    assert "”först vid förväntat långa behandlingstider om minst 3 månader" in found[f"pathway.intern-{id_}"].source


# Clinical rules 1.5, region by region.
@pytest.mark.parametrize(
    ("home", "expected"),
    [
        ("skane", set()),
        ("halland", {"pathway.intern-region", "pathway.out-of-hours", "pathway.mas"}),
        ("kronoberg", {"pathway.intern-region", "pathway.out-of-hours", "pathway.mas"}),
        ("blekinge", {"pathway.intern-region", "pathway.out-of-hours", "pathway.mas", "pathway.extern-hand-over"}),
    ],
)
def test_each_region_is_told_what_it_can_do_itself(home: str, expected: set[str]) -> None:
    found = shown({"patient.home_region": home})
    of_region = {id_ for id_, each in found.items() if "patient.home_region" in each.because}
    assert of_region == expected | {"pathway.extern-region"}
    name = next(each.name for each in regions() if each.id == home)
    assert all(name in found[id_].text for id_ in of_region)


def test_only_kungsbacka_is_taken_to_varberg() -> None:
    assert (
        "Varberg"
        in shown({"patient.home_region": "halland", "patient.municipality": "KUNGSBACKA"})["pathway.transfer"].text
    )
    assert "pathway.transfer" not in shown({"patient.home_region": "halland", "patient.municipality": "Varberg"})
    assert "pathway.transfer" not in shown({"patient.home_region": "skane", "patient.municipality": "Kungsbacka"})


def test_a_child_is_led_to_the_paediatric_team_and_has_no_gates() -> None:
    assert "barnkonsultteamet" in shown(is_child=True)["pathway.child"].text
    assert "pathway.child" not in shown()


@pytest.mark.parametrize(
    ("urgency", "survival", "days"),
    [("normal", "under_6_weeks", "5"), ("normal", "6w_3_months", "10"), ("acute", "under_6_weeks", "2")],
)
def test_a_short_survival_is_set_against_the_days_that_the_case_may_wait(
    urgency: str, survival: str, days: str
) -> None:
    changes = {"urgency": urgency, "urgency_reason": "Snabb försämring", "diagnosis.expected_survival": survival}
    assert f"vänta högst {days} dagar" in shown(changes)["time.short-survival"].text


def test_a_longer_or_unknown_survival_says_nothing_of_time() -> None:
    for survival in ("3_6_months", "6_12_months", "over_12_months", "unknown"):
        found = shown({"diagnosis.expected_survival": survival})
        assert [id_ for id_ in found if id_.startswith("time.")] == []


def test_a_free_text_that_says_no_is_no_hint() -> None:
    for nothing in ("Nej", "ingen känd.", " Inga "):
        assert "safety.allergy" not in shown({"safety.allergy": nothing})
    assert "safety.allergy" in shown({"safety.allergy": "Nej till morfin: klåda"})


def test_a_case_with_nothing_but_a_number_gathers_what_is_not_answered_in_one_hint() -> None:
    found = bare()
    assert found["safety.unanswered"].because == [
        "safety.infection",
        "safety.intraspinal_growth",
        "safety.raised_icp_suspected",
        "safety.anticoagulants",
    ]
    assert set(found) == {
        "safety.unanswered",
        "safety.samples-missing",
        "safety.imaging",
        "pathway.intern-unknown",
        "pathway.home-care-unasked",
    }


def test_every_hint_that_is_written_has_a_test_that_shows_it() -> None:
    others = {
        "safety.spinal-metastases", "safety.anticoagulants", "safety.anticoagulant-last-dose",
        "safety.anticoagulant-stoppable", "safety.anticoagulant-not-stoppable", "safety.samples-age",
        "safety.samples-before-dose", "pathway.child", "pathway.intern-met", "pathway.intern-not-met",
        "pathway.intern-unknown", "pathway.extern-region", "time.conference-late",
    }  # fmt: skip
    assert set(hint_texts()) == {id_ for id_, _, _ in CASES} | others


def test_spinal_metastases_alone_are_told_to_be_no_contraindication() -> None:
    alone = {"safety.spinal_metastases": "yes", "safety.intraspinal_growth": "no"}
    assert "ingen kontraindikation" in shown(alone)["safety.spinal-metastases"].text
    both = {"safety.spinal_metastases": "yes", "safety.intraspinal_growth": "yes"}
    assert "safety.spinal-metastases" not in shown(both)


def test_every_hint_has_a_source_and_no_figure_that_its_source_does_not_hold() -> None:
    sourced = {"3", "120", "000", "18", "6"}  # months and cost in the report, age, week bands; in texts as written
    for each in hint_texts().values():
        words = "".join(text for text, _, _, _ in Formatter().parse(each.text))
        figures = set("".join(sign if sign.isdigit() else " " for sign in words).split())
        assert (each.id, figures - sourced) == (each.id, set())
        assert each.source


@given(st.lists(st.sampled_from(CASES), max_size=6), st.booleans())
def test_whatever_the_facts_every_hint_is_filled_out_and_stands_once(
    chosen: list[tuple[str, dict[str, Any], list[str]]],
    is_child: bool,  # noqa: FBT001 - drawn
) -> None:
    changes = {path: value for _, each, _ in chosen for path, value in each.items()}
    if any(path.startswith("safety.platelets") for path in changes):
        changes.pop("safety.platelets.date", None)
    found = hints_of(make.submission(**changes), today=TODAY, is_child=is_child)
    ids = [each.id for each in found]
    assert len(ids) == len(set(ids))
    assert ids == [id_ for id_ in hint_texts() if id_ in ids]
    assert not any("{" in each.text + each.source for each in found)


def test_a_case_is_read_with_its_hints(ward: Database) -> None:
    number = make.draft(ward)
    view = make.ask(ward, make.REFERRER, queries.view, number)
    assert "pathway.intern-met" in {each.id for each in view.hints}


@pytest.mark.parametrize(
    ("survival", "waited", "days", "is_late"),
    [
        ("under_6_weeks", 1.0, 4, False),
        ("under_6_weeks", 1.5, 4, True),
        ("6w_3_months", 3.0, 8, True),
        ("6w_3_months", 3.0, 7, False),
        ("3_6_months", 30.0, 30, False),
        ("unknown", 30.0, 30, False),
    ],
)
def test_a_short_survival_is_held_against_the_likely_conference(
    survival: str, waited: float, days: int, *, is_late: bool
) -> None:
    submission = make.submission(**{"diagnosis.expected_survival": survival})
    found = late_conference(submission, waited=waited, likely=TODAY + timedelta(days=days), today=TODAY)
    assert [each.id for each in found] == ["time.conference-late"] * is_late
    assert all(f"om {days} dagar" in each.text and "Snabbspåret" in each.text for each in found)
