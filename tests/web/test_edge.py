"""The edge: what every answer carries, what is turned away before it is read, and how often one may ask."""

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx import Response
from litestar.routes import HTTPRoute
from litestar.testing import RequestFactory, TestClient
from sqlalchemy import select
from sqlmodel import col

import lending
import make
import stores
from calling import Callers, refusal
from mdk import clock, settings
from mdk.audit.tables import AccessLog
from mdk.db import Database
from mdk_web.callers import address_of
from mdk_web.edge import BODY_SECONDS, Hosts, TooSlow, in_time
from mdk_web.limits import (
    CALLS,
    DENIED,
    REFUSED_SIGN_INS,
    REFUSED_TOKENS,
    UNKNOWN_LINKS,
    Limit,
    Limits,
    TooMany,
    _add,
    _end,
)
from mdk_web.tables import RateCount
from running import serving
from visiting import People

DEMO = {"MDK_SECRET_KEY": make.SECRET}
CALM = timedelta(seconds=5)
PROTECTED = {"MDK_SECRET_KEY": make.SECRET, "MDK_BASE_URL": "https://mdk.example"}
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
LIMIT = Limit("test", 5, timedelta(minutes=1))


def configured(**given: str) -> settings.Settings:
    return settings.load(given or PROTECTED, dotenv=Path("/dev/null"))


@pytest.fixture
def protected(embedded: Database) -> Iterator[TestClient[Any]]:
    """An installation that people reach over a protected line."""
    make.people(embedded)
    with lending.lent(configured(), embedded) as client:
        yield client


def addresses(client: TestClient[Any]) -> list[tuple[str, str]]:
    """Every address that is served, each with every method, with an id that nothing has."""
    return [
        (method, re.sub(r"\{number:?\w*\}", "MDK-2026-9999", re.sub(r"\{(?!number)[^}]+\}", "0", route.path_format)))
        for route in client.app.routes
        if isinstance(route, HTTPRoute)
        for method in sorted(route.methods)
    ]


def is_guarded(answer: Response) -> bool:
    policy = answer.headers.get("content-security-policy", "")
    is_strict = "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    return is_strict and {name: answer.headers.get(name) for name in HEADERS} == HEADERS


# ------------------------------------------------------------------------------------------ every answer
def test_every_answer_of_every_route_is_guarded_and_no_stranger_is_told_anything(protected: TestClient[Any]) -> None:
    served = addresses(protected)
    assert len(served) > 200
    open_to_all = re.compile(
        r"^/(static|health|about|\.well-known|schema|sign-in|signed-out|sign-out|rsvp|home-care|calendar/|metrics)"
    )
    loose, told = [], []
    for method, path in served:
        answer = protected.request(method, path, follow_redirects=False)
        if not is_guarded(answer) or "strict-transport-security" not in answer.headers:
            loose.append((method, path))
        if not open_to_all.match(path) and method != "OPTIONS" and answer.status_code not in {303, 401, 403}:
            told.append((method, path, answer.status_code))
        assert answer.status_code < 500, (method, path)
    assert (loose, told) == ([], [])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404), ("GET", "/static/nothing.css", 404), ("GET", "/static/..%2f..%2fapp.py", 404),
        ("DELETE", "/cases", 405), ("GET", "/api/v1/nothing", 404), ("PUT", "/api/v1/cases", 405),
        ("POST", "/sign-in", 403), ("GET", "/rsvp/x", 404), ("GET", "/calendar/x.ics", 404),
    ],
)  # fmt: skip
def test_a_refusal_is_guarded_too_and_shows_nothing_of_the_inside(
    protected: TestClient[Any], method: str, path: str, status: int
) -> None:
    answer = protected.request(method, path)
    assert (answer.status_code, is_guarded(answer)) == (status, True)
    assert not re.search(r"Traceback|litestar|sqlalchemy|\.py\b|line \d+", answer.text, re.IGNORECASE)


def test_only_a_protected_installation_asks_browsers_to_come_protected(people: People) -> None:
    assert "strict-transport-security" not in people.client.get("/about").headers


def test_a_method_that_is_not_served_is_told_which_are_and_none_can_be_had_by_another_name(
    protected: TestClient[Any], api: Callers
) -> None:  # F29
    answer = protected.delete("/cases")
    assert (answer.status_code, sorted(answer.headers["allow"].split(", "))) == (405, ["GET", "OPTIONS"])
    refused = api[make.REFERRER].send("PUT", "/cases", b"{}")
    assert (refused.status_code, "POST" in refused.headers["allow"]) == (405, True)
    number = api[make.REFERRER].post("/cases", make.document()).json()["number"]
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        headers = {**api[make.REFERRER].headers, name: "PATCH", "If-Match": '"1"'}
        sent = api.client.post(f"/api/v1/cases/{number}?_method=PATCH", headers=headers, content=b"{}")
        assert sent.status_code == 405


def test_no_form_of_ours_is_taken_from_a_page_of_another_s(people: People) -> None:  # F29, csrf
    person = people[make.COORDINATOR]
    person.token = "0" * 128
    taken = []
    for method, path in addresses(people.client):
        is_a_proof = re.match(r"^/(api|rsvp|home-care)/", path)
        if method == "POST" and not is_a_proof and person.post(path).status != 403:
            taken.append(path)
    assert taken == []


# ------------------------------------------------------------------------------------------ hosts
@pytest.mark.parametrize(
    ("given", "kind", "host", "answers"),
    [
        (PROTECTED, "real", "mdk.example", "yes"), (PROTECTED, "real", "MDK.example", "yes"),
        (PROTECTED, "real", "mdk.example:443", "yes"), (PROTECTED, "real", "mdk.example:8000", "no"),
        (PROTECTED, "real", "evil.example", "no"), (PROTECTED, "real", "mdk.example.evil.example", "no"),
        (PROTECTED, "real", "127.0.0.1", "no"), (PROTECTED, "real", "", "no"), (PROTECTED, "real", "[", "no"),
        (PROTECTED, "real", "mdk.example@evil.example", "no"), (PROTECTED, "real", "evil.example#mdk.example", "no"),
        (PROTECTED, "real", "mdk.example/", "no"), (PROTECTED, "real", "mdk.example:x", "no"),
        (PROTECTED | {"MDK_HOSTS": "inside.example, b:81"}, "real", "inside.example", "yes"),
        (PROTECTED | {"MDK_HOSTS": "inside.example, b:81"}, "real", "b:81", "yes"),
        (PROTECTED | {"MDK_HOSTS": "inside.example, b:81"}, "real", "b", "no"),
        (DEMO, "real", "127.0.0.1:8000", "yes"), (DEMO, "real", "localhost:9000", "yes"),
        (DEMO, "real", "[::1]:8000", "yes"),
        (DEMO, "real", "10.0.0.7:8000", "no"), (DEMO, "real", "evil.example:8000", "no"),
        (DEMO, "demo", "10.0.0.7:8000", "yes"), (DEMO, "demo", "app:8000", "yes"), (DEMO, "real", "app:8000", "no"),
        (DEMO, "demo", "evil.example:8000", "no"),
    ],
)  # fmt: skip
def test_only_the_installation_s_own_names_are_answered_to(
    given: dict[str, str], kind: str, host: str, answers: str
) -> None:
    hosts = Hosts(settings.load(given, dotenv=Path("/dev/null"), is_demo=kind == "demo"))
    assert hosts.has(host) is (answers == "yes")


def test_a_call_that_is_meant_for_another_place_is_refused_but_for_what_watches_the_machine(
    protected: TestClient[Any],
) -> None:
    elsewhere = {"Host": "evil.example"}
    page = protected.get("/sign-in", headers=elsewhere)
    assert (page.status_code, "hör inte till MDK smärta" in page.text, is_guarded(page)) == (400, True, True)
    assert "evil" not in page.text
    assert refusal(protected.get("/api/v1/cases", headers=elsewhere)) == (400, "bad-host")
    assert protected.get("/health/live", headers=elsewhere).status_code == 200


# ------------------------------------------------------------------------------------------ time
def test_a_body_that_drips_in_is_not_waited_for(protected: TestClient[Any]) -> None:
    async def dripping() -> Any:
        await asyncio.sleep(0.03)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def drink() -> int:
        receive, count = in_time(dripping, 0.1), 0
        while (await receive())["type"] == "http.request":
            count += 1
        return count

    with pytest.raises(TooSlow):
        asyncio.run(drink())


def test_what_comes_after_the_body_may_be_waited_for() -> None:
    messages = [{"type": "http.request", "body": b"", "more_body": False}, {"type": "http.disconnect"}]

    async def slow() -> Any:
        await asyncio.sleep(0.05 if len(messages) == 1 else 0)
        return messages.pop(0)

    async def listen() -> list[str]:
        receive = in_time(slow, 0.02)
        return [(await receive())["type"], (await receive())["type"]]

    assert asyncio.run(listen()) == ["http.request", "http.disconnect"]


# ------------------------------------------------------------------------------------------ how often
def test_a_limit_holds_across_processes_and_ends_with_its_stretch_of_time(database: Database) -> None:
    one, other = Limits(database, make.SECRET), Limits(database, make.SECRET)
    for limits in (one, other, one, other, one):
        limits.take(LIMIT, "192.0.2.1", at=make.AT)
    for limits in (one, other):
        with pytest.raises(TooMany) as refused:
            limits.take(LIMIT, "192.0.2.1", at=make.AT + timedelta(seconds=20))
        assert refused.value.wait == 40
    one.take(LIMIT, "192.0.2.2", at=make.AT)
    other.take(LIMIT, "192.0.2.1", at=make.AT + make.MINUTE)
    with database.reading() as session:
        kept = session.execute(select(col(RateCount.count), col(RateCount.key))).all()
    assert [count for count, _ in kept] == [1]  # what is over is cleared away
    assert "192.0.2" not in kept[0][1]


def test_of_many_at_once_exactly_as_many_as_may_come_through(database: Database) -> None:
    processes = [Limits(database, make.SECRET) for _ in range(3)]

    def ask(number: int) -> bool:
        try:
            processes[number % 3].take(LIMIT, "x", at=make.AT)
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(40))) == LIMIT.most


def test_what_is_counted_in_steps_costs_a_question_a_step_and_holds_within_them(embedded: Database) -> None:
    limit = Limit("steps", 30, timedelta(minutes=1), step=10)
    one, other = Limits(embedded, make.SECRET), Limits(embedded, make.SECRET)
    passed = 0
    for number in range(100):
        try:
            (one, other)[number % 2].take(limit, "x", at=make.AT)
        except TooMany:
            continue
        passed += 1
    assert 30 <= passed <= 30 + 2 * limit.step


def test_a_flood_past_a_limit_writes_nothing_more(embedded: Database) -> None:
    limits = Limits(embedded, make.SECRET)
    for _ in range(200):
        limits.note(LIMIT, "x", at=make.AT)
    with embedded.reading() as session:
        assert session.scalars(select(col(RateCount.count))).all() == [LIMIT.most]
    with pytest.raises(TooMany, match="Vänta en minut"):
        Limits(embedded, make.SECRET).look(LIMIT, "x", at=make.AT)
    Limits(embedded, make.SECRET).look(LIMIT, "y", at=make.AT)


def spend(client: TestClient[Any], limit: Limit, subject: str, *, left: int) -> None:
    """Use a limit up but for the last few, when the count does not begin anew for some seconds."""
    spend_of(client.app.state.limits, limit, subject, left=left)


def spend_of(limits: Limits, limit: Limit, subject: str, *, left: int) -> None:
    if (left_of_it := _end(limit, clock.now()) - clock.now()) < CALM:
        time.sleep(left_of_it.total_seconds())
    now = clock.now()
    with limits._database.writing() as session:
        _add(session, limits._key(limit, subject, now), limit.most - left, _end(limit, now), now)


@pytest.mark.parametrize("path", ["/rsvp/a.b.c", "/home-care/a.b.c", "/calendar/guessed.ics"])
def test_who_guesses_links_is_not_listened_to_for_a_while_and_neither_at_the_other_links(
    protected: TestClient[Any], path: str
) -> None:
    spend(protected, UNKNOWN_LINKS, "testclient", left=2)
    assert [protected.get(path).status_code in {404, 410} for _ in range(2)] == [True, True]
    answer = protected.get(path)
    assert (answer.status_code, 0 < int(answer.headers["retry-after"]) <= 900) == (429, True)
    assert "För många försök" in answer.text
    assert protected.post("/rsvp/x.y.z", data={}).status_code == 429
    assert protected.get("/sign-in").status_code == 200


def test_who_goes_on_with_tokens_that_prove_nothing_is_told_to_wait_and_others_are_not(api: Callers) -> None:
    spend(api.client, REFUSED_TOKENS, "testclient", left=2)
    stranger = api.with_header("Bearer a.b.c")
    answers = [stranger.get("/cases") for _ in range(3)]
    assert [refusal(answer) for answer in answers] == [(401, "token-refused")] * 2 + [(429, "too-many")]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert api[make.REFERRER].get("/cases").status_code == 200


def test_whose_sign_ins_are_refused_again_and_again_waits_and_is_told_so(people: People) -> None:
    spend(people.client, REFUSED_SIGN_INS, "testclient", left=0)
    answer = people.client.get("/sign-in/start")
    assert (answer.status_code, "Vänta" in answer.text) == (429, True)
    assert people.client.get("/sign-in").status_code == 200


def test_a_runaway_program_is_stopped_by_its_own_person_s_limit(api: Callers) -> None:
    spend(api.client, CALLS, str(make.viewer(api.database, make.REFERRER).person_id), left=20)
    answers = [api[make.REFERRER].get("/actions").status_code for _ in range(CALLS.step + 1)]
    assert answers == [200] * CALLS.step + [429]  # it is told of the others a step at a time
    assert api[make.COORDINATOR].get("/cases").status_code == 200


# ------------------------------------------------------------------------------------------ strangers in the log
def denied(database: Database) -> list[tuple[str, str, str, int | None, str]]:
    columns = (AccessLog.act, AccessLog.surface, AccessLog.cases, AccessLog.person_id, AccessLog.reason)
    with database.reading() as session:
        rows = session.execute(select(*map(col, columns)).where(col(AccessLog.allowed).is_(False)))
        return [tuple(row) for row in rows]


def test_f29_a_stranger_at_any_door_leaves_one_row_that_names_no_patient(api: Callers) -> None:  # F29
    assert api.with_header(None).get("/cases/MDK-2026-0001").status_code == 401
    assert api.client.get("/cases/MDK-2026-0001", follow_redirects=False).status_code == 303
    assert denied(api.database) == [
        ("GET /api/v1/cases/{number}", "api", "", None, "sign-in-needed"),
        ("GET /cases/{number}", "page", "", None, "sign-in-needed"),
    ]
    assert api.client.get("/", follow_redirects=False).status_code == 303
    assert len(denied(api.database)) == 2  # who only comes to the door has tried nothing


def test_a_flood_of_strangers_cannot_fill_the_log(api: Callers) -> None:
    spend(api.client, DENIED, "testclient", left=3)
    assert {api.with_header(None).get("/cases").status_code for _ in range(9)} == {401}
    assert len(denied(api.database)) == 3


# ------------------------------------------------------------------------------------------ from where
@pytest.mark.parametrize(
    ("proxies", "told", "found"),
    [
        ("", "198.51.100.7", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.0/8", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("127.0.0.1, 198.51.100.7", "203.0.113.9, 198.51.100.7", "203.0.113.9"),
        ("127.0.0.1", "203.0.113.9|198.51.100.7", "198.51.100.7"),  # the proxy's own line comes last
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "127.0.0.1"),
    ],
)
def test_an_address_is_told_by_known_proxies_only(embedded: Database, proxies: str, told: str, found: str) -> None:
    given = DEMO | {"MDK_PROXIES": proxies}
    with lending.lent(settings.load(given, dotenv=Path("/dev/null")), embedded) as client:
        request, lines = RequestFactory(app=client.app).get(), told.encode().split(b"|")
        request.scope |= {"client": ("127.0.0.1", 4000), "headers": [(b"x-forwarded-for", line) for line in lines]}
        assert address_of(request) == found


# ------------------------------------------------------------------------------------------ two processes
@pytest.mark.long
@pytest.mark.postgres
def test_two_worker_processes_count_together(postgres_url: str, tmp_path: Path) -> None:
    with stores.opened(postgres_url) as database, serving(make.people(database), tmp_path, workers=2) as (_, port):
        spend_of(Limits(database, make.SECRET), UNKNOWN_LINKS, "127.0.0.1", left=6)
        statuses = [httpx.get(f"http://127.0.0.1:{port}/rsvp/a.b.c").status_code for _ in range(10)]
    assert statuses == [404] * 6 + [429] * 4


@pytest.mark.long
def test_f16_two_hundred_that_only_drip_keep_nobody_waiting_and_are_let_go(embedded: Database, tmp_path: Path) -> None:
    half = b"POST /rsvp/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nabc"
    with serving(make.people(embedded), tmp_path) as (_, port), ExitStack() as lines:
        dripping = [lines.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(200)]
        for line in dripping:
            line.sendall(half)
        began = time.monotonic()
        for _ in range(10):
            assert httpx.get(f"http://127.0.0.1:{port}/sign-in").status_code == 200
        assert time.monotonic() - began < 10  # a second each, though the machine be busy
        for line in (dripping[0], dripping[-1]):
            line.settimeout(BODY_SECONDS + 30)
        assert dripping[0].recv(1000).startswith(b"HTTP/1.1 408")
        assert dripping[-1].recv(1000).startswith((b"HTTP/1.1 408", b"HTTP/1.1 429"))  # too slow, or one of too many
