"""From a signed recommendation to its end through the API, on the days on which it happens: nothing decided is lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import earlier
import make
import stores
from calling import Caller, Callers, calling, fields, refusal
from make import FUNCTION, REFERRER, SURGEON
from mdk.db import sqlite_file

SKANE = "funktion.skane"


@pytest.fixture(scope="module")
def api(sqlite_file_once: Path) -> Iterator[Callers]:
    database = stores.made(sqlite_file(sqlite_file_once))
    with calling(database) as callers:
        yield callers
    database.close()


def act(caller: Caller, path: str, name: str, body: dict[str, Any], *, method: str = "POST") -> dict[str, Any]:
    """Do an act on the present version."""
    answer = caller.send(method, f"{path}/{name}", body, version=caller.get(path).json()["version"])
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def decided(api: Callers, outcome: str, changes: dict[str, Any] | None = None) -> str:
    """The number of a case that was decided on a hundred days ago."""
    (number,) = earlier.decided(api.database, [(outcome, earlier.submission(changes, days=102))], days=100)
    return number


def state(api: Callers, number: str) -> tuple[str, str]:
    case = api[REFERRER].get(f"/cases/{number}").json()
    return case["state"], case["clock"]["whose_move"]


def test_intern_to_implanted_and_reported(api: Callers) -> None:
    number, surgeon = decided(api, "intern_pump", {"treatments.imaging": []}), api[SURGEON]
    path = f"/implant-referrals/{earlier.pathway_of(api.database, number, 'intern_pump')}"
    assert [(gap["field"], gap["owner"]) for gap in surgeon.get(path).json()["missing"]] == [
        ("treatments.imaging", "remitterande enhet")
    ]
    assert len(surgeon.get(path).json()["prerequisites"]) == 18
    act(surgeon, path, "request-information", {"what": "Ny MR?"})
    assert state(api, number) == ("decided", "referrer")
    told = {"text": "Gjord.", "facts": [{"field": "treatments.imaging", "text": "MR bäcken i går"}]}
    assert act(api[REFERRER], path, "supply-information", told)["missing"] == []
    assert act(surgeon, path, "accept", {})["state"] == "accepted"
    assert act(surgeon, path, "schedule", {"date": earlier.day(0)})["planned_for"] == earlier.day(0)
    done = act(surgeon, path, "implant", {"date": earlier.day(80), "device": "Provpump", "catheter_tip": "Th9"})
    assert (done["state"], done["implanted_on"]) == ("implanted", earlier.day(80))
    assert act(surgeon, path, "report", {"text": "Utan komplikationer."})["state"] == "reported"
    assert state(api, number) == ("closed", "nobody")


@pytest.mark.parametrize(("region", "function", "rows"), [("kronoberg", FUNCTION, 20), ("skane", SKANE, 19)])
def test_extern_to_inserted_and_followed_up(api: Callers, region: str, function: str, rows: int) -> None:
    number = decided(api, "extern_pump", {"patient.home_region": region})
    path = f"/pump-assignments/{earlier.pathway_of(api.database, number, 'extern_pump')}"
    act(api[function], path, "accept", {})
    applying = [row["n"] for row in api[function].get(path).json()["prerequisites"] if row["applies"]]
    assert len(applying) == rows
    for n in applying:
        met = {"state": "met", "owner": "Enheten", "note": ""}
        assert act(api[function], path, f"prerequisites/{n}", met, method="PUT")["state"] == "preparing"
    put_in = {"date": earlier.day(90), "place": "Avdelning 12", "catheter_tip": "L1", "drug": "Enligt ordination"}
    assert act(api[function], path, "insert", put_in)["state"] == "inserted"
    for week, caller in ((2, function), (6, REFERRER), (12, function)):
        body = {"week": week, "date": earlier.day(90 - 7 * week), "nrs": 3, "side_effects": "", "complications": ""}
        said = {**body, "pump_state": "Fungerar", "care_place": "Hemma", "alive": "yes"}
        assert api[caller].post(f"/cases/{number}/follow-ups", said).status_code == 201
    assert api[function].get(path).json()["state"] == "followed_up"
    assert state(api, number) == ("closed", "nobody")


def test_a_nerve_block_is_not_done_for_a_coded_reason(api: Callers) -> None:
    number = decided(api, "nerve_block")
    path = f"/actions/{earlier.pathway_of(api.database, number, 'nerve_block')}"
    refused = api[REFERRER].post(f"{path}/not-done", {"note": "-"}, version=1)
    assert (refused.status_code, fields(refused)) == (400, {"reason_code"})
    assert number in {each["case"] for each in api[make.COORDINATOR].get("/actions", state="overdue").json()["items"]}
    ended = act(api[REFERRER], path, "not-done", {"reason_code": "no_theatre_time", "note": "Ingen sal."})
    assert (ended["state"], ended["reason_code"]) == ("not_done", "no_theatre_time")
    assert state(api, number) == ("closed", "nobody")


def test_a_decline_by_neurosurgery_comes_back_to_the_referrer_and_the_queue(api: Callers) -> None:
    number = decided(api, "intern_pump")
    path = f"/implant-referrals/{earlier.pathway_of(api.database, number, 'intern_pump')}"
    assert act(api[SURGEON], path, "decline", {"reason": "Pågående infektion."})["state"] == "declined"
    assert state(api, number) == ("accepted", "coordinator")
    assert number in {item["case"] for item in api[make.COORDINATOR].get("/queue").json()["items"]}
    history = api[REFERRER].get(f"/cases/{number}/history", limit=50).json()["items"]
    assert "Pågående infektion." in {step["reason"] for step in history}
    case = api[REFERRER].get(f"/cases/{number}").json()
    changed = api[REFERRER].patch(f"/cases/{number}", {"safety": {"infection": "no"}}, version=case["version"])
    assert changed.status_code == 200
    assert case["clock"]["days_waiting"] > 90


def test_a_patient_who_dies_at_each_state(api: Callers) -> None:
    """Whatever waited ends with the reason `died`; what was done stays done; nothing is followed up any more."""
    states = earlier.at_states(api.database, days=40)
    assert set(states) == set(earlier.EVERY_STATE)
    for name, number in states.items():
        died = api[REFERRER].post(f"/cases/{number}/report-death", {"date": earlier.day(0)})
        assert (died.status_code, died.json()["state"]) == (200, "deceased"), name
        assert died.json()["clock"]["whose_move"] == "nobody", name
        outcome, _, before = name.partition(" ")
        if outcome != "case":
            assert end_of(api, number, outcome) == AFTER_DEATH.get(before, ("died", ENDED[outcome])), name
        told = {"week": 2, "date": earlier.day(0), "nrs": 3, "alive": "yes"}
        assert refusal(api[REFERRER].post(f"/cases/{number}/follow-ups", told)) == (409, "followup.dead"), name


ENDED = {"intern_pump": "cancelled", "extern_pump": "not_done", "nerve_block": "not_done"}
AFTER_DEATH = {"implanted": (None, "implanted"), "inserted": (None, "followed_up")}


def end_of(api: Callers, number: str, outcome: str) -> tuple[str | None, str]:
    lists = {"intern_pump": "/implant-referrals", "extern_pump": "/pump-assignments", "nerve_block": "/actions"}
    found = api[REFERRER].get(f"{lists[outcome]}/{earlier.pathway_of(api.database, number, outcome)}").json()
    return found["reason_code"], found["state"]
