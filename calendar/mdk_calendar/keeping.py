"""Owns the monthly report of what has passed its least time; the worker reports and never removes."""

from datetime import datetime

from mdk.audit.structs import SYSTEM
from mdk.db import Database
from mdk.keeping import passed, service


def report(database: Database, *, at: datetime) -> bool:
    """Write this month's report unless there is one, and tell those who answer for it; whether that was done now."""
    with database.reading() as session:
        if passed.is_reported(session, at=at):
            return False
        found = passed.now(session, at=at)
    with database.writing() as session:
        service.report(session, found=found, by=SYSTEM, at=at)
    return True
