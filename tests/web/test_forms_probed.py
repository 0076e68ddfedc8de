"""Every form that a page shows, sent with what nobody should type: a plain refusal or a plain yes, and all escaped."""

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote_plus

import pytest
from httpx import Response

import make
from mdk.db import Database
from mdk.people.rules import ACCESS
from mdk_web.access import ANYONE, BY_LINK, ROUTES, SIGNED_IN, WATCHING
from rehearsal import PEOPLE, Values, World, prepared, rehearsing
from visiting import Page

Fields = list[tuple[str, str]]
PAGES = [row for row, act in ROUTES.items() if row.startswith("GET") and "/api/" not in row and act != WATCHING]
ENDLESS = "GET /conferences/{conference_id}/live"
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{1337*7}}${1337*7}'; DROP TABLE case_file;--%\u202e"
RAW = re.compile(r"<script>alert|<img src=x|9359|Traceback|sqlalchemy", re.IGNORECASE)
WORKING = (make.REFERRER, make.COORDINATOR, make.CHAIR, make.SURGEON, make.FUNCTION, make.AUDITOR)
# Where a page says why it took nothing: its alert, or the whole page that stands for it.
SAID = re.compile(r'role="alert"|<h1[^>]*>Uppgifter behöver rättas')
KINDS_OF_TEXT = {"text", "search", "textarea", "email", "url", "tel"}
KINDS_OF_NUMBER = {"number", "range"}


class Shown(NamedTuple):
    """A form on a page: whom it was shown to, where it leads, and its fields with their kinds."""

    name: str
    action: str
    fields: list[tuple[str, str, str]]

    def as_typed(self, type_: Callable[[str, str], str]) -> Fields:
        """What is sent when each field holds what `type_` makes of its kind and value."""
        return [(name, type_(kind, value)) for name, kind, value in self.fields]


class Reader(HTMLParser):
    """Reads the forms of a page that are sent by POST."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, list[tuple[str, str, str]]]] = []
        self._open = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "form":
            self._open = given.get("method", "").lower() == "post"
            if self._open:
                self.forms.append((given["action"], []))
        elif self._open and name and tag in {"input", "select", "textarea"} and kind not in {"checkbox", "radio"}:
            self.forms[-1][1].append((name, tag if tag != "input" else kind, given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "form"


@pytest.fixture(scope="module")
def world(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with rehearsing(_sqlite_template, tmp_path_factory.mktemp("forms"), evil) as opened:
        yield opened


def evil(database: Database) -> dict[str, Values]:
    """What the matrix prepares, and a case and its minutes in which everybody wrote the worst that they could."""
    scenes = prepared(database)
    texts = (
        "patient.name", "patient.municipality", "patient.care_place", "question", "diagnosis.description",
        "diagnosis.spread", "diagnosis.oncological_treatment", "pain.location", "pain.dermatomes",
        "medicines.side_effects.0.what", "treatments.earlier", "treatments.imaging.0.region", "function.physical",
        "patient_view.goals", "home_care.mas_contact", "consent.given_to",
    )  # fmt: skip
    number = make.accepted(database, make.submission(**dict.fromkeys(texts, EVIL)))
    held = make.in_session(database, [number])
    said = dict.fromkeys(("answer", "motivation", "catheter_tip", "opioid_plan_owner", "responsible_unit"), EVIL)
    make.save(database, held, number, make.minutes_body("extern_pump", **said))
    make.sign(database, held, number)
    return scenes | {"evil": scenes[""] | {"number": number, "conference_id": held}}


def ask(world: World, name: str, method: str, path: str, content: bytes = b"", **headers: str) -> Response:
    cookies = world.cookies[name]
    world.client.cookies.clear()
    said = {
        "Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items() if key != "token"),
        "Content-Type": "application/x-www-form-urlencoded",
        "X-CSRFToken": cookies["token"],
    }
    return world.client.request(method, path, headers=said | headers, content=content, follow_redirects=False)


def places(world: World, row: str) -> list[str]:
    """The addresses of a page, one for each prepared thing that it can be about."""

    def filled(scene: Values) -> str:
        return re.sub(r"{(\w+)}", lambda part: scene.get(part[1], "x"), row.split(" ")[1])

    return list(dict.fromkeys(map(filled, world.values.values())))


def readers(row: str, world: World) -> list[str]:
    """Some of those whose role may read a page, one of each kind of work."""
    act = ROUTES[row]
    if act in {ANYONE, BY_LINK, SIGNED_IN}:
        return [make.REFERRER]
    allowed = [name for name in PEOPLE if world.viewers[name].role in ACCESS[act]]
    return [name for name in WORKING if name in allowed] or allowed[:1]


@pytest.fixture(scope="module")
def pages(world: World) -> list[tuple[str, str, Response]]:
    """Every page as everyone who may read it."""
    asked = [
        (name, path) for row in PAGES if row != ENDLESS for path in places(world, row) for name in readers(row, world)
    ]
    return [(name, path, ask(world, name, "GET", path)) for name, path in asked]


@pytest.fixture(scope="module")
def forms(pages: list[tuple[str, str, Response]]) -> list[Shown]:
    """Each form once: the same fields that lead to the same kind of place are the same form."""
    kinds: dict[tuple[str, tuple[str, ...]], Shown] = {}
    for name, _, answer in pages:
        for action, fields in Reader(answer.text).forms if answer.status_code == 200 else ():
            kind = re.sub(r"MDK-\d+-\d+|[0-9a-f]{32}|\d+", "…", action)
            kinds.setdefault((kind, tuple(field for field, _, _ in fields)), Shown(name, action, fields))
    return list(kinds.values())


# ------------------------------------------------------------------------------------------------- what is shown
def is_obeyed(answer: Response) -> bool:
    """Whether a page has markup or a template that somebody typed; a plain text may say what it likes."""
    return answer.headers.get("content-type", "").startswith("text/html") and RAW.search(answer.text) is not None


def test_what_anybody_wrote_is_shown_as_it_was_written_and_never_obeyed(pages: list[tuple[str, str, Response]]) -> None:
    shown = [path for _, path, answer in pages if "&lt;script&gt;alert(1)" in answer.text]
    obeyed = [(name, path) for name, path, answer in pages if is_obeyed(answer) or answer.status_code >= 500]
    assert (obeyed, len(shown) > 10) == ([], True)


def test_the_forms_are_found(forms: list[Shown]) -> None:
    assert len(forms) > 60
    assert {"/cases/new", "/conferences/new", "/cases/search"} <= {form.action for form in forms}


# ------------------------------------------------------------------------------------------------- what is typed
def in_texts(said: str) -> Callable[[str, str], str]:
    return lambda kind, value: said if kind in KINDS_OF_TEXT else value


def in_numbers(said: str) -> Callable[[str, str], str]:
    return lambda kind, value: said if kind in KINDS_OF_NUMBER else value


TYPED: dict[str, Callable[[str, str], str]] = {
    "markup, a template and SQL": in_texts(EVIL),
    "NUL": in_texts("a\x00b"),
    "half a surrogate": in_texts("a\ud800b"),
    "from right to left": in_texts("\u202e\u05db\u05d0\u05d1"),
    "signs of a search": in_texts("%_\"*'NEAR("),
    "a very long text": in_texts("å" * 20_001),
    "a negative number": in_numbers("-1"),
    "nought": in_numbers("0"),
    "a huge number": in_numbers("9" * 40),
    "no number": in_numbers("1e400²"),
    "the same everywhere": lambda _kind, _value: "x",
}
# What a form may answer: read on, the part that was asked for, or a plain refusal.
PLAIN_ANSWERS = {200, 303, 400, 403, 404, 409, 413, 422}


def sent(fields: Fields, token: str) -> bytes:
    pairs = [*((name, value) for name, value in fields if name != "_csrf_token"), ("_csrf_token", token)]
    return "&".join(f"{quote_plus(name)}={quote_plus(value, errors='surrogatepass')}" for name, value in pairs).encode()


@pytest.mark.parametrize("what", TYPED)
def test_whatever_is_typed_is_answered_plainly(world: World, forms: list[Shown], what: str) -> None:  # F30
    wrong: list[tuple[str, object]] = []
    for form in forms:
        fields = form.as_typed(TYPED[what])
        if fields == form.as_typed(lambda _kind, value: value):
            continue
        answer = ask(world, form.name, "POST", form.action, sent(fields, world.cookies[form.name]["token"]))
        if answer.status_code not in PLAIN_ANSWERS or is_obeyed(answer):
            wrong.append((form.action, answer.status_code))
        elif answer.status_code == 422 and not (Page(answer).links_of_summary() or SAID.search(answer.text)):
            wrong.append((form.action, "says not what to mend"))
        elif what in {"NUL", "half a surrogate"} and answer.status_code == 303:
            wrong.append((form.action, "took what no text can hold"))
    assert wrong == []


def test_each_field_may_come_twice(world: World, forms: list[Shown]) -> None:  # F30
    wrong: list[tuple[str, object]] = []
    for form in forms:
        twice = [
            pair for name, value in form.as_typed(lambda _kind, value: value) for pair in [(name, value), (name, "y")]
        ]
        answer = ask(world, form.name, "POST", form.action, sent(twice, world.cookies[form.name]["token"]))
        if answer.status_code not in PLAIN_ANSWERS:
            wrong.append((form.action, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"a=" + b"x" * 10_000_000, "application/x-www-form-urlencoded"),
        (b'{"a":' * 1000 + b"1" + b"}" * 1000, "application/json"),
        (b"--x\r\nContent-Disposition: form-data; name=", "multipart/form-data; boundary=x"),
        (b"a=%FF%ZZ&&=&%00=1", "application/x-www-form-urlencoded"),
    ],
    ids=["ten megabytes", "deep objects", "half a part", "broken escapes"],
)
def test_whatever_body_comes_is_answered_plainly(
    world: World, forms: list[Shown], content: bytes, kind: str
) -> None:  # F30
    wrong: list[tuple[str, object]] = []
    for form in forms[::4]:
        answer = ask(world, form.name, "POST", form.action, content, **{"Content-Type": kind})
        is_taken = len(content) > 1_000_000 and answer.status_code == 303 and len(form.fields) > 1
        if answer.status_code not in PLAIN_ANSWERS or is_taken:
            wrong.append((form.action, answer.status_code))
    assert wrong == []
