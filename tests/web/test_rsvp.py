"""Answer links: a page without sign-in that asks on GET, records on POST, and says calmly why it does not."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy import select
from sqlmodel import col

import lending
import make
from invites.post import parsed, settings
from make import NURSE, REFERRER
from mdk import bearers, clock, tokens
from mdk.audit.tables import AccessLog
from mdk.conferences import service as conferences
from mdk.conferences.tables import Participation
from mdk.db import Database
from mdk.people import service as people
from mdk.people.tables import Person
from mdk.settings import Settings
from mdk_calendar.worker import run_once
from visiting import Page, coming, queued, soon

LINK = re.compile(r"https://mdk\.example/(rsvp/\S+)")
DAYS = timedelta(days=1)


class Links:
    """Visitors who hold nothing but the link of their mail."""

    def __init__(self, database: Database, configured: Settings, folder: Path, client: TestClient[Any]) -> None:
        self.database, self.settings, self.folder, self.client = database, configured, folder, client

    def mailed(self, name: str, *, at: datetime | None = None) -> str:
        """Run the worker; the path of the answer link in the newest mail to a person."""
        before = set(self.folder.glob("*.eml"))
        run_once(self.database, self.settings, at=at or clock.now())
        for file in sorted(set(self.folder.glob("*.eml")) - before):
            mail = parsed(file.read_bytes())
            if mail["To"].addresses[0].addr_spec == make.email(name):
                body = mail.get_body(("plain",))
                assert body is not None
                found = LINK.findall(str(body.get_content()))
                if found:
                    return f"/{found[0]}"
        raise AssertionError(name)

    def get(self, path: str, **headers: str) -> Page:
        return Page(self.client.get(path, headers=headers))

    def post(self, path: str, **fields: str) -> Page:
        return Page(self.client.post(path, data=fields))

    def answer(self, conference_id: str, name: str) -> tuple[str, str, str]:
        with self.database.reading() as session:
            person = session.scalars(select(Person).where(col(Person.email) == make.email(name))).one()
            row = session.get_one(Participation, (conference_id, person.id))
            return row.partstat, row.comment, row.answered_via


@pytest.fixture
def links(database: Database, tmp_path: Path) -> Iterator[Links]:
    configured = settings(tmp_path / "outbox")
    make.people(database)
    with lending.lent(configured, database) as client:
        yield Links(database, configured, tmp_path / "outbox", client)


def test_a_link_asks_with_time_length_and_the_way_to_join_and_names_no_patient(links: Links) -> None:
    number = queued(links.database)
    coming(links.database, [number])
    page = links.get(links.mailed(REFERRER))
    assert (page.status, page.title) == (200, "Svara på kallelsen – MDK smärta")
    assert "Kommer du till videokonferensen?" in page.words
    assert "15 minuter" in page.words
    assert "https://video.example/mdk" in page.words
    assert "Ditt svar Inte svarat" in page.words
    assert page.buttons == [("partstat", "ACCEPTED"), ("partstat", "TENTATIVE"), ("partstat", "DECLINED")]
    for secret in (number, "Elsa", "Provlund", make.ADULT, "Rektalcancer", "Växjö"):
        assert secret not in page.html


def test_looking_any_number_of_times_records_nothing(links: Links) -> None:
    held = coming(links.database, [queued(links.database)])
    link = links.mailed(NURSE)
    assert [links.get(link).status for _ in range(3)] == [200] * 3
    assert links.client.head(link).status_code in {200, 405}
    assert links.answer(held, NURSE) == ("NEEDS-ACTION", "", "")


@pytest.mark.parametrize(
    ("partstat", "words"),
    [
        ("ACCEPTED", "Ja, jag kommer. Du behöver inte göra något mer."),
        ("TENTATIVE", "Kanske. Koordinatorn ser att du kanske kommer."),
        ("DECLINED", "Nej, jag kommer inte. Koordinatorn ser att du inte kommer."),
    ],
)
def test_an_answer_is_recorded_without_a_session_and_said_in_words(links: Links, partstat: str, words: str) -> None:
    held = coming(links.database, [queued(links.database)])
    page = links.post(links.mailed(NURSE), partstat=partstat, comment="Kommer\r\nfem minuter sent")
    assert (page.status, page.title) == (200, "Tack, ditt svar är sparat – MDK smärta")
    assert words in page.words
    assert links.answer(held, NURSE) == (partstat, "Kommer\nfem minuter sent", "link")
    with links.database.reading() as session:
        row = session.scalars(select(AccessLog).order_by(col(AccessLog.id).desc()).limit(1)).one()
        found = (row.act, row.person_id, row.surface, row.allowed)
    assert found == ("conference.reply", make.viewer(links.database, NURSE).person_id, "link", True)


def test_the_answer_can_be_changed_by_the_same_link(links: Links) -> None:
    held = coming(links.database, [queued(links.database)])
    link = links.mailed(NURSE)
    links.post(link, partstat="DECLINED", comment="Ledig")
    page = links.get(link)
    assert "Ditt svar Nej, jag kommer inte" in page.words
    assert page.values["comment"] == "Ledig"
    links.post(link, partstat="ACCEPTED", comment="")
    assert links.answer(held, NURSE) == ("ACCEPTED", "", "link")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"partstat": "ACCEPTED", "comment": "x" * 1001}, "Skriv högst 1 000 tecken vanlig text."),
        ({"partstat": "ACCEPTED", "comment": "a\x00b"}, "Skriv högst 1 000 tecken vanlig text."),
        ({"partstat": "MAYBE", "comment": "Hej"}, "Välj Ja, Kanske eller Nej."),
        ({"comment": "Hej"}, "Välj Ja, Kanske eller Nej."),
        ({"partstat": "ACCEPTED", "case": "x", "comment": "Hej"}, "Välj Ja, Kanske eller Nej."),
    ],
)
def test_a_bad_answer_is_shown_again_with_the_typing_and_records_nothing(
    links: Links, fields: dict[str, str], words: str
) -> None:
    held = coming(links.database, [queued(links.database)])
    page = links.post(links.mailed(NURSE), **fields)
    assert page.status == 422
    assert words in page.words
    assert page.values["comment"].startswith(fields["comment"][:1])
    assert links.answer(held, NURSE) == ("NEEDS-ACTION", "", "")


def test_a_comment_is_shown_as_text_and_never_as_more(links: Links) -> None:
    coming(links.database, [queued(links.database)])
    link = links.mailed(NURSE)
    page = links.post(link, partstat="ACCEPTED", comment="<script>alert(1)</script>{{7*7}}")
    assert "<script>alert" not in page.html
    assert page.values["comment"] == "<script>alert(1)</script>{{7*7}}"


# ------------------------------------------------------------------------------------------------- links that ended
def check_closed(links: Links, link: str, held: str, status: int, words: str) -> None:
    before = links.answer(held, NURSE)
    for page in (links.get(link), links.post(link, partstat="ACCEPTED")):
        assert (page.status, page.title) == (status, "Länken gäller inte längre – MDK smärta")
        assert words in page.words
        assert "Inget svar har sparats." in page.words
    assert links.answer(held, NURSE) == before


def test_a_link_of_an_older_sending_leads_to_the_newest_mail(links: Links) -> None:
    held = coming(links.database, [queued(links.database)])
    link = links.mailed(NURSE)
    make.at_conference(links.database, held, conferences.move, starts_at=soon() + DAYS, at=clock.now())
    newer = links.mailed(NURSE)
    check_closed(links, link, held, 410, "Svara i det senaste mejlet.")
    assert links.get(newer).status == 200


def test_a_link_of_a_cancelled_conference_says_so(links: Links) -> None:
    held = coming(links.database, [queued(links.database)])
    link = links.mailed(NURSE)
    make.at_conference(links.database, held, conferences.cancel, reason="Sjukdom", at=clock.now())
    check_closed(links, link, held, 410, "Konferensen är inställd.")


def test_a_link_of_someone_who_was_dropped_says_so(links: Links) -> None:
    held = coming(links.database, [queued(links.database)])
    link = links.mailed(NURSE)
    changes = {"members": [make.email(make.SURGEON)]}
    make.at_conference(links.database, held, conferences.change, changes=changes, at=clock.now())
    check_closed(links, link, held, 410, "Du är inte längre kallad till konferensen.")


def test_a_link_of_someone_who_left_says_so(links: Links) -> None:
    held = coming(links.database, [queued(links.database)])
    link = links.mailed(NURSE)
    with links.database.writing() as session:
        people.disable(session, email=make.email(NURSE), at=clock.now())
    check_closed(links, link, held, 410, "Du är inte längre kallad till konferensen.")


def test_a_link_of_a_conference_that_is_over_says_so(links: Links) -> None:
    starts_at = clock.now() - 2 * make.HOUR
    body = make.plan(starts_at=starts_at)
    held = make.act(links.database, make.COORDINATOR, conferences.plan, body=body, at=starts_at - DAYS).id
    make.put_agenda(links.database, held, [queued(links.database)])
    make.release(links.database, held, at=starts_at - DAYS)
    check_closed(links, links.mailed(NURSE), held, 410, "Konferensen är över.")


def test_a_link_that_expired_says_so(links: Links) -> None:  # expired-token
    held = coming(links.database, [queued(links.database)])
    links.mailed(NURSE)
    link = token_for(links, held, NURSE, expires_at=clock.now() - make.MINUTE)
    check_closed(links, link, held, 410, "Länken har gått ut.")


def test_a_forged_link_and_one_for_another_purpose_are_unknown(links: Links) -> None:  # forged-token, swapped-token
    held = coming(links.database, [queued(links.database)])
    link = links.mailed(NURSE)
    head, payload, signature = link.split(".")
    bearer = bearers.issue(
        links.settings.secret_key,
        person_id=1,
        assignment_id=1,
        now=clock.now(),
        minutes=60,
        issuer="https://mdk.example/",
    )
    foreign = token_for(links, held, NURSE, secret="f" * 64)
    for bad in (f"{head}.{payload}.{signature[::-1]}", f"/rsvp/{bearer}", "/rsvp/x", f"/rsvp/{'a' * 3000}", foreign):
        check_closed(links, bad, held, 404, "Länken kan inte läsas.")
    assert "The link cannot be read." in links.get("/rsvp/x", **{"Accept-Language": "en-GB,en"}).words


def token_for(links: Links, held: str, name: str, *, secret: str = "", expires_at: datetime | None = None) -> str:
    now = clock.now() - make.HOUR
    token = tokens.issue_answer(
        secret or links.settings.secret_key,
        conference_id=held,
        person_id=make.viewer(links.database, name).person_id,
        sequence=0,
        now=now,
        expires_at=expires_at or now + DAYS,
        issuer=links.settings["BASE_URL"],
    )
    return f"/rsvp/{token}"


# ------------------------------------------------------------------------------------------------- language, secrecy
def test_english_readers_are_asked_in_english(links: Links) -> None:
    with links.database.writing() as session:
        person = session.scalars(select(Person).where(col(Person.email) == make.email(NURSE))).one()
        person.language = "en"
    coming(links.database, [queued(links.database)])
    link = links.mailed(NURSE)
    page = links.get(link)
    assert '<html lang="en"' in page.html
    assert "Will you come to the video conference?" in page.words
    assert "Yes, I will come. You need not do anything more." in links.post(link, partstat="ACCEPTED").words
    assert "Write at most 1,000 characters" in links.post(link, partstat="ACCEPTED", comment="x" * 2000).words


def test_the_token_stands_in_no_log_and_leaks_by_no_header(links: Links, capfd: pytest.CaptureFixture[str]) -> None:
    coming(links.database, [queued(links.database)])
    link = links.mailed(NURSE)
    capfd.readouterr()
    answer = links.client.post(link, data={"partstat": "ACCEPTED"})
    links.get(f"{link}x")
    token = link.removeprefix("/rsvp/")
    said = capfd.readouterr()
    assert token not in said.out + said.err
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get("set-cookie") is None
    with links.database.reading() as session:
        rows = session.execute(select(AccessLog)).scalars().all()
    assert not any(token in str(vars(row)) for row in rows)


def test_the_calendar_part_of_the_mail_holds_no_answer_link(links: Links) -> None:
    coming(links.database, [queued(links.database)])
    link = links.mailed(NURSE)
    for file in links.folder.glob("*.eml"):
        parts = [part for part in parsed(file.read_bytes()).walk() if "calendar" in part.get_content_type()]
        assert all(b"rsvp/" not in part.get_payload(decode=True).replace(b"\r\n ", b"") for part in parts)
    assert link
