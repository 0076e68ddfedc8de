"""Owns the demo: its people, and a small history of sample cases in varied states, all made through the acts."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from importlib import resources
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.orm import Session

from mdk import parsing
from mdk.cases import attachments, files
from mdk.cases import queries as case_queries
from mdk.cases import service as cases
from mdk.cases.submission_structs import Submission
from mdk.clock import STOCKHOLM, local, today
from mdk.conferences import absences, agenda, repeating
from mdk.conferences import queries as conference_queries
from mdk.conferences import service as conferences
from mdk.conferences.series import series_list
from mdk.conferences.series_structs import SeriesBody
from mdk.conferences.structs import AbsenceBody, AgendaItemBody, ConferenceBody
from mdk.db import Database
from mdk.journey import decisions, demo_earlier, demo_ends, demo_log, demo_old, reference, reports, urgent
from mdk.journey.demo_earlier import DOMAIN
from mdk.journey.demo_minutes import block_minutes, extern_minutes, intern_minutes
from mdk.journey.demo_pathways import work_the_pathways
from mdk.minutes import queries as minutes_queries
from mdk.minutes import service as minutes
from mdk.minutes.seals import Sealing
from mdk.minutes.structs import MinutesBody
from mdk.outbox.service import forget_owed, owe_from_now
from mdk.people import service as people
from mdk.people.queries import viewer
from mdk.people.structs import Role, Viewer

VIDEO = "https://video.example/mdk-smarta"
SAMPLE_DAY = date(2026, 11, 18)
MEETING = time(13, 0)
WEDNESDAY = 2
_REPORT = ("MR-utlåtande bäcken.pdf", "mr_report.pdf")
_DRAWING = ("Smärtteckning.png", "pain_drawing.png")
# What is attached to which sample case, by its place.
_PAPERS = {0: (_DRAWING,), 1: (_REPORT, _DRAWING), 2: (_REPORT,), 10: (_REPORT, _DRAWING)}
_REFERRERS = {
    "kronoberg": "remittent.vaxjo",
    "halland": "remittent.halmstad",
    "blekinge": "remittent.karlskrona",
    "skane": "remittent.lund",
}


class DemoPerson(NamedTuple):
    """Someone who can be chosen at the demo's sign-in."""

    email: str
    name: str
    role: Role
    unit: str
    profession: str


PEOPLE = tuple(
    DemoPerson(f"{local_part}@{DOMAIN}", name, role, unit, profession)
    for local_part, name, role, unit, profession in (
        ("remittent.vaxjo", "Vera Remitterius", Role.REFERRER, "palliativa-vaxjo", "läkare"),
        ("remittent.halmstad", "Hanna Remitterius", Role.REFERRER, "palliativa-halmstad", "läkare"),
        ("remittent.karlskrona", "Karl Remitterius", Role.REFERRER, "palliativa-blekinge", "läkare"),
        ("remittent.lund", "Lena Remitterius", Role.REFERRER, "asih-lund", "läkare"),
        ("samordnare", "Sam Ordnarsson", Role.COORDINATOR, "mdk-samordning", "sjuksköterska"),
        ("ordforande", "Olga Förare", Role.CHAIR, "mdk-samordning", "läkare"),
        ("konsult", "Kim Smärtgren", Role.CONSULTANT, "mdk-samordning", "läkare"),
        ("deltagare", "Disa Deltagare", Role.MEMBER, "mdk-samordning", "sjuksköterska"),
        ("barnteam", "Bo Barnteam", Role.MEMBER, "barnkonsultteamet", "läkare"),
        ("neurokirurgi", "Nora Kirurg", Role.NEUROSURGERY, "neurokirurgi-lund", "läkare"),
        ("funktion.kronoberg", "Kajsa Funktion", Role.REGIONAL_FUNCTION, "funktion-kronoberg", "läkare"),
        ("funktion.halland", "Hugo Funktion", Role.REGIONAL_FUNCTION, "funktion-halland", "läkare"),
        ("funktion.blekinge", "Bea Funktion", Role.REGIONAL_FUNCTION, "funktion-blekinge", "läkare"),
        ("funktion.skane", "Stig Funktion", Role.REGIONAL_FUNCTION, "funktion-skane", "läkare"),
        ("chefsamrad", "Cecilia Chef", Role.STEERING, "chefsamrad", ""),
        ("loggranskare", "Loa Granskare", Role.AUDITOR, "logggranskning", ""),
        ("admin", "Adam Förvaltare", Role.ADMIN, "systemforvaltning", ""),
    )
)


def load_people(session: Session, *, at: datetime) -> None:
    """Load regions, units and the demo's people; again and again without harm."""
    reference.load(session)
    for person in PEOPLE:
        people.add(
            session,
            email=person.email,
            name=person.name,
            role=person.role,
            unit_id=person.unit,
            profession=person.profession,
            at=at,
        )


def sample_cases() -> list[dict[str, Any]]:
    """The 16 sample submissions, as a client would send them."""
    documents: list[dict[str, Any]] = msgspec.json.decode(_data("sample_cases.json"))
    return documents


def load_story(database: Database, *, sealing: Sealing, at: datetime) -> None:
    """Fill an empty demo with cases in varied states.

    A conference held last week with signed minutes, one released for next Wednesday, a queue, a case in the urgent
    lane, cases at triage, one whose patient is worse, one with its referrer, two drafts, and one ended in each way.
    """
    samples = sample_cases()
    ends, earlier = demo_ends.documents(samples), demo_earlier.documents(samples)
    story = _Story(database, at, samples + ends + earlier, sealing)
    demo_old.begin(database, samples, now=at)
    story.begin_earlier()
    ended = story.submitted([len(samples) + place for place in range(len(ends))], days_ago=demo_ends.DAYS_AGO)
    demo_ends.carry_on(database, ended, now=at)
    held = story.submitted([0, 2, 3], days_ago=9, accepted=True)
    story.hold_conference(held)
    work_the_pathways(database, now=at)
    coming = story.submitted([1, 5, 12, 8], days_ago=4, accepted=True)
    with database.writing() as session:
        forget_owed(session, at=at)
    story.begin_series()
    story.release_next(coming)
    story.plan_around_people()
    waiting = story.submitted([4, 6, 9], days_ago=3, accepted=True)
    story.hasten(waiting[-1])
    story.worsen(waiting[0])
    asked = story.submitted([7], days_ago=2)
    story.ask_for_supplement(asked[0])
    story.submitted([10, 11, 13], days_ago=1)
    story.drafts([14, 15])
    demo_log.leave_traces(database, held, waiting, now=at)
    demo_old.decide(database, now=at)
    with database.writing() as session:
        owe_from_now(session, at=at)


class _Story:
    """Tells the demo's history act by act, each at its own time."""

    def __init__(self, database: Database, now: datetime, documents: list[dict[str, Any]], sealing: Sealing) -> None:
        self.database, self.now, self.documents, self.sealing = database, now, documents, sealing

    def submitted(self, indexes: list[int], *, days_ago: int, accepted: bool = False) -> list[str]:
        """Submit sample cases some days ago and, where told so, accept them a few hours later."""
        at = self.now - timedelta(days=days_ago)
        numbers = [self._submit(index, at + timedelta(minutes=7 * place)) for place, index in enumerate(indexes)]
        for number in numbers if accepted else []:
            self._accept(number, at + timedelta(hours=3))
        return numbers

    def drafts(self, indexes: list[int]) -> None:
        """Leave sample cases half written."""
        for index in indexes:
            document = _dated(self.documents[index], self.now)
            partial = {key: document[key] for key in ("patient", "question", "diagnosis")}
            with self._act(_referrer_of(document)) as (session, by):
                cases.create(session, submission=parsing.parse(Submission, partial), by=by, at=self.now)

    def hasten(self, number: str) -> None:
        """Ask nurse and neurosurgery for written opinions, of which one has come."""
        begun = self.now - timedelta(hours=6)
        with self._act("samordnare") as (session, by):
            version = case_queries.load(session, number, act="case.read", by=by, at=begun).version
            urgent.open_review(
                session,
                number=number,
                version=version,
                members=[f"{name}@{DOMAIN}" for name in ("deltagare", "neurokirurgi")],
                deadline=begun + timedelta(hours=24),
                by=by, at=begun,
            )  # fmt: skip
        with self._act("deltagare") as (session, by):
            text, at = "Extern pump går hemma, om hemsjukvården hinner utbildas.", self.now - timedelta(hours=2)
            urgent.give_opinion(session, number=number, text=text, by=by, at=at)

    def worsen(self, number: str) -> None:
        """Let the referrer of a case in the queue report that the patient has become worse."""
        with self._act("remittent.karlskrona") as (session, by):
            what = "Smärtgenombrott varje timme sedan i natt, och patienten kan inte längre svälja tabletter."
            reports.report_deterioration(session, number=number, what=what, by=by, at=self.now - timedelta(hours=3))

    def ask_for_supplement(self, number: str) -> None:
        """Hand a case back to its referrer."""
        with self._act("samordnare") as (session, by):
            version = case_queries.load(session, number, act="case.read", by=by, at=self.now).version
            cases.request_supplement(
                session,
                number=number,
                version=version,
                what="Aktuella koagulationsprover och datum för senaste bilddiagnostik.",
                until=today(self.now) + timedelta(days=3),
                by=by,
                at=self.now - timedelta(hours=5),
            )

    def begin_earlier(self) -> None:
        """A conference of weeks ago, and what has become of its decisions."""
        first = len(self.documents) - demo_earlier.CASES
        weeks = demo_earlier.WEEKS_AGO
        numbers = self.submitted(list(range(first, len(self.documents))), days_ago=7 * weeks + 9, accepted=True)
        words = demo_earlier.bodies(extern_minutes, block_minutes, now=self.now)
        held_on = self.hold_conference(numbers, weeks=-weeks, bodies=words)
        demo_earlier.carry_on(self.database, numbers, held_on=held_on)

    def hold_conference(
        self,
        numbers: list[str],
        *,
        weeks: int = -1,
        bodies: Sequence[Callable[[date], MinutesBody]] = (),
    ) -> datetime:
        """Plan, release, hold and close a conference of weeks ago, with signed minutes for each; give its start."""
        starts_at = _wednesday(self.now, weeks=weeks)
        if starts_at.date() >= self.now.date():
            starts_at -= timedelta(weeks=1)
        before = starts_at - timedelta(days=1)
        with self._act("samordnare") as (session, by):
            conference = conferences.plan(session, body=_body(starts_at), by=by, at=before)
            self._release(session, conference.id, numbers, by=by, at=before)
        conference_id = conference.id
        for email in ("konsult", "deltagare", "neurokirurgi"):
            with self._act(email) as (session, by):
                conferences.reply(
                    session, conference_id=conference_id, partstat="ACCEPTED", comment=None, by=by, at=before
                )
        with self._act("ordforande") as (session, by):
            version = conference_queries.load(session, conference_id, act="conference.open", by=by).version
            conferences.open_session(session, conference_id=conference_id, version=version, by=by, at=starts_at)
        said = bodies or (extern_minutes, intern_minutes, block_minutes)
        for place, (number, words) in enumerate(zip(numbers, said, strict=True), 1):
            self._minute(conference_id, number, words(today(starts_at)), starts_at + timedelta(minutes=15 * place))
        with self._act("ordforande") as (session, by):
            version = conference_queries.load(session, conference_id, act="conference.close", by=by).version
            conferences.close_session(
                session, conference_id=conference_id, version=version, by=by, at=starts_at + timedelta(minutes=55)
            )
        return starts_at

    def begin_series(self) -> None:
        """Begin the weekly conference from next Wednesday on."""
        with self._act("samordnare") as (session, by):
            repeating.create_series(session, body=_series(_wednesday(self.now)), by=by, at=self.now)

    def release_next(self, numbers: list[str]) -> None:
        """Release the series' first conference with an agenda."""
        with self._act("samordnare") as (session, by):
            lines, _ = conference_queries.lines(session, by=by, since=self.now)
            self._release(session, lines[0].id, numbers, by=by, at=self.now)

    def plan_around_people(self) -> None:
        """The consultant is away twice, once with a deputy; the nurse is busy once; and the series rests for a week."""
        meets = today(_wednesday(self.now))
        for weeks, deputy in ((4, f"neurokirurgi@{DOMAIN}"), (6, None)):
            first = meets + timedelta(weeks=weeks, days=-2)
            away = AbsenceBody(first_day=first, last_day=first + timedelta(days=4), deputy=deputy)
            with self._act("konsult") as (session, by):
                absences.record(session, body=away, by=by, at=self.now)
        start = _wednesday(self.now, weeks=2)
        with self._act("deltagare") as (session, by):
            taken = [(start - timedelta(minutes=30), start + timedelta(minutes=30))]
            people.note_busy(session, person_id=by.person_id, times=taken, by=by, at=self.now)
        day = meets + timedelta(weeks=8)
        with self._act("samordnare") as (session, by):
            (series,) = series_list(session, by=by)
            named: dict[str, Any] = {"series_id": series.id, "version": series.version}
            rest: dict[str, Any] = {"first_day": day, "last_day": day, "reason": "Utbildningsdag"}
            repeating.skip(session, **named, **rest, by=by, at=self.now)

    def _submit(self, index: int, at: datetime) -> str:
        document = _dated(self.documents[index], at)
        with self._act(_referrer_of(document)) as (session, by):
            case = cases.create(session, submission=parsing.parse(Submission, document), by=by, at=at)
            papers = [files.clean(name, _data(file)) for name, file in _PAPERS.get(index, ())]
            if papers:
                attachments.attach(session, number=case.number, files=papers, by=by, at=at)
            return cases.submit(session, number=case.number, version=case.version, by=by, at=at).number

    def _accept(self, number: str, at: datetime) -> None:
        with self._act("samordnare") as (session, by):
            case = case_queries.load(session, number, act="case.read", by=by, at=at)
            cases.accept(
                session,
                number=number,
                version=case.version,
                urgency=case.urgency or "normal",
                override_reason=None,
                by=by,
                at=at,
            )

    def _release(self, session: Session, conference_id: str, numbers: list[str], *, by: Viewer, at: datetime) -> None:
        version = conference_queries.load(session, conference_id, act="conference.agenda", by=by).version
        items = [AgendaItemBody(case=number, minutes=15) for number in numbers]
        conference = agenda.put(session, conference_id=conference_id, version=version, items=items, by=by, at=at)
        agenda.release(
            session,
            conference_id=conference_id,
            version=conference.version,
            override_reason="Uppgifter kompletteras muntligt på konferensen.",
            by=by,
            at=at,
        )

    def _minute(self, conference_id: str, number: str, body: MinutesBody, at: datetime) -> None:
        with self._act("ordforande") as (session, by):
            suggested = minutes_queries.view(session, conference_id, number, by=by, at=at)
            body.contraindications = suggested.contraindications
            body.informs_patient = suggested.informs_patient
            saved = minutes.save(
                session, conference_id=conference_id, number=number, version=0, body=body, by=by, at=at
            )
            decisions.sign(
                session,
                conference_id=conference_id,
                number=number,
                version=saved.version,
                sealing=self.sealing,
                by=by,
                at=at,
            )

    @contextmanager
    def _act(self, local_part: str) -> Iterator[tuple[Session, Viewer]]:
        with self.database.writing() as session:
            yield session, viewer(session, email=f"{local_part}@{DOMAIN}", surface="demo")


def _data(file: str) -> bytes:
    return resources.files("mdk.journey").joinpath("data", file).read_bytes()


def _wednesday(now: datetime, *, weeks: int = 0) -> datetime:
    """13:00 next Wednesday (never today), or as many weeks from it."""
    day = local(now).date()
    ahead = (WEDNESDAY - day.weekday()) % 7 or 7
    return datetime.combine(day + timedelta(days=ahead + 7 * weeks), MEETING, STOCKHOLM).astimezone(now.tzinfo)


def _body(starts_at: datetime) -> ConferenceBody:
    return ConferenceBody(
        starts_at=starts_at,
        duration_minutes=60,
        chair=f"ordforande@{DOMAIN}",
        consultant=f"konsult@{DOMAIN}",
        members=[f"deltagare@{DOMAIN}", f"neurokirurgi@{DOMAIN}"],
        video_url=VIDEO,
    )


def _series(first_start: datetime) -> SeriesBody:
    plan = msgspec.to_builtins(_body(first_start))
    plan.pop("starts_at")
    return SeriesBody(name="MDK smärta, onsdagar", rrule="FREQ=WEEKLY;BYDAY=WE", first_start=first_start, **plan)


def _referrer_of(document: dict[str, Any]) -> str:
    return _REFERRERS[document["patient"]["home_region"]]


def _dated(document: Any, at: datetime) -> Any:
    """The document with every date moved so that the samples were written the day before `at`."""
    shift = today(at) - timedelta(days=1) - SAMPLE_DAY
    if isinstance(document, dict):
        return {key: _dated(value, at) for key, value in document.items()}
    if isinstance(document, list):
        return [_dated(value, at) for value in document]
    if isinstance(document, str) and len(document) == 10 and document[:4].isdigit() and document[4] == "-":
        return (date.fromisoformat(document) + shift).isoformat()
    return document
