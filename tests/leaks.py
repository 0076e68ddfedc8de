"""Owns the watch over all that leaves the program while the tests run: no datum of any patient may be in it.

Watched are the lines of the log, mails, calendars, metrics, addresses with their queries, referrers and redirects,
every header of an answer, names of files, what served processes print, and what is asked of others. Not the bodies of
pages and of the API: who may see a patient is told about one, and the access matrix holds who may.
"""

import base64
import binascii
import html
import json
import logging
import os
import quopri
import re
import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any, Final, NamedTuple, NoReturn
from urllib.parse import unquote_plus, urlsplit

import httpx
import structlog
from prometheus_client import REGISTRY, generate_latest
from structlog.testing import LogCapture

from tree import ROOT

# What the builders say of a patient, and nobody else ever says.
PLANTED: Final = (
    "Provlund", "lokalrecidiv i bäckenet", "Är intratekal behandling aktuell", "svår sakral smärta",
    "Går med rollator", "Kunna sitta", "Refraktär smärta trots höga doser",
)  # fmt: skip
# The caller's own words in the query of a search, which the contract lays down as `q`: no log line holds a query.
ASKED_FOR: Final = re.compile(r"(?<=[?&]q=)[^&]*")
SAMPLES: Final = ROOT / "mdk" / "journey" / "data" / "sample_cases.json"
_NUMBER: Final = re.compile(r"(?<![0-9A-Za-z])(?:\d{2})?(\d{6})[-+]?(\d{4})(?![0-9A-Za-z])", re.ASCII)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}", re.ASCII)
_WORD_OF_HEADER: Final = re.compile(r"=\?[^?\s]+\?([bBqQ])\?([^?\s]*)\?=", re.ASCII)
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})", re.ASCII)
_PLAIN: Final = frozenset({
    "cache-control", "content-length", "content-security-policy", "cross-origin-opener-policy", "vary",
    "cross-origin-resource-policy", "permissions-policy", "referrer-policy", "x-content-type-options",
    "x-frame-options", "strict-transport-security", "date", "server", "x-request-id",
})  # fmt: skip


class Leak(NamedTuple):
    """What was found where: the way out, the patient's datum, and the form that it had there."""

    channel: str
    datum: str
    form: str
    where: str


# ------------------------------------------------------------------------------------------------- what is looked for
@cache
def _patients() -> tuple[frozenset[str], re.Pattern[str]]:
    """The last ten digits of every official test number, and a pattern of the names and words of the patients."""
    numbers: set[str] = set()
    for file in ("testpersonnummer", "testsamordningsnummer"):
        numbers |= {number[2:] for number in json.loads((ROOT / "tests" / "data" / f"{file}.json").read_bytes())}
    samples = [case["patient"] for case in json.loads(SAMPLES.read_bytes())]
    names = {patient["name"] for patient in samples if patient.get("name")}
    numbers |= {patient["identity_number"][2:] for patient in samples}
    words = sorted({each.casefold() for each in (*PLANTED, *names)}, key=len, reverse=True)
    return frozenset(numbers), re.compile("|".join(map(re.escape, words)))


def found_in(content: str | bytes) -> Iterator[tuple[str, str]]:
    """Each datum of a patient in a text, and the form that it has there."""
    plain = content if isinstance(content, str) else content.decode("utf-8", "surrogateescape")
    for form, text in _readings(plain):
        for datum in _data_of(text):
            yield datum, form


def _readings(plain: str) -> Iterator[tuple[str, str]]:
    """A text as it stands, and as it reads when what is packed in it is unpacked."""
    yield "plain", plain
    if "\n" in plain:
        yield "folded", re.sub(r"\r?\n[ \t]?", "", plain)  # the lines of a calendar, and of a header
    if "%" in plain:
        yield "percent-encoded", unquote_plus(plain)
    if "=" in plain:
        yield "quoted-printable", _text(quopri.decodestring(plain.encode("utf-8", "surrogateescape")))
        yield "in a header", " ".join(_words_of_header(plain))
    if "&" in plain:
        yield "as HTML", html.unescape(plain)
    if "\\u" in plain:
        yield "escaped", _ESCAPED.sub(lambda code: chr(int(code[1], 16)), plain)
    yield "base64", " ".join(_unpacked(re.sub(r"(?<=[A-Za-z0-9+/]{60})\r?\n", "", plain)))


def _words_of_header(plain: str) -> Iterator[str]:
    for kind, packed in _WORD_OF_HEADER.findall(plain):
        yield _of_base64(packed) if kind in "bB" else _text(quopri.decodestring(packed.encode(), header=True))


def _unpacked(plain: str) -> Iterator[str]:
    for packed in _BASE64.findall(plain):
        yield _of_base64(packed)


def _of_base64(packed: str) -> str:
    bare = packed.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return _text(base64.b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "=" * (-len(bare) % 4)))
    except binascii.Error:
        return ""


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _data_of(text: str) -> Iterator[str]:
    numbers, words = _patients()
    yield from (found.group() for found in _NUMBER.finditer(text) if "".join(found.groups()) in numbers)
    yield from (found.group() for found in words.finditer(text.casefold()))


# ------------------------------------------------------------------------------------------------- the watch
class Watch:
    """What was found so far, and the files that wait to be read."""

    def __init__(self) -> None:
        self.leaks: list[Leak] = []
        self._mails: set[Path] = set()

    def see(self, channel: str, content: str | bytes, where: str = "") -> None:
        """Look through something that leaves."""
        for datum, form in found_in(content):
            self.leaks.append(Leak(channel, datum, form, where or os.environ.get("PYTEST_CURRENT_TEST", "")))

    def see_answer(self, answer: httpx.Response) -> None:
        """Look through a call's address and referrer, the headers of its answer, and what no page or API gives."""
        asked = answer.request
        self.see_address(str(asked.url), asked.headers.get("referer", ""))
        self.see_headers(asked.url.path, answer.headers)
        if asked.url.path == "/metrics" or answer.headers.get("content-type", "").startswith("text/calendar"):
            self.see("metrics" if asked.url.path == "/metrics" else "calendar", answer.read(), asked.url.path)

    def see_address(self, url: str, referrer: str = "") -> None:
        """Look through what a proxy in between would note."""
        path, query = urlsplit(url).path, urlsplit(url).query
        self.see("address", path + "?" + ASKED_FOR.sub("", "?" + query), path)
        self.see("referrer", referrer, path)

    def see_headers(self, path: str, headers: Mapping[str, str]) -> None:
        """Look through an answer's headers: redirects and names of files among them."""
        told = "\n".join(f"{name}: {value}" for name, value in headers.items() if name.lower() not in _PLAIN)
        self.see("header", told, path)

    def note_file(self, path: str) -> None:
        """Look through the name of a file that is written; a mail is read when it lies there whole."""
        self.see("file name", Path(path).name)
        if path.endswith(".eml"):
            self._mails.add(Path(path))

    def read_mails(self, *folders: Path) -> None:
        """Read the mails that were laid in a folder, by this process or by one that it started."""
        for folder in folders:
            self._mails |= set(folder.rglob("*.eml"))
        for mail in self._mails:
            if mail.is_file():
                self.see("mail", mail.read_bytes(), mail.name)
        self._mails.clear()

    def read_metrics(self) -> None:
        """Look through all that this process has counted."""
        self.see("metrics", generate_latest(REGISTRY))


WATCH: Final = Watch()


@contextmanager
def meant() -> Iterator[list[Leak]]:
    """What is found in the block is meant: it is given, and no test fails of it."""
    before, WATCH.leaks = WATCH.leaks, []
    try:
        yield WATCH.leaks
    finally:
        WATCH.leaks = before


@contextmanager
def output() -> Iterator[IO[bytes]]:
    """Where a process prints that is started in the block; looked through at its end."""
    with NamedTemporaryFile() as file:
        try:
            yield file
        finally:
            file.seek(0)
            WATCH.see("output", file.read())


# ------------------------------------------------------------------------------------------------- where it stands
def begin() -> None:
    """Stand at every way out of this process, until it ends."""
    watch_log()
    sys.addaudithook(_hear)
    httpx.Client.send = _seeing(httpx.Client.send)  # type: ignore[method-assign]
    LogCapture.__call__ = _overhearing(LogCapture.__call__)  # type: ignore[method-assign]


def watch_log() -> None:
    """Stand first in the log's way, whatever it is set to."""
    processors = structlog.get_config()["processors"]
    if _note_line not in processors:
        structlog.configure(processors=[_note_line, *processors])
    if _RECORDS not in logging.getLogger().handlers:
        logging.getLogger().addHandler(_RECORDS)


def _note_line(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    WATCH.see("log", str(structlog.processors.format_exc_info(_logger, _name, dict(line))))
    return line


class _Records(logging.Handler):
    """The log of the libraries."""

    def emit(self, record: logging.LogRecord) -> None:
        WATCH.see("log", logging.Formatter().format(record), record.name)


_RECORDS: Final = _Records()


def _hear(event: str, args: tuple[Any, ...]) -> None:
    """What the interpreter itself tells of: mails that go, calls of others, and files that are written."""
    if event == "open":
        if isinstance(args[0], str | os.PathLike) and args[2] & (os.O_WRONLY | os.O_RDWR):
            WATCH.note_file(os.fsdecode(args[0]))
    elif event == "smtplib.send":
        WATCH.see("mail", args[1])
    elif event == "http.client.send" and isinstance(args[1], bytes):
        WATCH.see("call of others", args[1])
    elif event == "os.rename":
        WATCH.note_file(os.fsdecode(args[1]))


def _seeing(send: Callable[..., httpx.Response]) -> Callable[..., httpx.Response]:
    def sent(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        answer = send(client, request, **options)
        for each in (*answer.history, answer):
            if not options.get("stream"):
                WATCH.see_answer(each)
        return answer

    return sent


def _overhearing(capture: Callable[..., NoReturn]) -> Callable[..., NoReturn]:
    """A test that captures lines keeps them from the log's way, not from the watch."""

    def captured(kept: LogCapture, logger: Any, name: str, line: MutableMapping[str, Any]) -> NoReturn:
        _note_line(logger, name, line)
        capture(kept, logger, name, line)

    return captured
