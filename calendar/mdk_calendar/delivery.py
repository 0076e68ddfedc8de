"""Owns how a finished mail leaves: to a folder or by SMTP, and whether a failure is worth another try."""

import contextlib
import hashlib
import os
import smtplib
import ssl
import tempfile
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

PATIENCE: Final = 30.0  # seconds for each exchange with the server
LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}


class Sent(msgspec.Struct, frozen=True):
    """The next mail server, or the folder, has taken it over."""


class Retry(msgspec.Struct, frozen=True):
    """Not now; the same mail may be sent again later."""

    reason: str


class Refused(msgspec.Struct, frozen=True):
    """Never: someone must look at the reason."""

    reason: str


Outcome = Sent | Retry | Refused


class Mail(msgspec.Struct, frozen=True):
    """A finished message with its envelope; a repeat has the same `message_id`."""

    message_id: str
    sender: str
    recipient: str
    raw: bytes


class Transport(Protocol):
    """A way out; it never raises for what the other side does."""

    def send(self, mail: Mail) -> Outcome:
        """Try once."""


class Folder:
    """Writes each mail as an .eml file under an opaque name; a repeat overwrites itself."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def send(self, mail: Mail) -> Outcome:
        name = hashlib.sha256(mail.message_id.encode()).hexdigest()[:32]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            _write_durably(self.path / f"{name}.eml", mail.raw)
        except OSError as error:
            return Retry(f"Mappen för e-post kan inte skrivas: {error.strerror}")
        return Sent()


class Smtp:
    """Hands each mail to an SMTP server, encrypted from the start or by STARTTLS.

    To another computer nothing is handed over unencrypted when encryption `is_required`; a password never is.
    """

    def __init__(self, url: SplitResult, *, patience: float, tls: ssl.SSLContext, is_required: bool) -> None:
        self.host = url.hostname or ""
        self.implicit_tls = url.scheme == "smtps"
        self.user = unquote(url.username or "")
        self.password = unquote(url.password or "")
        self.port = url.port or (465 if self.implicit_tls else 587 if self.user else 25)
        self.patience = patience
        self.tls = tls
        self.is_required = is_required

    def send(self, mail: Mail) -> Outcome:
        try:
            server = self._connect()
        except smtplib.SMTPResponseException as error:
            return Retry(_answer(error.smtp_code, error.smtp_error))
        except (OSError, ValueError) as error:
            return Retry(_said(error))
        try:
            return _hand_over(server, mail)
        finally:
            _leave(server)

    def _connect(self) -> smtplib.SMTP:
        """A session that is ready for mail. What fails here is no fault of the mail, so it is tried again."""
        server = self._dial()
        try:
            self._prepare(server)
        except BaseException:
            server.close()
            raise
        return server

    def _dial(self) -> smtplib.SMTP:
        if self.implicit_tls:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.patience, context=self.tls)
        return smtplib.SMTP(self.host, self.port, timeout=self.patience)

    def _prepare(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        encrypted = self.implicit_tls
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=self.tls)
            encrypted = True
        if not encrypted and self.host not in LOOPBACK and (self.user or self.is_required):
            held_back = "lösenordet skickas inte" if self.user else "mejlet skickas inte (MDK_SMTP_TLS)"
            raise smtplib.SMTPNotSupportedError(f"servern erbjuder ingen kryptering; {held_back}")
        if self.user:
            server.login(self.user, self.password)


def transport(
    url: str, *, patience: float = PATIENCE, tls: ssl.SSLContext | None = None, is_tls_required: bool = True
) -> Transport:
    """The way out that an SMTP_URL names: `file:DIR`, `smtp://user:pass@host:port` or `smtps://…`.

    What is encrypted is so under a certificate that is checked. Unless `is_tls_required`, `smtp://` also hands over
    unencrypted to a server that offers no encryption.

    Raises: ValueError, which names the setting but not its value (it may hold a password), for anything else.
    """
    if url.startswith("file:"):
        path = unquote(url.removeprefix("file:").removeprefix("//"))
        if path:
            return Folder(Path(path))
    elif url.startswith(("smtp://", "smtps://")):
        with contextlib.suppress(ValueError):
            parts = urlsplit(url)
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
            if parts.hostname and parts.port != 0 and user.isascii() and password.isascii():
                context = tls or ssl.create_default_context()
                return Smtp(parts, patience=patience, tls=context, is_required=is_tls_required)
    raise ValueError("SMTP_URL must be file:DIR, smtp://[user:password@]host[:port] or smtps://…, in ASCII")


def _hand_over(server: smtplib.SMTP, mail: Mail) -> Outcome:
    """MAIL, RCPT and DATA: 4xx and a lost connection may pass, 5xx is the server's last word."""
    try:
        server.sendmail(mail.sender, [mail.recipient], mail.raw)
    except smtplib.SMTPRecipientsRefused as error:
        code, text = error.recipients[mail.recipient]
        return _judge(code, text)
    except smtplib.SMTPResponseException as error:
        return _judge(error.smtp_code, error.smtp_error)
    except smtplib.SMTPNotSupportedError as error:
        return Refused(_said(error))
    except OSError as error:
        return Retry(_said(error))
    return Sent()


def _judge(code: int, text: bytes | str) -> Outcome:
    permanent = 500 <= code < 600
    return Refused(_answer(code, text)) if permanent else Retry(_answer(code, text))


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye; what goes wrong here changes nothing of what the server has taken over."""
    with contextlib.suppress(OSError):
        server.quit()
    server.close()


def _answer(code: int, text: bytes | str) -> str:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return plain(f"{code} {said}")


def _said(error: Exception) -> str:
    return plain(f"{type(error).__name__}: {error}")


def plain(text: str) -> str:
    """One printable line of at most 300 characters, whatever the server wrote."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:300]


def _write_durably(target: Path, raw: bytes) -> None:
    """All of it or nothing, also after a power cut: temporary file, fsync, rename, fsync of the folder."""
    handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
