"""The outbox: what is owed is claimed once, comes back when a worker dies, and waits longer each time."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.db import Database
from mdk.errors import NotAllowed, NotFound, RuleBroken
from mdk.journey import mail
from mdk.outbox import service
from mdk.outbox.tables import OutboxRow


def owe(database: Database, count: int = 1) -> list[int]:
    with database.writing() as session:
        for place in range(count):
            service.conference_changed(session, f"k{place}", at=make.AT)
    with database.reading() as session:
        return [row.id or 0 for row in session.scalars(select(OutboxRow).order_by(col(OutboxRow.id)))]


def claim(database: Database, at: object = make.AT, limit: int = 20) -> list[int]:
    with database.writing() as session:
        return [row.id or 0 for row in service.claim(session, at=at, limit=limit)]  # type: ignore[arg-type]


def row(database: Database, row_id: int) -> OutboxRow:
    with database.reading() as session:
        found = session.get_one(OutboxRow, row_id)
        session.expunge(found)
    return found


def test_a_second_change_before_it_was_told_owes_nothing_more(database: Database) -> None:
    assert owe(database) == owe(database)
    (row_id,) = claim(database)
    assert len(owe(database)) == 2
    assert row(database, row_id).state == "sending"


def test_a_claimed_row_is_nobody_else_s_until_its_lease_ends(database: Database) -> None:
    ids = owe(database, 3)
    assert claim(database, limit=2) == ids[:2]
    assert claim(database) == ids[2:]
    assert claim(database, make.AT + service.LEASE - timedelta(seconds=1)) == []
    assert claim(database, make.AT + service.LEASE) == ids


def test_two_workers_at_once_never_take_the_same_row(database: Database) -> None:
    ids = owe(database, 12)
    taken: list[int] = []
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        for _ in range(4):
            taken.extend(claim(database, limit=3))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    taken += claim(database)
    assert sorted(taken) == ids


def test_a_settled_row_is_done(database: Database) -> None:
    (row_id,) = owe(database)
    claim(database)
    with database.writing() as session:
        service.settled(session, row_id, at=make.AT)
    assert (row(database, row_id).state, row(database, row_id).sent_at) == ("sent", make.AT)
    assert claim(database, make.AT + make.DAY) == []


def test_a_row_that_failed_waits_longer_each_time(database: Database) -> None:
    (row_id,) = owe(database)
    waits, at = [], make.AT
    for _ in range(7):
        assert claim(database, at) == [row_id]
        with database.writing() as session:
            service.postponed(session, row_id, at=at, error="451")
        waits.append(row(database, row_id).due_at - at)
        assert claim(database, row(database, row_id).due_at - timedelta(seconds=1)) == []
        at = row(database, row_id).due_at
    assert [int(wait.total_seconds()) for wait in waits] == [30, 120, 300, 600, 900, 900, 900]
    assert (row(database, row_id).attempts, row(database, row_id).error) == (7, "451")


def test_a_row_that_was_given_up_is_sent_again_only_when_asked(database: Database) -> None:
    (row_id,) = owe(database)
    claim(database)
    with database.writing() as session:
        service.given_up(session, row_id, error="550")
    assert claim(database, make.AT + make.DAY) == []
    with database.writing() as session:
        service.send_again(session, row_id, at=make.AT + make.DAY)
    assert claim(database, make.AT + make.DAY) == [row_id]
    assert row(database, row_id).error == ""


@pytest.mark.parametrize("limit", [1, 5])
def test_the_oldest_debts_are_paid_first(database: Database, limit: int) -> None:
    ids = owe(database, 5)
    assert claim(database, limit=limit) == ids[:limit]


def test_the_coordinator_sends_what_failed_once_more_and_nothing_else(clinic: Database) -> None:
    (row_id, *_) = owe(clinic)
    with pytest.raises(RuleBroken) as refused:
        make.act(clinic, make.COORDINATOR, mail.send_again, row_id=row_id)
    assert refused.value.rule == "outbox.not-failed"
    claim(clinic)
    with clinic.writing() as session:
        service.given_up(session, row_id, error="550")
    with pytest.raises(NotAllowed):
        make.act(clinic, make.CHAIR, mail.send_again, row_id=row_id)
    with pytest.raises(NotFound):
        make.act(clinic, make.COORDINATOR, mail.send_again, row_id=row_id + 1000)
    make.act(clinic, make.COORDINATOR, mail.send_again, row_id=row_id)
    assert row(clinic, row_id).state == "owed"
