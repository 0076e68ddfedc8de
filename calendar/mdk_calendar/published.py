"""Owns what a published calendar says of a person's time: when it is taken, and nothing of what for."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import icalendar
import recurring_ical_events

from mdk.clock import STOCKHOLM, midnight
from mdk_calendar.fetching import Unreadable

MAX_EVENTS: Final = 20_000
MAX_TIMES: Final = 3_000
# No meeting repeats by the second or the minute; unfolding such a rule would only burn time.
_WILD: Final = re.compile(rb"FREQ=(?:SECONDLY|MINUTELY)", re.IGNORECASE)
_FOLD: Final = re.compile(rb"\r?\n[ \t]")

Times = list[tuple[datetime, datetime]]


def busy_times(body: bytes, *, since: datetime, until: datetime) -> Times:
    """When a calendar holds its owner busy between two times, in UTC, in order and without overlaps.

    Repeated events are expanded; what is cancelled, or marked as free, takes no time. Raises `Unreadable`: `broken` for
    what is no calendar, `too-heavy` for more than anybody's calendar holds.
    """
    plain = _FOLD.sub(b"", body)
    if plain.upper().count(b"BEGIN:VEVENT") > MAX_EVENTS or _WILD.search(plain):
        raise Unreadable("too-heavy")
    if b"BEGIN:VCALENDAR" not in plain.upper():
        raise Unreadable("broken")
    try:
        calendars = icalendar.Calendar.from_ical(body, multiple=True)
        if not calendars:
            raise Unreadable("broken")
        found = [
            span for calendar in calendars for span in (*_of_events(calendar, since, until), *_of_free_busy(calendar))
        ]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as fault:
        raise Unreadable("broken") from fault
    times = joined(found, since=since, until=until)
    if len(times) > MAX_TIMES:
        raise Unreadable("too-heavy")
    return times


def joined(spans: Iterable[tuple[datetime, datetime]], *, since: datetime, until: datetime) -> Times:
    """Spans cut to what lies between two times, in order, those that touch made one."""
    result: Times = []
    for start, end in sorted((max(start, since), min(end, until)) for start, end in spans):
        if start >= end:
            continue
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def _of_events(calendar: Any, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    for event in recurring_ical_events.of(calendar, skip_bad_series=True).between(since, until):
        if _takes_time(event):
            start, end = _instant(event.start), _instant(event.end)
            yield start, end


def _takes_time(event: Any) -> bool:
    says = {name: str(event.get(name, "")).upper() for name in ("STATUS", "TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS")}
    return (
        says["STATUS"] != "CANCELLED"
        and says["TRANSP"] != "TRANSPARENT"
        and says["X-MICROSOFT-CDO-BUSYSTATUS"] not in {"FREE", "WORKINGELSEWHERE"}
    )


def _of_free_busy(calendar: Any) -> Iterator[tuple[datetime, datetime]]:
    for entry in calendar.walk("VFREEBUSY"):
        periods = entry.get("FREEBUSY", [])
        for period in periods if isinstance(periods, list) else [periods]:
            if str(period.params.get("FBTYPE", "BUSY")).upper() != "FREE":
                yield _instant(period.start), _instant(period.end)


def _instant(moment: date | datetime) -> datetime:
    """A time in UTC; one without a zone is Swedish, and a day begins at midnight."""
    if not isinstance(moment, datetime):
        return midnight(moment)
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=STOCKHOLM)
    return aware.astimezone(UTC)


def window(at: datetime, ahead: timedelta) -> tuple[datetime, datetime]:
    """From when until when busy times are kept: from the day before, as far ahead as conferences are planned."""
    return at - timedelta(days=1), at + ahead + timedelta(weeks=1)
