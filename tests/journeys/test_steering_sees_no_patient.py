"""The steering role walks every page and every endpoint that the application has: no answer holds a patient's datum."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import select
from sqlmodel import col

import make
import paper
import stores
from calling import API, calling
from make import FUNCTION, REFERRER, STEERING
from mdk import parsing
from mdk.cases import blocking
from mdk.cases.attachments import attach
from mdk.cases.block_structs import BlockBody
from mdk.cases.files import clean
from mdk.cases.submission_structs import Submission
from mdk.cases.tables import Case, CaseAttachment
from mdk.conferences import repeating
from mdk.conferences.tables import Conference, Series
from mdk.db import Database, sqlite_file
from mdk.journey import follow_ups
from mdk.learning import service as learning
from mdk.learning.structs import LearningBody
from mdk.learning.tables import LearningCase
from mdk.minutes.structs import MinutesBody
from mdk.outbox.tables import OutboxRow
from mdk.pathways import checklists, home_care
from mdk.pathways.follow_up_structs import FollowUpBody
from mdk.pathways.structs import ContactBody, PrerequisiteBody, StandingBody
from mdk.pathways.tables import HomeCareContact, ImplantReferral, PathwayAction, PumpAssignment, StandingPrerequisite
from visiting import visiting

# Every free text that is planted holds this word, and no page of the program's own does.
SECRET = "Hemligt ord"
MUNICIPALITY = "Uppvidinge"
NAMES = {make.ADULT: "Hemlig Provlund", make.OTHER_ADULT: "Nils Hemligberg"}
LEAK = re.compile(
    rf"hemlig|{MUNICIPALITY}|MDK-2026-\d{{4}}|" + "|".join(f"{number[2:8]}-?{number[8:]}" for number in NAMES),
    re.IGNORECASE,
)
TEXTS = (
    "question", "urgency_reason", "patient.next_of_kin", "patient.care_place", "diagnosis.description",
    "diagnosis.spread", "diagnosis.oncological_treatment", "pain.location", "pain.dermatomes", "treatments.earlier",
    "treatments.ongoing", "treatments.investigations", "safety.swab", "safety.allergy", "function.physical",
    "function.social", "function.comorbidity", "patient_view.goals", "patient_view.acceptable",
    "home_care.mas_contact", "consent.given_to",
)  # fmt: skip
MINUTES = ("answer", "motivation", "alternatives", "conditions", "catheter_tip", "opioid_plan_owner")
# The pages that steering must be able to open, so that the walk is not one through closed doors only.
OPEN_TO_STEERING = {
    "/", "/help", "/help/calculations", "/about", "/about/accessibility", "/about/logging", "/figures",
    "/figures/goals", "/figures/questions", "/figures/prevalence", "/figures/figures.csv", "/figures/places.csv",
    "/figures/goals.csv", "/.well-known/jwks.json", "/.well-known/security.txt", "/static/{file_path}", "/health/live",
    "/health/ready", "/schema", "/schema/openapi.json", "/schema/{path}",
}  # fmt: skip
CLOSED = (
    "/cases", "/queue", "/triage", "/conferences", "/referrals", "/assignments-inbox", "/readiness", "/actions",
    "/learning", "/overdue", "/register", "/standing", "/outbox",
)  # fmt: skip
Parts = dict[str, list[str]]
FIRST = ["1"]  # of what is kept under a number of its own


def submission(identity: str) -> Submission:
    """A submission that tells, in every free text, what steering must never read."""
    changes = {**dict.fromkeys(TEXTS, SECRET), "patient.identity_number": identity, "patient.name": NAMES[identity]}
    rows = {"medicines.side_effects": [{"what": SECRET, "severity": "severe"}], "patient.municipality": MUNICIPALITY}
    return parsing.parse(Submission, make.document(**changes, **rows))


def said(outcome: str) -> MinutesBody:
    return make.minutes_body(outcome, **dict.fromkeys(MINUTES, SECRET), departure_reason=SECRET)


def plant(database: Database) -> None:
    """Patients in every part of the application, each with texts of their own: by the acts that people do."""
    contact = ContactBody(name="MAS-funktionen", email="mas@kommun.example", municipality=MUNICIPALITY)
    make.act(database, FUNCTION, home_care.keep_contact, body=contact)
    numbers = [make.accepted(database, submission(identity)) for identity in (*NAMES, *NAMES)]
    make.act(database, REFERRER, home_care.ask, number=numbers[0])
    held = make.in_session(database, numbers)
    for number, outcome in zip(numbers, ("intern_pump", "extern_pump", "nerve_block", "nerve_block"), strict=True):
        make.save(database, held, number, said(outcome))
        make.sign(database, held, number)
    after_the_meeting(database, numbers)
    shut_out = BlockBody(wish=SECRET, unit="funktion-halland")
    make.act(database, REFERRER, blocking.block, number=numbers[0], body=shut_out)
    for state in ("draft", "submitted", "supplement_requested", "answered", "scheduled", "deceased"):
        make.case_in_state(database, state, submission(make.OTHER_ADULT))
    make.urgent(database, make.submitted(database, submission(make.ADULT)))
    file = clean("Hemlig bild.jpg", paper.photo())
    make.act(database, REFERRER, attach, number=make.draft(database, submission(make.ADULT)), files=[file])
    make.act(database, make.COORDINATOR, repeating.create_series, body=make.series_plan())


def after_the_meeting(database: Database, numbers: list[str]) -> None:
    """Pumps in and followed up, a report, an action that was not done, and a case for the learning bank."""
    (referral,), (assignment,), actions = (
        ids(database, table) for table in (ImplantReferral, PumpAssignment, PathwayAction)
    )
    make.refer(database, referral, "request_information", what=SECRET)
    make.refer(database, referral, "supply_information", by=REFERRER, text=SECRET)
    for name in ("accept", "schedule"):
        make.refer(database, referral, name)
    make.refer(database, referral, "implant", device=SECRET, catheter_tip=SECRET)
    make.refer(database, referral, "report", text=SECRET)
    make.assign(database, assignment, "accept")
    body = PrerequisiteBody(state="met", owner="Kajsa Funktion", note=SECRET)
    make.assign(database, assignment, "prepare", body=body)
    make.assign(database, assignment, "insert", place=SECRET, drug=SECRET, catheter_tip=SECRET)
    stands = StandingBody(owner=SECRET, note=SECRET, valid_until=(make.LATER + 90 * make.DAY).date())
    make.act(database, FUNCTION, checklists.keep_standing, n=7, body=stands)
    two_weeks = FollowUpBody(
        week=2, date=make.LATER.date(), nrs=4, alive="yes", side_effects=SECRET, complications=SECRET, care_place=SECRET
    )
    make.act(database, FUNCTION, follow_ups.tell, number=numbers[1], body=two_weeks, at=make.LATER)
    make.end_action(database, actions[0], "not-done", reason_code="no_bed", note=SECRET)
    closed = next(number for number in numbers[2:] if make.state_of(database, number) == "closed")
    key = make.act(database, make.CHAIR, learning.begin, number=closed).id
    told = LearningBody(title=SECRET, question=SECRET, reasoning=SECRET, six_weeks=SECRET)
    make.act(database, make.CHAIR, learning.write, key=key, version=1, body=told)


def ids(database: Database, table: Any) -> list[str]:
    with database.reading() as session:
        return [str(key) for key in session.scalars(select(table.id))]


def parts_of(database: Database) -> Parts:
    """Every value that a part of an address can have: the real ids of all that was planted."""
    with database.reading() as session:
        numbers = list(session.scalars(select(col(Case.number)).order_by(col(Case.id))))
    return {
        "number": [*numbers[:3], *numbers[-2:]],  # a pump of each kind, an action, an urgent review, a file
        "conference_id": ids(database, Conference)[:2],
        "referral_id": ids(database, ImplantReferral),
        "assignment_id": ids(database, PumpAssignment),
        "action_id": ids(database, PathwayAction),
        "attachment_id": ids(database, CaseAttachment),
        "series_id": ids(database, Series),
        "contact_id": ids(database, HomeCareContact),
        "standing_id": ids(database, StandingPrerequisite),
        "key": ids(database, LearningCase),
        "row_id": ids(database, OutboxRow)[:1],
        "n": ["3"],
        "act": ["withdraw", "publish"],
        "goal": ["implemented"],
        "column": ["outcome"],
        "token": ["x"],
        "file": ["x.ics"],
        "file_path": ["mdk.css"],
        "path": ["openapi.json"],
    }


def addresses(path: str, parts: Parts) -> Iterator[str]:
    """An address of the application's own list with every real id in its place."""
    names = re.findall(r"{(\w+)}", path)
    for values in product(*(parts.get(name, FIRST) for name in names)):
        filled = path
        for name, value in zip(names, values, strict=True):
            filled = filled.replace(f"{{{name}}}", value)
        yield filled


def leaks(answer: Response, asked: str = "") -> list[str]:
    """What of a patient an answer holds, in its body or its headers, that the one who asked had not said."""
    text = answer.text + str(answer.headers.multi_items())
    return [found for found in LEAK.findall(text) if found not in asked]


@pytest.fixture(scope="module")
def clinic(sqlite_file_once: Path) -> Iterator[Database]:
    database = make.people(stores.made(sqlite_file(sqlite_file_once)))
    plant(database)
    yield database
    database.close()


def test_no_page_tells_steering_of_a_patient(clinic: Database) -> None:
    with visiting(clinic) as people:
        assert leaks(people[make.COORDINATOR].raw("/cases")), "the planted patients are there to be found"
        steering, parts, opened = people[STEERING], parts_of(clinic), set()
        for path, methods in routes(people.client.app):
            for address in [] if path.startswith(API) else addresses(path, parts):
                for query in ("", "?q=hemligt&year=2026&state=open") if "GET" in methods else ():
                    answer = steering.raw(address + query)
                    is_harmless(answer, address)
                    opened |= {path} if answer.status_code == 200 else set()
                if "POST" in methods:
                    is_harmless(steering.htmx(address, [("q", "Hemlig"), ("version", "1")]), address + "Hemlig")
            if path == "/sign-out":
                steering = people[STEERING]
    assert opened >= OPEN_TO_STEERING
    assert [path for path in opened if path.startswith(CLOSED)] == []


def test_no_endpoint_tells_steering_of_a_patient(clinic: Database) -> None:
    with calling(clinic) as api:
        assert leaks(api[make.COORDINATOR].get("/cases")), "the planted patients are there to be found"
        steering, parts, opened = api[STEERING], parts_of(clinic), set()
        listed = set(api.client.get("/schema/openapi.json").json()["paths"])
        walked = {path for path, _ in routes(api.client.app) if path.startswith(API)}
        assert walked == listed
        for path, methods in routes(api.client.app):
            for address in addresses(path.removeprefix(API), parts) if path in walked else ():
                for method in methods:
                    answer = steering.send(method, address, b"" if method == "GET" else {}, version=1)
                    is_harmless(answer, address)
                    opened |= {(method, path.removeprefix(API))} if answer.status_code < 400 else set()
    assert opened >= {("GET", "/statistics"), ("GET", "/goals"), ("GET", "/point-prevalences")}
    assert [path for _, path in opened if path.startswith(CLOSED)] == []


def routes(app: Any) -> list[tuple[str, list[str]]]:
    """Every address that the application has, as it knows them itself."""
    return [(one.path_format, sorted(set(one.methods) - {"OPTIONS", "HEAD"})) for one in app.routes]


def is_harmless(answer: Response, asked: str) -> None:
    assert answer.status_code < 500, asked
    assert answer.status_code != 401, asked
    assert leaks(answer, asked) == [], asked
