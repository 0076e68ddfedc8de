"""Owns the bytes of a calendar object: one VEVENT for one person, or a person's feed (RFC 5545, 5546 and 7986).

The VTIMEZONE is the hand-written one with RRULEs: the library's own, with RDATEs, shifts summer meetings by an hour
in several readers.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

import icalendar
from icalendar import vCalAddress, vDuration, vUri

from mdk.clock import STOCKHOLM
from mdk_calendar import safe
from mdk_calendar.events import Event, Language
from mdk_calendar.words import Words, words

PRODUCT: Final = "-//Södra sjukvårdsregionen//MDK smärta//SV"
SUMMARY: Final = "MDK smärta"
REFRESH: Final = timedelta(hours=1)
ROLES: Final = {
    "chair": "CHAIR",
    "consultant": "REQ-PARTICIPANT",
    "deputy": "REQ-PARTICIPANT",
    "member": "REQ-PARTICIPANT",
    "presenter": "REQ-PARTICIPANT",
}


def to_ics(event: Event) -> bytes:
    """The event as a calendar object with CRLF lines of at most 75 octets; equal events give equal bytes.

    Raises: Unsendable when an address or link cannot be carried safely.
    """
    calendar = _calendar(event.method)
    calendar.add_component(_zone())
    calendar.add_component(_vevent(event, words(event.language)))
    return bytes(calendar.to_ical())


def to_feed(events: Iterable[Event], *, language: Language) -> bytes:
    """The events as one published calendar that asks to be read anew each hour; equal events give equal bytes.

    A published entry names no attendee (RFC 5546, 3.2.1). One that cannot be carried safely is left out.
    """
    calendar = _calendar("PUBLISH")
    calendar.add("NAME", SUMMARY)
    calendar.add("X-WR-CALNAME", SUMMARY)
    calendar.add("X-WR-TIMEZONE", "Europe/Stockholm")
    calendar.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(REFRESH))
    calendar.add_component(_zone())
    for event in events:
        try:
            entry = _vevent(event, words(language))
        except safe.Unsendable:
            continue
        del entry["ATTENDEE"]
        calendar.add_component(entry)
    return bytes(calendar.to_ical())


def description(event: Event) -> str:
    """What the calendar entry says: product, number of cases, own slots, how to join, where to read more."""
    text = words(event.language)
    lines = [text.product, text.cases(event.case_count)]
    lines += [f"{text.slot}: {slot}" for slot in slot_spans(event)]
    lines.append(f"{text.join}: {safe.link(event.video_url)}" if event.video_url else text.join_later)
    lines.append(f"{text.page}: {safe.link(event.page_url)}")
    return "\n".join(lines)


def slot_spans(event: Event) -> list[str]:
    """The own slots as `13:15–13:30`, in order."""
    text = words(event.language)
    return [text.span(start, start + timedelta(minutes=minutes)) for start, minutes in sorted(event.slots)]


def _calendar(method: str) -> icalendar.Calendar:
    calendar = icalendar.Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", method)
    return calendar


def _vevent(event: Event, text: Words) -> icalendar.Event:
    cancelled = event.method == "CANCEL"
    changed = event.changed_at.astimezone(UTC).replace(microsecond=0)
    starts_at, ends_at = _carried(event.starts_at, event.ends_at)
    entry = icalendar.Event()
    entry.add("UID", event.uid)
    entry.add("SEQUENCE", event.sequence)
    entry.add("DTSTAMP", changed)
    entry.add("LAST-MODIFIED", changed)
    entry.add("DTSTART", starts_at)
    entry.add("DTEND", ends_at)
    entry.add("SUMMARY", SUMMARY)
    entry.add("DESCRIPTION", description(event))
    entry.add("LOCATION", safe.link(event.video_url) if event.video_url else text.place)
    entry.add("URL", vUri(safe.link(event.page_url)))
    entry.add("ORGANIZER", _person(event.organizer_email, event.organizer_name))
    entry.add("ATTENDEE", _attendee(event))
    entry.add("STATUS", "CANCELLED" if cancelled else "CONFIRMED")
    entry.add("CLASS", "PRIVATE")
    entry.add("TRANSP", "OPAQUE")
    entry.add("X-MICROSOFT-CDO-BUSYSTATUS", "FREE" if cancelled else "BUSY")
    if event.video_url:
        entry.add("CONFERENCE", _conference(event.video_url, text))
        entry.add("X-GOOGLE-CONFERENCE", vUri(safe.link(event.video_url)))
    return entry


def _carried(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Both ends in Stockholm time, or in UTC when one lies in the hour that autumn's change repeats."""
    local = start.astimezone(STOCKHOLM), end.astimezone(STOCKHOLM)
    if any(moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset() for moment in local):
        return start.astimezone(UTC), end.astimezone(UTC)
    return local


def _person(email: str, shown: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{safe.address(email)}")
    if cleaned := safe.name(shown):
        person.params["CN"] = cleaned
    return person


def _attendee(event: Event) -> vCalAddress:
    attendee = _person(event.attendee_email, event.attendee_name)
    attendee.params["CUTYPE"] = "INDIVIDUAL"
    attendee.params["ROLE"] = ROLES[event.attendee_role]
    attendee.params["PARTSTAT"] = event.partstat
    attendee.params["RSVP"] = "TRUE"
    return attendee


def _conference(video_url: str, text: Words) -> vUri:
    """The join link for clients that know RFC 7986; each feature is a value of its own, not one quoted list."""
    conference = vUri(safe.link(video_url))
    conference.params["VALUE"] = "URI"
    conference.params["FEATURE"] = ["AUDIO", "VIDEO"]
    conference.params["LABEL"] = text.join
    return conference


@cache
def _zone() -> icalendar.Timezone:
    raw = (files("mdk_calendar") / "data" / "europe-stockholm.ics").read_bytes()
    zone = icalendar.Timezone.from_ical(raw)
    if not isinstance(zone, icalendar.Timezone):
        msg = "data/europe-stockholm.ics holds no VTIMEZONE"
        raise TypeError(msg)
    return zone
