"""Measures invitations, each a whole MIME message, against icalendar's own bare build of the same event in one run."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import icalendar
from icalendar.enums import CLASS, STATUS, TRANSP
from rich.console import Console
from rich.table import Table

from mdk.clock import STOCKHOLM
from mdk.conferences.answer_structs import Slot
from mdk_calendar.events import Event
from mdk_calendar.mail import to_mail

AIM = 0.5
ROUNDS = 6
BLOCK = 100
_START = datetime(2027, 3, 31, 11, 0, tzinfo=UTC)
_LINK = f"https://mdk.example/rsvp/{'x' * 300}"


class Rates(NamedTuple):
    """How many a second: ours, the library's own build, and that without the time zone that an invitation needs."""

    ours: float
    bare: float
    zoneless: float


def of_invitations() -> Rates:
    """Blocks of each in turns, so that a change of the machine's speed meets all; the best block of each counts."""
    events = [_event(place) for place in range(BLOCK)]
    builds = (lambda event: to_mail(event, news="invited", answer_url=_LINK), _bare, _zoneless)
    rounds = [[_rate(events, build) for build in builds] for _ in range(ROUNDS)]
    return Rates(*map(max, zip(*rounds, strict=True)))


def show(rates: Rates) -> None:
    """Print both rows and their ratio."""
    table = Table("invitations", "per second", "ms each")
    named = {
        "whole MIME message: text, HTML, calendar and its copy": rates.ours,
        "icalendar's bare build of the calendar": rates.bare,
        "the same in UTC, without a time zone": rates.zoneless,
    }
    for name, rate in named.items():
        table.add_row(name, f"{rate:.0f}", f"{1000 / rate:.2f}")
    console = Console(width=100)
    console.print(table)
    console.print(f"ratio {rates.ours / rates.bare:.2f} (aim {AIM})")


def _event(place: int) -> Event:
    start = _START + timedelta(days=place)
    return Event(
        uid=f"{place:032x}@mdk.example",
        sequence=place % 3,
        method="REQUEST",
        starts_at=start,
        ends_at=start + timedelta(hours=1),
        attendee_email=f"remittent.{place}@demo.mdk",
        attendee_name="Åsa Öström",
        attendee_role="presenter",
        organizer_email="mdk@demo.mdk",
        organizer_name="MDK smärta",
        page_url="https://mdk.example/conferences/0123456789abcdef0123456789abcdef",
        case_count=4,
        changed_at=_START - timedelta(days=7),
        video_url="https://video.example/mdk",
        slots=(Slot(start, 15),),
    )


def _bare(event: Event) -> bytes:
    """The same event as the library itself builds it, in Stockholm time with the time zone that it makes for it."""
    calendar = _calendar(event, event.starts_at.astimezone(STOCKHOLM), event.ends_at.astimezone(STOCKHOLM))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _zoneless(event: Event) -> bytes:
    return bytes(_calendar(event, event.starts_at, event.ends_at).to_ical())


def _calendar(event: Event, start: datetime, end: datetime) -> icalendar.Calendar:
    calendar = icalendar.Calendar.new(method="REQUEST", prodid="-//bench//SV", uid=event.uid)
    organizer = icalendar.vCalAddress.new(event.organizer_email, cn=event.organizer_name)
    attendee = icalendar.vCalAddress.new(
        event.attendee_email, cn=event.attendee_name, cutype="INDIVIDUAL", partstat="NEEDS-ACTION",
        role="REQ-PARTICIPANT", rsvp=True,
    )  # fmt: skip
    entry = icalendar.Event.new(
        uid=event.uid,
        sequence=event.sequence,
        stamp=event.changed_at,
        last_modified=event.changed_at,
        start=start,
        end=end,
        summary="MDK smärta",
        description="4 ärenden",
        location=event.video_url,
        url=event.page_url,
        organizer=organizer,
        attendees=[attendee],
        classification=CLASS.PRIVATE,
        status=STATUS.CONFIRMED,
        transparency=TRANSP.OPAQUE,
    )
    calendar.add_component(entry)
    return calendar


def _rate(events: list[Event], build: Callable[[Event], bytes]) -> float:
    began = time.process_time()
    for event in events:
        build(event)
    return len(events) / (time.process_time() - began)
