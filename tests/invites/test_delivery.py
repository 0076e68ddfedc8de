"""Delivery to a folder and to a real SMTP server that accepts, delays, refuses or goes away."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from invites.sample import event
from mdk_calendar.delivery import Mail, Refused, Retry, Sent, transport
from mdk_calendar.mail import message_id, to_mail

ANOTHER = "127.0.0.2"  # stands for another computer: it is none of the names that are known to be this one
MAIL = Mail(message_id(event()), "mdk@demo.mdk", "remittent.vaxjo@demo.mdk", to_mail(event(), news="invited"))


class Receiver:
    """A server's behaviour: what it says to RCPT and to DATA, and what it took over."""

    def __init__(self, *, rcpt: str = "250 OK", data: str = "250 OK", drop: str = "") -> None:
        self.rcpt, self.data, self.drop = rcpt, data, drop
        self.taken: list[Envelope] = []

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._maybe_drop("MAIL", server)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data.startswith("250"):
            self.taken.append(envelope)
        self._maybe_drop("DATA", server)
        return self.data

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self._maybe_drop("QUIT", server)
        return "221 Bye"

    def _maybe_drop(self, stage: str, server: SMTP) -> None:
        if self.drop == stage and server.transport is not None:
            server.transport.close()


@contextmanager
def listening(receiver: Receiver, *, host: str = "127.0.0.1", **options: Any) -> Iterator[int]:
    """The port of a server that behaves like `receiver`."""
    controller = Controller(receiver, hostname=host, port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its self-signed certificate for both addresses, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=127.0.0.1",
         "-addext", f"subjectAltName=IP:127.0.0.1,IP:{ANOTHER}"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    (folder / "both.pem").write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return folder / "both.pem"


def servers_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate.with_name("cert.pem")))


def test_an_accepted_mail_is_sent_byte_for_byte_with_its_envelope() -> None:
    receiver = Receiver()
    with listening(receiver) as port:
        assert transport(f"smtp://127.0.0.1:{port}").send(MAIL) == Sent()
    assert [(taken.mail_from, taken.rcpt_tos, taken.content) for taken in receiver.taken] == [
        ("mdk@demo.mdk", ["remittent.vaxjo@demo.mdk"], MAIL.raw)
    ]


@pytest.mark.parametrize(
    ("receiver", "outcome"),
    [
        (Receiver(rcpt="451 4.7.1 Greylisted"), Retry("451 4.7.1 Greylisted")),
        (Receiver(rcpt="550 5.1.1 No such user"), Refused("550 5.1.1 No such user")),
        (Receiver(data="451 Try later"), Retry("451 Try later")),
        (Receiver(data="554 5.7.1 Spam"), Refused("554 5.7.1 Spam")),
        (Receiver(rcpt="421 Shutting down"), Retry("421 Shutting down")),
        (Receiver(data="452 Full"), Retry("452 Full")),
    ],
)
def test_4xx_is_tried_again_and_5xx_is_the_last_word(receiver: Receiver, outcome: Retry | Refused) -> None:  # F18
    with listening(receiver) as port:
        assert transport(f"smtp://127.0.0.1:{port}").send(MAIL) == outcome
    assert receiver.taken == []


@pytest.mark.parametrize("stage", ["MAIL", "DATA"])
def test_a_connection_lost_before_the_answer_is_tried_again(stage: str) -> None:  # F18
    with listening(Receiver(drop=stage)) as port:
        outcome = transport(f"smtp://127.0.0.1:{port}", patience=5).send(MAIL)
    assert isinstance(outcome, Retry)
    assert outcome.reason.startswith(("SMTPServerDisconnected", "ConnectionResetError"))


def test_a_connection_lost_after_the_answer_changes_nothing() -> None:
    receiver = Receiver(drop="QUIT")
    with listening(receiver) as port:
        assert transport(f"smtp://127.0.0.1:{port}").send(MAIL) == Sent()
    assert len(receiver.taken) == 1


def test_a_greylisted_mail_arrives_at_the_second_try_unchanged() -> None:
    receiver = Receiver(rcpt="451 Greylisted")
    with listening(receiver) as port:
        way = transport(f"smtp://127.0.0.1:{port}")
        assert way.send(MAIL) == Retry("451 Greylisted")
        receiver.rcpt = "250 OK"
        assert way.send(MAIL) == Sent()
    assert [taken.content for taken in receiver.taken] == [MAIL.raw]


def test_no_server_at_all_is_tried_again() -> None:
    outcome = transport(f"smtp://127.0.0.1:{free_port()}").send(MAIL)
    assert isinstance(outcome, Retry)
    assert outcome.reason.startswith("ConnectionRefusedError")


def test_a_server_that_says_nothing_costs_no_more_than_our_patience() -> None:  # F18
    with socket.create_server(("127.0.0.1", 0)) as silent:
        outcome = transport(f"smtp://127.0.0.1:{silent.getsockname()[1]}", patience=0.2).send(MAIL)
    assert outcome == Retry("SMTPServerDisconnected: Connection unexpectedly closed: timed out")


def test_a_server_that_greets_with_5xx_is_tried_again_since_the_mail_is_not_to_blame() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        way = transport(f"smtp://127.0.0.1:{server.getsockname()[1]}", patience=5)

        def greet() -> None:
            client, _ = server.accept()
            with client:
                client.sendall(b"554 no \x1b[31mservice\r\n")

        greeter = threading.Thread(target=greet)
        greeter.start()
        assert way.send(MAIL) == Retry("554 no [31mservice")
        greeter.join()


def test_starttls_is_used_when_offered(certificate: Path) -> None:
    receiver = Receiver()
    with listening(receiver, tls_context=servers_tls(certificate), require_starttls=True) as port:
        assert transport(f"smtp://127.0.0.1:{port}", tls=trusting(certificate)).send(MAIL) == Sent()
    assert len(receiver.taken) == 1


def test_a_server_with_a_foreign_certificate_gets_no_mail(certificate: Path) -> None:
    receiver = Receiver()
    with listening(receiver, tls_context=servers_tls(certificate), require_starttls=True) as port:
        outcome = transport(f"smtp://127.0.0.1:{port}").send(MAIL)
    assert isinstance(outcome, Retry)
    assert outcome.reason.startswith("SSLCertVerificationError")
    assert receiver.taken == []


@pytest.mark.parametrize("user", ["", "mdk:hemligt@"])
def test_another_computer_that_offers_no_encryption_gets_nothing_unless_told_so(user: str) -> None:
    receiver = Receiver()
    with listening(receiver, host=ANOTHER) as port:
        url = f"smtp://{user}{ANOTHER}:{port}"
        kept = transport(url).send(MAIL)
        told = transport(url, is_tls_required=False).send(MAIL)
    assert isinstance(kept, Retry)
    assert kept.reason.startswith("SMTPNotSupportedError: servern erbjuder ingen kryptering; ")
    assert ("MDK_SMTP_TLS" in kept.reason, "hemligt" in kept.reason) == (not user, False)
    assert (told == Sent(), len(receiver.taken)) == (not user, int(not user))  # a password is never sent so


def test_another_computer_is_reached_under_a_certificate_that_is_checked(certificate: Path) -> None:
    receiver = Receiver()
    with listening(receiver, host=ANOTHER, tls_context=servers_tls(certificate)) as port:
        url = f"smtp://{ANOTHER}:{port}"
        assert transport(url, tls=trusting(certificate)).send(MAIL) == Sent()
        for is_required in (True, False):
            foreign = transport(url, is_tls_required=is_required).send(MAIL)
            assert isinstance(foreign, Retry)
            assert foreign.reason.startswith("SSLCertVerificationError")
    assert len(receiver.taken) == 1


def test_smtps_is_encrypted_from_the_start(certificate: Path) -> None:
    receiver = Receiver()
    with listening(receiver, ssl_context=servers_tls(certificate)) as port:
        assert transport(f"smtps://127.0.0.1:{port}", tls=trusting(certificate)).send(MAIL) == Sent()
    assert len(receiver.taken) == 1


def accept_only_the_right_password(
    server: SMTP, session: Session, envelope: Envelope, how: str, data: Any
) -> AuthResult:
    return AuthResult(handled=False, success=(data.login, data.password) == (b"mdk", b"l@sen/ord"))


@pytest.mark.parametrize(("password", "sent"), [("l%40sen%2Ford", True), ("fel", False)])
def test_a_password_is_given_and_a_wrong_one_keeps_the_mail_for_later(
    certificate: Path,
    password: str,
    sent: bool,  # noqa: FBT001
) -> None:
    receiver = Receiver()
    options: dict[str, Any] = {"authenticator": accept_only_the_right_password, "auth_required": True}
    with listening(receiver, tls_context=servers_tls(certificate), **options) as port:
        outcome = transport(f"smtp://mdk:{password}@127.0.0.1:{port}", tls=trusting(certificate)).send(MAIL)
    assert (outcome == Sent(), isinstance(outcome, Retry), len(receiver.taken)) == (sent, not sent, int(sent))


def test_a_folder_holds_each_mail_once_under_an_opaque_name(tmp_path: Path) -> None:
    way = transport(f"file:{tmp_path}/outbox")
    assert [way.send(MAIL), way.send(MAIL)] == [Sent(), Sent()]
    (written,) = (tmp_path / "outbox").iterdir()
    assert (written.suffix, len(written.stem), written.read_bytes()) == (".eml", 32, MAIL.raw)
    assert not any(word in written.name for word in ("remittent", "mdk", event().uid))


def test_a_folder_that_cannot_be_written_keeps_the_mail_for_later(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file stands where the folder should be")
    assert isinstance(transport(f"file:{tmp_path}/outbox").send(MAIL), Retry)
    assert [entry.name for entry in tmp_path.iterdir()] == ["outbox"]


@pytest.mark.parametrize("form", ["file:{}", "file://{}"])
def test_a_folder_is_named_in_either_form(tmp_path: Path, form: str) -> None:
    assert transport(form.format(tmp_path)).send(MAIL) == Sent()
    assert len(list(tmp_path.glob("*.eml"))) == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:",
        "smtp://",
        "smtp://:25",
        "http://mail",
        "mail.example",
        "smtp://u:hemligt@h:port",
        "smtp://h:99999",
        "smtp://u:hemligt%C3%B6@h",
    ],
)
def test_a_bad_address_is_named_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL must be") as caught:
        transport(url)
    assert "hemligt" not in str(caught.value)
