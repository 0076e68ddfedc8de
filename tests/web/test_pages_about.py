"""The pages about the system: open to anyone, and true."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

import lending
from mdk import clock, settings
from mdk.db import Database
from mdk_web.about.pages import changes
from visiting import SECRET


@pytest.fixture
def client(embedded: Database) -> Iterator[httpx.Client]:
    given = {"MDK_SECRET_KEY": SECRET, "MDK_ORGANIZER": "mdk@example.org", "MDK_BASE_URL": "https://mdk.example.org"}
    with lending.lent(settings.load(given), embedded) as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/about", "Systemet ställer inga diagnoser"),
        ("/about/accessibility", "EN 301 549"),
        ("/about/logging", "Läsningen loggas innan svaret visas"),
    ],
)
def test_anyone_reads_what_the_system_is(client: httpx.Client, path: str, sentence: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, sentence in answer.text) == (200, True)


def test_the_version_and_what_is_new_are_told(client: httpx.Client) -> None:
    text = client.get("/about").text
    newest, lines = changes()[0]
    assert newest in text
    assert len(lines) > 10


def test_whom_to_tell_of_a_weakness_is_said_as_the_rfc_wants_it(client: httpx.Client) -> None:
    answer = client.get("/.well-known/security.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert (fields["Contact"], fields["Canonical"]) == (
        "mailto:mdk@example.org", "https://mdk.example.org/.well-known/security.txt",
    )  # fmt: skip
    until = datetime.fromisoformat(fields["Expires"])
    assert clock.now() < until.astimezone(UTC) < clock.now() + timedelta(days=365)
