"""The whole way through HTTP: from a referrer's case to the receivers' inboxes, on both stores."""

from datetime import timedelta
from typing import Any

import make
from calling import Caller, Callers, calling, refusal
from mdk import clock
from mdk.audit.queries import first_fault
from mdk.db import Database
from mdk.journey.demo import sample_cases
from mdk_calendar.worker import run_once

WITH = {"intern_pump": 0, "extern_pump": 2}  # the sample cases that the conference decides on


def test_a_case_goes_from_the_referrer_to_the_receivers_and_back(database: Database) -> None:
    with calling(database) as api:
        numbers = {outcome: submit(api[make.REFERRER], sample_cases()[place]) for outcome, place in WITH.items()}
        triage(api[make.COORDINATOR], list(numbers.values()))
        path = call_the_conference(api, list(numbers.values()))
        decide(api[make.CHAIR], path, numbers)
        neurosurgery_sees_the_intern_pump(api[make.SURGEON], numbers["intern_pump"])
        the_function_sees_the_extern_pump(api[make.FUNCTION], numbers["extern_pump"])
        the_referrer_reads_the_minutes(api[make.REFERRER], path, numbers)
        nobody_else_knows(api, path, numbers)
        run_once(database, api.settings, at=clock.now())
    with database.reading() as session:
        assert first_fault(session) is None


def submit(referrer: Caller, document: dict[str, Any]) -> str:
    document["patient"]["home_region"] = "kronoberg"
    draft = referrer.post("/cases", document, key=document["patient"]["identity_number"]).json()
    sent = referrer.post(f"/cases/{draft['number']}/submit", {}, version=draft["version"])
    assert (sent.status_code, sent.json()["state"]) == (200, "submitted")
    return str(sent.json()["number"])


def triage(coordinator: Caller, numbers: list[str]) -> None:
    waiting = coordinator.get("/cases", state="submitted").json()["items"]
    assert [line["number"] for line in waiting] == numbers[::-1]
    for number in numbers:
        case = coordinator.get(f"/cases/{number}").json()
        taken = coordinator.post(f"/cases/{number}/accept", {"urgency": "normal"}, version=case["version"])
        assert taken.json()["state"] == "accepted"
    assert {item["case"] for item in coordinator.get("/queue").json()["items"]} == set(numbers)


def call_the_conference(api: Callers, numbers: list[str]) -> str:
    coordinator = api[make.COORDINATOR]
    frame = {
        "starts_at": (clock.now() + timedelta(days=2)).isoformat(),
        "duration_minutes": 60,
        "chair": make.email(make.CHAIR),
        "consultant": make.email(make.CONSULTANT),
        "members": [make.email(make.NURSE), make.email(make.SURGEON)],
        "video_url": "https://video.example/mdk",
    }
    conference = coordinator.post("/conferences", frame).json()
    path = f"/conferences/{conference['id']}"
    agenda = {"items": [{"case": number, "minutes": 20} for number in numbers]}
    version = coordinator.put(f"{path}/agenda", agenda, version=conference["version"]).json()["version"]
    released = coordinator.post(f"{path}/release", {"override_reason": "Kompletteras muntligt."}, version=version)
    assert released.json()["state"] == "released"
    run_once(api.database, api.settings, at=clock.now())
    invitation = api[make.REFERRER].get(f"{path}/invitation.ics")
    assert invitation.status_code == 200
    assert "Provlund" not in invitation.text
    for name in (make.CONSULTANT, make.NURSE, make.SURGEON):
        assert api[name].post(f"{path}/reply", {"partstat": "ACCEPTED"}).status_code == 200
    return path


def decide(chair: Caller, path: str, numbers: dict[str, str]) -> None:
    opened = chair.post(f"{path}/open", {}, version=chair.get(path).json()["version"])
    assert opened.json()["state"] == "in_session"
    for outcome, number in numbers.items():
        where = f"{path}/cases/{number}/minutes"
        suggested = chair.get(where).json()
        body = {key: suggested[key] for key in ("contraindications", "informs_patient", "out_of_hours_contact")}
        body |= {
            "attendance": [
                {"email": make.email(name), "profession": profession, "present": True, "knows_patient": knows}
                for name, profession, knows in (
                    (make.CONSULTANT, "läkare", False),
                    (make.NURSE, "sjuksköterska", False),
                    (make.SURGEON, "läkare", False),
                    (make.REFERRER, "läkare", True),
                )
            ],
            "answer": "Ja.",
            "refractory": "yes",
            "outcome": outcome,
            "motivation": "Refraktär smärta trots höga doser.",
            "departure_reason": "Patienten kan inte vårdas med extern pump." if outcome == "intern_pump" else None,
            "route": "intrathecal",
            "catheter_tip": "Th10",
            "opioid_plan_owner": "Palliativa teamet Växjö",
            "responsible_unit": "Mottagande enhet",
            "due": str(clock.today(clock.now()) + timedelta(days=14)),
            "out_of_hours_contact": "Anestesijouren, Växjö",
        }
        saved = chair.put(where, body, version=suggested["version"])
        assert saved.status_code == 200, saved.text
        signed = chair.post(f"{where}/sign", {}, version=saved.json()["version"])
        assert signed.status_code == 200, signed.text
    closed = chair.post(f"{path}/close", {}, version=chair.get(path).json()["version"])
    assert closed.json()["state"] == "closed"


def neurosurgery_sees_the_intern_pump(surgeon: Caller, number: str) -> None:
    (referral,) = surgeon.get("/implant-referrals").json()["items"]
    assert (referral["case"], referral["state"]) == (number, "created")
    opened = surgeon.get(f"/implant-referrals/{referral['id']}").json()
    assert opened["state"] == "received"
    taken = surgeon.post(f"/implant-referrals/{referral['id']}/accept", {}, version=opened["version"])
    assert taken.json()["state"] == "accepted"
    assert surgeon.get(f"/cases/{number}").status_code == 200


def the_function_sees_the_extern_pump(function: Caller, number: str) -> None:
    (assignment,) = function.get("/pump-assignments").json()["items"]
    assert (assignment["case"], assignment["state"], assignment["region"]) == (number, "assigned", "kronoberg")
    taken = function.post(f"/pump-assignments/{assignment['id']}/accept", {}, version=assignment["version"])
    assert taken.json()["state"] == "accepted"
    assert function.get(f"/cases/{number}").status_code == 200


def the_referrer_reads_the_minutes(referrer: Caller, path: str, numbers: dict[str, str]) -> None:
    for outcome, number in numbers.items():
        minutes = referrer.get(f"{path}/cases/{number}/minutes").json()
        assert (minutes["outcome"], minutes["signed"]["by"]) == (outcome, "Olga Förare")
        read = referrer.post(f"/cases/{number}/confirm-read", {}).json()
        assert (read["state"], read["outcome"]) == ("decided", outcome)
        assert read["read_confirmed_at"] is not None


def nobody_else_knows(api: Callers, path: str, numbers: dict[str, str]) -> None:
    for name in (make.OTHER_REFERRER, "remittent.halmstad", "funktion.halland"):
        for number in numbers.values():
            assert refusal(api[name].get(f"/cases/{number}")) == (404, "not-found")
            assert refusal(api[name].get(f"{path}/cases/{number}/minutes")) == (404, "not-found")
        assert refusal(api[name].get(path)) == (404, "not-found")
        assert api[name].get("/cases").json()["items"] == []
    assert refusal(api["funktion.halland"].get("/pump-assignments/x")) == (404, "not-found")
