"""Whom a conference has lost, and who is told of it."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from make import CHAIR, CONSULTANT, COORDINATOR, NURSE, OTHER_REFERRER, PAEDIATRIC, REFERRER
from mdk.conferences import service
from mdk.conferences.losses import losses
from mdk.conferences.tables import Conference
from mdk.db import Database
from mdk.outbox.tables import OutboxRow


@pytest.fixture
def held(clinic: Database) -> str:
    """A released conference with one nurse and two who present a case each."""
    return make.released(clinic, [make.accepted(clinic), make.accepted(clinic, by=OTHER_REFERRER)])


def say(clinic: Database, held: str, name: str, partstat: str) -> None:
    make.act(clinic, name, service.reply, conference_id=held, partstat=partstat, comment=None)


def change(clinic: Database, held: str, **changes: Any) -> None:
    make.at_conference(clinic, held, service.change, changes=changes)


def lost(clinic: Database, held: str) -> list[tuple[str, tuple[str, ...]]]:
    with clinic.reading() as session:
        return [(loss.kind, loss.names) for loss in losses(session, session.get_one(Conference, held))]


def told(clinic: Database) -> list[tuple[str, int | None]]:
    with clinic.reading() as session:
        rows = session.scalars(select(OutboxRow).where(col(OutboxRow.topic).like("%-lost")).order_by(col(OutboxRow.id)))
        return [(row.topic, row.person_id) for row in rows]


def planners(clinic: Database) -> list[int]:
    return sorted(make.viewer(clinic, name).person_id for name in (COORDINATOR, CHAIR))


@pytest.mark.parametrize(
    ("name", "kind", "names"),
    [
        (CONSULTANT, "consultant", ("Kim Smärtgren",)),
        (NURSE, "nurse", ("Disa Deltagare",)),
        (REFERRER, "presenter", ("Vera Remitterius",)),
    ],
)
def test_a_decline_that_hurts_is_told_to_the_coordinator_and_the_chair_at_once_and_only_once(
    clinic: Database, held: str, name: str, kind: str, names: tuple[str, ...]
) -> None:
    say(clinic, held, name, "DECLINED")
    say(clinic, held, name, "DECLINED")
    assert lost(clinic, held) == [(kind, names)]
    assert told(clinic) == [(f"notice.{kind}-lost", person) for person in planners(clinic)]


def test_who_accepts_after_all_is_no_longer_lost_and_a_new_decline_is_told_again(clinic: Database, held: str) -> None:
    for partstat in ("DECLINED", "ACCEPTED", "DECLINED"):
        say(clinic, held, NURSE, partstat)
    assert lost(clinic, held) == [("nurse", ("Disa Deltagare",))]
    assert len(told(clinic)) == 4
    say(clinic, held, NURSE, "TENTATIVE")
    assert lost(clinic, held) == []


def test_a_deputy_stands_in_for_the_consultant_until_the_deputy_declines_too(clinic: Database, held: str) -> None:
    say(clinic, held, CONSULTANT, "DECLINED")
    change(clinic, held, deputy=make.email(PAEDIATRIC))
    assert lost(clinic, held) == []
    say(clinic, held, PAEDIATRIC, "DECLINED")
    assert lost(clinic, held) == [("consultant", ("Bo Barnteam", "Kim Smärtgren"))]
    assert len(told(clinic)) == 4


def test_a_consultant_who_declines_is_told_of_although_a_deputy_stands_by(clinic: Database, held: str) -> None:
    change(clinic, held, deputy=make.email(PAEDIATRIC))
    say(clinic, held, CONSULTANT, "DECLINED")
    assert (lost(clinic, held), len(told(clinic))) == ([], 2)


def test_whoever_is_taken_off_the_conference_is_missed_no_more(clinic: Database, held: str) -> None:
    say(clinic, held, NURSE, "DECLINED")
    change(clinic, held, members=[make.email(make.SURGEON)])
    assert lost(clinic, held) == []


def test_others_may_decline_without_a_warning(clinic: Database, held: str) -> None:
    say(clinic, held, make.SURGEON, "DECLINED")
    assert (lost(clinic, held), told(clinic)) == ([], [])


def test_a_move_asks_anew_and_so_ends_what_was_lost(clinic: Database, held: str) -> None:
    say(clinic, held, CONSULTANT, "DECLINED")
    make.at_conference(clinic, held, service.move, starts_at=make.MEETS + make.DAY)
    assert lost(clinic, held) == []
