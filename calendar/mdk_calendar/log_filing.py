"""Owns the filing of the access log's new rows into the register by which a case's rows are found."""

import time
from typing import Final

from mdk.audit import filed
from mdk.db import Database

SECONDS: Final = 5.0  # the mails wait meanwhile


def file_new(database: Database, *, seconds: float = SECONDS) -> None:
    """File the rows that are not filed yet, some at a time, until none is left or the time is over.

    Raises `Unavailable`.
    """
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and _is_behind(database):
        with database.writing() as session:
            filed.file_next(session)


def _is_behind(database: Database) -> bool:
    with database.reading() as session:
        return filed.is_behind(session)
