from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest

import make
from calling import Callers, fields, refusal
from mdk import clock
from mdk_calendar.worker import run_once

COORDINATOR, CHAIR, VAXJO = make.COORDINATOR, make.CHAIR, make.REFERRER


def in_days(days: int, hour: int = 11) -> str:
    moment = datetime.now(UTC).replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def body(**changes: Any) -> dict[str, Any]:
    return {
        "starts_at": in_days(3),
        "duration_minutes": 60,
        "chair": make.email(CHAIR),
        "consultant": make.email(make.CONSULTANT),
        "deputy": None,
        "members": [make.email(make.NURSE), make.email(make.SURGEON)],
        "video_url": "https://video.example/mdk",
        **changes,
    }


def planned(api: Callers, **changes: Any) -> dict[str, Any]:
    answer = api[COORDINATOR].post("/conferences", body(**changes))
    assert answer.status_code == 201, answer.text
    conference: dict[str, Any] = answer.json()
    return conference


def queued(api: Callers) -> str:
    return make.accepted(api.database, at=clock.now() - make.DAY)


def released(api: Callers, numbers: list[str]) -> dict[str, Any]:
    conference = planned(api)
    path = f"/conferences/{conference['id']}"
    items = {"items": [{"case": number, "minutes": 15} for number in numbers]}
    changed = api[COORDINATOR].put(f"{path}/agenda", items, version=conference["version"])
    assert changed.status_code == 200, changed.text
    answer = api[COORDINATOR].post(f"{path}/release", {}, version=changed.json()["version"])
    assert answer.status_code == 200, answer.text
    sent: dict[str, Any] = answer.json()
    return sent


def test_a_planned_conference_has_the_shape_of_the_contract(stored_api: Callers) -> None:
    conference = planned(stored_api)
    assert {
        "version": 1,
        "state": "planned",
        "release": 0,
        "starts_at": in_days(3),
        "ends_at": in_days(3, hour=12),
        "minutes_free": 60,
        "chair": make.email(CHAIR),
        "deputy": None,
        "agenda": [],
    }.items() <= conference.items()
    assert {person["partstat"] for person in conference["people"]} == {"NEEDS-ACTION"}
    assert {person["email"]: person["role"] for person in conference["people"]} == {
        make.email(CHAIR): "chair",
        make.email(make.CONSULTANT): "consultant",
        make.email(make.NURSE): "member",
        make.email(make.SURGEON): "member",
    }


def test_every_bad_field_of_a_conference_is_named_at_once(api: Callers) -> None:
    answer = api[COORDINATOR].post(
        "/conferences", body(starts_at="onsdag", duration_minutes=2, chair=7, members=["a@b.se", 3], place="Lund")
    )
    assert refusal(answer) == (400, "invalid")
    assert fields(answer) == {"starts_at", "duration_minutes", "chair", "members.1", "place"}


def test_people_who_cannot_and_a_time_that_has_passed_are_named_at_once(api: Callers) -> None:
    answer = api[COORDINATOR].post(
        "/conferences",
        body(
            starts_at=in_days(-1),
            chair=make.email(make.NURSE),
            consultant=make.email(CHAIR),
            members=["nobody@demo.mdk"],
        ),
    )
    assert refusal(answer) == (400, "invalid")
    assert fields(answer) == {"starts_at", "chair", "consultant", "members.0"}


def test_a_conference_is_made_once_per_key(stored_api: Callers) -> None:
    first = stored_api[COORDINATOR].post("/conferences", body(), key="k")
    again = stored_api[COORDINATOR].post("/conferences", body(), key="k")
    assert (again.status_code, again.json()) == (201, first.json())
    assert refusal(stored_api[COORDINATOR].post("/conferences", body(duration_minutes=30), key="k")) == (
        409,
        "idempotency.other-body",
    )


@pytest.mark.parametrize("name", [VAXJO, make.CONSULTANT, make.NURSE, make.STEERING])
def test_only_coordinator_and_chair_plan(api: Callers, name: str) -> None:
    assert refusal(api[name].post("/conferences", b"{")) == (403, "not-allowed")
    assert refusal(api[name].post("/series", b"{")) == (403, "not-allowed")


def test_a_patch_changes_any_field_of_a_conference(stored_api: Callers) -> None:
    conference = planned(stored_api)
    path = f"/conferences/{conference['id']}"
    changes: dict[str, Any] = {
        "duration_minutes": 90,
        "video_url": None,
        "deputy": make.email(make.CONSULTANT),
        "members": [],
    }
    changed = stored_api[CHAIR].patch(path, changes, version=1)
    assert changed.status_code == 200
    assert (changed.json()["duration_minutes"], changed.json()["video_url"], changed.json()["members"]) == (
        90,
        None,
        [],
    )
    assert changed.json()["version"] > 1
    assert refusal(stored_api[CHAIR].patch(path, {"duration_minutes": 30}, version=1)) == (412, "stale")
    assert refusal(stored_api[CHAIR].patch(path, {"duration_minutes": 30})) == (428, "version-needed")
    unknown = stored_api[CHAIR].patch(path, {"rum": 3, "duration_minutes": "x"}, version=1)
    assert fields(unknown) == {"rum", "duration_minutes"}


def test_an_agenda_lays_its_slots_one_after_the_other(stored_api: Callers) -> None:
    conference, first, second = planned(stored_api), queued(stored_api), queued(stored_api)
    items = [{"case": second, "minutes": 20}, {"case": first, "minutes": 15}]
    answer = (
        stored_api[COORDINATOR]
        .put(f"/conferences/{conference['id']}/agenda", {"items": items}, version=conference["version"])
        .json()
    )
    start = datetime.fromisoformat(conference["starts_at"])
    assert [(slot["case"], datetime.fromisoformat(slot["starts_at"]) - start) for slot in answer["agenda"]] == [
        (second, timedelta()),
        (first, timedelta(minutes=20)),
    ]
    assert answer["minutes_free"] == 25
    assert {slot["presenter"] for slot in answer["agenda"]} == {make.email(VAXJO)}


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([("queued", 40), ("queued", 10)], "conference.case-twice"),
        ([("queued", 61)], "conference.too-long"),
        ([("MDK-2026-9999", 10)], "conference.case-not-queued"),
    ],
)
def test_an_impossible_agenda_is_refused_and_changes_nothing(
    api: Callers, items: list[tuple[str, int]], code: str
) -> None:
    conference, number = planned(api), queued(api)
    wanted = [{"case": number if case == "queued" else case, "minutes": minutes} for case, minutes in items]
    answer = api[COORDINATOR].put(f"/conferences/{conference['id']}/agenda", {"items": wanted}, version=1)
    assert refusal(answer) == (409, code)
    assert api[COORDINATOR].get(f"/conferences/{conference['id']}").json() == conference


def test_a_release_schedules_its_cases_and_lets_the_invited_read(stored_api: Callers) -> None:
    number = queued(stored_api)
    conference = released(stored_api, [number])
    path = f"/conferences/{conference['id']}"
    assert (conference["state"], conference["release"]) == ("released", 1)
    assert stored_api[COORDINATOR].get(f"/cases/{number}").json()["state"] == "scheduled"
    assert [slot["case"] for slot in stored_api[VAXJO].get(path).json()["agenda"]] == [number]
    assert stored_api[make.NURSE].get(path).status_code == 200
    assert refusal(stored_api[make.OTHER_REFERRER].get(path)) == (404, "not-found")
    assert refusal(stored_api[make.STEERING].get(path)) == (403, "not-allowed")


def test_a_gap_holds_a_release_back_until_a_reason_is_given(api: Callers) -> None:
    number = make.accepted(api.database, make.minimal(), at=clock.now() - make.DAY)
    conference = planned(api)
    path = f"/conferences/{conference['id']}"
    api[COORDINATOR].put(f"{path}/agenda", {"items": [{"case": number, "minutes": 15}]}, version=1)
    assert refusal(api[COORDINATOR].post(f"{path}/release", {}, version=2)) == (409, "conference.incomplete")
    passed = api[COORDINATOR].post(f"{path}/release", {"override_reason": "Akut läge."}, version=2)
    assert (passed.status_code, passed.json()["release"]) == (200, 1)


ACTS: dict[str, dict[str, Any]] = {
    "release": {"override_reason": "x"},
    "move": {"starts_at": "2999-01-01T10:00:00Z"},
    "cancel": {"reason": "Sjukdom."},
    "open": {},
    "close": {},
}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_checked_in_the_order_of_the_contract(api: Callers, act: str) -> None:
    path = f"/conferences/{released(api, [queued(api)])['id']}/{act}"
    assert refusal(api.with_header(None).post(path)) == (401, "sign-in-needed")
    assert refusal(api[make.NURSE].post(path, b"{")) == (403, "not-allowed")
    assert refusal(api[CHAIR].post(f"/conferences/nothing/{act}", b"{")) == (404, "not-found")
    assert refusal(api[CHAIR].post(path, b"{")) == (428, "version-needed")
    assert refusal(api[CHAIR].post(path, b"{", version=99)) == (400, "invalid")
    assert fields(api[CHAIR].post(path, ACTS[act] | {"more": 1}, version=99)) == {"more"}
    assert refusal(api[CHAIR].post(path, ACTS[act], version=99)) == (412, "stale")


def test_an_agenda_that_is_no_agenda_is_named(api: Callers) -> None:
    path = f"/conferences/{planned(api)['id']}/agenda"
    answer = api[COORDINATOR].put(path, {"items": [{"case": 1, "minutes": 0}, {"minutes": 5}, 7]}, version=1)
    assert fields(answer) == {"items.0.case", "items.0.minutes", "items.1.case", "items.2"}
    assert fields(api[COORDINATOR].put(path, {}, version=1)) == {"items"}
    assert refusal(api[COORDINATOR].put(path, {"items": []})) == (428, "version-needed")


def test_a_conference_is_moved_cancelled_opened_and_closed(stored_api: Callers) -> None:
    first = released(stored_api, [queued(stored_api)])
    path = f"/conferences/{first['id']}"
    moved = stored_api[COORDINATOR].post(f"{path}/move", {"starts_at": in_days(5)}, version=first["version"]).json()
    assert moved["starts_at"] == in_days(5)
    opened = stored_api[CHAIR].post(f"{path}/open", {}, version=moved["version"]).json()
    assert opened["state"] == "in_session"
    late = stored_api[COORDINATOR].post(f"{path}/cancel", {"reason": "Sjukdom."}, version=opened["version"])
    assert refusal(late) == (409, "conference.wrong-state")
    closed = stored_api[CHAIR].post(f"{path}/close", {}, version=opened["version"]).json()
    assert closed["state"] == "closed"


def test_the_cases_of_a_cancelled_conference_stand_in_the_queue_again(api: Callers) -> None:
    number = queued(api)
    conference = released(api, [number])
    answer = (
        api[COORDINATOR]
        .post(f"/conferences/{conference['id']}/cancel", {"reason": "Sjukdom."}, version=conference["version"])
        .json()
    )
    assert (answer["state"], answer["cancel_reason"]) == ("cancelled", "Sjukdom.")
    assert [item["case"] for item in api[COORDINATOR].get("/queue").json()["items"]] == [number]


def test_the_invited_answer_without_a_version(stored_api: Callers) -> None:
    conference = released(stored_api, [queued(stored_api)])
    path = f"/conferences/{conference['id']}/reply"
    answer = stored_api[make.NURSE].post(path, {"partstat": "DECLINED", "comment": "Ledig."})
    assert answer.status_code == 200
    assert [p["partstat"] for p in answer.json()["people"] if p["email"] == make.email(make.NURSE)] == ["DECLINED"]
    assert fields(stored_api[make.NURSE].post(path, {"partstat": "MAYBE", "x": 1})) == {"partstat", "x"}
    assert refusal(stored_api[make.OTHER_REFERRER].post(path, {"partstat": "ACCEPTED"})) == (404, "not-found")


def test_each_of_the_invited_downloads_the_own_invitation_and_its_cancellation(stored_api: Callers) -> None:
    conference = released(stored_api, [queued(stored_api)])
    path = f"/conferences/{conference['id']}/invitation.ics"
    assert refusal(stored_api[make.NURSE].get(path)) == (404, "not-found")
    run_once(stored_api.database, stored_api.settings, at=clock.now())
    invited = stored_api[make.NURSE].get(path)
    assert (invited.status_code, invited.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert icalendar.Calendar.from_ical(invited.content)["METHOD"] == "REQUEST"
    assert make.email(make.NURSE) in invited.text
    stored_api[COORDINATOR].post(
        f"/conferences/{conference['id']}/cancel", {"reason": "Sjukdom."}, version=conference["version"]
    )
    run_once(stored_api.database, stored_api.settings, at=clock.now())
    cancelled = stored_api[make.NURSE].get(path)
    assert cancelled.status_code == 200
    assert icalendar.Calendar.from_ical(cancelled.content)["METHOD"] == "CANCEL"
    assert refusal(stored_api[make.OTHER_REFERRER].get(path)) == (404, "not-found")
    assert refusal(stored_api[make.STEERING].get(path)) == (403, "not-allowed")


def test_conferences_are_listed_between_two_days_and_page_by_page(stored_api: Callers) -> None:
    ids = [planned(stored_api, starts_at=in_days(days))["id"] for days in (9, 2, 5)]
    ordered = [ids[1], ids[2], ids[0]]

    def listed(**query: Any) -> list[str]:
        return [line["id"] for line in stored_api[COORDINATOR].get("/conferences", **query).json()["items"]]

    assert listed() == ordered
    assert listed(**{"from": in_days(5), "to": in_days(9)}) == [ids[2]]
    assert listed(**{"from": in_days(3)[:10], "to": in_days(5)[:10]}) == [ids[2]]
    first = stored_api[COORDINATOR].get("/conferences", limit=2).json()
    second = stored_api[COORDINATOR].get("/conferences", limit=2, cursor=first["next_cursor"]).json()
    assert [line["id"] for line in first["items"] + second["items"]] == ordered
    assert second["next_cursor"] is None
    assert stored_api[VAXJO].get("/conferences").json()["items"] == []


@pytest.mark.parametrize("value", ["igår", "2026-13-45", "2026-11-25T11:00:00", "0000-00-00", "9999-12-31T99:00:00Z"])
def test_a_bad_time_in_a_query_is_named(api: Callers, value: str) -> None:
    answer = api[COORDINATOR].get("/conferences", **{"from": value, "to": value, "limit": "x"})
    assert refusal(answer) == (400, "invalid")
    assert fields(answer) == {"from", "to", "limit"}


def test_a_series_plans_its_conferences_and_is_listed(stored_api: Callers) -> None:
    series = {
        "name": "Onsdagar",
        "rrule": "FREQ=WEEKLY;COUNT=3",
        "first_start": in_days(2),
        **{key: value for key, value in body().items() if key != "starts_at"},
    }
    made = stored_api[COORDINATOR].post("/series", series, key="k")
    assert (made.status_code, made.json()["planned"]) == (201, 3)
    assert stored_api[COORDINATOR].post("/series", series, key="k").json() == made.json()
    assert series.items() <= made.json().items()
    stored_api[COORDINATOR].post("/series", series | {"name": "Andra"})
    first = stored_api[CHAIR].get("/series", limit=1).json()
    second = stored_api[CHAIR].get("/series", limit=1, cursor=first["next_cursor"]).json()
    assert [one["name"] for one in first["items"] + second["items"]] == ["Andra", "Onsdagar"]
    assert second["next_cursor"] is None
    assert refusal(stored_api[VAXJO].get("/series")) == (403, "not-allowed")
    bad = stored_api[COORDINATOR].post("/series", series | {"rrule": "varje onsdag", "chair": "x@y.se"})
    assert refusal(bad) == (400, "invalid")
    assert fields(bad) == {"rrule", "chair"}
