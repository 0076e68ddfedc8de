"""Any life of a conference: calendars end where the agenda does, SEQUENCE only rises, nobody is told twice."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

import make
from invites.post import Invitation, Post, read, settings
from make import NURSE, OTHER_REFERRER, PAEDIATRIC, REFERRER, SURGEON
from mdk.conferences import agenda
from mdk.conferences import queries as conference_queries
from mdk.conferences import service as conferences
from mdk.conferences.structs import AgendaItemBody, ConferenceView
from mdk.db import Database, sqlite_file
from mdk.outbox.service import forget_owed
from mdk_calendar import ledger

STARTS = make.AT + timedelta(days=30)
STEP = timedelta(hours=3)  # longer than the longest pause after a failed delivery
LINKS = ["https://video.example/mdk", "https://video.example/nytt", None]


class Entry(NamedTuple):
    """What a calendar holds of one event."""

    sequence: int
    live: bool
    span: tuple[datetime, datetime]
    text: str


class Life(RuleBasedStateMachine):
    """The acts of coordinators and the worker's luck in any order, watched from the calendars."""

    template: Path
    numbers: list[str]

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mdk-life-"))
        shutil.copyfile(self.template, self.folder / "mdk.sqlite")
        self.database = Database(sqlite_file(self.folder / "mdk.sqlite"))
        self.post = Post(self.database, self.folder / "outbox")
        self.at, self.starts_at, self.hidden, self.cancelled = make.AT, STARTS, 0, False
        self.calendars: dict[str, dict[str, Entry]] = {}
        self.lossy = False
        self.id = make.conference(self.database, starts_at=STARTS, duration_minutes=120)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            if self.released():
                self.work()
                self.check_calendars()
            self.database.close()
            shutil.rmtree(self.folder)

    # ------------------------------------------------------------------------------------------ what people do
    @precondition(lambda self: not self.cancelled)
    @rule(order=st.permutations(range(5)), count=st.integers(1, 5), minutes=st.sampled_from([10, 15, 20]))
    def release(self, order: list[int], count: int, minutes: int) -> None:
        items = [AgendaItemBody(case=self.numbers[place], minutes=minutes) for place in order[:count]]
        self.act(agenda.put, items=items)
        self.act(agenda.release, override_reason="Sent tillägg.")

    @precondition(lambda self: self.released() and not self.cancelled)
    @rule(hours=st.integers(-5, 5))
    def move(self, hours: int) -> None:
        self.act(conferences.move, starts_at=STARTS + timedelta(hours=hours))

    @precondition(lambda self: self.released() and not self.cancelled)
    @rule(
        members=st.sets(st.sampled_from([NURSE, SURGEON, PAEDIATRIC, OTHER_REFERRER])),
        deputy=st.sampled_from([None, PAEDIATRIC, SURGEON]),
        link=st.sampled_from(LINKS),
    )
    def change(self, members: set[str], deputy: str | None, link: str | None) -> None:
        emails = [make.email(name) for name in sorted(members)]
        changes = {"members": emails, "deputy": deputy and make.email(deputy), "video_url": link}
        self.act(conferences.change, changes=changes)

    @precondition(lambda self: self.released() and not self.cancelled and self.at > make.AT + 6 * STEP)
    @rule()
    def cancel(self) -> None:
        self.act(conferences.cancel, reason="Konsulten är sjuk.")
        self.cancelled = True

    # ------------------------------------------------------------------------------------------ how the worker fares
    @rule()
    def work(self) -> None:
        self.at += STEP
        self.post.settings = settings(self.post.folder)
        for mail in self.post.work(self.at).values():
            self.take(mail)

    @rule()
    def die_before_anything_leaves(self) -> None:
        with self.database.writing() as session:
            ledger.tell(session, self.id, settings=self.post.settings, at=self.at)

    @rule()
    def find_no_way_out(self) -> None:
        self.at += STEP
        self.post.settings = settings(self.post.folder, SMTP_URL="file:/dev/null/nowhere")
        assert self.post.work(self.at) == {}
        self.lossy = True

    # ------------------------------------------------------------------------------------------ what calendars hold
    def take(self, mail: Invitation) -> None:
        calendar = self.calendars.setdefault(mail.to, {})
        entry = Entry(mail.sequence, mail.method == "REQUEST", (mail.starts_at, mail.ends_at), told_text(mail))
        before = calendar.get(mail.uid)
        if before is not None:
            assert entry.sequence > before.sequence
            assert self.lossy or entry[1:] != before[1:], "told what was known"
        calendar[mail.uid] = entry
        assert len(calendar) == 1, "the UID of a person and conference never changes"

    def check_calendars(self) -> None:
        live = {name: entry for name, held in self.calendars.items() for entry in held.values() if entry.live}
        wanted = {} if self.cancelled else expected(self.view())
        assert {name: (entry.span, entry.text) for name, entry in live.items()} == wanted
        assert all(read(raw) is None or b"MDK-20" not in raw for raw in self.post.raws())

    def view(self) -> ConferenceView:
        return make.ask(self.database, make.COORDINATOR, conference_queries.view, self.id, at=self.at)

    def released(self) -> bool:
        return make.conference_row(self.database, self.id).release > 0

    def act(self, service: Callable[..., object], **given: Any) -> None:
        self.at += timedelta(minutes=1)
        make.at_conference(self.database, self.id, service, at=self.at, **given)


def told_text(mail: Invitation) -> str:
    """Own slots and link: what of the text is owed to be right."""
    return "\n".join(line for line in mail.description.splitlines() if line.startswith(("Din tid", "Anslut")))


def expected(view: ConferenceView) -> dict[str, tuple[tuple[datetime, datetime], str]]:
    """What each calendar is to hold, from the agenda as the coordinator sees it."""
    whole = {view.chair, view.consultant, view.deputy, *view.members} - {None}
    whole |= {person.email for person in view.people if person.role != "presenter"}
    found = {}
    for email in whole | {slot.presenter for slot in view.agenda}:
        own = [slot for slot in view.agenda if slot.presenter == email]
        spans = [(slot.starts_at, slot.starts_at + timedelta(minutes=slot.minutes)) for slot in own]
        lines = [f"Din tid: {start + make.HOUR:%H:%M}–{end + make.HOUR:%H:%M}" for start, end in spans]
        lines += [f"Anslut: {view.video_url}"] if view.video_url else []
        span = (view.starts_at, view.ends_at) if email in whole else (spans[0][0], spans[-1][1])
        found[str(email)] = (span, "\n".join(lines))
    return found


@pytest.fixture(scope="module")
def told_once(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A database with five cases of three referrers in the queue, one of them a child's."""
    file = tmp_path_factory.mktemp("life") / "mdk.sqlite"
    shutil.copyfile(_sqlite_template, file)
    database = make.people(Database(sqlite_file(file)))
    child = make.submission(**{"patient.identity_number": make.CHILD})
    numbers = [make.accepted(database, by=name) for name in (REFERRER, OTHER_REFERRER, REFERRER, "remittent.halmstad")]
    numbers.append(make.accepted(database, child, by=OTHER_REFERRER))
    with database.writing() as session:
        forget_owed(session, at=make.AT)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return file, numbers


def test_whatever_happens_the_calendars_end_where_the_agenda_does(told_once: tuple[Path, list[str]]) -> None:
    machine = type("ThisLife", (Life,), {"template": told_once[0], "numbers": told_once[1]})
    # Shrinking a life of 15 steps takes minutes; as it was found it can be read.
    phases = (Phase.explicit, Phase.generate)
    run_state_machine_as_test(machine, settings=effort(max_examples=30, stateful_step_count=15, phases=phases))
