"""Referrals and assignments over the API, to their ends, with the order of refusals that the contract promises."""

from datetime import timedelta
from typing import Any

import make
from calling import Callers, fields, refusal
from mdk import clock
from visiting import queued, under_way

SURGEON, FUNCTION, REFERRER = make.SURGEON, make.FUNCTION, make.REFERRER


def opened(api: Callers, outcome: str, submission: Any = None) -> dict[str, Any]:
    """The referral or assignment that signed minutes have opened, as its receiver first sees it in the list."""
    number = queued(api.database, submission or make.submission())
    held = under_way(api.database, [number])
    make.save(api.database, held, number, make.minutes_body(outcome), at=clock.now())
    make.sign(api.database, held, number, at=clock.now())
    name, path = (SURGEON, "/implant-referrals") if outcome == "intern_pump" else (REFERRER, "/pump-assignments")
    (item,) = api[name].get(path).json()["items"]
    return {**item, "path": f"{path}/{item['id']}"}


def act(api: Callers, name: str, path: str, act: str, body: dict[str, Any], *, expected: int = 200) -> dict[str, Any]:
    """Do an act on the present version."""
    version = api[REFERRER].get(path).json()["version"]
    send = api[name].put if act.startswith("prerequisites") else api[name].post
    answer = send(f"{path}/{act}", body, version=version)
    assert answer.status_code == expected, answer.text
    found: dict[str, Any] = answer.json()
    return found


def day(ahead: int = 0) -> str:
    return str(clock.today(clock.now()) + timedelta(days=ahead))


def test_an_intern_pump_goes_by_questions_and_a_date_to_its_report(stored_api: Callers) -> None:
    path = opened(stored_api, "intern_pump", make.submission(**{"treatments.imaging": []}))["path"]
    asked = act(stored_api, SURGEON, path, "request-information", {"what": "Ny MR?"})
    assert (asked["state"], asked["line"]["clock"]["whose_move"]) == ("more_information", "referrer")
    facts = [{"field": "treatments.imaging", "text": "MR bäcken i går"}]
    given = act(stored_api, REFERRER, path, "supply-information", {"text": "Gjord.", "facts": facts})
    assert (given["state"], given["missing"], given["supplied"][0]["text"]) == ("received", [], "MR bäcken i går")
    assert act(stored_api, SURGEON, path, "accept", {})["state"] == "accepted"
    row = act(stored_api, SURGEON, path, "prerequisites/22", {"state": "met", "owner": "Nora Kirurg", "note": ""})
    assert next(each for each in row["prerequisites"] if each["n"] == 22)["state"] == "met"
    assert act(stored_api, SURGEON, path, "schedule", {"date": day(7)})["planned_for"] == day(7)
    done = act(stored_api, SURGEON, path, "implant", {"date": day(), "device": "Provpump", "catheter_tip": "Th9"})
    assert (done["state"], done["implanted_on"], done["placed_tip"]) == ("implanted", day(), "Th9")
    reported = act(stored_api, SURGEON, path, "report", {"text": "Utan komplikationer."})
    assert (reported["state"], reported["line"]["state"]) == ("reported", "closed")
    assert stored_api[REFERRER].get(f"/cases/{reported['case']}").json()["state"] == "closed"


def test_a_decline_comes_back_to_the_referrer_and_the_queue(api: Callers) -> None:
    found = opened(api, "intern_pump")
    act(api, SURGEON, found["path"], "decline", {"reason": "Infektion."})
    case = api[REFERRER].get(f"/cases/{found['case']}").json()
    assert (case["state"], case["outcome"], case["clock"]["whose_move"]) == ("accepted", None, "coordinator")
    assert [item["case"] for item in api[make.COORDINATOR].get("/queue").json()["items"]] == [found["case"]]


def test_an_extern_pump_goes_over_its_prerequisites_to_insertion(stored_api: Callers) -> None:
    for region, applying in (("kronoberg", 20), ("skane", 19)):
        function = f"funktion.{region}"
        known = {item["id"] for item in stored_api[REFERRER].get("/pump-assignments").json()["items"]}
        number = make.accepted(
            stored_api.database, make.submission(**{"patient.home_region": region}), at=clock.now() - make.HOUR
        )
        held = under_way(stored_api.database, [number])
        make.save(stored_api.database, held, number, make.minutes_body(), at=clock.now())
        make.sign(stored_api.database, held, number, at=clock.now())
        items = stored_api[REFERRER].get("/pump-assignments").json()["items"]
        (item,) = (each for each in items if each["id"] not in known)
        path = f"/pump-assignments/{item['id']}"
        act(stored_api, function, path, "prerequisites/3", {"state": "open", "owner": "", "note": ""}, expected=409)
        act(stored_api, function, path, "accept", {})
        numbers = [row["n"] for row in item["prerequisites"] if row["applies"]]
        for n in numbers:
            body = {"state": "met", "owner": "Enheten", "note": ""}
            assert act(stored_api, function, path, f"prerequisites/{n}", body)["state"] == "preparing"
        body = {"date": day(), "place": "Växjö", "catheter_tip": "L1", "drug": "Enligt ordination"}
        done = act(stored_api, function, path, "insert", body)
        assert (len(numbers), done["state"], done["inserted_on"]) == (applying, "inserted", day())


def test_refusals_come_in_the_order_of_the_contract_and_change_nothing(api: Callers) -> None:
    path = opened(api, "intern_pump")["path"]
    surgeon = api[SURGEON]
    implant = f"{path}/implant"
    assert refusal(api.with_header(None).post(implant, {}))[0] == 401
    assert refusal(api[make.NURSE].post(implant, {}))[0] == 403
    assert refusal(api["funktion.halland"].put(f"{path}/prerequisites/6", {}))[0] == 404
    assert refusal(surgeon.put(f"{path}/prerequisites/7", {}))[0] == 404
    assert refusal(api[FUNCTION].put(f"{path}/prerequisites/22", {}))[0] == 403
    assert refusal(surgeon.post(implant, {"date": "x"}))[0] == 428
    assert refusal(surgeon.post(implant, {"date": day(1)}, version=99))[0] == 400
    assert refusal(surgeon.post(implant, {"date": day(-1)}, version=99))[0] == 400
    assert refusal(surgeon.post(implant, {"date": day()}, version=99))[0] == 412
    assert refusal(surgeon.post(implant, {"date": day()}, version=1)) == (409, "pathway.wrong-state")
    nobody = surgeon.put(f"{path}/prerequisites/22", {"state": "met", "owner": "", "note": ""}, version=1)
    assert (nobody.status_code, fields(nobody)) == (400, {"owner"})
    extra = surgeon.post(f"{path}/accept", {"more": 1}, version=1)
    assert (extra.status_code, fields(extra)) == (400, {"more"})
    assert api[REFERRER].get(path).json()["state"] == "created"


def test_blekinge_asks_skane_and_hands_over(api: Callers) -> None:
    make.assignment(api.database, "accepted", "blekinge")
    blekinge, skane = api["funktion.blekinge"], api["funktion.skane"]
    (item,) = blekinge.get("/pump-assignments").json()["items"]
    path = f"/pump-assignments/{item['id']}"
    assert refusal(skane.get(path)) == (404, "not-found")
    asked = blekinge.post(f"{path}/ask-support", {"text": "Kan ni?"}, version=item["version"]).json()
    answer = skane.post(f"{path}/answer-support", {"text": "Ja."}, version=asked["version"]).json()
    own = blekinge.post(f"{path}/hand-over", {"region": "blekinge", "reason": "-"}, version=answer["version"])
    assert refusal(own) == (409, "assignment.same-region")
    bad = blekinge.post(f"{path}/hand-over", {"region": "dalarna", "reason": ""}, version=answer["version"])
    assert (bad.status_code, fields(bad)) == (400, {"region", "reason"})
    over = blekinge.post(f"{path}/hand-over", {"region": "skane", "reason": "Ingen här."}, version=answer["version"])
    assert (over.status_code, over.json()["region"], over.json()["state"]) == (200, "skane", "assigned")
    assert blekinge.get(path).status_code == 200
    assert refusal(blekinge.post(f"{path}/accept", {}, version=over.json()["version"]))[0] == 403
    taken = skane.post(f"{path}/accept", {}, version=over.json()["version"])
    assert taken.json()["state"] == "accepted"
    bad = skane.post(f"{path}/not-done", {"reason_code": "tired", "note": ""}, version=taken.json()["version"])
    assert fields(bad) == {"reason_code"}
    done = skane.post(f"{path}/not-done", {"reason_code": "no_bed", "note": ""}, version=taken.json()["version"])
    assert (done.json()["state"], done.json()["reason_code"], done.json()["line"]["state"]) == (
        "not_done", "no_bed", "closed",
    )  # fmt: skip
