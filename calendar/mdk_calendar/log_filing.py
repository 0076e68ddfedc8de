"""Owns the filing of the access log's new rows into the register by which a case's rows are found."""

from mdk.audit import filed
from mdk.db import Database


def file_new(database: Database) -> None:
    """File every row that is not filed yet, some at a time. Raises `Unavailable`."""
    while _is_behind(database):
        with database.writing() as session:
            filed.file_next(session)


def _is_behind(database: Database) -> bool:
    with database.reading() as session:
        return filed.is_behind(session)
