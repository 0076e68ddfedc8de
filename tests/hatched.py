"""Owns servers that start at once: processes of their own, forked from one that has imported the program already."""

import asyncio
import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import leaks
from make import SECRET
from mdk.db import Database
from running import free_port, wait_for

HOST = "127.0.0.1"
_NEST = multiprocessing.get_context("forkserver")
_NEST.set_forkserver_preload(["mdk_web.cli.demonstration", "mdk_web.cli.running", "mdk_web.serving"])


@contextmanager
def demonstrating(data: Path, *options: str) -> Iterator[tuple[ForkServerProcess, int, Path]]:
    """A demo, as `running.demonstrating` starts one from the command line."""
    port = free_port()
    with _hatched(_demonstrate, str(data), port, options) as process:
        wait_for(port)
        yield process, port, data
    leaks.WATCH.read_mails(data)


@contextmanager
def serving(database: Database, data: Path) -> Iterator[tuple[ForkServerProcess, int]]:
    """The web server on a database, in one process that `kill` ends altogether."""
    port = free_port()
    address = database.url if database.is_sqlite else database.url.set(drivername="postgresql")
    settings = {
        "MDK_DATABASE_URL": address.render_as_string(hide_password=False),
        "MDK_SECRET_KEY": SECRET,
        "MDK_DATA_DIR": str(data),
    }
    with _hatched(_serve, settings, port) as process:
        wait_for(port)
        yield process, port


@contextmanager
def _hatched(work: Callable[..., None], *args: Any) -> Iterator[ForkServerProcess]:
    with leaks.output() as said:
        process = _NEST.Process(target=_saying, args=(said.name, work, *args))
        process.start()
        try:
            yield process
        finally:
            process.kill()
            process.join(10)


def _saying(into: str, work: Callable[..., None], *args: Any) -> None:
    """Do the work; what it prints goes into a file."""
    file = os.open(into, os.O_WRONLY | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    work(*args)


def _demonstrate(data: str, port: int, options: tuple[str, ...]) -> None:
    from mdk_web.cli.main import cli

    cli(["demo", *options, "--port", str(port), "--data", data], prog_name="mdk")


def _serve(settings: dict[str, str], port: int) -> None:
    from granian.constants import Interfaces
    from granian.server.embed import Server

    from mdk_web.serving import create

    async def listen() -> None:
        await Server(
            create(), address=HOST, port=port, interface=Interfaces.ASGI, websockets=False, log_enabled=False
        ).serve()

    os.environ.update(settings)
    asyncio.run(listen())
