"""Raw input: every bad field at once, each with a Swedish sentence, and nothing that the stores cannot hold."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import make
from mdk import parsing
from mdk.cases.rules import read_submission
from mdk.cases.structs import ReasonBody
from mdk.cases.submission_structs import Submission
from mdk.conferences.structs import ConferenceBody
from mdk.errors import Invalid
from mdk.journey.demo import sample_cases
from mdk.minutes.structs import MinutesBody

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


def bad_fields(kind: type, raw: object) -> list[str]:
    with pytest.raises(Invalid) as refused:
        parsing.parse(kind, raw)
    assert all(problem.message.endswith(".") for problem in refused.value.problems)
    return [problem.field for problem in refused.value.problems]


def test_what_is_right_comes_back_as_it_was_given() -> None:
    document = sample_cases()[0]
    assert msgspec.to_builtins(parsing.parse(Submission, document)) == document


def test_every_bad_field_is_told_at_once() -> None:
    raw = make.document(
        **{
            "urgency": "soon",
            "patient.home_region": "stockholm",
            "patient.phone": "070",
            "pain.nrs_now": 11,
            "pain.types": ["sharp", "visceral", 3],
            "medicines.opioids": [{"drug": "heroin", "route": "oral", "unit": "mg"}, 7],
            "safety.platelets.value": "many",
            "diagnosis.icd10": "cancer",
            "consent.date": "16/10 2026",
            "wishes": "none",
        }
    )
    assert sorted(bad_fields(Submission, raw)) == [
        "consent.date",
        "diagnosis.icd10",
        "medicines.opioids.0.drug",
        "medicines.opioids.1",
        "pain.nrs_now",
        "pain.types.0",
        "pain.types.2",
        "patient.home_region",
        "patient.phone",
        "safety.platelets.value",
        "urgency",
        "wishes",
    ]


def test_bad_values_are_told_beside_bad_forms() -> None:
    raw = make.document(
        **{"patient.identity_number": "194001042384", "urgency": "soon", "pain.refractory_since": "2099-01-01"}
    )
    with pytest.raises(Invalid) as refused:
        read_submission(raw, today=make.TODAY)
    assert sorted(problem.field for problem in refused.value.problems) == [
        "pain.refractory_since",
        "patient.identity_number",
        "urgency",
    ]


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        ({}, ["patient"]),
        ({"patient": {}}, ["patient.identity_number"]),
        ({"patient": None}, ["patient"]),
        ({"patient": []}, ["patient"]),
        ({"patient": {"identity_number": None}}, ["patient.identity_number"]),
        ({"patient": {"identity_number": ""}}, ["patient.identity_number"]),
        ({"patient": {"identity_number": " "}}, ["patient.identity_number"]),
        ({"patient": {"identity_number": 194001042383}}, ["patient.identity_number"]),
        ([], [""]),
        (None, [""]),
        ("text", [""]),
    ],
)
def test_a_document_that_is_none_is_told(raw: object, fields: list[str]) -> None:
    assert bad_fields(Submission, raw) == fields


@pytest.mark.parametrize("sign", ["\x00", "\x01", "\x08", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\x9f", "\ud800"])
def test_control_characters_are_refused(sign: str) -> None:
    assert bad_fields(ReasonBody, {"reason": f"före{sign}efter"}) == ["reason"]


@pytest.mark.parametrize(
    "text", ["rad\nrad", "a\tb", "rad\r\nrad", "שלום וברכה", "\u202eabc", "e\u0301", "🙂", "µg → ½"]
)
def test_any_other_text_is_kept_as_it_is(text: str) -> None:
    assert parsing.parse(ReasonBody, {"reason": text}).reason == text


def test_a_text_may_hold_20000_characters_and_no_more() -> None:
    assert len(parsing.parse(ReasonBody, {"reason": "å" * 20_000}).reason) == 20_000
    assert bad_fields(ReasonBody, {"reason": "å" * 20_001}) == ["reason"]


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0"])
def test_blanks_are_no_reason(text: str) -> None:
    assert bad_fields(ReasonBody, {"reason": text}) == ["reason"]


@pytest.mark.parametrize("dose", ["40", "12.5", "0", 40, 12.5, "1000000", None])
def test_a_dose_is_a_decimal(dose: Any) -> None:
    raw = make.document(**{"medicines.opioids.0.dose": dose})
    parsed = msgspec.to_builtins(parsing.parse(Submission, raw))["medicines"]["opioids"][0]["dose"]
    assert parsed == (None if dose is None else str(dose))
    assert (None if parsed is None else Decimal(parsed)) == (None if dose is None else Decimal(str(dose)))


@pytest.mark.parametrize(
    "dose",
    [
        "NaN", "Infinity", "-1", -1, "1e999", "1e5", "12,5", "1_000", "１２", " 40", "+4", "", "x", True, [], {},
        float("nan"), float("inf"), 1_000_001, "1000001", "0.12345678901",
    ],
)  # fmt: skip
def test_what_is_no_plain_dose_is_refused(dose: Any) -> None:
    raw = make.document(**{"medicines.opioids.0.dose": dose})
    assert bad_fields(Submission, raw) == ["medicines.opioids.0.dose"]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -0.5, 241, 10**400, "4", True])
def test_a_figure_out_of_bounds_is_refused(number: Any) -> None:
    raw = make.document(**{"diagnosis.expected_treatment_months": number})
    assert bad_fields(Submission, raw) == ["diagnosis.expected_treatment_months"]


@pytest.mark.parametrize("number", [-1, 11, 3.5, "7", True, 10**30])
def test_an_nrs_is_a_whole_number_from_0_to_10(number: Any) -> None:
    assert bad_fields(Submission, make.document(**{"pain.nrs_now": number})) == ["pain.nrs_now"]


def test_a_list_may_hold_200_rows() -> None:
    rows = [{"what": "Illamående"}]
    parsing.parse(Submission, make.document(**{"medicines.side_effects": rows * 200}))
    assert bad_fields(Submission, make.document(**{"medicines.side_effects": rows * 201})) == ["medicines.side_effects"]


@pytest.mark.parametrize("moment", ["2027-03-31T11:00:00", "2027-03-31", "today", 1, None])
def test_a_start_without_a_zone_is_refused(moment: Any) -> None:
    raw = {"starts_at": moment, "duration_minutes": 60, "chair": "a@b.c", "consultant": "a@b.c"}
    assert bad_fields(ConferenceBody, raw) == ["starts_at"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"NaN", b"1e999", b"[" * 100_000, b"\xff", b'"\\ud800"', b"{'a': 1}", b"9" * 5000,
     b'{"a":' * 60 + b"1" + b"}" * 60],
)  # fmt: skip
def test_what_is_no_json_is_a_bad_value(body: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        parsing.decode(ReasonBody, body)
    assert [problem.field for problem in refused.value.problems] == [""]


def test_no_body_stands_for_an_empty_one() -> None:
    assert parsing.decode_json(b"") == {}


@given(ANYTHING)
def test_whatever_comes_is_parsed_or_refused_and_never_breaks(raw: Any) -> None:  # F30
    for kind in (Submission, ConferenceBody, MinutesBody):
        try:
            parsing.parse(kind, raw)
        except Invalid as refused:
            assert refused.problems  # noqa: PT017 - either way is right


@given(ANYTHING, st.sampled_from(["pain", "medicines.opioids", "patient.name", "safety.platelets.value", "question"]))
def test_whatever_stands_at_a_field_is_read_or_refused_and_never_breaks(value: Any, path: str) -> None:
    try:
        read_submission(make.document(**{path: value}), today=make.TODAY)
    except Invalid as refused:
        assert all(problem.field.startswith(path.partition(".")[0]) for problem in refused.problems)  # noqa: PT017


# RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_rfc_7396_says(target: Any, patch: Any, result: Any) -> None:
    kept = msgspec.json.encode(target), msgspec.json.encode(patch)
    assert parsing.merged(target, patch) == result
    assert (msgspec.json.encode(target), msgspec.json.encode(patch)) == kept


def test_a_date_is_a_day() -> None:
    assert parsing.parse(Submission, make.document()).pain.refractory_since == date(2026, 10, 2)
