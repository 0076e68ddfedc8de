from typing import Any

import pytest

import make
from calling import Callers, fields, refusal
from mdk import clock
from visiting import coming

VAXJO, COORDINATOR = make.REFERRER, make.COORDINATOR
TODAY = clock.today(clock.now()).isoformat()
REPORTS: dict[str, dict[str, Any]] = {
    "withdraw": {"reason": "Patienten vill inte."},
    "report-death": {"date": TODAY},
    "report-deterioration": {"what": "Kan inte längre svälja."},
}


def accepted(api: Callers) -> str:
    return make.accepted(api.database, at=clock.now() - make.DAY)


@pytest.mark.parametrize(
    ("act", "state"), [("withdraw", "withdrawn"), ("report-death", "deceased"), ("report-deterioration", "accepted")]
)
def test_a_report_names_no_version_and_answers_with_the_case_as_it_now_is(
    stored_api: Callers, act: str, state: str
) -> None:
    number = accepted(stored_api)
    answer = stored_api[VAXJO].post(f"/cases/{number}/{act}", REPORTS[act])
    assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert answer.json()["died_on"] == (TODAY if act == "report-death" else None)
    said = [each["what"] for each in answer.json()["deteriorations"]]
    assert said == ([REPORTS[act]["what"]] if act == "report-deterioration" else [])


@pytest.mark.parametrize("act", REPORTS)
def test_a_report_is_refused_in_the_usual_order(api: Callers, act: str) -> None:
    path = f"/cases/{accepted(api)}/{act}"
    assert refusal(api.with_header(None).post(path, b"{")) == (401, "sign-in-needed")
    assert refusal(api[COORDINATOR].post(path, b"{")) == (403, "not-allowed")
    assert refusal(api[make.OTHER_REFERRER].post(path, b"{")) == (404, "not-found")
    answer = api[VAXJO].post(path, dict.fromkeys(REPORTS[act], 7) | {"extra": 1})
    assert (refusal(answer), fields(answer)) == ((400, "invalid"), {*REPORTS[act], "extra"})


@pytest.mark.parametrize("act", ["withdraw", "report-death"])
def test_a_case_ends_once(api: Callers, act: str) -> None:
    path = f"/cases/{accepted(api)}"
    assert api[VAXJO].post(f"{path}/{act}", REPORTS[act]).status_code == 200
    for again in ("withdraw", "report-deterioration"):
        assert refusal(api[VAXJO].post(f"{path}/{again}", REPORTS[again])) == (409, "case.wrong-state")


def test_a_death_is_taken_back_on_its_version_by_unit_or_coordinator(stored_api: Callers) -> None:
    number = accepted(stored_api)
    path, why = f"/cases/{number}/revoke-death", {"reason": "Fel patient."}
    assert refusal(stored_api[VAXJO].post(path, why, version=1)) == (412, "stale")
    version = stored_api[VAXJO].get(f"/cases/{number}").json()["version"]
    assert refusal(stored_api[COORDINATOR].post(path, why, version=version)) == (409, "case.wrong-state")
    dead = stored_api[VAXJO].post(f"/cases/{number}/report-death", REPORTS["report-death"]).json()
    assert refusal(stored_api[make.CONSULTANT].post(path, why, version=dead["version"])) == (403, "not-allowed")
    assert refusal(stored_api[make.OTHER_REFERRER].post(path, why, version=dead["version"])) == (404, "not-found")
    assert refusal(stored_api[VAXJO].post(path, why)) == (428, "version-needed")
    bad = stored_api[VAXJO].post(path, {"reason": ""}, version=dead["version"])
    assert (refusal(bad), fields(bad)) == ((400, "invalid"), {"reason"})
    back = stored_api[COORDINATOR].post(path, why, version=dead["version"])
    assert (back.status_code, back.json()["state"], back.json()["died_on"]) == (200, "accepted", None)
    assert [line["case"] for line in stored_api[COORDINATOR].get("/queue").json()["items"]] == [number]


@pytest.mark.parametrize("day", ["2999-01-01", "2020-01-01", "i går", ""])
def test_a_death_on_a_day_that_cannot_be_is_a_bad_field(api: Callers, day: str) -> None:
    answer = api[VAXJO].post(f"/cases/{accepted(api)}/report-death", {"date": day})
    assert (refusal(answer), fields(answer)) == ((400, "invalid"), {"date"})


def test_triage_takes_an_acceptance_back(api: Callers) -> None:
    number = accepted(api)
    version = make.version_of(api.database, number)
    answer = api[COORDINATOR].post(f"/cases/{number}/take-back", {}, version=version)
    assert (answer.status_code, answer.json()["state"]) == (200, "submitted")
    again = api[COORDINATOR].post(f"/cases/{number}/take-back", {}, version=version + 1)
    assert refusal(again) == (409, "case.wrong-state")


def test_the_freed_slot_is_seen_at_once_and_the_free_minutes_with_it(api: Callers) -> None:
    first, second = accepted(api), accepted(api)
    held = coming(api.database, [first, second])
    assert api[VAXJO].post(f"/cases/{first}/withdraw", REPORTS["withdraw"]).status_code == 200
    found = api[COORDINATOR].get(f"/conferences/{held}").json()
    assert [(slot["case"], slot["starts_at"] == found["starts_at"]) for slot in found["agenda"]] == [(second, True)]
    assert (found["minutes_free"], found["release"], found["state"]) == (45, 2, "released")
    assert api[make.NURSE].get(f"/cases/{first}").status_code == 404
