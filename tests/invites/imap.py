"""Owns a small IMAP server (RFC 9051, as far as a reader of unread mails needs it) that also misbehaves as told.

Real sockets and real TLS, so that the reader's own library speaks to it as to any server.
"""

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

USER, PASSWORD = "mdk", "l@sen/ord"


@dataclass
class Letter:
    """A mail in the box, and its flags."""

    raw: bytes
    flags: set[str] = field(default_factory=set)


class Box:
    """The one folder of the server, what it holds, and how the server behaves.

    `drop` closes the connection at a command, such as `STORE`; `refuse` answers a command with NO; `offers` are
    capabilities besides the usual.
    """

    def __init__(
        self, *raws: bytes, folder: str = "INBOX/MDK", drop: str = "", refuse: str = "", offers: str = ""
    ) -> None:
        self.letters = [Letter(raw) for raw in raws]
        self.folder, self.drop, self.refuse = folder, drop, refuse
        self.asked: list[str] = []
        self.offers = offers

    def flags(self) -> list[set[str]]:
        return [letter.flags for letter in self.letters]


class _Session(socketserver.StreamRequestHandler):
    box: Box
    tls: ssl.SSLContext

    def handle(self) -> None:
        self._say(b"* OK [CAPABILITY IMAP4rev1] ready")
        while line := self.rfile.readline():
            tag, _, rest = line.decode().strip().partition(" ")
            words = rest.split(" ")
            name = words.pop(0).upper()
            name = words.pop(0).upper() if name == "UID" else name
            self.box.asked.append(rest if name != "LOGIN" else "LOGIN")
            if self.box.drop == name:
                return
            if self.box.refuse == name:
                self._say(f"{tag} NO [UNAVAILABLE] {name} not now".encode())
                continue
            getattr(self, f"_{name.lower()}")(tag, words)
            if name == "LOGOUT":
                return

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def _capability(self, tag: str, _words: list[str]) -> None:
        self._say(f"* CAPABILITY IMAP4rev1 {self.box.offers}".strip().encode())
        self._say(f"{tag} OK done".encode())

    def _starttls(self, tag: str, _words: list[str]) -> None:
        self._say(f"{tag} OK begin".encode())
        self.request = self.tls.wrap_socket(self.request, server_side=True)
        self.setup()

    def _login(self, tag: str, words: list[str]) -> None:
        good = [word.strip('"') for word in words] == [USER, PASSWORD]
        self._say(f"{tag} {'OK done' if good else 'NO [AUTHENTICATIONFAILED] wrong name or password'}".encode())

    def _select(self, tag: str, words: list[str]) -> None:
        known = " ".join(words).strip('"') == self.box.folder
        self._say(f"* {len(self.box.letters)} EXISTS".encode())
        self._say(f"{tag} {'OK [READ-WRITE] done' if known else 'NO [NONEXISTENT] no such folder'}".encode())

    def _search(self, tag: str, _words: list[str]) -> None:
        unread = [str(n) for n, letter in enumerate(self.box.letters, start=1) if "\\Seen" not in letter.flags]
        self._say(f"* SEARCH {' '.join(unread)}".strip().encode())
        self._say(f"{tag} OK done".encode())

    def _fetch(self, tag: str, words: list[str]) -> None:
        number, wanted = int(words[0]), " ".join(words[1:])
        raw = self.box.letters[number - 1].raw
        if "RFC822.SIZE" in wanted:
            self._say(f"* {number} FETCH (UID {number} RFC822.SIZE {len(raw)})".encode())
        else:
            cut = re.search(r"HEADER\]<0\.(\d+)>", wanted)
            part = raw.partition(b"\r\n\r\n")[0][: int(cut[1])] if cut else raw
            self._say(f"* {number} FETCH (UID {number} BODY[] {{{len(part)}}}".encode())
            self.wfile.write(part + b")\r\n")
        self._say(f"{tag} OK done".encode())

    def _store(self, tag: str, words: list[str]) -> None:
        self.box.letters[int(words[0]) - 1].flags |= set(" ".join(words[2:]).strip("()").split())
        self._say(f"{tag} OK done".encode())

    def _logout(self, tag: str, _words: list[str]) -> None:
        self._say(b"* BYE")
        self._say(f"{tag} OK done".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    tls: ssl.SSLContext
    is_plain: bool

    def get_request(self) -> Any:
        client, address = super().get_request()
        if self.is_plain:
            return client, address
        return self.tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who breaks off says so to itself."""


@contextmanager
def serving(box: Box, tls: ssl.SSLContext, *, host: str = "127.0.0.1", is_plain: bool = False) -> Iterator[int]:
    """The port of a server for `box`, encrypted from the start unless it `is_plain`."""
    handler = type("Session", (_Session,), {"box": box, "tls": tls})
    with _Server((host, 0), handler) as server:
        server.tls, server.is_plain = tls, is_plain
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join(5)
