"""Pages around the mails: answers that wait, who comes and how they said so, what does not leave, and the language."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from invites.answering import UID, mail
from mdk import clock
from mdk.outbox.tables import OutboxRow
from mdk.people.tables import Person
from mdk_calendar import ledger, replies
from mdk_calendar.tables import Fate, Told
from visiting import People, coming, queued

COORDINATOR, NURSE = make.COORDINATOR, make.NURSE


def came(people: People, **changes: Any) -> Fate:
    """An answer by mail, written now."""
    stamp = f"{clock.now():%Y%m%dT%H%M%SZ}"
    with people.database.writing() as session:
        return replies.ingest(session, mail(**{"stamp": stamp, **changes}), at=clock.now()).fate


def told(people: People) -> str:
    """A conference that everyone was told of, the nurse by the samples' UID."""
    held = coming(people.database, [queued(people.database)])
    with people.database.writing() as session:
        settings = people.client.app.state.settings
        ledger.tell(session, held, settings=settings, at=clock.now())
        session.flush()
        session.get_one(Told, (held, make.viewer(people.database, NURSE).person_id)).uid = UID
    return held


def test_the_coordinator_sees_why_a_mail_waits_and_settles_it(people: People) -> None:
    held = told(people)
    assert came(people, method="COUNTER", partstat="TENTATIVE", lines=["COMMENT:Helst senare"]) == Fate.NOTED
    assert came(people, uid="nonsense") == Fate.REFUSED
    person = people[COORDINATOR]
    assert "2 svar behöver du titta på." in person.get("/").words
    assert "Svar via mejl (2 väntar)" in person.get("/outbox").words
    page = person.get("/replies")
    assert (page.status, page.title) == (200, "Svar via mejl – MDK smärta")
    assert "Föreslår en annan tid. Flytta konferensen eller hör av dig till personen." in page.words
    assert "Svaret gäller en kallelse som inte har skickats härifrån." in page.words
    assert "”Helst senare”" in page.words
    assert "Önskemål via mejl Föreslår" in person.get(f"/conferences/{held}").words
    after = person.send(page, "/replies/1/settle")
    assert (after.status, after.to) == (303, "/replies")
    assert "Helst senare" not in person.get("/replies").words
    assert "Önskemål via mejl" not in person.get(f"/conferences/{held}").words


def test_the_page_says_when_nothing_waits(people: People) -> None:
    assert "Inget svar väntar på dig." in people[COORDINATOR].get("/replies").words


@pytest.mark.parametrize("name", [make.CHAIR, make.REFERRER, make.ADMIN])
def test_only_the_coordinator_sees_and_settles_answers_by_mail(people: People, name: str) -> None:
    person = people[name]
    assert person.get("/replies").status == 403
    assert person.post("/replies/1/settle").status == 403
    assert people[COORDINATOR].post("/replies/99/settle").status == 404


def test_the_planners_see_how_each_answered_and_what_they_wrote_and_others_only_what(people: People) -> None:
    held = told(people)
    came(people, partstat="DECLINED", lines=["COMMENT:Är ledig"])
    words = people[COORDINATOR].get(f"/conferences/{held}").words
    assert "0 kommer, 0 kanske, 1 kommer inte, 4 har inte svarat" in words
    assert "via mejl" in words
    assert "”Är ledig”" in words
    seen_by_another = people[make.CONSULTANT].get(f"/conferences/{held}").words
    assert "1 kommer inte" in seen_by_another
    assert "Är ledig" not in seen_by_another


def test_mails_that_do_not_leave_are_told_on_the_coordinators_own_page(people: People) -> None:
    told(people)
    with people.database.writing() as session:
        for row in session.scalars(select(OutboxRow).where(col(OutboxRow.topic) == "mail")):
            row.created_at = clock.now() - timedelta(minutes=31)
    person = people[COORDINATOR]
    assert "Mejl kommer inte iväg" in person.get("/").words
    assert "Det äldsta har väntat sedan" in person.get("/outbox").words
    assert "Mejl kommer inte iväg" not in people[make.CHAIR].get("/").words


def test_everyone_chooses_the_language_of_their_mails(people: People) -> None:
    person = people[NURSE]
    page = person.get("/calendar")
    assert person.send(page, "/calendar/language", language="en").to == "/calendar"
    with people.database.reading() as session:
        row = session.scalars(select(Person).where(col(Person.email) == make.email(NURSE))).one()
        assert row.language == "en"
    refused = person.post("/calendar/language", language="no")
    assert (refused.status, refused.links_of_summary()) == (422, ["#f-language"])
    assert people[make.AUDITOR].post("/calendar/language", language="en").status == 403
