"""The urgent lane over the API, from a submitted case to a ratified recommendation with its pathway going."""

from typing import Any

import make
from calling import Callers, fields, refusal
from mdk import clock
from web.test_api_minutes import minutes

CONSULTANT, COORDINATOR, NURSE, SURGEON = make.CONSULTANT, make.COORDINATOR, make.NURSE, make.SURGEON


def asking(**changes: Any) -> dict[str, Any]:
    deadline = (clock.now() + make.DAY).isoformat()
    return {"members": [make.email(NURSE), make.email(SURGEON)], "deadline": deadline, **changes}


def submitted(api: Callers) -> tuple[str, int]:
    number = make.submitted(api.database, at=clock.now() - make.HOUR)
    return f"/cases/{number}/urgent-review", make.version_of(api.database, number)


def opened(api: Callers) -> tuple[str, int]:
    path, version = submitted(api)
    answer = api[COORDINATOR].post(path, asking(), version=version)
    assert answer.status_code == 201, answer.text
    return path, answer.json()["version"]


def test_the_lane_from_submission_to_ratification(stored_api: Callers) -> None:
    path, version = submitted(stored_api)
    answer = stored_api[COORDINATOR].post(path, asking(), version=version)
    assert answer.status_code == 201
    assert (answer.json()["state"], answer.json()["clock"]["whose_move"]) == ("scheduled", "consultant")
    for name in (NURSE, SURGEON):
        said = stored_api[name].post(f"{path}/opinions", {"text": f"{name} stöder."})
        assert said.status_code == 201
    assert [each["text"] for each in said.json()["urgent_review"]["opinions"]] == [
        "deltagare stöder.",
        "neurokirurgi stöder.",
    ]
    done = stored_api[CONSULTANT].post(f"{path}/conclude", minutes(), version=said.json()["version"])
    assert (done.status_code, done.json()["state"], done.json()["outcome"]) == (200, "decided", "extern_pump")
    (assignment,) = stored_api[make.FUNCTION].get("/pump-assignments").json()["items"]
    number = path.split("/")[2]
    assert (assignment["case"], assignment["state"]) == (number, "assigned")
    held = f"/conferences/{done.json()['urgent_review']['conference']}/cases/{number}/minutes"
    read = stored_api[make.REFERRER].get(held)
    assert (read.status_code, read.json()["kind"], read.json()["signed"]["by"]) == (200, "urgent", "Kim Smärtgren")
    assert stored_api[COORDINATOR].get("/conferences").json()["items"] == []
    planned = make.released(stored_api.database, [], starts_at=clock.now() + make.DAY)
    make.opened(stored_api.database, planned, at=clock.now())
    ratified = stored_api[make.CHAIR].post(
        f"{path}/ratify", {"conference": planned, "remark": "Enigt."}, version=done.json()["version"]
    )
    assert ratified.status_code == 200
    assert ratified.json()["urgent_review"]["state"] == "ratified"
    assert ratified.json()["urgent_review"]["ratified_at"] is not None
    assert [each["text"] for each in stored_api[make.REFERRER].get(held).json()["addenda"]] == ["Enigt."]


def test_a_case_that_never_passed_the_lane_says_so(api: Callers) -> None:
    path, _ = submitted(api)
    assert api[COORDINATOR].get(path.removesuffix("/urgent-review")).json()["urgent_review"] is None


def test_refusals_come_in_the_contract_s_order(api: Callers) -> None:
    path, version = submitted(api)
    assert refusal(api.with_header(None).post(path, asking())) == (401, "sign-in-needed")
    assert refusal(api[make.REFERRER].post(path, {})) == (403, "not-allowed")
    assert refusal(api[COORDINATOR].post("/cases/MDK-2020-0001/urgent-review", {})) == (404, "not-found")
    assert refusal(api[COORDINATOR].post(path, {})) == (428, "version-needed")
    assert refusal(api[COORDINATOR].post(path, {}, version=1)) == (400, "invalid")
    assert refusal(api[COORDINATOR].post(path, asking(), version=version + 7)) == (412, "stale")


def test_every_bad_field_is_named_at_once(api: Callers) -> None:
    path, version = submitted(api)
    assert fields(api[COORDINATOR].post(path, {"x": 1}, version=version)) == {"members", "deadline", "x"}
    late = (clock.now() + 3 * make.DAY).isoformat()
    answer = api[COORDINATOR].post(path, asking(members=["a@b.c"], deadline=late), version=version)
    assert (answer.status_code, fields(answer)) == (400, {"members.0", "deadline"})


def test_opinions_are_for_those_who_were_asked(api: Callers) -> None:
    path, _ = opened(api)
    assert refusal(api[make.CHAIR].post(f"{path}/opinions", {"text": "Ja."})) == (403, "not-allowed")
    assert refusal(api[make.PAEDIATRIC].post(f"{path}/opinions", {"text": "Ja."})) == (404, "not-found")
    assert fields(api[NURSE].post(f"{path}/opinions", {"text": ""})) == {"text"}


def test_an_opinion_sent_twice_with_the_same_key_is_given_once(api: Callers) -> None:
    path, _ = opened(api)
    for _ in range(2):
        answer = api[NURSE].post(f"{path}/opinions", {"text": "Ja."}, key="k")
        assert answer.status_code == 201
    assert len(answer.json()["urgent_review"]["opinions"]) == 1


def test_a_lane_opened_twice_with_the_same_key_is_opened_once(api: Callers) -> None:
    path, version = submitted(api)
    body = asking()
    first, again = (api[COORDINATOR].post(path, body, version=version, key="k") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["urgent_review"] == again.json()["urgent_review"]


def test_a_conclusion_keeps_to_the_rules_of_signing(api: Callers) -> None:
    path, version = opened(api)
    for name in (COORDINATOR, NURSE):
        assert refusal(api[name].post(f"{path}/conclude", minutes(), version=version)) == (403, "not-allowed")
    answer = api[CONSULTANT].post(f"{path}/conclude", {}, version=version)
    assert refusal(answer) == (409, "minutes.incomplete")
    answer = api[CONSULTANT].post(f"{path}/conclude", minutes(), version=version)
    assert (refusal(answer), fields(answer)) == ((409, "conference.no-quorum"), {"quorum_reason"})
    body = minutes(quorum_reason="Ingen hann svara.")
    assert api[CONSULTANT].post(f"{path}/conclude", body, version=version).status_code == 200
    assert refusal(api[CONSULTANT].post(f"{path}/conclude", body, version=version)) == (412, "stale")


def test_ratifying_needs_a_meeting_that_the_caller_chairs(api: Callers) -> None:
    path, version = opened(api)
    api[CONSULTANT].post(f"{path}/conclude", minutes(quorum_reason="Bråttom."), version=version)
    version = make.version_of(api.database, path.split("/")[2])
    body = {"conference": "finns-inte"}
    assert refusal(api[COORDINATOR].post(f"{path}/ratify", body, version=version)) == (403, "not-allowed")
    assert refusal(api[make.CHAIR].post(f"{path}/ratify", body)) == (428, "version-needed")
    assert fields(api[make.CHAIR].post(f"{path}/ratify", body, version=version)) == {"conference"}
    planned = make.released(api.database, [], starts_at=clock.now() + make.DAY)
    answer = api[make.CHAIR].post(f"{path}/ratify", {"conference": planned}, version=version)
    assert refusal(answer) == (409, "urgent.not-in-session")
