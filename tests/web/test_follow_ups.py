"""Follow-ups over the API and on their page, the on-call sheet, and the coordinator's list of what is late."""

from typing import Any

from sqlalchemy import select

import make
from calling import Callers, fields, refusal
from mdk import clock
from mdk.db import Database
from mdk.pathways.tables import PumpAssignment
from visiting import People, queued, under_way

REFERRER, FUNCTION, COORDINATOR = make.REFERRER, make.FUNCTION, make.COORDINATOR


def with_pump(database: Database) -> tuple[str, str]:
    """A case whose extern pump was put in today: the assignment's id and the case's number."""
    number, now = queued(database), clock.now()
    held = under_way(database, [number])
    make.save(database, held, number, make.minutes_body("extern_pump"), at=now)
    make.sign(database, held, number, at=now)
    with database.reading() as session:
        key = session.scalars(select(PumpAssignment)).one().id
    for name in ("accept", "prepare", "insert"):
        make.assign(database, key, name, at=clock.now())
    return key, number


def told(week: int, **changes: Any) -> dict[str, Any]:
    return {
        "week": week,
        "date": clock.today(clock.now()).isoformat(),
        "nrs": 3,
        "omeq": 120,
        "side_effects": "Trötthet",
        "complications": "",
        "pump_state": "Fungerar",
        "care_place": "Hemma",
        "alive": "yes",
        **changes,
    }


def test_a_series_to_followed_up(api: Callers) -> None:
    make.people(api.database)
    key, number = with_pump(api.database)
    path, function = f"/cases/{number}/follow-ups", api[FUNCTION]
    for week in (2, 6):
        assert function.post(path, told(week)).status_code == 201
        assert function.get(f"/pump-assignments/{key}").json()["state"] == "inserted"
    answer = api[REFERRER].post(path, told(12, nrs=2), key="one")
    assert answer.status_code == 201
    assert [each["told"]["nrs"] for each in answer.json()["planned"]] == [3, 3, 2]
    assert api[REFERRER].post(path, told(12, nrs=2), key="one").json() == answer.json()
    assert refusal(api[REFERRER].post(path, told(12, nrs=4), key="one")) == (409, "idempotency.other-body")
    assert function.get(f"/pump-assignments/{key}").json()["state"] == "followed_up"
    assert api[REFERRER].get(f"/cases/{number}").json()["state"] == "closed"
    assert api[REFERRER].get(path).json()["refill"]["every"] == "week"


def test_what_is_refused(api: Callers) -> None:
    make.people(api.database)
    _, number = with_pump(api.database)
    path, referrer = f"/cases/{number}/follow-ups", api[REFERRER]
    late = (clock.now() + 3 * make.DAY).date().isoformat()
    assert fields(referrer.post(path, told(3, date=late, nrs=None))) == {"week", "date", "nrs"}
    assert fields(referrer.post(path, told(2, nrs=11))) == {"nrs"}
    assert fields(referrer.post(path, told(2, alive="kanske"))) == {"alive"}
    assert api[make.OTHER_REFERRER].post(path, told(2)).status_code == 404
    assert api[COORDINATOR].post(path, told(2)).status_code == 403
    assert api[make.STEERING].get(path).status_code == 403
    assert referrer.post(path, told(2, alive="no")).status_code == 201
    assert referrer.get(f"/cases/{number}").json()["state"] == "deceased"
    assert refusal(referrer.post(path, told(6))) == (409, "followup.dead")


def test_nothing_to_follow_up_yet(api: Callers) -> None:
    make.people(api.database)
    number = queued(api.database)
    assert refusal(api[REFERRER].post(f"/cases/{number}/follow-ups", told(2))) == (409, "followup.nothing-done")


def test_the_form_the_curve_and_the_sheet(people: People) -> None:
    key, number = with_pump(people.database)
    referrer, path = people[REFERRER], f"/cases/{number}/follow-ups"
    assert "Efter åtgärden 2 veckor" in referrer.get(f"/cases/{number}").words
    assert "Efter åtgärden" in people[FUNCTION].get(f"/assignments-inbox/{key}").words
    form = referrer.get(path).forms[path]
    refused = referrer.post(path, form, alive="yes", side_effects="Klåda")
    assert refused.status == 422
    assert "Ange smärtan som en siffra från 0 till 10." in refused.words
    assert "Klåda" in refused.html
    assert refused.links_of_summary() == ["#f-nrs", "#f-is_early"]
    early = referrer.post(path, form, alive="yes", nrs="3", omeq="112,5", pump_state="Fungerar")
    assert (early.status, early.links_of_summary()) == (422, ["#f-is_early"])
    assert "den här dagen hade det bara gått 0 dagar sedan åtgärden" in early.words
    assert "Fungerar" in early.html
    kept = referrer.post(path, early.forms[path], is_early="yes")
    assert (kept.status, kept.to) == (303, path)
    page = referrer.get(path)
    assert "Uppföljningen är sparad." in page.words
    assert '<svg class="mdk-chart"' in page.html
    assert "112,5" in page.words
    assert "Påfyllning varje vecka" in page.words
    sheet = referrer.get(f"/cases/{number}/on-call")
    assert "Jourblad: extern pump" in sheet.words
    assert "Ingen specialiserad palliativ vård på jourtid" in sheet.words
    assert "Regionen har ingen egen bemanning då." in sheet.words
    assert people[make.OTHER_REFERRER].get(f"/cases/{number}/on-call").status == 404


def test_only_the_coordinator_sees_what_is_late(people: People) -> None:
    number, now = queued(people.database), clock.now()
    held = under_way(people.database, [number])
    due = clock.today(now - make.DAY)
    make.save(people.database, held, number, make.minutes_body("neurolysis", due=due), at=now)
    make.sign(people.database, held, number, at=now)
    home = people[REFERRER].get("/")
    assert "Neurolys, senast" in home.words
    assert "/actions#action-" in home.html
    page = people[COORDINATOR].get("/overdue")
    assert "Åtgärder 1" in page.words
    assert number in page.words
    assert people[REFERRER].get("/overdue").status == 403
    assert people[make.STEERING].get("/overdue").status == 403


def test_nothing_late_is_said_so(people: People) -> None:
    assert "Inget är försenat just nu." in people[COORDINATOR].get("/overdue").words
