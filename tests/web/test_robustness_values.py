"""Values at the edge of what can be stored, told or sent are refused beside their field, and never a fault of ours."""

import time
from typing import Any

import pytest

import make
from calling import Callers, fields, refusal
from mdk.cursors import pack
from visiting import People, coming, queued

PLAN: dict[str, Any] = {
    "starts_at": "2999-03-31T11:00:00Z",
    "duration_minutes": 60,
    "chair": make.email(make.CHAIR),
    "consultant": make.email(make.CONSULTANT),
}
BEYOND = ["9999-12-31T23:30:00-10:00", "9999-12-31T22:30:00Z", "0001-01-01T00:00:00+14:00", "3000-01-01T00:00:00Z"]


@pytest.mark.parametrize("moment", BEYOND)
def test_a_time_beyond_all_calendars_is_refused_beside_its_field(stored_api: Callers, moment: str) -> None:
    answer = stored_api[make.COORDINATOR].post("/conferences", PLAN | {"starts_at": moment})
    assert (refusal(answer), fields(answer)) == ((400, "invalid"), {"starts_at"})
    for bound in ("from", "to"):
        assert refusal(stored_api[make.COORDINATOR].get("/conferences", **{bound: moment})) == (400, "invalid")


@pytest.mark.parametrize("moment", BEYOND[:3])
def test_a_cursor_with_a_time_that_no_column_holds_is_refused_or_passed_over(stored_api: Callers, moment: str) -> None:
    caller = stored_api[make.COORDINATOR]
    for path in ("/conferences", "/implant-referrals", "/pump-assignments"):
        assert caller.get(path, cursor=pack([moment, "x"])).status_code in {200, 400}
    mark = {"at": "2026-01-01T00:00:00Z", "passed": 0, "last": {"2": [moment, 1]}}
    assert caller.get("/queue", cursor=pack(mark)).status_code in {200, 400}


@pytest.mark.parametrize(
    "link",
    [
        "https://video.example/a\r\nX-EVIL: 1",
        "https://video.example/a\nb",
        "https://video.example/a b",
        "https://video.example/\u202eb",
        "https://",
        "https://[::1",
        "javascript:alert(1)",
        "https://video.example/MDK-2026-0001",
        "https://video.example/mdk%2D2026-0001",
        "https://" + "a" * 70 + ".ü.example",
    ],
)
def test_a_video_link_that_no_mail_could_carry_is_refused(api: Callers, link: str) -> None:
    answer = api[make.COORDINATOR].post("/conferences", PLAN | {"video_url": link})
    assert (refusal(answer), fields(answer)) == ((400, "invalid"), {"video_url"})


def test_an_unknown_field_that_looks_like_an_endless_place_is_refused(api: Callers) -> None:
    medicines: dict[str, Any] = {"opioids": [], "opioids." + "9" * 5000 + ".dose": 1}
    answer = api[make.REFERRER].post("/cases", make.document(medicines=medicines))
    assert refusal(answer) == (400, "invalid")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYSETPOS=9;BYDAY=MO",
        "FREQ=DAILY;BYYEARDAY=366;BYMONTH=1",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31",
    ],
)
def test_a_rule_that_never_meets_does_not_hold_the_system_up(api: Callers, rule: str) -> None:
    series = {name: value for name, value in PLAN.items() if name != "starts_at"}
    began = time.monotonic()
    body = series | {"name": "Aldrig", "rrule": rule, "first_start": "2999-01-01T12:00:00Z"}
    assert api[make.COORDINATOR].post("/series", body).status_code in {201, 400}
    assert time.monotonic() - began < 3


def test_a_row_that_is_sent_twice_is_two_rows(people: People) -> None:
    typed = {"starts_at": "2027-03-31T13:00", "duration_minutes": "60", "chair": make.email(make.CHAIR)}
    coordinator = people[make.COORDINATOR]
    to = coordinator.post("/conferences/new", **typed, consultant=make.email(make.CONSULTANT)).to
    sent = {"items.0.case": "A", "items.0.minutes": "5", "items.00.case": "B", "items.00.minutes": "5", "version": "1"}
    assert coordinator.post(f"{to}/agenda", **sent).status == 422


@pytest.mark.parametrize("place", ["²", "٣", "9" * 5000, "-1"])
def test_a_row_at_a_place_that_is_none_does_not_break_the_cases_form(people: People, place: str) -> None:
    typed = {f"medicines.opioids.{place}.drug": "morphine", "patient.identity_number": make.ADULT}
    referrer = people[make.REFERRER]
    assert referrer.post("/cases/new", **typed).status in {303, 422}
    assert referrer.post("/cases/preview", **typed).status == 200


def test_the_hour_that_spring_skips_is_refused_and_the_typing_kept(people: People) -> None:  # F23
    typed = {"starts_at": "2027-03-28T02:30", "duration_minutes": "60", "chair": make.email(make.CHAIR)}
    answer = people[make.COORDINATOR].post("/conferences/new", **typed, consultant=make.email(make.CONSULTANT))
    assert (answer.status, answer.values["starts_at"]) == (422, "2027-03-28T02:30")
    assert answer.links_of_summary() == ["#f-starts_at"]


@pytest.mark.parametrize("wall", ["2027-03-28T02:30", "2020-01-01T13:00", "2027-02-30T13:00"])
def test_a_move_to_a_time_that_does_not_exist_or_has_passed_is_refused_and_nobody_is_told(
    people: People, wall: str
) -> None:
    held = coming(people.database, [queued(people.database)])
    before = make.conference_row(people.database, held)
    person, path = people[make.COORDINATOR], f"/conferences/{held}"
    refused = person.send(person.get(path), f"{path}/move", starts_at=wall)
    assert (refused.status, refused.links_of_summary()) == (422, ["#f-starts_at"])
    assert f'value="{wall}"' in refused.html
    after = make.conference_row(people.database, held)
    assert (after.version, after.starts_at) == (before.version, before.starts_at)


def test_a_move_to_the_hour_that_autumn_repeats_asks_which_one_is_meant(people: People) -> None:  # F23
    held = coming(people.database, [queued(people.database)])
    person, path = people[make.COORDINATOR], f"/conferences/{held}"
    asked = person.send(person.get(path), f"{path}/move", starts_at="2027-10-31T02:30")
    assert (asked.status, "2027-10-31T02:30" in asked.html) == (422, True)
    assert person.send(asked, f"{path}/move", fold="second").status == 303
    assert make.conference_row(people.database, held).starts_at.isoformat() == "2027-10-31T01:30:00+00:00"
