"""A disk that is full: a small one in memory, which is filled to its brim below a server."""

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import httpx
import pytest

import paper
import stores
from faults.at_work import AtWork, at_work, made, refused
from leftout import skip_or_fail
from mdk.db import sqlite_file

SIZE = 24_000_000
FILE = paper.pdf(text=Random(7).randbytes(1_000_000).hex())
pytestmark = pytest.mark.long


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """The folder of a disk of `SIZE` bytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    tool = shutil.which("mount") or ""
    mounted = tool and subprocess.run([tool, "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=False)
    if not mounted or mounted.returncode:
        skip_or_fail("no small disk here: mounting one asks for the rights of root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_filled_to_its_brim_refuses_calmly_keeps_nothing_half_and_heals(
    small: Path, sqlite_file_once: Path, tmp_path: Path
) -> None:  # F7
    file = small / "mdk.sqlite"
    stores.copied(sqlite_file_once, file)
    with stores.opened(sqlite_file(file)) as database, at_work(database, tmp_path) as served:
        number = served.draft().json()["number"]
        assert attached(served, number).status_code == 201
        before = made(database), files(served, number)
        ballast = fill(small)
        answers = [attached(served, number), served.draft(), served.read(number)]
        assert all(map(refused, answers)), [answer.status_code for answer in answers]
        assert [served.status(path) for path in ("/health/live", "/sign-in", "/about", "/static/mdk.css")] == [200] * 4
        ballast.unlink()
        served.wait_until_ready(30)
        assert (made(database), files(served, number)) == before
        assert attached(served, number).status_code == 201
        assert made(database) == before[0]
    with closing(sqlite3.connect(file)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def attached(served: AtWork, number: str) -> httpx.Response:
    return httpx.post(
        f"{served.address}/api/v1/cases/{number}/attachments",
        files={"file": ("svar.pdf", FILE, "application/pdf")},
        headers=served.headers,
        timeout=60,
    )


def files(served: AtWork, number: str) -> int:
    return len(served.read(number).json()["attachments"])


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    file = folder / "ballast"
    with file.open("wb", buffering=0) as opened:
        for size in (1_000_000, 4096):
            try:
                while opened.write(bytes(size)):
                    pass
            except OSError:
                continue
    return file
