"""The watch over what leaves finds a patient's datum on every way out and in every form, and nothing else."""

import base64
import json
import logging
import quopri
import smtplib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from email.header import Header
from email.message import EmailMessage
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from litestar import Litestar, Response, get
from litestar.testing import TestClient
from prometheus_client import REGISTRY, Counter
from structlog.testing import capture_logs

import leaks
import make
from leaks import PLANTED, WATCH, found_in, meant
from make import ADULT
from mdk_calendar.delivery import Mail, transport
from running import free_port

NAME = make.FULL["patient"]["name"]
WORDS = make.FULL["diagnosis"]["description"]
LONG = f"Bäste kollega! Det gäller {NAME}, {ADULT}, med {WORDS}; välkommen till konferensen på onsdag."

FORMS: dict[str, Callable[[str], str]] = {
    "as it stands": str,
    "in capitals": str.upper,
    "percent-encoded": quote,
    "as a form sends it": quote_plus,
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 in lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "base64 in lines of mail": lambda text: base64.encodebytes(text.encode()).decode().replace("\n", "\r\n"),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "a header in base64": lambda text: Header(text, "utf-8").encode(),
    "a header in letters": lambda text: "=?utf-8?q?" + quopri.encodestring(text.encode(), header=True).decode() + "?=",
    "JSON": json.dumps,
    "HTML": lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    "in folded lines": lambda text: "\r\n ".join(text[at : at + 7] for at in range(0, len(text), 7)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("said", [LONG, ADULT, NAME, WORDS, f"{ADULT[:8]}-{ADULT[8:]}", f"{ADULT[2:8]}-{ADULT[8:]}"])
def test_a_datum_is_found_in_every_form(form: str, said: str) -> None:
    assert list(found_in(FORMS[form](said)))
    assert list(found_in(FORMS[form](f"före {said} efter").encode()))


@pytest.mark.parametrize(
    "said",
    [
        "", "konsult@demo.mdk", "MDK-2026-0001", "20261127T120000Z", "b3b30685c7754317ac59baaab5f0f428",
        "Palliativa teamet Växjö", "194001042384", "0".zfill(12), "Vera Remitterius", "mdk_requests 1764230000.0",
    ],
)  # fmt: skip
def test_what_is_no_datum_of_a_patient_is_not_found(said: str) -> None:
    assert list(found_in(said)) == []


def test_what_the_builders_say_of_a_patient_is_looked_for() -> None:
    said = json.dumps([make.FULL, make.MINIMUM], ensure_ascii=False) + str(make.minutes_body().motivation)
    assert [words for words in PLANTED if words not in said] == []
    assert {datum for datum, _ in found_in(said)} >= {ADULT, NAME.casefold()}
    for number in (make.OTHER_ADULT, make.CHILD):
        assert list(found_in(number))


# ------------------------------------------------------------------------------------------------- every way out
@get("/told", sync_to_thread=False)
def told() -> Response[str]:
    return Response("", headers={"Content-Disposition": f'attachment; filename="{quote(NAME)}.pdf"'})


@get("/sent-on", sync_to_thread=False)
def sent_on() -> Response[str]:
    return Response("", status_code=303, headers={"Location": f"/cases?name={quote_plus(NAME)}"})


@get("/calendar", sync_to_thread=False)
def calendar() -> Response[str]:
    return Response(f"BEGIN:VCALENDAR\r\nDESCRIPTION:{NAME[:6]}\r\n {NAME[6:]}\r\n", media_type="text/calendar")


@get("/metrics", sync_to_thread=False)
def metrics() -> Response[str]:
    return Response(f'cases{{of="{ADULT}"}} 1')


@get("/page", sync_to_thread=False)
def page() -> Response[str]:
    return Response(LONG)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    app = Litestar([told, sent_on, calendar, metrics, page], openapi_config=None, logging_config=None)
    with TestClient(app) as opened:
        yield opened


def channels(found: list[leaks.Leak]) -> set[str]:
    return {leak.channel for leak in found}


@pytest.mark.parametrize(
    ("path", "channel"),
    [
        ("/told", {"header"}),
        ("/sent-on", {"header"}),
        ("/calendar", {"calendar"}),
        ("/metrics", {"metrics"}),
        (f"/page?of={ADULT}", {"address"}),
        ("/page", set()),
        ("/page?q=Provlund&limit=1", set()),
        (f"/page?q=x&next={quote(NAME)}", {"address"}),
    ],
)
def test_an_answer_is_looked_through(client: TestClient[Litestar], path: str, channel: set[str]) -> None:
    with meant() as found:
        client.get(path, follow_redirects=False)
    assert channels(found) == channel


def test_a_referrer_is_looked_through(client: TestClient[Litestar]) -> None:
    with meant() as found:
        client.get("/page", headers={"Referer": f"http://127.0.0.1/cases?name={quote(NAME)}"})
    assert channels(found) == {"referrer"}


def test_the_log_is_looked_through_with_its_exceptions() -> None:
    log = structlog.get_logger("house")
    with meant() as plain:
        log.info("read", of=NAME)
    with meant() as raised:
        try:
            int(LONG)
        except ValueError:
            log.exception("failed")
    with meant() as foreign:
        logging.getLogger("sqlalchemy.engine").error("bad value %s", ADULT)
    assert [channels(found) for found in (plain, raised, foreign)] == [{"log"}] * 3


def a_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = f"Om {NAME} å", "mdk@demo.mdk", "konsult@demo.mdk"
    mail.set_content(LONG, cte="base64")
    return mail


def test_a_line_that_a_test_captures_is_looked_through_too() -> None:
    with meant() as found, capture_logs() as lines:
        structlog.get_logger("mdk.test").info("said", what=NAME)
    assert [line["what"] for line in lines] == [NAME]
    assert [(leak.channel, leak.datum) for leak in found] == [("log", NAME.casefold())]


def test_a_mail_is_looked_through_by_whichever_way_it_goes(tmp_path: Path) -> None:
    mail = Mail("<1@demo.mdk>", "mdk@demo.mdk", "konsult@demo.mdk", a_mail().as_bytes())
    with meant() as laid_down:
        transport(f"file:{tmp_path}").send(mail)
        WATCH.read_mails()
    with meant() as found_there:
        (tmp_path / "of-another-process").mkdir()
        (tmp_path / "of-another-process" / "1.eml").hardlink_to(next(tmp_path.glob("*.eml")))
        WATCH.read_mails(tmp_path / "of-another-process")
    server = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        with meant() as sent, smtplib.SMTP(server.hostname, server.port) as line:
            line.sendmail("mdk@demo.mdk", ["konsult@demo.mdk"], mail.raw)
    finally:
        server.stop()
    for file in tmp_path.rglob("*.eml"):
        file.unlink()
    for found in (laid_down, found_there, sent):
        assert channels(found) == {"mail"}
        assert {leak.datum for leak in found} >= {ADULT, "elsa provlund"}


def test_the_counts_the_names_of_files_and_the_calls_of_others_are_looked_through(tmp_path: Path) -> None:
    counter = Counter("house_cases", "Made up.", ["of"])
    counter.labels(NAME).inc()
    with meant() as counted:
        WATCH.read_metrics()
    REGISTRY.unregister(counter)
    with meant() as written:
        (tmp_path / f"{ADULT}.pdf").write_bytes(b"")
    here, there = socket.socketpair()
    with meant() as asked, here, there:
        line = HTTPConnection("kalender.example")
        line.sock = here
        line.request("GET", f"/busy?who={quote_plus(NAME)}")
    assert [channels(found) for found in (counted, written, asked)] == [{"metrics"}, {"file name"}, {"call of others"}]


def test_what_a_process_prints_is_looked_through() -> None:
    with meant() as found, leaks.output() as said:
        subprocess.run([sys.executable, "-c", f"print({LONG!r})"], stdout=said, check=True)
    assert channels(found) == {"output"}
