"""The mailbox that answers come to, read from a real socket with TLS: each mail once, whatever breaks on the way."""

import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

import make
from invites.answering import CAME, NURSE, answer_of, kept, mail, sample, told
from invites.imap import Box, serving
from invites.post import Post, settings
from invites.test_delivery import ANOTHER, certificate, free_port, servers_tls, trusting
from mdk.db import Database
from mdk_calendar import mailbox, replies
from mdk_calendar.imip import LONGEST
from mdk_calendar.mailbox import BoxState
from mdk_calendar.worker import Worker

__all__ = ["certificate"]
READ, FLAGGED = {"\\Seen"}, {"\\Seen", "\\Flagged"}


@pytest.fixture
def post(embedded: Database, tmp_path: Path) -> Post:
    return Post(embedded, tmp_path / "outbox")


def look(post: Post, box: Box, certificate: Path, *, password: str = "l%40sen%2Ford", folder: str = "INBOX/MDK") -> int:
    """One look of a worker at the box."""
    with serving(box, servers_tls(certificate)) as port:
        url = f"imaps://mdk:{password}@127.0.0.1:{port}/{folder}"
        post.settings = settings(post.folder, IMAP_URL=url)
        return mailbox.look(post.database, post.settings, at=CAME, patience=2, tls=trusting(certificate))


def state(post: Post) -> BoxState:
    with post.database.reading() as session:
        return mailbox.state(session)


def test_what_is_unread_is_taken_in_and_marked_and_what_someone_must_read_is_flagged(
    post: Post, certificate: Path
) -> None:
    planned = told(post)
    box = Box(sample("outlook-accepted"), mail("Hej!", kind="text/plain"), sample("google-counter"))
    assert look(post, box, certificate) == 3
    assert answer_of(post.database, planned)[0] == "ACCEPTED"
    assert box.flags() == [READ, FLAGGED, READ]
    assert kept(post.database) == [("recorded", ""), ("refused", "no-calendar"), ("noted", "counter")]
    assert (state(post).read_at, state(post).failing_since, state(post).fault) == (CAME, None, "")
    assert look(post, box, certificate) == 0


def plainly(post: Post, box: Box, certificate: Path, *, host: str, tls: Any = None) -> int:
    """One look over `imap://` at a server that begins unencrypted."""
    with serving(box, servers_tls(certificate), host=host, is_plain=True) as port:
        post.settings = settings(post.folder, IMAP_URL=f"imap://mdk:l%40sen%2Ford@{host}:{port}/INBOX/MDK")
        tls = tls or trusting(certificate)
        return mailbox.look(post.database, post.settings, at=CAME, patience=2, tls=tls)


def test_a_mailbox_that_begins_unencrypted_is_read_under_starttls(post: Post, certificate: Path) -> None:
    planned, box = told(post), Box(sample("outlook-accepted"), offers="STARTTLS")
    assert plainly(post, box, certificate, host=ANOTHER) == 1
    assert answer_of(post.database, planned)[0] == "ACCEPTED"
    asked = [line.partition(" ")[0] for line in box.asked]
    assert asked.index("STARTTLS") < asked.index("LOGIN")


def test_another_computer_without_encryption_or_with_a_foreign_certificate_is_never_told_the_password(
    post: Post, certificate: Path
) -> None:
    told(post)
    for offers, tls, fault in (
        ("", None, "servern erbjuder ingen kryptering; lösenordet skickas inte"),
        ("STARTTLS", ssl.create_default_context(), "certificate verify failed"),
    ):
        box = Box(sample("outlook-accepted"), offers=offers)
        assert plainly(post, box, certificate, host=ANOTHER, tls=tls) == 0
        assert fault in state(post).fault
        assert "LOGIN" not in box.asked


def test_a_mail_that_was_read_already_is_left_alone(post: Post, certificate: Path) -> None:
    planned = told(post)
    box = Box(sample("apple-declined"))
    box.letters[0].flags = {"\\Seen"}
    assert look(post, box, certificate) == 0
    assert answer_of(post.database, planned)[0] == "NEEDS-ACTION"


def test_of_a_huge_mail_only_the_head_is_fetched(post: Post, certificate: Path) -> None:
    told(post)
    box = Box(sample("outlook-accepted") + b"\r\n" * LONGEST)
    look(post, box, certificate)
    assert not any("BODY.PEEK[]" in asked for asked in box.asked)
    (line,) = make.act(post.database, make.COORDINATOR, replies.waiting)
    assert (line.sender, line.reason) == (make.email(NURSE), "too-large")


def test_at_most_fifty_are_taken_at_a_time(post: Post, certificate: Path) -> None:
    make.people(post.database)
    box = Box(*[mail(f"Hej {n}", kind="text/plain") for n in range(mailbox.MOST + 3)])
    assert (look(post, box, certificate), look(post, box, certificate)) == (mailbox.MOST, 3)


@pytest.mark.parametrize("how", [{"drop": "STORE"}, {"refuse": "STORE"}])
def test_a_mail_that_could_not_be_marked_is_known_when_it_is_met_again(
    post: Post, certificate: Path, how: dict[str, str]
) -> None:
    planned = told(post)
    box = Box(sample("google-accepted"), sample("outlook-declined"), **how)
    look(post, box, certificate)
    assert (kept(post.database), box.flags()[0]) == ([("recorded", "")], set())
    assert state(post).failing_since == CAME
    box.drop = box.refuse = ""
    assert look(post, box, certificate) == 2
    assert kept(post.database) == [("recorded", ""), ("recorded", "")]
    assert (answer_of(post.database, planned)[0], state(post).failing_since) == ("DECLINED", None)


@pytest.mark.parametrize("how", ["LOGIN", "SELECT", "SEARCH", "FETCH"])
def test_a_server_that_goes_away_is_told_and_loses_nothing(post: Post, certificate: Path, how: str) -> None:
    planned = told(post)
    box = Box(sample("google-accepted"), drop=how)
    assert look(post, box, certificate) == 0
    assert (state(post).failing_since, kept(post.database)) == (CAME, [])
    box.drop = ""
    look(post, box, certificate)
    assert answer_of(post.database, planned)[0] == "ACCEPTED"


def test_a_wrong_password_or_folder_is_told_without_the_password(post: Post, certificate: Path) -> None:
    make.people(post.database)
    look(post, Box(), certificate, password="hemligt")
    assert state(post).fault == "error: [AUTHENTICATIONFAILED] wrong name or password"
    look(post, Box(), certificate, folder="Annan")
    assert "no such folder" in state(post).fault


def test_a_foreign_certificate_gets_no_password(post: Post, certificate: Path) -> None:
    make.people(post.database)
    box = Box()
    with serving(box, servers_tls(certificate)) as port:
        configured = settings(post.folder, IMAP_URL=f"imaps://mdk:x@127.0.0.1:{port}")
        assert mailbox.look(post.database, configured, at=CAME, patience=2) == 0
    assert state(post).fault.startswith("SSLCertVerificationError")
    assert box.asked == []


def test_a_server_that_says_nothing_costs_no_more_than_our_patience(post: Post) -> None:
    make.people(post.database)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"imaps://mdk:x@127.0.0.1:{silent.getsockname()[1]}"
        configured = settings(post.folder, IMAP_URL=url)
        assert mailbox.look(post.database, configured, at=CAME, patience=0.2) == 0
    assert state(post).failing_since == CAME


def test_the_worker_goes_on_when_the_mailbox_is_away_and_its_log_names_no_address(post: Post) -> None:
    make.people(post.database)
    configured = settings(post.folder, IMAP_URL=f"imaps://mdk:hemligt@127.0.0.1:{free_port()}")
    with capture_logs() as logged:
        Worker(post.database, configured).turn(at=CAME)
    assert "mailbox.failed" in {entry["event"] for entry in logged}
    assert not any(word in str(logged) for word in ("hemligt", "@", "127.0.0.1"))
    assert state(post).failing_since == CAME


@pytest.mark.parametrize(
    "url",
    ["", "imaps://h", "imaps://u@h", "imaps://:p@h", "http://u:p@h", "imaps://u:p@h:port", "imaps://u:hemligt%0D@h/x"],
)
def test_a_bad_address_is_named_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="IMAP_URL must be") as caught:
        mailbox.account(url)
    assert "hemligt" not in str(caught.value)


def test_a_bad_address_is_told_to_the_coordinator_too(post: Post) -> None:
    make.people(post.database)
    assert mailbox.look(post.database, settings(post.folder, IMAP_URL="imaps://h"), at=CAME) == 0
    assert state(post).fault.startswith("IMAP_URL must be")


def test_the_folder_is_the_inbox_unless_one_is_named() -> None:
    found = mailbox.account("imaps://mdk%40region.example:l%40sen@imap.region.example")
    assert found == ("imap.region.example", 993, "mdk@region.example", "l@sen", "INBOX", True)
