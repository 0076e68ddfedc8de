"""Owns visits of the pages in tests: people who sign in at the demo's chooser, read pages and send their forms."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from httpx import Response
from litestar.testing import TestClient
from sqlalchemy import event

import lending
import make
from mdk import clock, settings
from mdk.db import Database

SECRET = make.SECRET
_TOKEN = re.compile(r'name="_csrf_token" value="([^"]+)"')
Fields = list[tuple[str, str]]


class Page:
    """An answer as a reader without scripts sees it."""

    def __init__(self, answer: Response) -> None:
        self.status, self.html = answer.status_code, answer.text
        self.to = answer.headers.get("location", "")
        self.words = " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(script|head).*?</\1>", " ", self.html)).split())
        self.title = "".join(re.findall(r"<title>(.*?)</title>", self.html))
        reader = _Forms()
        reader.feed(self.html)
        self.forms, self.buttons = reader.forms, reader.buttons
        self.values = {name: value for fields in self.forms.values() for name, value in fields}

    def links_of_summary(self) -> list[str]:
        """Where the error summary leads, link by link."""
        summary = re.search(r'(?s)id="error-summary".*?</div>', self.html)
        return re.findall(r'href="([^"]+)"', summary[0]) if summary else []


class Person:
    """A demo person who is signed in, with cookies of their own."""

    def __init__(self, client: TestClient[Any], database: Database, name: str) -> None:
        self.client, self.cookies = client, dict[str, str]()
        self.token = _TOKEN.findall(self._send("GET", "/sign-in").text)[0]
        answer = self.post("/sign-in", assignment=str(make.viewer(database, name).assignment_id))
        assert (answer.status, answer.to) == (303, "/")

    def get(self, path: str, **headers: str) -> Page:
        return Page(self._send("GET", path, headers=headers))

    def post(self, path: str, fields: Fields | None = None, /, **more: str) -> Page:
        """Send a form's fields; `more` is added, or stands instead of a field of that name."""
        return self._post(path, fields, more, {})

    def typing(self, path: str, fields: Fields, /, **more: str) -> Page:
        """The same, as htmx sends it while the form is typed in; gives the part that comes back."""
        return self._post(path, fields, more, {"HX-Request": "true"})

    def _post(self, path: str, fields: Fields | None, more: dict[str, str], extra: dict[str, str]) -> Page:
        kept = [(name, value) for name, value in fields or [] if name not in more and name != "_csrf_token"]
        content = urlencode([*kept, *more.items(), ("_csrf_token", self.token)])
        headers = {"Content-Type": "application/x-www-form-urlencoded", **extra}
        return Page(self._send("POST", path, content=content, headers=headers))

    def send(self, page: Page, action: str, **more: str) -> Page:
        """Send one of a page's forms as it stands, with what was typed into it."""
        return self.post(action, page.forms[action], **more)

    def htmx(self, path: str, fields: Fields) -> Response:
        """Send fields as htmx does; the answer with its headers."""
        content = urlencode([*fields, ("_csrf_token", self.token)])
        headers = {"Content-Type": "application/x-www-form-urlencoded", "HX-Request": "true"}
        return self._send("POST", path, content=content, headers=headers)

    def raw(self, path: str) -> Response:
        return self._send("GET", path)

    def file(self, path: str, **fields: str) -> Response:
        """The file that a form's fields are answered with."""
        content = urlencode([*fields.items(), ("_csrf_token", self.token)])
        return self._send("POST", path, content=content, headers={"Content-Type": "application/x-www-form-urlencoded"})

    def _send(self, method: str, path: str, *, headers: dict[str, str] | None = None, content: str = "") -> Response:
        self.client.cookies.clear()
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.client.request(
            method, path, content=content, headers={"Cookie": kept, **(headers or {})}, follow_redirects=False
        )
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        return answer


class People:
    """The application with its demo's sign-in, and whoever visits it."""

    def __init__(self, client: TestClient[Any], database: Database) -> None:
        self.client, self.database = client, database

    def __getitem__(self, name: str) -> Person:
        """A demo person by the part of the address before the @."""
        return Person(self.client, self.database, name)

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The statements that the database is asked meanwhile."""
        asked: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            asked.append(statement)

        event.listen(self.database.engine, "before_cursor_execute", note)
        yield asked
        event.remove(self.database.engine, "before_cursor_execute", note)


@contextmanager
def visiting(database: Database) -> Iterator[People]:
    """Visitors of an application on a database that holds the demo's people."""
    configured = settings.load({"MDK_SECRET_KEY": SECRET}, dotenv=Path("/dev/null"), is_demo=True)
    make.people(database)
    with lending.lent(configured, database) as client:
        yield People(client, database)


def coming(database: Database, numbers: list[str], **changes: Any) -> str:
    """A conference in two days, released just now with cases from the queue."""
    planned = make.conference(database, numbers, **({"starts_at": soon()} | changes))
    make.release(database, planned, at=clock.now())
    return planned


def under_way(database: Database, numbers: list[str], **changes: Any) -> str:
    """The same, begun already."""
    return make.opened(database, coming(database, numbers, **changes), at=clock.now())


def queued(database: Database, submission: Any = None, *, by: str = make.REFERRER) -> str:
    """The number of a case that has waited in the queue for a day."""
    return make.accepted(database, submission, by=by, at=clock.now() - make.DAY)


def soon() -> Any:
    """In two days, on the whole minute."""
    return (clock.now() + timedelta(days=2)).replace(second=0, microsecond=0)


class _Forms(HTMLParser):
    """Reads each form's fields as a browser would send them, by the form's action, and the buttons of all."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, Fields] = {}
        self.buttons: Fields = []
        self._fields: Fields = []
        self._select = self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "form":
            self._fields = self.forms.setdefault(given.get("action", ""), [])
        elif tag == "button":
            self.buttons.append((name, value))
        elif tag == "input" and name and (given.get("type") not in {"checkbox", "radio"} or "checked" in given):
            self._fields.append((name, value))
        elif tag in {"select", "textarea"}:
            self._select, self._text = (name, "") if tag == "select" else ("", name)
            self._fields.append((name, ""))
        elif tag == "option" and "selected" in given and self._select:
            self._fields[-1] = (self._select, value)

    def handle_data(self, data: str) -> None:
        if self._text:
            self._fields[-1] = (self._text, self._fields[-1][1] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._fields[-1] = (self._text, self._fields[-1][1].removeprefix("\n"))
            self._text = ""
