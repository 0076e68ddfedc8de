"""Every address as every role and relation, compared with the one table of who may; one database for all of them."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from httpx import Response
from litestar.testing import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

import make
from calling import Callers
from mdk import clock, settings
from mdk.cases import attachments, blocking, queries, service
from mdk.cases.block_structs import BlockBody
from mdk.cases.files import clean
from mdk.conferences import repeating
from mdk.db import Database, sqlite_file
from mdk.people.rules import ACCESS, Relation, may
from mdk.people.structs import Role, Viewer
from mdk_web.access import ANYONE, BY_LINK, ROUTES, SIGNED_IN, WATCHING
from mdk_web.app import create_app
from paper import pdf
from visiting import SECRET, People

ALLOWED, FORBIDDEN, UNKNOWN = "allowed", 403, 404
R = Relation
Ties = Mapping[str, frozenset[Relation]]

# One of each role, and of each relation that a role can hold.
GLASS_REFERRER, GLASS_FUNCTION, SUPPORTING = "remittent.halmstad", "funktion.halland", "funktion.skane"
UNRELATED = "funktion.blekinge"
PEOPLE = (
    make.REFERRER, make.OTHER_REFERRER, GLASS_REFERRER, make.COORDINATOR, make.CHAIR, make.CONSULTANT, make.NURSE,
    make.PAEDIATRIC, make.SURGEON, make.FUNCTION, GLASS_FUNCTION, SUPPORTING, UNRELATED, make.STEERING, make.AUDITOR,
    make.ADMIN,
)  # fmt: skip


def ties(**held: set[Relation]) -> Ties:
    """Who is tied to a thing and how; everyone else is not."""
    return {name.replace("__", "."): frozenset(relations) for name, relations in held.items()}


TO_CASE = ties(
    remittent__vaxjo={R.OWN_UNIT, R.CONFERENCE},
    remittent__halmstad={R.GLASS},
    funktion__halland={R.GLASS},
    ordforande={R.CONFERENCE},
    konsult={R.CONFERENCE},
    deltagare={R.CONFERENCE},
    neurokirurgi={R.CONFERENCE, R.RECEIVER},
    funktion__kronoberg={R.RECEIVER},
)
TO_CONFERENCE = ties(
    remittent__vaxjo={R.INVITED},
    ordforande={R.CHAIRS, R.INVITED},
    konsult={R.CONSULTS, R.INVITED},
    deltagare={R.INVITED},
    neurokirurgi={R.INVITED},
)
TO_REFERRAL = ties(remittent__vaxjo={R.OWN_UNIT}, neurokirurgi={R.RECEIVER}, funktion__kronoberg={R.HOME_REGION})
TO_ASSIGNMENT = ties(remittent__vaxjo={R.OWN_UNIT}, funktion__kronoberg={R.RECEIVER}, funktion__skane={R.SUPPORTS})
TO_ACTION = ties(remittent__vaxjo={R.OWN_UNIT})
TO_REVIEW = ties(remittent__vaxjo={R.OWN_UNIT}, deltagare={R.CONFERENCE}, neurokirurgi={R.CONFERENCE})
TO_WAITING = ties(remittent__vaxjo={R.OWN_UNIT})  # a case that was sent in, and is on no agenda


class Thing(NamedTuple):
    """What an address is about: how people are tied to it, and the act that shows it to those who may know of it."""

    ties: Ties
    known_by: str
    submitted: bool = False


CASE = Thing(TO_CASE, "case.read", submitted=True)
REVIEWED = Thing(TO_REVIEW, "case.read", submitted=True)
WAITING = Thing(TO_WAITING, "case.read", submitted=True)
CONFERENCE = Thing(TO_CONFERENCE, "conference.read")
REFERRAL = Thing(TO_REFERRAL, "referral.read")
ASSIGNMENT = Thing(TO_ASSIGNMENT, "assignment.read")
ACTION = Thing(TO_ACTION, "action.read")
NOTHING = Thing({}, "")
# What is asked for by an id that nothing has here: only who never may is told apart.
UNPREPARED = re.compile(
    r"\{(absence_id|check_id|contact_id|standing_id|row_id|reply_id|key|session_id|goal|column|n)\}"
    r"|invitation\.ics|POST /assignments$"
)
OWN_ONLY = "invitation.ics"  # one's own, and nothing to whoever has none
# Never answered to the end: a stream.
ENDLESS = {"GET /conferences/{conference_id}/live"}


class Rehearsal(Database):
    """A database on which every act is carried out in full and then taken back; it counts the refusals that it logs."""

    refusals, kept = 0, 0

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with super().writing() as session:
            yield session
            session.flush()
            for write in session.info.pop("mdk.at_end", []):
                write(session)
            refused = text("SELECT count(*) FROM access_log WHERE NOT allowed AND id > :kept")
            self.refusals += session.execute(refused, {"kept": self.kept}).scalar_one()
            session.rollback()


class World(NamedTuple):
    """The application on the one prepared database, everyone signed in to both its sides, and the ids of its things."""

    client: TestClient[Any]
    database: Rehearsal
    cookies: dict[str, dict[str, str]]
    bearers: dict[str, str]
    values: dict[str, dict[str, str]]
    viewers: dict[str, Viewer]


@pytest.fixture(scope="module")
def world(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("matrix")
    shutil.copyfile(_sqlite_template, folder / "mdk.sqlite")
    real = make.people(Database(sqlite_file(folder / "mdk.sqlite")))
    values = prepared(real)
    configured = settings.load({"MDK_SECRET_KEY": SECRET}, dotenv=Path("/dev/null"), data_dir=folder, is_demo=True)
    with TestClient(create_app(configured, real), base_url=configured["BASE_URL"]) as client:
        visitors, callers = People(client, real), Callers(client, real, configured)
        signed_in = {name: visitors[name] for name in PEOPLE}
        cookies = {name: {**person.cookies, "token": person.token} for name, person in signed_in.items()}
        bearers = {name: f"Bearer {callers.token(name)}" for name in PEOPLE}
    real.close()
    rehearsal = Rehearsal(sqlite_file(folder / "mdk.sqlite"))
    rehearsal.kept = int(ids(rehearsal, "access_log", "ORDER BY id DESC"))
    with TestClient(create_app(configured, rehearsal), base_url=configured["BASE_URL"]) as client:
        viewers = {name: make.viewer(rehearsal, name) for name in PEOPLE}
        yield World(client, rehearsal, cookies, bearers, values, viewers)
    rehearsal.close()


def prepared(database: Database) -> dict[str, dict[str, str]]:
    """One of each thing, brought there by the acts; the values that an address about it takes."""
    held, number = make.signed(database, "intern_pump")
    referral = ids(database, "implant_referral")
    key = make.assignment(database)
    make.assign(database, key, "ask_support")
    action = make.action(database)
    reviewed, waiting = make.submitted(database), make.submitted(database)
    make.urgent(database, reviewed)
    now = clock.now()
    for name in (GLASS_REFERRER, GLASS_FUNCTION):
        make.act(database, name, service.break_glass, number=number, reason="Akut", at=now)
    file = clean("prov.pdf", pdf())
    files: dict[str, str] = {}
    for each in (number, waiting):
        make.act(database, make.REFERRER, attachments.attach, number=each, files=[file])
        files[each] = make.ask(database, make.REFERRER, queries.view, each).attachments[0].id
    body = BlockBody(wish="Vill inte.", person=make.email("remittent.karlskrona"))
    block = make.act(database, make.REFERRER, blocking.block, number=number, body=body)
    series = make.act(database, make.COORDINATOR, repeating.create_series, body=make.series_plan())
    of_case = {"number": number, "conference_id": held, "attachment_id": files[number], "block_id": str(block)}
    usual = {
        "referral_id": referral, "assignment_id": key, "action_id": action, "series_id": series.id, "n": "1",
        "column": "region", "goal": "x", "key": "x", "absence_id": "x",
    }  # fmt: skip
    usual |= dict.fromkeys(("check_id", "contact_id", "standing_id", "row_id", "reply_id", "session_id"), "99999")
    return {
        "": of_case | usual,
        "urgent": of_case | usual | {"number": reviewed},
        "waiting": of_case | usual | {"number": waiting, "attachment_id": files[waiting]},
    }


def ids(database: Database, table: str, order: str = "") -> str:
    with database.reading() as session:
        return str(session.execute(text(f"SELECT id FROM {table} {order} LIMIT 1")).scalar_one())


def thing_of(row: str, act: str) -> tuple[Thing, str]:
    """What an address is about, and with which of the prepared values it is asked for."""
    if "/urgent-review" in row:
        return REVIEWED, "urgent"
    if "{attachment_id}" in row and act == "case.detach":
        return WAITING, "waiting"
    if act.startswith("minutes.read"):
        return CASE, ""
    for part, thing in (
        ("{conference_id}", CONFERENCE),
        ("{number}", CASE),
        ("{referral_id}", REFERRAL),
        ("{assignment_id}", ASSIGNMENT),
        ("{action_id}", ACTION),
    ):
        if part in row:
            return thing, ""
    return NOTHING, ""


def wanted(name: str, viewer: Viewer, row: str, act: str) -> object:
    """What the table says: allowed, forbidden, or as if there were nothing."""
    if act in {ANYONE, BY_LINK, WATCHING, SIGNED_IN}:
        return ALLOWED
    if viewer.role not in ACCESS[act]:
        return FORBIDDEN
    thing, _ = thing_of(row, act)
    if thing is NOTHING:
        return ALLOWED
    held = thing.ties.get(name, frozenset()) | ({R.SUBMITTED} if thing.submitted else frozenset())
    if may(act, viewer, held):
        return ALLOWED
    known = may(thing.known_by, viewer, held) and not act.startswith("minutes.read") and OWN_ONLY not in row
    return FORBIDDEN if known else UNKNOWN


def answered(world: World, row: str, act: str, name: str | None) -> int:
    """The status of the answer to someone, or to nobody in particular; to be signed in first counts as 401."""
    answer = asked(world, row, act, name)
    if answer.status_code == 303 and answer.headers["location"].startswith("/sign-in"):
        return 401
    return answer.status_code


def asked(world: World, row: str, act: str, name: str | None) -> Response:
    method, path = row.split(" ")
    for part, value in world.values[thing_of(row, act)[1]].items():
        path = path.replace(f"{{{part}}}", value)
    world.client.cookies.clear()
    headers, content = {}, b""
    if path.startswith("/api/"):
        headers = {"Authorization": world.bearers[name]} if name else {}
        content = b"{}" if method != "GET" else b""
    elif name is not None:
        cookies = world.cookies[name]
        headers["Cookie"] = "; ".join(f"{key}={value}" for key, value in cookies.items() if key != "token")
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            content = f"_csrf_token={cookies['token']}".encode()
    return world.client.request(method, path, headers=headers, content=content, follow_redirects=False)


@pytest.mark.parametrize("row", [row for row, act in ROUTES.items() if act not in {ANYONE, BY_LINK, WATCHING}])
def test_the_address_answers_each_role_and_relation_as_the_table_says(world: World, row: str) -> None:
    act, found, expected = ROUTES[row], {}, {}
    for name in PEOPLE:
        should = wanted(name, world.viewers[name], row, act)
        if row in ENDLESS and should == ALLOWED:
            continue
        before = world.database.refusals
        status = answered(world, row, act, name)
        assert status < 500, name
        found[name] = status if status in {FORBIDDEN, UNKNOWN} else ALLOWED
        expected[name] = should
        if UNPREPARED.search(row) and should == ALLOWED and status == UNKNOWN:
            found[name] = ALLOWED
        if status in {FORBIDDEN, UNKNOWN} and act != SIGNED_IN:
            assert world.database.refusals > before, f"{name} was turned away and the log does not say so"
    assert found == expected


@pytest.mark.parametrize("row", list(ROUTES))
def test_f29_the_address_answers_nobody_who_is_not_signed_in_unless_it_is_for_anyone(world: World, row: str) -> None:
    if row in ENDLESS:
        return
    status = answered(world, row, ROUTES[row], None)
    if ROUTES[row] in {ANYONE, BY_LINK, WATCHING}:
        assert status < 500
    else:
        assert status in ({401} if "/api/" in row else {401, 403})


def test_every_role_walks_the_matrix(world: World) -> None:
    assert {viewer.role for viewer in world.viewers.values()} == set(Role)


SHUT_OUT = (make.COORDINATOR, make.CHAIR, make.SURGEON, make.FUNCTION)


@pytest.fixture(scope="module")
def shut(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same world, in which the patient of every case has shut some people out."""
    file = tmp_path_factory.mktemp("shut") / "mdk.sqlite"
    shutil.copyfile(str(world.database.url.database), file)
    real = Database(sqlite_file(file))
    for name in SHUT_OUT:
        body = BlockBody(wish="Vill inte.", person=make.email(name))
        make.act(real, make.REFERRER, blocking.block, number=world.values[""]["number"], body=body)
    real.close()
    rehearsal = Rehearsal(sqlite_file(file))
    configured = settings.load({"MDK_SECRET_KEY": SECRET}, dotenv=Path("/dev/null"), data_dir=file.parent, is_demo=True)
    with TestClient(create_app(configured, rehearsal), base_url=configured["BASE_URL"]) as client:
        yield world._replace(client=client, database=rehearsal)
    rehearsal.close()


READS = [row for row, act in ROUTES.items() if row.startswith("GET") and act not in {ANYONE, BY_LINK, WATCHING}]


@pytest.mark.parametrize("name", SHUT_OUT)
def test_no_address_shows_a_case_to_whom_its_patient_has_shut_out(shut: World, name: str) -> None:
    showing = []
    for row in READS:
        if row not in ENDLESS:
            answer = asked(shut, row, ROUTES[row], name)
            sent = row.split(" ")[1].count("{number}") and answer.status_code >= 400
            if not sent and re.search(r"MDK-2026-000\d|Provlund", answer.text):
                showing.append(row)
    assert showing == []
