"""Owns whom to call when something goes wrong with a pump, by hour, as the final report describes the regions.

It names functions, and never numbers or doses. Source: the final report, by way of `regions.toml`.
"""

from typing import Literal, get_args

import msgspec

from mdk.clinical.reference import Region, region

Event = Literal["respiratory_depression", "withdrawal", "device_failure", "infection"]
Hours = Literal["office", "holiday_day", "night"]
EVENTS: tuple[Event, ...] = get_args(Event)
HOURS: tuple[Hours, ...] = get_args(Hours)
_OF_THE_PUMP = frozenset({"device_failure", "infection"})  # what whoever put the pump in is asked about, too


class CallRow(msgspec.Struct, frozen=True):
    """Whom to call at certain hours, event by event, first to last; `is_covered` when the region itself answers."""

    hours: Hours
    is_covered: bool
    calls: dict[str, list[str]]


def call_rows(region_id: str, *, inserted_by: str, contact: str) -> list[CallRow]:
    """Whom to call for a patient at home in a region, office hours first.

    `inserted_by` put the pump in and is asked in office hours; `contact` is the out-of-hours contact of the minutes,
    named whenever the office is closed. A region that is not known has no cover of its own.
    """
    home = region(region_id)
    return [_row(home, hours, inserted_by, contact.strip()) for hours in HOURS]


def _row(home: Region | None, hours: Hours, inserted_by: str, contact: str) -> CallRow:
    own = getattr(home.contacts, hours) if home else ""
    late = [] if hours == "office" else [contact]
    calls: dict[str, list[str]] = {
        event: [who for who in (own, inserted_by if hours == "office" and event in _OF_THE_PUMP else "", *late) if who]
        for event in EVENTS
    }
    return CallRow(hours, bool(own), calls)
