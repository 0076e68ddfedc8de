"""Owns the daily signing of the access log's end, and the copy of it that lies outside the database."""

from datetime import datetime
from pathlib import Path

from mdk.audit.queries import removals
from mdk.audit.structs import SYSTEM
from mdk.db import Database
from mdk.inspection import heads
from mdk.settings import Settings


def kept_in(settings: Settings) -> Path:
    """The file beside the database that holds each signed end, one a line: what an older copy of the database lacks."""
    return settings.data_dir / "access-log-heads.txt"


def seal(database: Database, settings: Settings, *, at: datetime) -> bool:
    """Sign the log's end once a day and add it to the file outside; whether that was done now.

    Raises `Unavailable`, and `OSError` when the file cannot be written: then it was signed and published all the same.
    """
    with database.writing() as session:
        signed = heads.seal_daily(session, secret=settings.secret_key, by=SYSTEM, at=at)
    if signed is not None:
        with kept_in(settings).open("a", encoding="ascii") as file:
            file.write(f"{signed}\n")
    return signed is not None


def keep_checkpoints(database: Database, settings: Settings) -> None:
    """Add the checkpoints of removals to the file outside, each once. Raises `OSError` when it cannot be written."""
    file = kept_in(settings)
    there = set(outside(file))
    with database.reading() as session:
        new = [row.jws for row in removals(session) if row.jws not in there]
    with file.open("a", encoding="ascii") as opened:
        opened.writelines(f"{token}\n" for token in new)


def outside(file: Path) -> list[str]:
    """The signed ends that a file holds; none when there is no such file."""
    return file.read_text("ascii", "replace").split() if file.is_file() else []
