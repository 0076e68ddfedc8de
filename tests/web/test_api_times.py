"""The API of series, absences, conflicts and free times."""

from datetime import timedelta
from typing import Any

import pytest

import make
from calling import Callers
from mdk import clock
from mdk.clock import today

COORDINATOR, CHAIR, NURSE, CONSULTANT = make.COORDINATOR, make.CHAIR, make.NURSE, make.CONSULTANT
FRAME: dict[str, Any] = {
    "duration_minutes": 60,
    "chair": make.email(CHAIR),
    "consultant": make.email(CONSULTANT),
    "members": [make.email(NURSE)],
}


def start(days: int) -> str:
    return (clock.now() + timedelta(days=days)).strftime("%Y-%m-%dT11:00:00Z")


def day(days: int) -> str:
    return (today(clock.now()) + timedelta(days=days)).isoformat()


def begun(api: Callers) -> dict[str, Any]:
    body = {**FRAME, "name": "Dagliga", "rrule": "FREQ=DAILY", "first_start": start(2)}
    answer = api[COORDINATOR].post("/series", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def planned(api: Callers, days: int = 2, **changes: Any) -> dict[str, Any]:
    answer = api[COORDINATOR].post("/conferences", {**FRAME, "starts_at": start(days), **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_series_is_skipped_changed_and_ended(stored_api: Callers) -> None:
    series = begun(stored_api)
    path, by = f"/series/{series['id']}", stored_api[COORDINATOR]
    skipped = by.post(f"{path}/skip", {"first_day": day(3), "last_day": day(4), "reason": "x"}, version=1)
    assert (skipped.status_code, skipped.json()["planned"]) == (200, series["planned"] - 2)
    changed = by.patch(path, {"from_day": day(5), "time": "09:30", "name": "Morgnar"}, version=1)
    assert (changed.status_code, changed.json()["name"], changed.json()["version"]) == (200, "Morgnar", 2)
    ended = by.post(f"{path}/end", {"from_day": day(10), "reason": "x"}, version=2)
    assert (ended.status_code, ended.json()["ended_from"]) == (200, day(10))
    assert by.get(path).json() == ended.json()
    states = [line["state"] for line in by.get("/conferences", limit=100).json()["items"]]
    assert (states.count("planned"), states[1:3]) == (6, ["cancelled"] * 2)


@pytest.mark.parametrize("act", ["skip", "end"])
def test_an_act_on_a_series_is_checked_in_the_order_of_the_contract(api: Callers, act: str) -> None:
    path = f"/series/{begun(api)['id']}/{act}"
    body = {"first_day": day(3), "last_day": day(3), "from_day": day(3), "reason": "x"}
    fitting = {name: body[name] for name in (("first_day", "last_day") if act == "skip" else ("from_day",))}
    by = api[COORDINATOR]
    assert api.with_header(None).post(path, {}).status_code == 401
    assert api[NURSE].post(path, {}).status_code == 403
    assert by.post(f"/series/nothing/{act}", {}).status_code == 404
    assert by.post(path, {}).status_code == 428
    assert by.post(path, {}, version=9).status_code == 400
    assert by.post(path, {**fitting, "reason": "x"}, version=9).status_code == 412


def test_conflicts_and_free_slots_are_told(stored_api: Callers) -> None:
    one, two = planned(stored_api), planned(stored_api)
    by = stored_api[COORDINATOR]
    found = by.get("/conflicts").json()["items"]
    assert {line["conference"] for line in found} == {one["id"], two["id"]}
    assert {clash["kind"] for line in found for clash in line["clashes"]} == {"conference"}
    assert by.get(f"/conferences/{one['id']}").json()["clashes"] == next(
        line["clashes"] for line in found if line["conference"] == one["id"]
    )
    people = f"{make.email(CHAIR)},{make.email(NURSE)}"
    free = by.get("/free-slots", people=people, duration_minutes=60, around=start(2)).json()["items"]
    assert len(free) == 5
    assert one["starts_at"] not in {line["starts_at"] for line in free}


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/free-slots", {}, "people"),
        ("/free-slots", {"people": "x@y.z"}, "people"),
        ("/free-slots", {"people": make.email(CHAIR), "duration_minutes": "9999"}, "duration_minutes"),
        ("/free-slots", {"people": make.email(CHAIR), "around": "2999-01-01"}, "around"),
        ("/free-slots", {"people": ",".join(["x@y.z"] * 51)}, "people"),
        ("/conflicts", {"from": "2026-12-01", "to": "2026-11-01"}, "to"),
        ("/conflicts", {"from": "2026-12-01", "to": "2029-11-01"}, "to"),
    ],
)
def test_a_bad_query_is_named(api: Callers, path: str, query: dict[str, Any], field: str) -> None:
    answer = api[COORDINATOR].get(path, **query)
    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (400, [field])
    assert api[NURSE].get(path, **query).status_code == 403


def test_an_absence_is_recorded_once_listed_and_removed(stored_api: Callers) -> None:
    held = planned(stored_api)
    by = stored_api[CONSULTANT]
    body = {"first_day": day(2), "last_day": day(2), "deputy": make.email(make.SURGEON)}
    made = by.post("/absences", body, key="one")
    assert (made.status_code, made.json()["conferences"][0]["id"]) == (201, held["id"])
    assert by.post("/absences", body, key="one").json() == made.json()
    assert stored_api[COORDINATOR].get("/absences").json()["items"] == [made.json()]
    assert stored_api[NURSE].get("/absences").json()["items"] == []
    assert stored_api[COORDINATOR].get(f"/conferences/{held['id']}").json()["deputy"] == make.email(make.SURGEON)
    path = f"/absences/{made.json()['id']}/remove"
    assert stored_api[NURSE].post(path, {}).status_code == 404
    assert by.post(path, {}).json() == {"items": [], "next_cursor": None}
    assert by.post("/absences", body, key="one").status_code == 404
    assert stored_api[make.STEERING].post("/absences", body).status_code == 403


def test_cases_of_a_conference_without_consultant_are_offered_and_moved(api: Callers) -> None:
    number = make.accepted(api.database, at=clock.now() - make.DAY)
    held, later, by = planned(api), planned(api, 9), api[COORDINATOR]
    path = f"/conferences/{held['id']}"
    version = by.put(f"{path}/agenda", {"items": [{"case": number, "minutes": 15}]}, version=1).json()["version"]
    api[CONSULTANT].post("/absences", {"first_day": day(2), "last_day": day(2)})
    refused = by.post(f"{path}/release", {}, version=version)
    assert (refused.status_code, refused.json()["code"]) == (409, "conference.consultant-away")
    offer = {"case": number, "minutes": 15, "conference": later["id"], "starts_at": later["starts_at"]}
    assert by.get(f"{path}/postpone").json() == {"items": [offer]}
    assert by.post(f"{path}/postpone", {}).status_code == 428
    assert by.post(f"{path}/postpone", {}, version=99).status_code == 412
    assert by.post(f"{path}/postpone", {}, version=version).json() == {"items": [offer]}
    assert by.get(f"{path}/postpone").json() == {"items": []}
    assert [slot["case"] for slot in by.get(f"/conferences/{later['id']}").json()["agenda"]] == [number]


def test_absences_come_page_by_page(api: Callers) -> None:
    for days in (5, 3, 4):
        api[CONSULTANT].post("/absences", {"first_day": day(days), "last_day": day(days)})
    by, found, cursor = api[CHAIR], [], None
    while True:
        page = by.get("/absences", limit=2, **({"cursor": cursor} if cursor else {})).json()
        found += [one["first_day"] for one in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert found == [day(3), day(4), day(5)]
