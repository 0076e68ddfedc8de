"""A person's feed: the same events as their invitations, behind a secret that can be ended."""

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
from httpx import Response
from litestar.testing import TestClient
from sqlalchemy import select

import lending
import make
import stores
from invites.post import Post, cancel, move, settings
from invites.readers import Batch, by_icalendar, by_vobject, icaljs_reader, khal_reader, libical_reader, many
from invites.test_ics import AROUND_THE_CHANGES
from make import CHAIR, CONSULTANT, NURSE, REFERRER, STEERING
from mdk import clock
from mdk.conferences import service as conferences
from mdk.db import Database, sqlite_file
from mdk.errors import NotAllowed
from mdk.people import service as people
from mdk_calendar import feeds
from mdk_calendar.tables import Feed, Told

KEY = "0123456789abcdef" * 4


@pytest.fixture
def post(database: Database, tmp_path: Path) -> Post:
    return with_key(database, tmp_path / "outbox")


def with_key(database: Database, folder: Path) -> Post:
    """A worker of an installation that has a key of its own."""
    post = Post(make.people(database), folder)
    post.settings = settings(folder, SECRET_KEY=KEY)
    return post


@pytest.fixture
def client(post: Post) -> Iterator[TestClient[Any]]:
    with lending.lent(post.settings, post.database) as client:
        yield client


def renewed(post: Post, name: str) -> str:
    return make.act(post.database, name, feeds.renew, settings=post.settings)


def feed_of(post: Post, name: str, at: datetime = make.AT) -> list[Any]:
    """The events of a person's feed at a time."""
    secret = renewed(post, name)
    with post.database.reading() as session:
        found = feeds.served(session, secret, at=at)
    assert found is not None
    return icalendar.Calendar.from_ical(found.body).walk("VEVENT")


def told(post: Post, **changes: Any) -> str:
    """A released conference with one case, of which everyone has been told."""
    held = make.released(post.database, [make.accepted(post.database)], **changes)
    post.work()
    return held


def got(client: TestClient[Any], secret: str, **headers: str) -> Response:
    sent = {name.replace("_", "-").encode(): value.encode("latin-1") for name, value in headers.items()}
    return client.get(f"/calendar/{secret}.ics", headers=sent)


def test_a_feed_holds_the_same_uid_sequence_and_own_slot_as_the_invitation(post: Post) -> None:
    told(post)
    with post.database.reading() as session:
        uids = {row.person_id: (row.uid, row.sequence) for row in session.scalars(select(Told))}
    for name, minutes in ((REFERRER, 15), (CHAIR, 60)):
        (entry,) = feed_of(post, name)
        person = make.viewer(post.database, name)
        assert (str(entry["UID"]), entry["SEQUENCE"]) == uids[person.person_id]
        assert (entry["DTSTART"].dt, entry["DTEND"].dt - entry["DTSTART"].dt) == (
            make.MEETS,
            timedelta(minutes=minutes),
        )
        assert (entry["STATUS"], "ATTENDEE" in entry) == ("CONFIRMED", False)


def test_a_moved_conference_moves_in_the_feed_with_its_invitation(post: Post) -> None:
    held = told(post)
    move(post.database, held, make.MEETS + make.DAY)
    post.work(make.AT + make.MINUTE)
    (entry,) = feed_of(post, NURSE)
    assert (entry["DTSTART"].dt, entry["SEQUENCE"]) == (make.MEETS + make.DAY, 1)


@pytest.mark.parametrize(("days", "there"), [(0, True), (29, True), (31, False)])
def test_a_cancelled_conference_stands_as_cancelled_for_thirty_days(post: Post, days: int, there: bool) -> None:  # noqa: FBT001
    held = told(post, starts_at=make.MEETS + 60 * make.DAY)
    cancel(post.database, held)
    post.work(make.AT + make.MINUTE)
    found = feed_of(post, NURSE, make.AT + days * make.DAY)
    assert [(entry["STATUS"], entry["SEQUENCE"]) for entry in found] == ([("CANCELLED", 1)] if there else [])


@pytest.mark.parametrize(("days", "count"), [(0, 1), (61, 1), (63, 0)])
def test_a_feed_reaches_sixty_days_back(post: Post, days: int, count: int) -> None:
    told(post)
    assert len(feed_of(post, NURSE, make.AT + days * make.DAY)) == count


def test_whoever_is_invited_to_nothing_has_an_empty_calendar(post: Post) -> None:
    told(post)
    assert feed_of(post, "barnteam") == []


def test_a_feed_tells_nothing_about_a_patient(post: Post) -> None:
    told(post)
    secret = renewed(post, CHAIR)
    with post.database.reading() as session:
        found = feeds.served(session, secret, at=make.AT)
    assert found is not None
    assert not re.search(rb"MDK-20|Provlund|Elsa|1940|C20|sakral|V.xj", found.body.replace(b"\r\n ", b""))


# ------------------------------------------------------------------------------------------------- readers
INSTANTS = [datetime.fromisoformat(utc).replace(tzinfo=UTC) for utc, _ in AROUND_THE_CHANGES]


@pytest.fixture(scope="module")
def feeds_around(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The consultant's feed at each instant, its conference being the first in it: planned from last to first."""
    folder = tmp_path_factory.mktemp("feeds")
    shutil.copyfile(_sqlite_template, folder / "mdk.sqlite")
    database = stores.made(sqlite_file(folder / "mdk.sqlite"))
    post, found = with_key(database, folder / "outbox"), []
    secret = make.act(database, CONSULTANT, feeds.renew, settings=post.settings)
    for start in reversed(INSTANTS):
        made = start - 20 * make.DAY
        planned = make.act(database, make.COORDINATOR, conferences.plan, body=make.plan(starts_at=start), at=made)
        make.release(database, planned.id, at=made)
        post.work(made)
        with database.reading() as session:
            found.append(feeds.served(session, secret, at=made))
    database.close()
    return [each.body for each in reversed(found) if each is not None]


@pytest.mark.parametrize("reader", ["icalendar", "vobject", "libical", "icaljs", "khal"])
def test_every_reader_understands_the_feed_around_both_changes(
    reader: str, feeds_around: list[bytes], tmp_path: Path
) -> None:
    makers: dict[str, Callable[[], Batch]] = {
        "icalendar": lambda: many(by_icalendar),
        "vobject": lambda: many(by_vobject),
        "libical": lambda: libical_reader(tmp_path),
        "icaljs": icaljs_reader,
        "khal": lambda: khal_reader(tmp_path),
    }
    assert makers[reader]()(feeds_around) == [(start, start + make.HOUR) for start in INSTANTS]


# ------------------------------------------------------------------------------------------------- the address
def test_the_secret_is_long_and_stored_only_as_its_hash(post: Post) -> None:
    secret = renewed(post, NURSE)
    assert re.fullmatch(r"[0-9a-f]{64}", secret)
    with post.database.reading() as session:
        row = session.scalars(select(Feed)).one()
        assert secret not in {row.secret_hash, row.seed}
    assert make.act(post.database, NURSE, feeds.shown, settings=post.settings) == secret
    assert make.act(post.database, CHAIR, feeds.shown, settings=post.settings) == ""


def test_another_key_of_the_installation_shows_no_wrong_address(post: Post) -> None:
    renewed(post, NURSE)
    other = settings(post.folder, SECRET_KEY="fedcba9876543210" * 4)
    assert make.act(post.database, NURSE, feeds.shown, settings=other) == ""


def test_a_new_address_ends_the_old_one_at_once(post: Post, client: TestClient[Any]) -> None:
    told(post)
    old = renewed(post, NURSE)
    assert got(client, old).status_code == 200
    new = renewed(post, NURSE)
    assert (got(client, old).status_code, got(client, new).status_code) == (404, 200)
    make.act(post.database, NURSE, feeds.stop)
    assert got(client, new).status_code == 404


def test_who_is_disabled_has_no_feed(post: Post, client: TestClient[Any]) -> None:
    secret = renewed(post, NURSE)
    make.act(post.database, make.ADMIN, people.disable, email=make.email(NURSE))
    assert got(client, secret).status_code == 404


@pytest.mark.parametrize(
    "path", ["0" * 64 + ".ics", "x.ics", "0" * 64, "é.ics", "..ics", "%00.ics", "a" * 5000 + ".ics"]
)
def test_an_address_that_nobody_has_is_not_found(client: TestClient[Any], path: str) -> None:
    answer = client.get(f"/calendar/{path}")
    assert answer.status_code == 404
    assert "BEGIN" not in answer.text


def test_a_feed_says_how_it_may_be_kept_and_when_it_changed(post: Post, client: TestClient[Any]) -> None:
    told(post)
    answer = got(client, renewed(post, NURSE))
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"].startswith("private")
    for changed in ({"If_None_Match": answer.headers["etag"]}, {"If_None_Match": f'W/{answer.headers["etag"]}, "x"'}):
        again = got(client, answer.request.url.path.split("/")[-1].removesuffix(".ics"), **changed)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])
    secret = answer.request.url.path.split("/")[-1].removesuffix(".ics")
    assert got(client, secret, If_Modified_Since=answer.headers["last-modified"]).status_code == 304
    assert got(client, secret, If_None_Match='"x"').status_code == 200
    assert got(client, secret, If_Modified_Since="yesterday").status_code == 200
    head = client.head(f"/calendar/{secret}.ics")
    assert (head.status_code, head.content) == (200, b"")


def test_the_feed_changes_its_tag_when_an_event_changes(post: Post, client: TestClient[Any]) -> None:
    held = make.conference(post.database, starts_at=clock.now() + 3 * make.DAY)
    make.release(post.database, held)
    post.work()
    secret = renewed(post, NURSE)
    before = got(client, secret).headers["etag"]
    move(post.database, held, clock.now() + 4 * make.DAY)
    post.work(make.AT + make.MINUTE)
    assert got(client, secret, If_None_Match=before).status_code == 200


def test_who_is_never_invited_has_no_feed(post: Post) -> None:
    with pytest.raises(NotAllowed):
        renewed(post, STEERING)


def test_the_calendar_program_is_asked_to_look_again_each_hour(post: Post) -> None:
    secret = renewed(post, NURSE)
    with post.database.reading() as session:
        found = feeds.served(session, secret, at=make.AT)
    assert found is not None
    lines = found.body.decode().split("\r\n")
    assert {"METHOD:PUBLISH", "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"} <= set(lines)
