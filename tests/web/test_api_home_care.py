"""Asking home care, what stands for every patient, goals and point prevalences over the API: done, and refused."""

from datetime import timedelta
from typing import Any

import make
from calling import Callers, fields, refusal
from mdk import clock
from visiting import queued

FUNCTION, REFERRER = make.FUNCTION, make.REFERRER
MAS = {"name": "MAS-funktionen", "email": "MAS@kommun.example", "municipality": "Växjö"}


def test_home_care_is_asked_once_its_address_is_kept(stored_api: Callers) -> None:
    number = queued(stored_api.database)
    path, referrer, function = f"/cases/{number}/home-care-questions", stored_api[REFERRER], stored_api[FUNCTION]
    assert refusal(referrer.post(path, {})) == (409, "case.no-home-care-contact")
    assert fields(function.post("/home-care-contacts", {**MAS, "email": "ingen"})) == {"email"}
    kept = function.post("/home-care-contacts", MAS, key="mas")
    assert (kept.status_code, kept.json()["email"]) == (201, "mas@kommun.example")
    assert function.post("/home-care-contacts", MAS, key="mas").json() == kept.json()
    asked = referrer.post(path, {}, key="ask")
    assert (asked.status_code, [line["answer"] for line in asked.json()["items"]]) == (201, [None])
    assert referrer.post(path, {}, key="ask").json() == asked.json()
    assert refusal(referrer.post(path, {})) == (409, "case.home-care-asked")
    assert referrer.get(path).json() == asked.json()
    removed = function.post(f"/home-care-contacts/{kept.json()['id']}/remove", {})
    assert (removed.status_code, removed.json()["items"]) == (200, [])
    assert function.get("/home-care-contacts").json() == {"items": [], "next_cursor": None}


def test_who_may_not_ask_or_keep(api: Callers) -> None:
    number = queued(api.database)
    path = f"/cases/{number}/home-care-questions"
    assert refusal(api[make.OTHER_REFERRER].post(path, {})) == (404, "not-found")
    for caller, given in ((api[make.NURSE], "/home-care-contacts"), (api[make.STEERING], path)):
        assert refusal(caller.get(given))[0] == 403
        assert refusal(caller.post(given, {}))[0] == 403
    kept = api[FUNCTION].post("/home-care-contacts", MAS).json()
    assert refusal(api["funktion.skane"].post(f"/home-care-contacts/{kept['id']}/remove", {})) == (404, "not-found")
    assert api["funktion.skane"].get("/home-care-contacts").json()["items"] == []


def stands(n: int, **said: Any) -> dict[str, Any]:
    until = clock.today(clock.now()) + timedelta(days=90)
    return {"n": n, "owner": "Kajsa Funktion", "valid_until": str(until), **said}


def test_what_stands_is_kept_met_for_the_next_patient_and_taken_away(stored_api: Callers) -> None:
    function = stored_api[FUNCTION]
    assert fields(function.post("/standing-prerequisites", stands(7, valid_until="2020-01-01"))) == {"valid_until"}
    assert fields(function.post("/standing-prerequisites", stands(19))) == {"municipality"}
    assert fields(function.post("/standing-prerequisites", stands(3))) == {"valid_until"}  # the patient's own
    assert refusal(function.post("/standing-prerequisites", stands(21))) == (404, "not-found")
    made = function.post("/standing-prerequisites", stands(7), key="seven")
    assert (made.status_code, made.json()["n"], made.json()["owner"]) == (201, 7, "Kajsa Funktion")
    assert function.post("/standing-prerequisites", stands(7), key="seven").json() == made.json()
    number = queued(stored_api.database)
    held = make.in_session(stored_api.database, [number])
    make.save(stored_api.database, held, number, at=clock.now())
    make.sign(stored_api.database, held, number, at=clock.now())
    (row,) = function.get("/pump-assignments").json()["items"]
    assert {each["n"] for each in row["prerequisites"] if each["state"] == "met"} == {1, 5, 7}
    left = function.post(f"/standing-prerequisites/{made.json()['id']}/remove", {})
    assert (left.status_code, left.json()["items"]) == (200, [])


def test_only_receivers_keep_what_stands(api: Callers) -> None:
    made = api[FUNCTION].post("/standing-prerequisites", stands(7)).json()
    assert refusal(api["funktion.halland"].post(f"/standing-prerequisites/{made['id']}/remove", {}))[0] == 404
    for name in (REFERRER, make.COORDINATOR, make.STEERING):
        assert refusal(api[name].post("/standing-prerequisites", stands(7)))[0] == 403
        assert refusal(api[name].get("/standing-prerequisites"))[0] == 403


TABLE = "place;region;patients;high_dose;advanced\nLund;skane;50;10;1\nVäxjö;kronoberg;30;5;0\nSumma;;{};15;1\n"


def test_a_point_prevalence_is_taken_in_when_its_sums_add_up_and_else_nothing_is_changed(stored_api: Callers) -> None:
    steering, path = stored_api[make.STEERING], "/point-prevalences"
    body = {"year": 2026, "week": 39, "source": "Egen räkning", "table": TABLE.format(81)}
    refused = steering.post(path, body)
    assert fields(refused) == {"4.patients"}
    assert "Summan är 81, men raderna blir 80." in refused.text
    assert len(steering.get(path).json()["items"]) == 1
    made = steering.post(path, {**body, "table": TABLE.format(80)}, key="39")
    assert (made.status_code, [line["share"] for line in made.json()["lines"]]) == (201, [0.2, 5 / 30])
    assert steering.post(path, {**body, "table": TABLE.format(80)}, key="39").json() == made.json()
    assert refusal(steering.post(path, {**body, "table": TABLE.format(80)})) == (409, "prevalence.week-taken")
    assert refusal(stored_api[REFERRER].post(path, body))[0] == 403


def test_the_published_table_and_the_goals_are_read(api: Callers) -> None:
    (survey,) = api[make.STEERING].get("/point-prevalences").json()["items"]
    sums = tuple(sum(line[name] for line in survey["lines"]) for name in ("patients", "high_dose", "advanced"))
    shares = {line["place"]: f"{line['share']:.1%}" for line in survey["lines"]}
    assert (sums, shares["Lund"], shares["Kristianstad"]) == ((585, 116, 6), "20.8%", "11.4%")
    goals = api[make.STEERING].get("/goals", year=2026).json()
    assert {value["region"] for goal in goals["items"] for value in goal["values"]} == {
        "skane", "halland", "kronoberg", "blekinge", "all",
    }  # fmt: skip
    assert refusal(api[make.NURSE].get("/goals"))[0] == 403
