"""Owns time: now, Swedish local time, and Swedish working days."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from time import monotonic
from typing import Any, Final
from zoneinfo import ZoneInfo

import holidays
import structlog

STOCKHOLM = ZoneInfo("Europe/Stockholm")
_MONTHS = (
    "januari", "februari", "mars", "april", "maj", "juni", "juli", "augusti", "september", "oktober", "november",
    "december",
)  # fmt: skip
_JUMP: Final = timedelta(seconds=60)
_log: Final[Any] = structlog.get_logger("mdk.clock")


class _Watched:
    """When the process began, by the machine's clock, which can be set, and by one that only goes on."""

    wall, steady = datetime.now(UTC), monotonic()


def now() -> datetime:
    """The present instant, aware, in UTC, with whole milliseconds (what both databases keep).

    Warns in the log when the machine's clock was set since it was last asked.
    """
    instant, steady = datetime.now(UTC), monotonic()
    jumped = instant - _Watched.wall - timedelta(seconds=steady - _Watched.steady)
    _Watched.wall, _Watched.steady = instant, steady
    if abs(jumped) > _JUMP:
        _log.warning("clock.jumped", seconds=round(jumped.total_seconds()))
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def local(instant: datetime) -> datetime:
    """The same instant as people in Södra sjukvårdsregionen read it."""
    return instant.astimezone(STOCKHOLM)


def midnight(day: date) -> datetime:
    """The instant at which a Swedish calendar day begins, in UTC."""
    return datetime.combine(day, time(), STOCKHOLM).astimezone(UTC)


def evening(instant: datetime) -> datetime:
    """Six o'clock on the evening of the same Swedish day, or an hour on when that has passed."""
    six = datetime.combine(today(instant), time(18), STOCKHOLM).astimezone(UTC)
    return max(six, instant + timedelta(hours=1))


def spoken(day: date) -> str:
    """A day as a sentence says it: `1 december 2026`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def today(instant: datetime) -> date:
    """The Swedish calendar day of an instant."""
    return local(instant).date()


@lru_cache(maxsize=16)
def _closed_days(year: int) -> Mapping[date, str]:
    public = holidays.country_holidays("SE", years=year, include_sundays=False, language="sv")
    eves = {date(year, 12, 24): "julafton", date(year, 12, 31): "nyårsafton"} | {
        day - timedelta(days=1): "midsommarafton" for day, name in public.items() if "idsommardagen" in name
    }
    return {day: name[:1].lower() + name[1:] for day, name in public.items()} | eves


def day_off(day: date) -> str:
    """The name of a public holiday, or of Midsummer, Christmas or New Year's Eve; empty on any other day."""
    return _closed_days(day.year).get(day, "")


def is_working_day(day: date) -> bool:
    """True on Monday to Friday that is no public holiday, nor Midsummer, Christmas or New Year's Eve."""
    return day.weekday() < 5 and not day_off(day)


def readings(wall: datetime) -> list[datetime]:
    """The instants, in UTC, at which Swedish clocks show `wall` (without a zone).

    One on most days; none in the hour that spring skips, two in the hour that autumn repeats.
    """
    found = {wall.replace(tzinfo=STOCKHOLM, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(instant for instant in found if local(instant).replace(tzinfo=None, fold=0) == wall)


def add_working_days(instant: datetime, count: int) -> datetime:
    """The same local time `count` working days later; an instant on a closed day counts from the next open one."""
    moment = local(instant)
    day, left = moment.date(), count
    while left > 0:
        day += timedelta(days=1)
        left -= is_working_day(day)
    return datetime.combine(day, time(moment.hour, moment.minute), STOCKHOLM).astimezone(UTC)
