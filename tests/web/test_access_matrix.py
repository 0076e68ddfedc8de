"""Every address as every role and relation, compared with the one table of who may; one database for all of them."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest
from httpx import Response

import make
import stores
from mdk.cases import blocking
from mdk.cases.block_structs import BlockBody
from mdk.db import sqlite_file
from mdk.people.rules import ACCESS, Relation, may
from mdk.people.structs import Role, Viewer
from mdk_web.access import ANYONE, BY_LINK, ROUTES, SIGNED_IN, WATCHING
from rehearsal import OVER_SESSIONS, OVER_TOKENS, PEOPLE, World, on_stage, rehearsing

ALLOWED, FORBIDDEN, UNKNOWN = "allowed", 403, 404
NO_MORE: Mapping[str, str] = MappingProxyType({})
R = Relation
Ties = Mapping[str, frozenset[Relation]]


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
    r"\{(absence_id|check_id|log_id|contact_id|decision_id|standing_id|row_id|reply_id|key|session_id|goal|column|n)\}"
    r"|invitation\.ics|POST /assignments$"
)
OWN_ONLY = "invitation.ics"  # one's own, and nothing to whoever has none
# Never answered to the end: a stream.
ENDLESS = {"GET /conferences/{conference_id}/live"}


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


def asked(
    world: World, row: str, act: str, name: str | None, *, query: str = "", more: Mapping[str, str] = NO_MORE
) -> Response:
    method, path = row.split(" ")
    for part, value in world.values[thing_of(row, act)[1]].items():
        path = path.replace(f"{{{part}}}", value)
    world.client.cookies.clear()
    headers, content = dict(more), b""
    if path.startswith("/api/"):
        headers |= {"Authorization": world.bearers[name]} if name else {}
        content = b"{}" if method != "GET" else b""
    elif name is not None:
        cookies = world.cookies[name]
        headers["Cookie"] = "; ".join(f"{key}={value}" for key, value in cookies.items() if key != "token")
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            content = f"_csrf_token={cookies['token']}".encode()
    return world.client.request(method, path + query, headers=headers, content=content, follow_redirects=False)


OPEN = {ANYONE, BY_LINK, WATCHING}
# The rows in handfuls, so that a test reports all that differs among its own.
HANDFUL = 20
GUARDED = [row for row, act in ROUTES.items() if act not in OPEN]


def handfuls(rows: list[str]) -> list[list[str]]:
    return [rows[first : first + HANDFUL] for first in range(0, len(rows), HANDFUL)]


def first_and_last(rows: list[str]) -> str:
    return f"{rows[0]} – {rows[-1]}"


@pytest.fixture(scope="module")
def world(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with rehearsing(_sqlite_template, tmp_path_factory.mktemp("matrix")) as opened:
        yield opened


@pytest.mark.parametrize("rows", handfuls(GUARDED), ids=first_and_last)
def test_each_address_answers_each_role_and_relation_as_the_table_says(
    world: World, rows: list[str]
) -> None:  # F29, idor
    differing = []
    for row in rows:
        act = ROUTES[row]
        for name in PEOPLE:
            should = wanted(name, world.viewers[name], row, act)
            if row in ENDLESS and should == ALLOWED:
                continue
            before = world.database.refusals
            status = answered(world, row, act, name)
            found = status if status in {FORBIDDEN, UNKNOWN} else ALLOWED
            if UNPREPARED.search(row) and should == ALLOWED and status == UNKNOWN:
                found = ALLOWED
            if found != should or status >= 500:
                differing.append((row, name, status, should))
            elif found != ALLOWED and act != SIGNED_IN and world.database.refusals == before:
                differing.append((row, name, status, "turned away, and the log does not say so"))
    assert differing == []


@pytest.mark.parametrize("rows", handfuls([row for row in ROUTES if row not in ENDLESS]), ids=first_and_last)
def test_only_what_is_for_anyone_answers_who_is_not_signed_in(world: World, rows: list[str]) -> None:  # F29
    statuses = {row: answered(world, row, ROUTES[row], None) for row in rows}
    allowed = {row: range(100, 500) if ROUTES[row] in OPEN else {401} if "/api/" in row else {401, 403} for row in rows}
    assert [(row, status) for row, status in statuses.items() if status not in allowed[row]] == []


def test_no_address_answers_whose_session_or_token_is_over_or_proves_nothing(world: World) -> None:  # F29
    """Each address is asked in two ways: the first of its side, and by turns one of the others."""
    answering = []
    for at, row in enumerate(GUARDED):
        first, *others = OVER_TOKENS if "/api/" in row else OVER_SESSIONS
        for name in (first, others[at % len(others)]):
            status = answered(world, row, ROUTES[row], name)
            if status != 401:
                answering.append((row, name, status))
    assert answering == []


def test_no_act_can_be_had_by_a_read_that_calls_itself_otherwise(world: World) -> None:  # F29
    """Where an address is both read and written, a read that claims to be the write is answered as the read."""
    differing = []
    for row, other in ((f"GET {path}", method) for method, path in map(str.split, ROUTES) if method != "GET"):
        if row in ROUTES:
            plain = asked(world, row, ROUTES[row], make.COORDINATOR).status_code
            said = dict.fromkeys(("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"), other)
            claimed = asked(world, row, ROUTES[row], make.COORDINATOR, query=f"?_method={other}", more=said).status_code
            if claimed != plain:
                differing.append((row, other, plain, claimed))
    assert differing == []


def test_every_role_walks_the_matrix(world: World) -> None:
    assert {viewer.role for viewer in world.viewers.values()} == set(Role)


SHUT_OUT = (make.COORDINATOR, make.CHAIR, make.SURGEON, make.FUNCTION)


@pytest.fixture(scope="module")
def shut(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same world, in which the patient of every case has shut some people out."""
    file = tmp_path_factory.mktemp("shut") / "mdk.sqlite"
    shutil.copyfile(str(world.database.url.database), file)
    real = stores.made(sqlite_file(file))
    for name in SHUT_OUT:
        body = BlockBody(wish="Vill inte.", person=make.email(name))
        make.act(real, make.REFERRER, blocking.block, number=world.values[""]["number"], body=body)
    real.close()
    with on_stage(file) as (client, rehearsal):
        yield world._replace(client=client, database=rehearsal)


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
