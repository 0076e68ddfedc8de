"""The acts on a case through the API: their versions, what they refuse, and where they lead."""

from typing import Any

import pytest

import make
from calling import Callers, fields, refusal
from web.sending import created, submitted

VAXJO, COORDINATOR, CONSULTANT = make.REFERRER, make.COORDINATOR, make.CONSULTANT


# ---------------------------------------------------------------------------------------------------- versions
ACTS: dict[str, tuple[str, Any]] = {
    "submit": (VAXJO, {}),
    "supplement": (VAXJO, {"text": "Nytt."}),
    "accept": (COORDINATOR, {"urgency": "high"}),
    "request-supplement": (COORDINATOR, {"what": "Prover", "until": "2999-01-01"}),
    "answer": (CONSULTANT, {"text": "Öka dosen."}),
    "redirect": (COORDINATOR, {"to": "Smärtenheten", "reason": "Inte cancer."}),
    "decline": (CONSULTANT, {"reason": "Utanför uppdraget."}),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_asks_for_the_version_before_it_reads_the_body(api: Callers, act: str) -> None:
    name, _ = ACTS[act]
    path = f"/cases/{submitted(api)['number']}/{act}"
    assert refusal(api[name].post(path, b"{")) == (428, "version-needed")
    assert refusal(api[name].post(path, b"{", version=99)) == (400, "invalid")


@pytest.mark.parametrize("act", ACTS)
def test_an_act_on_an_old_version_is_refused_as_stale(api: Callers, act: str) -> None:
    name, body = ACTS[act]
    path = f"/cases/{submitted(api)['number']}/{act}"
    assert refusal(api[name].post(path, body, version=99)) == (412, "stale")


@pytest.mark.parametrize("act", ACTS)
def test_an_act_names_every_unknown_and_bad_field(api: Callers, act: str) -> None:
    name, body = ACTS[act]
    path = f"/cases/{submitted(api)['number']}/{act}"
    answer = api[name].post(path, dict.fromkeys(body, 7) | {"extra": 1}, version=2)
    assert refusal(answer) == (400, "invalid")
    assert fields(answer) == {*body, "extra"}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_on_a_case_that_does_not_exist_is_not_found(api: Callers, act: str) -> None:
    name, _ = ACTS[act]
    assert refusal(api[name].post(f"/cases/MDK-2026-9999/{act}")) == (404, "not-found")


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_refused_to_a_role_that_may_never(api: Callers, act: str) -> None:
    path = f"/cases/{submitted(api)['number']}/{act}"
    assert refusal(api[make.STEERING].post(path)) == (403, "not-allowed")


@pytest.mark.parametrize("act", sorted(set(ACTS) - {"submit", "supplement"}))
def test_triage_may_not_act_on_a_draft_that_it_may_not_know_of(api: Callers, act: str) -> None:
    name, body = ACTS[act]
    number = created(api[VAXJO])["number"]
    assert refusal(api[name].post(f"/cases/{number}/{act}", body, version=1)) == (404, "not-found")


@pytest.mark.parametrize("header", ["3", '"3"', 'W/"3"'])
def test_a_version_may_be_written_with_or_without_marks(api: Callers, header: str) -> None:
    number = submitted(api)["number"]
    answer = api[COORDINATOR].post(f"/cases/{number}/accept", {"urgency": "high"}, version=header)
    assert refusal(answer) == (412, "stale")


@pytest.mark.parametrize("header", ["", "*", '"a"', '"-1"', '"1", "2"', "²", "9" * 40])
def test_a_version_that_is_no_number_is_bad(api: Callers, header: str) -> None:
    number = submitted(api)["number"]
    headers = {name.encode(): value.encode() for name, value in api[COORDINATOR].headers.items()}
    headers[b"If-Match"] = header.encode("latin-1")
    answer = api.client.post(f"/api/v1/cases/{number}/accept", content=b'{"urgency": "high"}', headers=headers)
    assert refusal(answer) == (400, "invalid")
    assert fields(answer) == {"If-Match"}


# ---------------------------------------------------------------------------------------------------- acts
def test_an_incomplete_case_is_not_submitted_and_every_gap_is_named(api: Callers) -> None:
    case = api[VAXJO].post("/cases", {"patient": {"identity_number": make.ADULT}}).json()
    answer = api[VAXJO].post(f"/cases/{case['number']}/submit", {}, version=1)
    assert refusal(answer) == (409, "case.incomplete")
    assert fields(answer) == {
        "patient.name",
        "patient.home_region",
        "urgency",
        "question",
        "diagnosis.icd10",
        "diagnosis.palliative",
        "diagnosis.expected_survival",
        "consent.basis",
    }


def test_an_act_without_content_takes_an_empty_body(api: Callers) -> None:
    case = created(api[VAXJO])
    assert api[VAXJO].post(f"/cases/{case['number']}/submit", b"", version=1).json()["state"] == "submitted"


@pytest.mark.parametrize(
    ("act", "state"),
    [
        ("accept", "accepted"),
        ("request-supplement", "supplement_requested"),
        ("answer", "answered"),
        ("redirect", "redirected"),
        ("decline", "declined"),
    ],
)
def test_triage_answers_with_the_case_as_it_now_is(stored_api: Callers, act: str, state: str) -> None:
    case = submitted(stored_api)
    name, body = ACTS[act]
    answer = stored_api[name].post(f"/cases/{case['number']}/{act}", body, version=case["version"])
    assert (answer.status_code, answer.json()["state"], answer.json()["version"]) == (200, state, case["version"] + 1)
    again = stored_api[name].post(f"/cases/{case['number']}/{act}", body, version=case["version"] + 1)
    if act in {"accept", "redirect", "decline", "answer"}:
        assert refusal(again) == (409, "case.wrong-state")


def test_a_supplement_that_was_asked_for_brings_the_case_back_to_triage(api: Callers) -> None:
    case = submitted(api)
    asked = (
        api[COORDINATOR]
        .post(f"/cases/{case['number']}/request-supplement", {"what": "Prover", "until": "2999-01-01"}, version=2)
        .json()
    )
    assert asked["supplement_request"] == {"what": "Prover", "until": "2999-01-01"}
    assert asked["clock"]["whose_move"] == "referrer"
    back = api[VAXJO].post(f"/cases/{case['number']}/submit", {}, version=asked["version"]).json()
    assert (back["state"], back["supplement_request"]) == ("submitted", None)


def test_an_answered_case_is_confirmed_as_read_without_a_version(api: Callers) -> None:
    case = submitted(api)
    early = api[VAXJO].post(f"/cases/{case['number']}/confirm-read", {})
    assert refusal(early) == (409, "case.wrong-state")
    api[CONSULTANT].post(f"/cases/{case['number']}/answer", {"text": "Öka dosen."}, version=2)
    read = api[VAXJO].post(f"/cases/{case['number']}/confirm-read", {})
    assert (read.status_code, read.json()["answer"]) == (200, "Öka dosen.")
    assert read.json()["read_confirmed_at"] is not None
