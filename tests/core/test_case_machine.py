"""Any sequence of acts on cases and conferences keeps what must always hold."""

import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select
from sqlmodel import col

import make
import stores
from mdk.audit.queries import first_fault, history
from mdk.cases.lists import queue
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.conferences import service as conferences
from mdk.conferences.queries import released_items
from mdk.conferences.structs import ConferenceState
from mdk.conferences.tables import AgendaItem, Conference
from mdk.db import migrate, sqlite_file
from mdk.errors import Invalid, NotFound, RuleBroken
from mdk.pathways.tables import ImplantReferral, PumpAssignment

OUTCOMES = ["extern_pump", "intern_pump", "deferred", "nerve_block"]
PLACE = st.integers(0, 3)


@cache
def template() -> bytes:
    """An embedded database with the demo's people."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mdk.sqlite"
        database = stores.made(sqlite_file(file))
        migrate(database)
        make.people(database)
        database.close()
        return file.read_bytes()


class Journey(RuleBasedStateMachine):
    """Three cases and three conferences, and whatever is done to them, in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        file = Path(self.folder.name) / "mdk.sqlite"
        file.write_bytes(template())
        self.database = stores.made(sqlite_file(file))
        self.at = make.AT
        self.cases: list[str] = []
        self.conferences: list[str] = []
        self.signed: set[tuple[str, str]] = set()

    def teardown(self) -> None:
        with self.database.reading() as session:
            assert first_fault(session) is None
        assert self.at - make.AT < timedelta(hours=2)
        self.database.close()
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        self.cases = [make.accepted(self.database) for _ in range(2)] + [make.draft(self.database)]
        self.conferences = [
            make.conference(self.database, starts_at=make.MEETS + weeks * 7 * make.DAY) for weeks in range(3)
        ]

    def attempt(self, act: Callable[[], Any]) -> bool:
        """Do it if the rules allow; what they refuse must leave everything as it was."""
        self.at += make.MINUTE
        before = self.states()
        try:
            act()
        except (RuleBroken, Invalid, NotFound):
            assert self.states() == before
            return False
        return True

    def states(self) -> list[tuple[str, str, int]]:
        with self.database.reading() as session:
            rows = session.execute(select(col(Case.number), col(Case.state), col(Case.version)).order_by(col(Case.id)))
            return [(number, state, version) for number, state, version in rows]

    def case(self, place: int) -> str:
        return self.cases[place % len(self.cases)]

    def conference(self, place: int) -> str:
        return self.conferences[place % len(self.conferences)]

    @rule(place=PLACE, name=st.sampled_from(["submit", "accept", "request_supplement"]))
    def triage(self, place: int, name: str) -> None:
        who = make.REFERRER if name == "submit" else make.COORDINATOR
        self.attempt(lambda: make.do(self.database, self.case(place), name, by=who, at=self.at))

    @rule(place=PLACE, case=PLACE, other=PLACE)
    def put(self, place: int, case: int, other: int) -> None:
        numbers = list(dict.fromkeys([self.case(case), self.case(other)]))
        self.attempt(lambda: make.put_agenda(self.database, self.conference(place), numbers))

    @rule(place=PLACE)
    def release(self, place: int) -> None:
        self.attempt(lambda: make.release(self.database, self.conference(place), reason="Ändå", at=self.at))

    @rule(place=PLACE)
    def open(self, place: int) -> None:
        self.attempt(lambda: make.opened(self.database, self.conference(place), at=self.at))

    @rule(place=PLACE)
    def close(self, place: int) -> None:
        self.attempt(lambda: make.closed(self.database, self.conference(place), at=self.at))

    @rule(place=st.just(2))
    def cancel(self, place: int) -> None:
        self.attempt(
            lambda: make.at_conference(
                self.database, self.conference(place), conferences.cancel, reason="Sjukdom", at=self.at
            )
        )

    @precondition(lambda self: self.conferences)
    @rule(place=PLACE, at=PLACE, outcome=st.sampled_from(OUTCOMES))
    def decide(self, place: int, at: int, outcome: str) -> None:
        held = self.conference(place)
        with self.database.reading() as session:
            numbers = [item.number for item in released_items(session, session.get_one(Conference, held))]
        if not numbers:
            return
        number = numbers[at % len(numbers)]
        if self.attempt(
            lambda: make.save(self.database, held, number, make.minutes_body(outcome), at=self.at)
        ) and self.attempt(lambda: make.sign(self.database, held, number, at=self.at)):
            assert (held, number) not in self.signed
            self.signed.add((held, number))
            expected = "accepted" if outcome == "deferred" else "decided"
            assert make.state_of(self.database, number) == expected

    @invariant()
    def what_is_scheduled_stands_on_one_coming_agenda(self) -> None:
        with self.database.reading() as session:
            coming = [
                item.number
                for held in session.scalars(select(Conference))
                if held.state in {ConferenceState.RELEASED, ConferenceState.IN_SESSION}
                for item in released_items(session, held)
                if (held.id, item.number) not in self.signed
            ]
            scheduled = session.scalars(select(col(Case.number)).where(col(Case.state) == CaseState.SCHEDULED)).all()
            open_items = session.scalars(select(col(AgendaItem.case_id)).where(col(AgendaItem.open).is_(True))).all()
        assert set(scheduled) <= set(coming)
        assert len(open_items) == len(set(open_items))

    @invariant()
    def the_queue_is_the_accepted_cases_and_their_first_day_is_kept(self) -> None:
        if not self.cases:
            return
        lines, _ = make.ask(self.database, make.COORDINATOR, queue, at=self.at)
        accepted = {number for number, state, _ in self.states() if state == "accepted"}
        assert {line.case for line in lines} == accepted
        assert all(line.line.submitted_at and line.line.submitted_at <= self.at for line in lines)

    @invariant()
    def a_decision_has_its_pathway_and_each_history_ends_in_the_state(self) -> None:
        with self.database.reading() as session:
            for case in session.scalars(select(Case)):
                assert history(session, "case", case.number)[-1].state == case.state
                pathways = [
                    session.scalars(select(table).where(col(table.case_id) == case.id)).all()
                    for table in (ImplantReferral, PumpAssignment)
                ]
                wanted = [case.outcome == "intern_pump", case.outcome == "extern_pump"]
                assert [len(found) for found in pathways] == [int(each) for each in wanted]


TestJourney = Journey.TestCase
TestJourney.settings = settings(max_examples=15, stateful_step_count=25, deadline=None, phases=(Phase.generate,))
