"""Owns the running of the program as its users run it: a process of its own, with an environment of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import leaks
from make import SECRET
from mdk.db import Database
from tree import ROOT


def command(*args: str) -> list[str]:
    return [sys.executable, "-c", "from mdk_web.cli.main import main; main()", *args]


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join(str(ROOT / part) for part in ("", "web", "calendar"))
    return {**os.environ, "PYTHONPATH": path, **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def demonstrating(data: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """A demo that runs until the block ends: the process, its port, its data folder."""
    port = free_port()
    args = ("demo", *options, "--port", str(port), "--data", str(data))
    with subprocess.Popen(command(*args), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            wait_for(port)
            yield running, port, data
        finally:
            running.kill()
            leaks.WATCH.read_mails(data)


@contextmanager
def serving(
    database: Database,
    data: Path,
    *,
    workers: int = 1,
    own_address: bool = False,
    more: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The web server on a database, until the block ends: the process and its port.

    `more` are settings; with `own_address` it also knows under which address it is reached. What it logs goes to `log`.
    """
    port = free_port()
    address = database.url if database.is_sqlite else database.url.set(drivername="postgresql")
    settings = {
        "MDK_DATABASE_URL": address.render_as_string(hide_password=False),
        "MDK_SECRET_KEY": SECRET,
        "MDK_DATA_DIR": str(data),
        **({"MDK_BASE_URL": f"http://127.0.0.1:{port}"} if own_address else {}),
        **(more or {}),
    }
    args = command("serve", "--port", str(port), "--workers", str(workers))
    told = (log or Path(os.devnull)).open("wb")
    with told, subprocess.Popen(args, env=environment(**settings), stdout=told, stderr=told) as running:
        try:
            wait_for(port)
            yield running, port
        finally:
            running.terminate()


def wait_for(port: int) -> None:
    for _ in range(600):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the demo did not start")
