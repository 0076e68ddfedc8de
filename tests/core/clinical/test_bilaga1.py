"""Bilaga 1: the truth table of the clinical rules (1.1), both readings of B, children, and properties."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdk.clinical.bilaga1 import (
    POLICY,
    REMARK_CHILD,
    REMARK_OTHER_READING,
    REMARK_OTHER_READING_UNKNOWN,
    identify,
    is_cancer,
)
from mdk.clinical.opioids import omeq
from mdk.clinical.structs import Findings, Identification, OmeqVerdict, OpioidLine, Severity, Ternary

CANCER = Findings(
    icd10="C20.9",
    palliative="yes",
    nrs_now=3,
    nrs_worst=3,
    nrs_mean=3,
    constant="no",
    breakthroughs_per_day=0,
    breakthroughs_need_rescue="no",
    omeq_verdict="not_over",
    side_effects=(),
    declines_opioids="no",
    addiction="no",
    psychiatric_comorbidity="no",
    rapid_progression="no",
    expected_severe_pain="no",
    other_special_situation="",
    age=78,
)


def told(**changes: object) -> Findings:
    return msgspec.structs.replace(CANCER, **changes)


def result(**changes: object) -> Ternary:
    return identify(told(**changes)).result


def met(answer: Identification) -> dict[str, Ternary]:
    return {row.id: row.met for row in answer.criteria}


def constant(nrs: int | None, dose: OmeqVerdict | None) -> dict[str, object]:
    return {"nrs_now": nrs, "nrs_worst": nrs, "nrs_mean": nrs, "constant": "yes", "omeq_verdict": dose}


def morphine(mg: str) -> OmeqVerdict:
    return omeq(
        [msgspec.convert({"drug": "morphine", "route": "oral", "unit": "mg", "dose": mg, "per_day": "1"}, OpioidLine)]
    ).verdict


# Source of each row: clinical rules 1.1, "Truth-table tests worth writing", from Bilaga 1 of the final report.
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (constant(5, morphine("200.0")), "no"),
        (constant(5, morphine("200.01")), "yes"),
        (constant(4, morphine("400")), "no"),
        ({"side_effects": ("severe",), "omeq_verdict": morphine("0")}, "yes"),
        ({"icd10": "M54.5", "side_effects": ("severe",)}, "no"),
        ({**constant(7, morphine("300")), "constant": "no", "breakthroughs_per_day": 2}, "no"),
        ({**constant(None, None), "declines_opioids": "yes"}, "yes"),
        (constant(None, "over"), "unknown"),
        ({}, "no"),
        ({"palliative": "no", "declines_opioids": "yes"}, "no"),
        ({"palliative": "unknown", "declines_opioids": "yes"}, "unknown"),
        ({"icd10": None, "declines_opioids": "yes"}, "unknown"),
        (constant(5, "table_dependent"), "unknown"),
        (constant(5, "incomplete"), "unknown"),
        (constant(5, None), "unknown"),
        (constant(4, "incomplete"), "no"),
    ],
)
def test_the_truth_table_of_bilaga_1_holds(changes: dict[str, object], expected: str) -> None:
    assert result(**changes) == expected


@pytest.mark.parametrize(
    ("often", "rescue", "worst", "expected"),
    [
        (3, "yes", 5, "yes"),
        (2, "yes", 5, "no"),
        (3, "no", 5, "no"),
        (3, "yes", 4, "no"),
        (None, "yes", 5, "unknown"),
        (3, None, 5, "unknown"),
        (3, "yes", None, "no"),  # else NRS now, which is 3
    ],
)
def test_breakthroughs_count_by_number_rescue_and_worst_nrs(
    often: int | None, rescue: str | None, worst: int | None, expected: str
) -> None:
    findings = {"breakthroughs_per_day": often, "breakthroughs_need_rescue": rescue, "nrs_worst": worst}
    assert result(omeq_verdict="over", **findings) == expected


def test_constant_pain_goes_by_the_mean_and_else_by_now() -> None:
    assert result(constant="yes", omeq_verdict="over", nrs_mean=5, nrs_now=2) == "yes"
    assert result(constant="yes", omeq_verdict="over", nrs_mean=4, nrs_now=9) == "no"
    assert result(constant="yes", omeq_verdict="over", nrs_mean=None, nrs_now=9) == "yes"


@pytest.mark.parametrize(
    "field", ["declines_opioids", "addiction", "psychiatric_comorbidity", "rapid_progression", "expected_severe_pain"]
)
@pytest.mark.parametrize("answer", ["yes", "no", "unknown", None])
def test_each_other_way_in_decides_alone(field: str, answer: str | None) -> None:
    assert result(**{field: answer}) == (answer or "unknown")


def test_another_special_situation_in_words_is_enough_and_an_empty_one_adds_nothing() -> None:
    assert result(other_special_situation="Planerad amputation") == "yes"
    assert result(other_special_situation="  ") == "no"
    assert result(other_special_situation=None) == "no"


@pytest.mark.parametrize(
    ("side_effects", "expected"),
    [
        ((), "no"),
        (("mild", "moderate"), "no"),
        (("mild", "severe"), "yes"),
        (("mild", None), "unknown"),
        ((None, "severe"), "yes"),
        (None, "unknown"),
    ],
)
def test_c_is_met_by_a_severe_side_effect(side_effects: tuple[Severity | None, ...] | None, expected: str) -> None:
    answer = identify(told(side_effects=side_effects))
    assert (answer.result, met(answer)["C"]) == (expected, expected)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("C00", "yes"),
        ("C20.9", "yes"),
        ("c97", "yes"),
        ("C 50.9", "yes"),
        ("C509", "yes"),
        ("C98", "no"),
        ("D36.9", "no"),
        ("D37", "yes"),
        ("D48.9", "yes"),
        ("D49", "no"),
        ("M54.5", "no"),
        ("", "unknown"),
        ("  ", "unknown"),
        (None, "unknown"),
        ("cancer", "unknown"),
    ],
)
def test_cancer_is_c00_to_c97_or_d37_to_d48(code: str | None, expected: str) -> None:
    assert is_cancer(code) == expected


def test_the_other_reading_of_b_is_remarked_when_it_changes_the_answer() -> None:
    low_dose = identify(told(**constant(7, "not_over")))
    assert (low_dose.result, low_dose.remark) == ("no", REMARK_OTHER_READING)
    assert identify(told(**constant(7, "incomplete"))).remark == REMARK_OTHER_READING
    unsure = identify(told(**{**constant(7, "not_over"), "constant": "unknown"}))
    assert (unsure.result, unsure.remark) == ("no", REMARK_OTHER_READING_UNKNOWN)
    assert identify(told(**constant(7, "over"))).remark is None
    assert identify(told(**constant(7, "not_over"), declines_opioids="yes")).remark is None


def test_under_18_b_not_met_is_unknown_with_a_remark_and_never_no() -> None:
    child = identify(told(age=17))
    assert (child.result, met(child)["B"], child.remark) == ("unknown", "unknown", REMARK_CHILD)
    assert result(age=18) == "no"
    assert result(age=17, icd10="M54.5") == "no"
    met_anyway = identify(told(age=17, **constant(7, "over")))
    assert (met_anyway.result, met_anyway.remark) == ("yes", None)


def test_the_answer_names_its_policy_and_every_criterion_with_value_threshold_and_source() -> None:
    answer = identify(told(**constant(7, "over")))
    assert answer.policy == POLICY == "bilaga1-2026.1"
    ids = ["A", "A1", "A2", "B", "B1", "B2", "B3", "B4", "B5", "C", "D", "E", "E1", "E2", "E3", "E4", "E9"]
    assert [row.id for row in answer.criteria] == ids
    assert all(row.quotation for row in answer.criteria)
    b1 = next(row for row in answer.criteria if row.id == "B1")
    assert (b1.met, b1.value, b1.threshold) == ("yes", "medel 7, värst 7, nu 7", "NRS över 4")


def test_nothing_given_is_unknown_and_not_a_no() -> None:
    assert identify(Findings()).result == "unknown"


TERNARY = st.sampled_from([None, *get_args(Ternary)])
NRS = st.none() | st.integers(0, 10)
FINDINGS = st.builds(
    Findings,
    icd10=st.sampled_from([None, "C20.9", "M54.5"]),
    palliative=TERNARY,
    nrs_now=NRS,
    nrs_worst=NRS,
    nrs_mean=NRS,
    constant=TERNARY,
    breakthroughs_per_day=st.none() | st.integers(0, 6),
    breakthroughs_need_rescue=TERNARY,
    omeq_verdict=st.sampled_from([None, *get_args(OmeqVerdict)]),
    side_effects=st.none() | st.lists(st.sampled_from([None, *get_args(Severity)]), max_size=3),
    declines_opioids=TERNARY,
    addiction=TERNARY,
    psychiatric_comorbidity=TERNARY,
    rapid_progression=TERNARY,
    expected_severe_pain=TERNARY,
    other_special_situation=st.sampled_from([None, "", "Strålbehandling planeras"]),
    age=st.none() | st.integers(0, 100),
)
# NRS is left out: without the mean (or the worst) the rule reads "else now", so it is another value, not a missing one.
FORGETTABLE = [name for name in Findings.__struct_fields__ if not name.startswith("nrs_") and name != "age"]


@given(FINDINGS, st.sets(st.sampled_from(FORGETTABLE)))
def test_knowing_less_never_turns_a_no_into_a_yes_nor_a_yes_into_a_no(findings: Findings, forgotten: set[str]) -> None:
    less = msgspec.structs.replace(findings, **dict.fromkeys(forgotten))
    before, after = identify(findings).result, identify(less).result
    assert (before, after) not in {("no", "yes"), ("yes", "no")} or "other_special_situation" in forgotten


@given(FINDINGS)
def test_losing_every_nrs_never_turns_a_no_into_a_yes(findings: Findings) -> None:
    less = msgspec.structs.replace(findings, nrs_now=None, nrs_worst=None, nrs_mean=None)
    assert (identify(findings).result, identify(less).result) not in {("no", "yes"), ("yes", "no")}


@given(FINDINGS, st.integers(0, 17))
def test_a_child_with_cancer_in_palliative_phase_never_gets_a_no(findings: Findings, age: int) -> None:
    child = msgspec.structs.replace(findings, icd10="C72.0", palliative="yes", age=age)
    assert identify(child).result != "no"


@given(FINDINGS)
def test_the_answer_goes_out_as_json_and_comes_back(findings: Findings) -> None:
    answer = identify(findings)
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Identification) == answer
