"""Answers by mail over the API: what waits for the coordinator and why, page by page, until it is looked after."""

from typing import Any, cast

import make
from calling import Callers, refusal
from invites.answering import mail
from mdk import clock
from mdk_calendar import replies
from mdk_calendar.mailbox import ANSWERS
from mdk_calendar.tables import MailBox

COORDINATOR = make.COORDINATOR


def came(api: Callers, **changes: Any) -> None:
    with api.database.writing() as session:
        replies.ingest(session, mail(**changes), at=clock.now())


def test_what_waits_is_listed_with_its_reason_and_settled(stored_api: Callers) -> None:
    for uid in ("one", "two", "three"):
        came(stored_api, uid=uid)
    person = stored_api[COORDINATOR]
    first = person.get("/replies", limit=2).json()
    rest = person.get("/replies", limit=2, cursor=first["next_cursor"]).json()
    assert [(each["fate"], each["reason"]) for each in first["items"] + rest["items"]] == [
        ("refused", "unknown-uid")
    ] * 3
    assert (rest["next_cursor"], rest["mailbox"]) == (None, None)
    keys = [each["id"] for each in first["items"] + rest["items"]]
    for _ in range(2):  # again changes nothing
        left = person.post(f"/replies/{keys[0]}/settle", {}).json()
        assert [each["id"] for each in left["items"]] == keys[1:]


def test_only_the_coordinator_reads_and_settles_them(api: Callers) -> None:
    came(api)
    (line,) = api[COORDINATOR].get("/replies").json()["items"]
    path = f"/replies/{line['id']}/settle"
    assert refusal(api.with_header(None).get("/replies")) == (401, "sign-in-needed")
    assert refusal(api[make.CHAIR].get("/replies", limit=0)) == (403, "not-allowed")
    assert refusal(api[make.CHAIR].post(path, b"{")) == (403, "not-allowed")
    assert refusal(api[COORDINATOR].post("/replies/99999/settle", b"{")) == (404, "not-found")
    assert refusal(api[COORDINATOR].post(path, {"x": 1})) == (400, "invalid")
    assert len(api[COORDINATOR].get("/replies").json()["items"]) == 1


def test_a_mailbox_that_cannot_be_read_is_told(api: Callers) -> None:
    cast("dict[str, str]", api.settings.values)["IMAP_URL"] = "imaps://mdk:hemligt@mail.example/INBOX"
    with api.database.writing() as session:
        session.add(MailBox(id=ANSWERS, failing_since=make.AT, fault="LOGIN not now"))
    told = api[COORDINATOR].get("/replies")
    assert told.json()["mailbox"] == {
        "read_at": None, "failing_since": "2026-11-23T08:00:00Z", "fault": "LOGIN not now"
    }  # fmt: skip
    assert "hemligt" not in told.text
