"""Owns the events and notices that the tests of invitations start from."""

from datetime import UTC, datetime, timedelta
from typing import Any

from mdk.conferences.answer_structs import Slot
from mdk_calendar.events import Event
from mdk_calendar.mail import Notice

START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)  # 13:00 in Stockholm


def event(**changes: Any) -> Event:
    """A presenter's invitation to one hour with two own slots, changed as told."""
    start = changes.get("starts_at", START)
    given: dict[str, Any] = {
        "uid": "f0a1b2c3d4e5@mdk.example",
        "sequence": 0,
        "method": "REQUEST",
        "starts_at": start,
        "ends_at": start + timedelta(hours=1),
        "attendee_email": "remittent.vaxjo@demo.mdk",
        "attendee_name": "Åsa Öström",
        "attendee_role": "presenter",
        "organizer_email": "mdk@demo.mdk",
        "organizer_name": "MDK smärta",
        "page_url": "https://mdk.example/conferences/k1",
        "video_url": "https://video.example/mdk",
        "case_count": 2,
        "slots": (Slot(start, 15), Slot(start + timedelta(minutes=45), 15)),
        "changed_at": datetime(2026, 11, 20, 8, 30, 5, 999, tzinfo=UTC),
    }
    return Event(**(given | changes))


def cancel(**changes: Any) -> Event:
    """The end of the same invitation."""
    return event(**({"method": "CANCEL", "sequence": 1} | changes))


def notice(**changes: Any) -> Notice:
    """Word of a wanted supplement, changed as told."""
    given: dict[str, Any] = {
        "kind": "supplement-requested",
        "key": "f0a1b2c3",
        "to_email": "remittent.vaxjo@demo.mdk",
        "to_name": "Åsa Öström",
        "organizer_email": "mdk@demo.mdk",
        "organizer_name": "MDK smärta",
        "page_url": "https://mdk.example/",
        "created_at": START,
    }
    return Notice(**(given | changes))
