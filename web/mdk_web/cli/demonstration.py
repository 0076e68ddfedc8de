"""Owns the demo's run: its data folder, its story, and web server and worker in one process."""

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from sqlalchemy import select
from sqlmodel import col

from mdk import clock
from mdk import settings as house
from mdk.cases.tables import Case
from mdk.db import Database, damage, migrate
from mdk.journey import demo as story
from mdk.journey import start
from mdk.people.queries import people
from mdk.settings import Settings
from mdk_calendar.worker import Worker
from mdk_web.cli.lines import FAILED, Failure, say, table
from mdk_web.minutes import paper
from mdk_web.serving import application, log_as

DATABASE = "mdk.sqlite"
_FILES = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", "secret", "base_url", "access-log-heads.txt")
_OWN_STORE = ("MDK_DATABASE_URL", "MDK_SMTP_URL", "MDK_DATA_DIR")  # the demo touches no other store and sends no mail
PATIENCE = 8  # seconds
LINES_OF_A_DEMO = 1000


def prepare(data_dir: Path, address: str, *, is_reset: bool, is_empty: bool) -> None:
    """Make the data folder ready to be served at `address`: schema, people and, unless it is to be empty, the story."""
    if is_reset:
        _remove(data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    if (data_dir / DATABASE).exists() and damage(data_dir / DATABASE):
        raise Failure(f"Databasen {data_dir / DATABASE} är skadad. Börja om med --reset.", FAILED)
    house.make_secret(data_dir)
    house.note_base_url(data_dir, os.environ.get("MDK_BASE_URL", address))
    settings = _settings(data_dir)
    database = start.database(settings)
    _load(database, settings, with_story=not is_empty)
    database.close()


def run(data_dir: Path, host: str, port: int) -> None:
    """Serve a data folder that is ready, until told to stop."""
    settings = _settings(data_dir)
    log_as(settings, logging.WARNING)
    logging.getLogger("_granian").setLevel(logging.ERROR)
    database = start.database(settings)
    _announce(settings, database)
    with _working(database, settings):
        asyncio.run(_serve(application(settings, database), host, port))
    database.close()


def _settings(data_dir: Path) -> Settings:
    environment = {name: value for name, value in os.environ.items() if name not in _OWN_STORE}
    return house.load(environment, dotenv=Path(os.devnull), data_dir=data_dir, is_demo=True)


def _load(database: Database, settings: Settings, *, with_story: bool) -> None:
    migrate(database)
    at = clock.now()
    with database.writing() as session:
        story.load_people(session, at=at)
        is_untouched = session.scalar(select(col(Case.id)).limit(1)) is None
    if with_story and is_untouched:
        with _patience("Läser in exempelärendena …"):
            story.load_story(database, sealing=paper.sealing(settings), at=at)


def _remove(data_dir: Path) -> None:
    """Remove a demo's own files from its folder, and nothing else. Raises `Failure` when the folder is no demo's."""
    if not data_dir.exists() or not any(data_dir.iterdir()):
        return
    if not (data_dir / DATABASE).is_file():
        raise Failure(f"{data_dir} är ingen demokatalog ({DATABASE} saknas). Inget togs bort.")
    for name in _FILES:
        (data_dir / name).unlink(missing_ok=True)
    outbox = data_dir / "outbox"
    for mail in outbox.glob("*.eml") if outbox.is_dir() else ():
        mail.unlink()


def _announce(settings: Settings, database: Database) -> None:
    say(f"MDK smärta, demo: {settings['BASE_URL']}")
    say(f"Data: {settings.data_dir}   E-post: {settings.data_dir / 'outbox'}   Ctrl-C avslutar.")
    say("Logga in genom att välja någon av:")
    with database.reading() as session:
        lines = [line for line in people(session) if line.active]
    table(("Adress", "Namn", "Roll", "Enhet"), [(line.email, line.name, line.role, line.unit_name) for line in lines])
    sys.stdout.flush()


@contextmanager
def _patience(words: str) -> Iterator[None]:
    """Show at a terminal that something is going on."""
    if not sys.stdout.isatty():
        yield
        return
    from rich.console import Console

    with Console().status(words):
        yield


@contextmanager
def _working(database: Database, settings: Settings) -> Iterator[None]:
    """Run the worker beside what this block does."""
    stop = threading.Event()
    thread = threading.Thread(target=Worker(database, settings).run, args=(stop,), name="mdk-worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)


async def _serve(app: Litestar, host: str, port: int) -> None:
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_enabled=False,
        backpressure=LINES_OF_A_DEMO,
    )
    server.workers_kill_timeout = PATIENCE
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    await server.serve()
