"""Every source of change reaches the ledger: one row `conference.changed`, and a mail to each whom it concerns."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from invites.post import Post, parsed
from make import AT, CHAIR, CONSULTANT, DAY, HOUR, MEETS, NURSE, OTHER_REFERRER, REFERRER, SURGEON
from mdk.conferences import absences, repeating, service
from mdk.conferences.structs import AbsenceBody
from mdk.conferences.tables import Conference
from mdk.db import Database
from mdk.errors import Invalid, NotFound
from mdk.journey import departures
from mdk.outbox.tables import OutboxRow
from mdk_calendar.worker import run_once

Change = Callable[[Database, str, list[str]], None]


def changing(**changes: Any) -> Change:
    def change(database: Database, held: str, _: list[str]) -> None:
        make.at_conference(database, held, service.change, changes=changes)

    return change


def reordered(database: Database, held: str, numbers: list[str]) -> None:
    make.put_agenda(database, held, numbers[::-1])
    make.release(database, held)


def longer(database: Database, held: str, numbers: list[str]) -> None:
    make.put_agenda(database, held, numbers, minutes_each=20)
    make.release(database, held)


def shorter(database: Database, held: str, numbers: list[str]) -> None:
    make.put_agenda(database, held, numbers[:1])
    make.release(database, held)


def added(database: Database, held: str, numbers: list[str]) -> None:
    make.put_agenda(database, held, [*numbers, make.accepted(database, by="remittent.halmstad")])
    make.release(database, held, reason="Brådskar")


def moved(database: Database, held: str, _: list[str]) -> None:
    make.at_conference(database, held, service.move, starts_at=MEETS + HOUR)


def cancelled(database: Database, held: str, _: list[str]) -> None:
    make.at_conference(database, held, service.cancel, reason="Sjukdom")


def left(database: Database, _held: str, _numbers: list[str]) -> None:
    with database.writing() as session:
        departures.leave(session, email=make.email(NURSE), at=AT)


def readdressed(database: Database, _held: str, _numbers: list[str]) -> None:
    with database.writing() as session:
        departures.readdress(session, email=make.email(NURSE), to="ny@demo.mdk", at=AT)


def covered(database: Database, _held: str, _numbers: list[str]) -> None:
    day = date(2026, 11, 25)
    body = AbsenceBody(first_day=day, last_day=day, deputy=make.email(make.PAEDIATRIC))
    make.act(database, CONSULTANT, absences.record, body=body)


EVERYONE = {CHAIR, CONSULTANT, NURSE, SURGEON, REFERRER, OTHER_REFERRER}
SOURCES: list[tuple[Change, set[str]]] = [
    (reordered, {REFERRER, OTHER_REFERRER}),
    (longer, {REFERRER, OTHER_REFERRER}),
    (shorter, {OTHER_REFERRER}),
    (added, {"remittent.halmstad"}),
    (moved, EVERYONE),
    (cancelled, EVERYONE),
    (changing(chair=make.email(CHAIR), duration_minutes=90), EVERYONE - {REFERRER, OTHER_REFERRER}),
    (changing(deputy=make.email(make.PAEDIATRIC)), {make.PAEDIATRIC}),
    (changing(members=[make.email(NURSE)]), {SURGEON}),
    (changing(members=[make.email(NURSE), make.email(SURGEON), make.email(make.PAEDIATRIC)]), {make.PAEDIATRIC}),
    (changing(video_url="https://video.example/ny"), EVERYONE),
    (left, set()),
    (readdressed, {"ny", NURSE}),
    (covered, {make.PAEDIATRIC}),
]


@pytest.fixture
def post(embedded: Database, tmp_path: Path) -> Post:
    make.people(embedded)
    return Post(embedded, tmp_path / "outbox")


def owed(database: Database) -> list[str]:
    with database.reading() as session:
        rows = session.scalars(
            select(OutboxRow).where(col(OutboxRow.topic) == "conference.changed", col(OutboxRow.state) == "owed")
        )
        return [row.key for row in rows]


def told(post: Post) -> set[str]:
    known = set(post.raws())
    while run_once(post.database, post.settings, at=AT + 2 * HOUR):
        pass
    fresh = [parsed(raw) for raw in post.raws() if raw not in known]
    return {mail["To"].addresses[0].username for mail in fresh if "text/calendar" in mail.as_string()}


@pytest.mark.parametrize(("change", "concerned"), SOURCES)
def test_a_change_is_owed_once_and_told_to_those_whom_it_concerns(
    post: Post, change: Change, concerned: set[str]
) -> None:
    numbers = [make.accepted(post.database), make.accepted(post.database, by=OTHER_REFERRER)]
    held = make.released(post.database, numbers)
    assert told(post) == EVERYONE
    change(post.database, held, numbers)
    assert owed(post.database) == [held]
    assert told(post) == concerned


def test_a_series_that_rests_ends_or_changes_tells_of_what_was_released(post: Post) -> None:
    series = make.act(post.database, make.COORDINATOR, repeating.create_series, body=make.series_plan()).id
    with post.database.reading() as session:
        query = select(Conference).where(col(Conference.series_id) == series).order_by(col(Conference.starts_at))
        held = session.scalars(query.limit(1)).one().id
    make.release(post.database, held)
    assert told(post) == EVERYONE - {REFERRER, OTHER_REFERRER}
    version = make.series_row(post.database, series).version
    given: dict[str, Any] = {"series_id": series, "version": version, "reason": "Ny dag", "from_day": AT.date()}
    make.act(post.database, make.COORDINATOR, repeating.end_series, **given)
    assert owed(post.database) == [held]
    assert told(post) == EVERYONE - {REFERRER, OTHER_REFERRER}


def test_someone_who_leaves_is_missed_at_once_and_told_nothing_more(post: Post) -> None:
    held = make.released(post.database, [make.accepted(post.database)])
    told(post)
    with post.database.writing() as session:
        departures.leave(session, email=make.email(CONSULTANT), at=AT)
    with post.database.reading() as session:
        rows = session.scalars(select(OutboxRow).where(col(OutboxRow.topic) == "notice.consultant-lost"))
        assert [row.key for row in rows] == [held, held]
    make.at_conference(post.database, held, service.move, starts_at=MEETS + DAY)
    assert make.CONSULTANT not in told(post)


def test_an_address_that_someone_has_or_that_is_none_is_refused(post: Post) -> None:
    for email, to, refusal in (
        (make.email(NURSE), make.email(CHAIR), Invalid),
        (make.email(NURSE), "ingen adress", Invalid),
        ("nobody@demo.mdk", "ny@demo.mdk", NotFound),
    ):
        with pytest.raises(refusal), post.database.writing() as session:
            departures.readdress(session, email=email, to=to, at=AT)
