"""The API and the page of actions: a nerve block that is not done, and what is refused on the way."""

from sqlalchemy import select

import make
from calling import Callers, fields, refusal
from mdk import clock
from mdk.db import Database
from mdk.pathways.tables import PathwayAction
from visiting import People, queued, under_way


def decided(database: Database) -> tuple[str, str]:
    """The id of the action of a nerve block that was signed just now, and its case's number."""
    number = queued(database)
    held = under_way(database, [number])
    due = clock.today(clock.now() - make.DAY)
    make.save(database, held, number, make.minutes_body("nerve_block", due=due), at=clock.now())
    make.sign(database, held, number, at=clock.now())
    with database.reading() as session:
        return session.scalars(select(PathwayAction.id)).one(), number  # type: ignore[call-overload]


def test_a_nerve_block_is_not_done_for_a_reason(api: Callers) -> None:
    make.people(api.database)
    key, number = decided(api.database)
    referrer = api[make.REFERRER]
    (found,) = referrer.get("/actions", state="overdue").json()["items"]
    assert (found["id"], found["case"], found["outcome"], found["is_overdue"]) == (key, number, "nerve_block", True)
    assert api[make.OTHER_REFERRER].get("/actions").json() == {"items": [], "next_cursor": None}
    body = {"reason_code": "no_theatre_time", "note": "Ingen tid före jul."}
    assert refusal(api[make.OTHER_REFERRER].post(f"/actions/{key}/not-done", body, version=1)) == (404, "not-found")
    assert refusal(api[make.CHAIR].post(f"/actions/{key}/not-done", body, version=1))[0] == 403
    assert referrer.post(f"/actions/{key}/not-done", body).status_code == 428
    unfounded = referrer.post(f"/actions/{key}/not-done", {"note": "Nej"}, version=1)
    assert (unfounded.status_code, fields(unfounded)) == (400, {"reason_code"})
    assert fields(referrer.post(f"/actions/{key}/done", {"reason_code": "vet ej"}, version=1)) == {"reason_code"}
    assert referrer.post(f"/actions/{key}/not-done", body, version=7).status_code == 412
    ended = referrer.post(f"/actions/{key}/not-done", body, version=1).json()
    assert (ended["state"], ended["reason_code"], ended["note"]) == ("not_done", *body.values())
    assert referrer.get(f"/cases/{number}").json()["state"] == "closed"
    again = referrer.post(f"/actions/{key}/done", {}, version=ended["version"])
    assert refusal(again) == (409, "pathway.wrong-state")
    assert referrer.get("/actions", state="overdue").json()["items"] == []
    assert referrer.get("/actions", state="late").status_code == 400


def test_one_click_says_done(people: People) -> None:
    key, number = decided(people.database)
    referrer = people[make.REFERRER]
    page = referrer.get("/actions")
    assert f"{number} " in page.words
    assert "Nervblockad" in page.words
    assert "Försenad" in page.words
    answer = referrer.post(f"/actions/{key}/done", page.forms[f"/actions/{key}/done"])
    assert (answer.status, answer.to) == (303, "/actions")
    assert "Klart. Ärendet är avslutat." in referrer.get("/actions").words
    assert "Klar" in referrer.get("/actions?state=").words


def test_what_was_typed_stays_when_a_reason_lacks(people: People) -> None:
    key, _ = decided(people.database)
    referrer = people[make.REFERRER]
    form = referrer.get("/actions").forms[f"/actions/{key}/not-done"]
    refused = referrer.post(f"/actions/{key}/not-done", form, note="Patienten mår bättre")
    assert refused.status == 422
    assert "Välj varför åtgärden inte blev av." in refused.words
    assert refused.links_of_summary() == ["#f-reason_code"]
    assert "Patienten mår bättre" in refused.html
    assert referrer.post(f"/actions/{key}/partly", form, note="Ena sidan").to == "/actions"


def test_others_read_without_buttons_or_not_at_all(people: People) -> None:
    key, _ = decided(people.database)
    assert f"/actions/{key}/done" not in people[make.CHAIR].get("/actions").forms
    assert people[make.STEERING].get("/actions").status == 403
    assert people[make.OTHER_REFERRER].post(f"/actions/{key}/done", version="1").status == 404
