"""Forms that were not sent from a page of ours, whatever they bring as a proof; and the way out of an old cookie."""

import asyncio
from typing import Any

import pytest
from litestar.middleware.csrf import generate_csrf_token

import make
from mdk_web.rendering import CSRF_COOKIE, CSRF_FIELD, CSRF_HEADER
from visiting import People, Person

FORM = b"application/x-www-form-urlencoded"


def _status(person: Person, content: bytes, *, token: str | None = None) -> int:
    kept = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    headers = {b"Content-Type": FORM, b"Cookie": kept.encode()}
    if token is not None:
        headers[CSRF_HEADER.encode()] = token.encode("latin-1")
    person.client.cookies.clear()
    return int(person.client.post("/sign-out", content=content, headers=headers, follow_redirects=False).status_code)


@pytest.mark.parametrize(
    "token", ["", "x", "%C3%A9" * 80, "%00" * 80, "a" * 100_000, generate_csrf_token("another" * 10), "&_csrf_token="]
)
def test_a_token_that_is_none_of_ours_is_refused(people: People, token: str) -> None:
    assert _status(people[make.CHAIR], f"{CSRF_FIELD}={token}".encode()) == 403


@pytest.mark.parametrize("token", ["x", "\xe9" * 80, "a" * 5000])
def test_a_header_that_is_none_of_ours_is_refused(people: People, token: str) -> None:
    assert _status(people[make.CHAIR], b"", token=token) == 403


def test_somebody_elses_token_is_refused(people: People) -> None:  # csrf
    theirs = people[make.COORDINATOR].token
    assert _status(people[make.CHAIR], f"{CSRF_FIELD}={theirs}".encode()) == 403


def test_files_are_not_read_for_a_cookie_that_anyone_can_write(people: People) -> None:
    answers: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("the body was asked for")

    async def send(message: Any) -> None:
        answers.append(message)

    path = "/cases/MDK-2026-0001/attachments"
    headers = [(b"host", b"testserver"), (b"content-type", b"multipart/form-data; boundary=b")]
    headers += [(b"content-length", b"50000000"), (b"cookie", b"mdk_session=written-by-anyone")]
    scope: Any = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http"}
    scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers}
    scope |= {"client": ("127.0.0.1", 1), "server": ("testserver", 80)}
    asyncio.run(people.client.app(scope, receive, send))
    assert (answers[0]["status"], dict(answers[0]["headers"])[b"location"]) == (303, b"/sign-in")


@pytest.mark.parametrize("old", [generate_csrf_token("before the new secret"), "x", "<script>"])
def test_whoever_still_has_a_cookie_from_before_a_new_secret_gets_a_new_one(people: People, old: str) -> None:
    chair = people[make.CHAIR]
    chair.cookies[CSRF_COOKIE] = old
    page = chair.get("/")
    assert (page.status, chair.cookies[CSRF_COOKIE] != old) == (200, True)
    assert old not in page.values[CSRF_FIELD]
    assert _status(chair, f"{CSRF_FIELD}={page.values[CSRF_FIELD]}".encode()) == 303
