"""Owns a conference's life for tests: the acts and accidents of issue 4 in any order, watched from the calendars."""

import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import icalendar
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import make
import stores
from invites import forbidden
from invites.calendars import Calendars, calendar_of
from invites.post import Post, read, settings, texts
from make import CHAIR, CONSULTANT, NURSE, OTHER_REFERRER, PAEDIATRIC, REFERRER, SURGEON
from mdk.conferences import agenda
from mdk.conferences import queries as conference_queries
from mdk.conferences import service as conferences
from mdk.conferences.structs import AgendaItemBody, ConferenceView
from mdk.db import sqlite_file
from mdk.journey import departures
from mdk.outbox.service import forget_owed
from mdk.people import service as people
from mdk_calendar import feeds, ledger
from mdk_calendar.words import words

STEP = timedelta(hours=3)  # longer than the longest pause after a failed delivery
LINKS = ["https://video.example/mdk", "https://video.example/möte?rum=å&b=2", None]
SECOND_CHAIR, SECOND_CONSULTANT = "ordforande.tva", "konsult.tva"
# Around both changes of the clock, in the hours that spring leaves out and autumn repeats too.
SPRING = [datetime(2027, 3, day, hour, 0, tzinfo=UTC) for day, hour in ((27, 12), (28, 0), (28, 1), (28, 11), (29, 11))]
AUTUMN = [datetime(2027, 10, day, hour, 30, tzinfo=UTC) for day, hour in ((30, 11), (31, 0), (31, 1), (31, 12))]
AUTUMN += [datetime(2027, 10, 30, 23, 40, tzinfo=UTC)]
REFERRERS = [REFERRER, OTHER_REFERRER, REFERRER, "remittent.halmstad", OTHER_REFERRER]  # of the five cases
MEMBERS = [NURSE, SURGEON, PAEDIATRIC, OTHER_REFERRER]
MOBILE = [NURSE, SURGEON, OTHER_REFERRER]  # those who leave or get a new address


class Ground(NamedTuple):
    """What every life begins with: a database with people, cases in the queue, and what must not be told of them."""

    file: Path
    numbers: list[str]
    secrets: set[str]


def ground(template: Path, folder: Path) -> Ground:
    """Five cases of three referrers, one of them a child's; people with long, strange and English names and ways."""
    file = folder / "mdk.sqlite"
    shutil.copyfile(template, file)
    database = make.people(stores.made(sqlite_file(file)))
    with database.writing() as session:
        for name, shown, role in (
            (SECOND_CHAIR, f'Åsa "Ö; Ström", {"Å" * 150}', "chair"),
            (SECOND_CONSULTANT, "Emoji 🩺^n;, von Öö", "consultant"),
        ):
            people.add(
                session,
                email=make.email(name),
                name=shown,
                role=role,
                unit_id="mdk-samordning",
                language="en",
                at=make.AT,
            )
        people.add(session, email=make.email(SURGEON), name="Nora Kirurg", role="neurosurgery",
                   unit_id="neurokirurgi-lund", language="en", at=make.AT)  # fmt: skip
    changes = [{}, {"patient.identity_number": make.OTHER_ADULT}, {}, {}, {"patient.identity_number": make.CHILD}]
    numbers = [
        make.accepted(database, make.submission(**each), by=name) for each, name in zip(changes, REFERRERS, strict=True)
    ]
    with database.writing() as session:
        forget_owed(session, at=make.AT)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return Ground(file, numbers, forbidden.words([make.document(**each) for each in changes], numbers))


class Life(RuleBasedStateMachine):
    """The acts of people and the luck of the worker in any order.

    `shown` gathers every calendar object that was sent and the instants meant, for other people's readers; `last` the
    one that each person was sent last.
    """

    ground: ClassVar[Ground]
    shown: ClassVar[list[tuple[bytes, tuple[datetime, datetime]]]]
    last: ClassVar[dict[str, bytes]]

    @initialize(starts_at=st.sampled_from(SPRING + AUTUMN))
    def begin(self, starts_at: datetime) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mdk-life-"))
        shutil.copyfile(self.ground.file, self.folder / "mdk.sqlite")
        self.database = stores.made(sqlite_file(self.folder / "mdk.sqlite"))
        self.post = Post(self.database, self.folder / "outbox")
        self.at, self.cancelled, self.lossy = make.AT, False, False
        self.calendars = Calendars()
        self.addresses = {name: make.email(name) for name in (*make.EVERYONE, SECOND_CHAIR, SECOND_CONSULTANT)}
        self.owners = {address: name for name, address in self.addresses.items()}
        self.answers: dict[str, dict[Any, list[str]]] = {}  # by person and times, since last asked
        self.gone: set[str] = set()
        self.ended: set[str] = set()
        self.hidden = forbidden.searcher(self.ground.secrets)
        self.id = make.conference(self.database, starts_at=starts_at, duration_minutes=120)
        self.release([0, 1, 2, 3, 4], 2, 15)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.work()
            self.check_feeds()
            self.database.close()
            shutil.rmtree(self.folder)

    # ------------------------------------------------------------------------------------------ what people do
    @precondition(lambda self: not self.cancelled)
    @rule(order=st.permutations(range(5)), count=st.integers(1, 5), minutes=st.sampled_from([10, 15, 20]))
    def release(self, order: list[int], count: int, minutes: int) -> None:
        numbers = [self.ground.numbers[place] for place in order]
        waiting = [number for number in numbers if number not in self.ended][:count]
        self.act(agenda.put, items=[AgendaItemBody(case=number, minutes=minutes) for number in waiting])
        self.act(agenda.release, override_reason="Sent tillägg.")

    @precondition(lambda self: not self.cancelled)
    @rule(starts_at=st.sampled_from(SPRING + AUTUMN))
    def move(self, starts_at: datetime) -> None:
        self.act(conferences.move, starts_at=starts_at)

    @precondition(lambda self: not self.cancelled)
    @rule(
        members=st.sets(st.sampled_from(MEMBERS)),
        deputy=st.sampled_from([None, PAEDIATRIC, SURGEON]),
        chair=st.sampled_from([CHAIR, SECOND_CHAIR]),
        consultant=st.sampled_from([CONSULTANT, SECOND_CONSULTANT]),
    )
    def replace(self, members: set[str], deputy: str | None, chair: str, consultant: str) -> None:
        here = [self.addresses[name] for name in sorted(members - self.gone)]
        stands_in = self.addresses[deputy] if deputy and deputy not in self.gone else None
        changes = {"chair": self.addresses[chair], "consultant": self.addresses[consultant]}
        self.act(conferences.change, changes={**changes, "members": here, "deputy": stands_in})

    @precondition(lambda self: not self.cancelled)
    @rule(link=st.sampled_from(LINKS), minutes=st.sampled_from([105, 120, 150]))
    def change(self, link: str | None, minutes: int) -> None:
        self.act(conferences.change, changes={"video_url": link, "duration_minutes": minutes})

    @precondition(lambda self: not self.cancelled)
    @rule(who=st.integers(0, 20), partstat=st.sampled_from(["ACCEPTED", "DECLINED", "TENTATIVE"]))
    def answer(self, who: int, partstat: str) -> None:
        invited = [person.email for person in self.view().people if person.active]
        email = invited[who % len(invited)]
        if self.owners[email] in {CONSULTANT, SECOND_CONSULTANT} and partstat == "DECLINED":
            partstat = "TENTATIVE"  # without a consultant nothing more could be released
        self.at += timedelta(minutes=1)
        given = {"conference_id": self.id, "partstat": partstat, "comment": None, "at": self.at}
        make.act(self.database, email, conferences.reply, **given)
        self.answers.setdefault(self.owners[email], {}).setdefault(self.times(email), []).append(partstat)

    @precondition(lambda self: len(self.ended) < 3)
    @rule(place=st.integers(0, 4), name=st.sampled_from(["withdraw", "report_death"]))
    def end_a_case(self, place: int, name: str) -> None:
        number, referrer = self.ground.numbers[place], REFERRERS[place]
        if number not in self.ended and referrer not in self.gone:
            make.report(self.database, number, name, by=self.addresses[referrer], at=self.at)
            self.ended.add(number)

    @precondition(lambda self: not self.gone)
    @rule(name=st.sampled_from(MOBILE))
    def leave(self, name: str) -> None:
        self.gone.add(name)
        with self.database.writing() as session:
            departures.leave(session, email=self.addresses[name], at=self.at)

    @rule(name=st.sampled_from([CHAIR, *MOBILE]), place=st.integers(0, 2))
    def readdress(self, name: str, place: int) -> None:
        to = f"{name}.{place}@demo.mdk"
        with self.database.writing() as session:
            departures.readdress(session, email=self.addresses[name], to=to, at=self.at)
        self.addresses[name] = to
        self.owners[to] = name

    @precondition(lambda self: not self.cancelled and self.at > make.AT + 6 * STEP)
    @rule()
    def cancel(self) -> None:
        self.act(conferences.cancel, reason="Konsulten är sjuk.")
        self.cancelled = True

    # ------------------------------------------------------------------------------------------ how the worker fares
    @rule()
    def work(self) -> None:
        self.at += STEP
        self.post.settings = settings(self.post.folder)
        known = set(self.post.seen)
        self.post.work(self.at)
        self.take([self.post.seen[name] for name in self.post.seen.keys() - known])
        self.check_calendars()

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
    def take(self, raws: list[bytes]) -> None:
        assert not self.hidden.findall(forbidden.readable(" ".join([*map(texts, raws), *self.post.seen])))
        found = [(mail, raw) for raw in raws if (mail := read(raw)) is not None]
        for mail, raw in sorted(found, key=lambda pair: pair[0].sequence):
            name = self.owners[mail.to]
            assert name not in self.gone, "who has left is told nothing more"
            self.calendars.take(mail, person=name, is_news=not self.lossy)
            calendar = calendar_of(raw)
            self.shown.append((calendar, (mail.starts_at, mail.ends_at)))
            self.last[mail.uid] = calendar
        self.check_answers([mail for mail, _ in found])

    def check_answers(self, told: list[Any]) -> None:
        """Whoever was not told of other times since they answered need not answer again, and all others must."""
        people = {person.email: person.partstat for person in self.view().people if person.active}
        for mail in told:
            if mail.to == self.addresses[self.owners[mail.to]]:
                held = self.answers.pop(self.owners[mail.to], {})
                times = self.times(mail.to) if mail.method == "REQUEST" else None
                if times in held:
                    self.answers[self.owners[mail.to]] = {times: held[times]}
                # It says what was answered to these times when it was written; the newest answer may have come after.
                assert mail.method == "CANCEL" or mail.partstat in {"NEEDS-ACTION", *held.get(times, [])}, mail.to
        if not self.cancelled:
            for email, partstat in people.items():
                if self.owners[email] not in self.gone:
                    held = self.answers.get(self.owners[email], {})
                    assert partstat == held.get(self.times(email), ["NEEDS-ACTION"])[-1], email

    def check_calendars(self) -> None:
        wanted = {} if self.cancelled else self.expected()
        mine = self.calendars.live()
        past = {address for address, name in self.owners.items() if name in self.gone}
        assert {address: held for address, held in mine.items() if address not in past} == wanted

    def check_feeds(self) -> None:
        """What a private address gives is what the invitations made of the calendar."""
        for name in (CHAIR, REFERRER):
            address = self.addresses[name]
            secret = make.act(self.database, address, feeds.renew, settings=self.post.settings, at=self.at)
            with self.database.reading() as session:
                served = feeds.served(session, secret, at=self.at)
            assert served is not None
            assert not self.hidden.findall(forbidden.readable(served.body.decode().replace("\r\n ", "")))
            entries: list[Any] = icalendar.Calendar.from_ical(served.body).walk("VEVENT")
            published = {(str(entry["UID"]), entry["SEQUENCE"]) for entry in entries if entry["STATUS"] == "CONFIRMED"}
            held = self.calendars.at.get(address, {}).items()
            assert published == {(uid, entry.sequence) for uid, entry in held if entry.live}

    def expected(self) -> dict[str, tuple[tuple[datetime, datetime], str]]:
        """What each calendar is to hold, from the agenda as the coordinator sees it."""
        view = self.view()
        whole = {view.chair, view.consultant, view.deputy, *view.members} - {None}
        whole |= {person.email for person in view.people if person.role != "presenter"}
        found = {}
        for email in whole | {slot.presenter for slot in view.agenda}:
            if self.owners[str(email)] in self.gone:
                continue
            own = [slot for slot in view.agenda if slot.presenter == email]
            spans = [(slot.starts_at, slot.starts_at + timedelta(minutes=slot.minutes)) for slot in own]
            span = (view.starts_at, view.ends_at) if email in whole else (spans[0][0], spans[-1][1])
            found[str(email)] = (span, self.lines(str(email), spans, view.video_url))
        return found

    def times(self, email: str) -> Any:
        """When someone is to take part, slot by slot."""
        view = self.view()
        own = [slot for slot in view.agenda if slot.presenter == email]
        slots = tuple((slot.starts_at, slot.minutes) for slot in own)
        return self.expected()[email][0], slots

    def lines(self, email: str, spans: list[tuple[datetime, datetime]], link: str | None) -> str:
        is_english = self.owners[email] in {SECOND_CHAIR, SECOND_CONSULTANT, SURGEON}
        said = words("en" if is_english else "sv")
        lines = [f"{said.slot}: {said.span(start, end)}" for start, end in spans]
        return "\n".join(
            [*lines, f"{said.join}: {link.replace('ö', '%C3%B6').replace('å', '%C3%A5')}"] if link else lines
        )

    def view(self) -> ConferenceView:
        return make.ask(self.database, make.COORDINATOR, conference_queries.view, self.id, at=self.at)

    def act(self, service: Callable[..., object], **given: Any) -> None:
        self.at += timedelta(minutes=1)
        make.at_conference(self.database, self.id, service, at=self.at, **given)
