"""The demo's story: every state that a case can be in, told by the acts, and nothing that looks overdue."""

from sqlalchemy import func, select
from sqlmodel import col

import make
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.db import Database
from mdk.journey.demo import load_story
from mdk.outbox.queries import stuck_since
from mdk.outbox.tables import OutboxRow, OutboxState


def test_the_story_shows_every_state_and_owes_nothing_from_before_it_was_loaded(ward: Database) -> None:
    load_story(ward, sealing=make.SEALING, at=make.AT)
    with ward.reading() as session:
        states = set(session.scalars(select(col(Case.state)).distinct()))
        assert set(CaseState) - states == {CaseState.DISCUSSED}  # what was discussed is signed
        worse = select(func.count()).where(col(Case.deteriorated_at).is_not(None), col(Case.state) == "accepted")
        assert session.scalar(worse) == 1
        owed = select(func.min(col(OutboxRow.created_at))).where(col(OutboxRow.state) == OutboxState.OWED)
        assert session.scalar(owed) == make.AT
        assert stuck_since(session, at=make.AT + make.MINUTE) is None
