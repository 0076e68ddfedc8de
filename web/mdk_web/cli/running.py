"""Commands that run: the demo, the web server and the worker."""

import errno
import os
import resource
import signal
import socket
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from mdk_web.cli.lines import Failure, say
from mdk_web.cli.store import opened

HOST, PORT = "127.0.0.1", 8000
LINES = 8192  # that a process keeps open at the same time; whoever only holds one must keep nobody out
_host = click.option("--host", default=HOST, show_default=True, help="Adress att lyssna på.")
_port = click.option("--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="Port.")


@click.command()
@_host
@_port
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), default=Path("var/demo"), show_default=True)
@click.option("--reset", "is_reset", is_flag=True, help="Börja om: ta bort demons data först.")
@click.option("--empty", "is_empty", is_flag=True, help="Läs in personer och enheter men inga ärenden.")
def demo(host: str, port: int, data: Path, *, is_reset: bool, is_empty: bool) -> None:
    """Starta allt på den här datorn med påhittade personer och ärenden.

    Databas, webbserver och utskick körs i en process och inget annat behövs; e-post läggs som filer i DATA/outbox.
    Nästa start behåller det som finns.
    """
    from mdk_web.cli import demonstration

    check_free(host, port)
    demonstration.prepare(data, address_of(host, port), is_reset=is_reset, is_empty=is_empty)
    demonstration.run(data, host, port)


@click.command()
@_host
@_port
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Antal processer.")
def serve(host: str, port: int, workers: int) -> None:
    """Starta webbservern på den inställda databasen."""
    with opened() as store:
        if workers > 1 and store.database.is_sqlite:
            raise Failure("En inbäddad databas (SQLite) tål bara --workers 1. Använd PostgreSQL för fler.")
        _ = store.settings.secret_key
    check_free(host, port)
    from granian.constants import Interfaces
    from granian.server import Server

    from mdk_web.health import SEVERAL

    say(f"Lyssnar på {address_of(host, port)} (Ctrl-C avslutar)")
    make_room()
    with TemporaryDirectory(prefix="mdk-metrics-") as counted:
        if workers > 1:
            os.environ[SEVERAL] = counted
        Server(
            "mdk_web.serving:create",
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            workers=workers,
            factory=True,
            websockets=False,
            log_enabled=False,
            workers_kill_timeout=8,
            backpressure=LINES,
        ).serve()


@click.command()
@click.option("--once", "is_once", is_flag=True, help="Gör det som väntar nu och sluta sedan.")
def worker(*, is_once: bool) -> None:
    """Skicka det som ska ut, påminn, läs svar på kallelser, planera serier framåt och signera loggen."""
    from mdk import clock
    from mdk_calendar import busy, keeping, log_heads, mailbox, reminders
    from mdk_calendar.worker import Worker, plan_series, run_once
    from mdk_web.serving import log_as

    with opened() as store:
        log_as(store.settings)
        if is_once:
            plan_series(store.database, at=clock.now())
            reminders.owe(store.database, at=clock.now())
            log_heads.seal(store.database, store.settings, at=clock.now())
            keeping.report(store.database, at=clock.now())
            if store.settings["IMAP_URL"]:
                mailbox.look(store.database, store.settings, at=clock.now())
            busy.read_due(store.database, store.settings, at=clock.now())
            handled = run_once(store.database, store.settings, at=clock.now())
            say(f"{handled} utskick hanterades.")
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        Worker(store.database, store.settings).run(stop)


def make_room() -> None:
    """Let this process, and those that it starts, keep as many lines open as are needed and the machine allows."""
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * LINES if most == resource.RLIM_INFINITY else min(2 * LINES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(few, wanted), most))


def check_free(host: str, port: int) -> None:
    """Raises `Failure` when the address cannot be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as fault:
        why = "används redan" if fault.errno == errno.EADDRINUSE else f"kan inte användas ({fault.strerror})"
        raise Failure(f"Port {port} på {host} {why}. Välj en annan med --port.") from fault


def address_of(host: str, port: int) -> str:
    """The address at which people on this machine reach what listens on `host`."""
    shown = {"0.0.0.0": HOST, "::": "::1"}.get(host, host)  # noqa: S104 - shown, not listened on
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


COMMANDS = (demo, serve, worker)
