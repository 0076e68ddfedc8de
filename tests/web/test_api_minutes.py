from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import make
from calling import Callers, fields, refusal
from mdk import clock
from mdk.people import service as people

CHAIR, VAXJO = make.CHAIR, make.REFERRER


def minutes(outcome: str = "extern_pump", **changes: Any) -> dict[str, Any]:
    return {
        "attendance": [
            {
                "email": make.email(name),
                "profession": profession,
                "present": True,
                "knows_patient": name == make.NURSE,
            }
            for name, profession in (
                (CHAIR, "läkare"),
                (make.CONSULTANT, "läkare"),
                (make.NURSE, "sjuksköterska"),
                (make.SURGEON, "läkare"),
            )
        ],
        "quorum_reason": None,
        "answer": "Ja.",
        "refractory": "yes",
        "contraindications": [{"what": "infection", "assessment": "none"}],
        "alternatives": "Fortsatt systemisk behandling.",
        "outcome": outcome,
        "motivation": "Refraktär smärta.",
        "departure_reason": None,
        "conditions": "",
        "route": "intrathecal",
        "catheter_tip": "Th10",
        "opioid_plan_owner": "Palliativa teamet Växjö",
        "responsible_unit": "Funktionen i Kronoberg",
        "due": "2027-04-14",
        "informs_patient": "Vera Remitterius",
        "out_of_hours_contact": "Smärtjouren",
        "follow_up": "2027-05-12",
        "dissent": [{"who": "Disa Deltagare", "what": "Ville vänta."}],
        **changes,
    }


def in_session(api: Callers) -> tuple[str, str]:
    """The path of a case's minutes at a conference that has begun, and the case's number."""
    number = make.accepted(api.database, at=clock.now() - make.DAY)
    frame = {
        "starts_at": (clock.now() + make.DAY).isoformat(),
        "duration_minutes": 60,
        "chair": make.email(CHAIR),
        "consultant": make.email(make.CONSULTANT),
        "members": [make.email(make.NURSE), make.email(make.SURGEON)],
    }
    path = f"/conferences/{api[CHAIR].post('/conferences', frame).json()['id']}"
    agenda = {"items": [{"case": number, "minutes": 15}]}
    version = api[CHAIR].put(f"{path}/agenda", agenda, version=1).json()["version"]
    version = api[CHAIR].post(f"{path}/release", {}, version=version).json()["version"]
    assert api[CHAIR].post(f"{path}/open", {}, version=version).status_code == 200
    return f"{path}/cases/{number}/minutes", number


def signed(api: Callers, outcome: str = "extern_pump", **changes: Any) -> tuple[str, str]:
    path, number = in_session(api)
    version = api[CHAIR].put(path, minutes(outcome, **changes), version=0).json()["version"]
    answer = api[CHAIR].post(f"{path}/sign", {}, version=version)
    assert answer.status_code == 200, answer.text
    return path, number


def test_minutes_are_suggested_saved_signed_and_added_to(stored_api: Callers) -> None:
    path, number = in_session(stored_api)
    suggested = stored_api[CHAIR].get(path).json()
    assert (suggested["version"], suggested["signed"], suggested["addenda"]) == (0, None, [])
    assert suggested["attendance"] != []
    saved = stored_api[CHAIR].put(path, minutes(), version=0)
    assert saved.status_code == 200
    assert minutes().items() <= saved.json().items()
    assert {"pump.intern-duration"} <= {rule["id"] for rule in saved.json()["rules"]}
    done = stored_api[CHAIR].post(f"{path}/sign", {}, version=saved.json()["version"])
    assert (done.status_code, done.json()["signed"]["by"]) == (200, "Olga Förare")
    assert stored_api[VAXJO].get(path).json() == done.json()
    added = stored_api[CHAIR].post(f"{path}/addenda", {"text": "Rättat datum."}, key="k")
    again = stored_api[CHAIR].post(f"{path}/addenda", {"text": "Rättat datum."}, key="k")
    assert (added.status_code, again.json()) == (201, added.json())
    assert [(one["by"], one["text"]) for one in added.json()["addenda"]] == [("Olga Förare", "Rättat datum.")]
    assert stored_api[VAXJO].get(f"/cases/{number}").json()["state"] == "decided"


def test_signed_minutes_do_not_change(api: Callers) -> None:
    path, _ = signed(api)
    version = api[CHAIR].get(path).json()["version"]
    assert refusal(api[CHAIR].put(path, minutes(), version=version)) == (409, "minutes.signed")
    assert refusal(api[CHAIR].post(f"{path}/sign", {}, version=version)) == (409, "minutes.signed")


def test_a_signature_that_is_asked_for_again_is_the_one_that_stands(api: Callers) -> None:
    path, number = in_session(api)
    version = api[CHAIR].put(path, minutes(), version=0).json()["version"]
    with ThreadPoolExecutor(2) as computers:
        asked = [computers.submit(api[CHAIR].post, f"{path}/sign", {}, version=version) for _ in range(2)]
        first, second = (each.result(30) for each in asked)
    assert (first.status_code, second.status_code, first.json()) == (200, 200, second.json())
    assert len(api[make.FUNCTION].get("/pump-assignments").json()["items"]) == 1
    assert make.state_of(api.database, number) == "decided"


def test_the_chair_of_another_conference_neither_writes_signs_nor_adds(api: Callers) -> None:
    path, _ = in_session(api)
    version = api[CHAIR].put(path, minutes(), version=0).json()["version"]
    unit = make.viewer(api.database, CHAIR).unit_id
    with api.database.writing() as session:
        people.add(session, email="annan@demo.mdk", name="Annan", role="chair", unit_id=unit, at=clock.now())
    other = api["annan"]
    assert refusal(other.put(path, minutes(), version=version)) == (403, "not-allowed")
    assert refusal(other.post(f"{path}/sign", {}, version=version)) == (403, "not-allowed")
    assert refusal(other.post(f"{path}/addenda", {"text": "Nytt."})) == (403, "not-allowed")


def test_an_addendum_waits_for_the_signature(api: Callers) -> None:
    path, _ = in_session(api)
    assert refusal(api[CHAIR].post(f"{path}/addenda", {"text": "Nytt."})) == (409, "minutes.not-signed")


def test_what_a_signature_lacks_is_named_at_once(api: Callers) -> None:
    path, _ = in_session(api)
    version = api[CHAIR].put(path, {"outcome": "extern_pump"}, version=0).json()["version"]
    answer = api[CHAIR].post(f"{path}/sign", {}, version=version)
    assert refusal(answer) == (409, "minutes.incomplete")
    assert {"motivation", "answer", "refractory", "route", "opioid_plan_owner", "due"} <= fields(answer)


def test_minutes_without_quorum_or_reason_are_not_signed(api: Callers) -> None:
    path, _ = in_session(api)
    version = api[CHAIR].put(path, minutes(attendance=[]), version=0).json()["version"]
    assert refusal(api[CHAIR].post(f"{path}/sign", {}, version=version)) == (409, "conference.no-quorum")


def test_nothing_is_signed_before_it_is_saved(api: Callers) -> None:
    path, _ = in_session(api)
    assert refusal(api[CHAIR].post(f"{path}/sign", {}, version=0)) == (409, "minutes.not-saved")


def test_minutes_are_checked_in_the_order_of_the_contract(api: Callers) -> None:
    path, _ = in_session(api)
    for method, where in (("PUT", path), ("POST", f"{path}/sign")):
        assert refusal(api.with_header(None).send(method, where, b"{")) == (401, "sign-in-needed")
        assert refusal(api[make.NURSE].send(method, where, b"{")) == (403, "not-allowed")
        assert refusal(api[CHAIR].send(method, where.replace("/conferences/", "/conferences/x"), b"{")) == (
            404,
            "not-found",
        )
        assert refusal(api[CHAIR].send(method, where, b"{")) == (428, "version-needed")
        assert refusal(api[CHAIR].send(method, where, b"{", version=9)) == (400, "invalid")
    assert refusal(api[CHAIR].put(path, minutes(), version=9)) == (412, "stale")
    bad = api[CHAIR].put(
        path, minutes("cured", due="snart", dissent=[{}], extra=1, attendance=[{"email": 1}]), version=0
    )
    assert fields(bad) == {"outcome", "due", "dissent.0.who", "dissent.0.what", "extra", "attendance.0.email"}


def test_minutes_of_a_case_that_is_not_on_the_agenda_are_not_found(api: Callers) -> None:
    path, number = in_session(api)
    other = make.accepted(api.database, at=clock.now() - make.DAY)
    assert refusal(api[CHAIR].put(path.replace(number, other), minutes(), version=0)) == (404, "not-found")


def test_minutes_are_not_written_before_the_conference_begins(api: Callers) -> None:
    number = make.accepted(api.database, at=clock.now() - make.DAY)
    frame = {
        "starts_at": (clock.now() + make.DAY).isoformat(),
        "duration_minutes": 60,
        "chair": make.email(CHAIR),
        "consultant": make.email(make.CONSULTANT),
    }
    path = f"/conferences/{api[CHAIR].post('/conferences', frame).json()['id']}"
    api[CHAIR].put(f"{path}/agenda", {"items": [{"case": number, "minutes": 15}]}, version=1)
    api[CHAIR].post(f"{path}/release", {}, version=2)
    answer = api[CHAIR].put(f"{path}/cases/{number}/minutes", minutes(), version=0)
    assert refusal(answer) == (409, "minutes.not-in-session")


def test_a_referrer_of_another_unit_may_not_know_of_the_minutes(stored_api: Callers) -> None:
    path, _ = signed(stored_api)
    assert refusal(stored_api[make.OTHER_REFERRER].get(path)) == (404, "not-found")
    assert refusal(stored_api[make.STEERING].get(path)) == (403, "not-allowed")


# ---------------------------------------------------------------------------------------------------- pathways
@pytest.mark.parametrize(
    ("outcome", "kind", "name", "state"),
    [
        ("intern_pump", "implant-referrals", make.SURGEON, "received"),
        ("extern_pump", "pump-assignments", make.FUNCTION, "assigned"),
    ],
)
def test_a_signature_reaches_the_receiver_who_accepts(
    stored_api: Callers, outcome: str, kind: str, name: str, state: str
) -> None:
    _, number = signed(stored_api, outcome)
    receiver = stored_api[name]
    (listed,) = receiver.get(f"/{kind}").json()["items"]
    assert (listed["case"], listed["history"][0]["by"]) == (number, "Olga Förare")
    contract = {"n", "text", "scope", "applies", "state", "owner", "note", "at"}
    assert set(listed["prerequisites"][0]) == contract | {"at_home", "by", "valid_until"}
    path = f"/{kind}/{listed['id']}"
    shown = receiver.get(path).json()
    assert shown["state"] == state
    assert refusal(receiver.post(f"{path}/accept", b"{")) == (428, "version-needed")
    assert refusal(receiver.post(f"{path}/accept", {"x": 1}, version=99)) == (400, "invalid")
    assert refusal(receiver.post(f"{path}/accept", {}, version=99)) == (412, "stale")
    taken = receiver.post(f"{path}/accept", {}, version=shown["version"])
    assert (taken.status_code, taken.json()["state"]) == (200, "accepted")
    again = receiver.post(f"{path}/accept", {}, version=taken.json()["version"])
    assert refusal(again) == (409, "pathway.wrong-state")
    assert receiver.get(f"/cases/{number}").status_code == 200


def test_opening_by_others_does_not_mark_a_referral_received(api: Callers) -> None:
    signed(api, "intern_pump")
    (listed,) = api[VAXJO].get("/implant-referrals").json()["items"]
    for name in (VAXJO, make.FUNCTION, make.COORDINATOR):
        assert api[name].get(f"/implant-referrals/{listed['id']}").json()["state"] == "created"
    assert {gap["field"] for gap in listed["missing"]} <= {"safety.anticoagulants", "treatments.imaging"}


def test_pathways_are_closed_to_those_without_a_part_in_them(api: Callers) -> None:
    signed(api, "intern_pump")
    signed(api, "extern_pump")
    referral = api[VAXJO].get("/implant-referrals").json()["items"][0]["id"]
    assignment = api[VAXJO].get("/pump-assignments").json()["items"][0]["id"]
    assert refusal(api["funktion.halland"].get(f"/pump-assignments/{assignment}")) == (404, "not-found")
    assert refusal(api["funktion.halland"].post(f"/pump-assignments/{assignment}/accept")) == (404, "not-found")
    assert refusal(api["funktion.halland"].get(f"/implant-referrals/{referral}")) == (404, "not-found")
    assert refusal(api[make.OTHER_REFERRER].get(f"/implant-referrals/{referral}")) == (404, "not-found")
    assert refusal(api[VAXJO].post(f"/implant-referrals/{referral}/accept")) == (403, "not-allowed")
    assert refusal(api[make.SURGEON].get(f"/pump-assignments/{assignment}")) == (403, "not-allowed")
    assert api["funktion.halland"].get("/pump-assignments").json() == {"items": [], "next_cursor": None}
    assert refusal(api[make.SURGEON].get("/implant-referrals/nothing")) == (404, "not-found")
    assert fields(api[make.SURGEON].get("/implant-referrals", limit=0)) == {"limit"}


def test_pathways_are_listed_page_by_page(stored_api: Callers) -> None:
    numbers = [signed(stored_api, "extern_pump")[1] for _ in range(3)]
    first = stored_api[make.FUNCTION].get("/pump-assignments", limit=2).json()
    second = stored_api[make.FUNCTION].get("/pump-assignments", limit=2, cursor=first["next_cursor"]).json()
    assert [item["case"] for item in first["items"] + second["items"]] == numbers[::-1]
    assert second["next_cursor"] is None
