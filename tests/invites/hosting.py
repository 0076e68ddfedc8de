"""Owns a web server on this machine that gives published calendars in tests, well and badly."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mdk_calendar.fetching import Asked, Bounds

QUICK = Bounds(seconds=2, size=20_000)
Answer = Callable[[BaseHTTPRequestHandler], None]


def calendar(*events: str, more: str = "") -> bytes:
    inside = "".join(
        f"BEGIN:VEVENT\r\nUID:{n}\r\nDTSTAMP:20261101T000000Z\r\n{e}END:VEVENT\r\n" for n, e in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{more}{inside}END:VCALENDAR\r\n".encode()


MEETING = "DTSTART:20261125T120000Z\r\nDTEND:20261125T130000Z\r\nSUMMARY:Hemligt möte\r\n"


class Host:
    """A web server on this machine, which keeps the paths and headers that it was asked."""

    def __init__(self, port: int) -> None:
        self.port, self.asked = port, list[tuple[str, dict[str, str]]]()
        self.at = f"127.0.0.1:{port}"

    def url(self, path: str = "/me.ics") -> str:
        return f"http://{self.at}{path}"

    def ask(self, path: str = "/me.ics", **given: Any) -> Asked:
        return Asked(url=self.url(path), hosts=(self.at,), **given)


@contextmanager
def serving(answer: Answer) -> Iterator[Host]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            try:
                answer(self)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    host = Host(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def giving(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        to.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(body)

    return answer


def taking_turns(answers: list[Answer]) -> Answer:
    left = iter(answers)

    def answer(to: BaseHTTPRequestHandler) -> None:
        next(left)(to)

    return answer


def dripping(head: bytes) -> Answer:
    """An answer that begins and then sends a byte now and then, without end."""

    def answer(to: BaseHTTPRequestHandler) -> None:
        to.wfile.write(head)
        for _ in range(100):
            to.wfile.write(b"x")
            to.wfile.flush()
            time.sleep(0.05)

    return answer
