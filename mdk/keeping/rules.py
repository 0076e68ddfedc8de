"""How long things are kept at least. Pure.

Sources: 3 kap. 17 § patientdatalagen (a record ten years after its last entry), HSLF-FS 2016:40 4 kap. 9 § (a log five
years). Both are least times: what has passed them may be removed by a decision, and is otherwise kept.
"""

from datetime import date, datetime, timedelta
from typing import Final

from mdk import clock
from mdk.errors import Problem

RECORD_YEARS: Final = 10
LOG_YEARS: Final = 5
_LEAP_DAY: Final = (2, 29)


def first_kept(today: date, years: int) -> date:
    """The first day of which everything that was written must still be kept; what is older has passed."""
    if (today.month, today.day) == _LEAP_DAY:
        return first_kept(today - timedelta(days=1), years) + timedelta(days=1)
    return today.replace(year=today.year - years)


def records_limit(at: datetime) -> date:
    """The first day whose entries keep a record: it has passed when its last entry is from an earlier day."""
    return first_kept(clock.today(at), RECORD_YEARS)


def log_limit(at: datetime) -> date:
    """The first day whose rows of the access log must still be kept."""
    return first_kept(clock.today(at), LOG_YEARS)


def too_late(records_before: date | None, log_before: date | None, *, at: datetime) -> list[Problem]:
    """What in a decision would take something before its time, or says nothing at all."""
    if records_before is None and log_before is None:
        return [Problem("records_before", "Ange en dag för journaler, för loggrader eller för båda.")]
    found = []
    for field, day, limit, years in (
        ("records_before", records_before, records_limit(at), RECORD_YEARS),
        ("log_before", log_before, log_limit(at), LOG_YEARS),
    ):
        if day is not None and day > limit:
            found.append(Problem(field, f"Ange senast {clock.spoken(limit)}: det ska sparas i minst {years} år."))
    return found
