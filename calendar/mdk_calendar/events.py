"""Owns what one person is told of one conference, and when a change of it concerns them."""

from datetime import datetime
from typing import Literal

import msgspec

from mdk.conferences.answer_structs import Slot, Times
from mdk_calendar import safe

Method = Literal["REQUEST", "CANCEL"]
Role = Literal["chair", "consultant", "deputy", "member", "presenter"]
Partstat = Literal["NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"]
Language = Literal["sv", "en"]
News = Literal["invited", "moved", "changed", "cancelled", "dropped"]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What one person is told of one conference; times are aware, links absolute, nothing tells of a patient.

    `starts_at` to `ends_at` is this person's part: the whole meeting, or from the first own slot to the end of the
    last. `changed_at` is when this sequence came to be; with it the same event always gives the same bytes.
    """

    uid: str
    sequence: int
    method: Method
    starts_at: datetime
    ends_at: datetime
    attendee_email: str
    attendee_name: str
    attendee_role: Role
    organizer_email: str
    organizer_name: str
    page_url: str
    case_count: int
    changed_at: datetime
    video_url: str | None = None
    partstat: Partstat = "NEEDS-ACTION"
    slots: tuple[Slot, ...] = ()
    language: Language = "sv"

    def __post_init__(self) -> None:
        """Refuse what no calendar could hold: naive or reversed times, a falling sequence, a broken UID."""
        times = (self.starts_at, self.ends_at, self.changed_at, *(slot.starts_at for slot in self.slots))
        if any(moment.tzinfo is None for moment in times):
            msg = "every time of an event is aware"
            raise ValueError(msg)
        if self.ends_at <= self.starts_at or self.sequence < 0 or self.case_count < 0:
            msg = "an event ends after it starts and counts from zero"
            raise ValueError(msg)
        safe.address(self.uid)

    @property
    def times(self) -> Times:
        """When the person takes part; an answer to the event is an answer to these."""
        return Times(self.starts_at, self.ends_at, self.slots)


def differs(told: Event | None, now: Event) -> bool:
    """Whether a mail is owed: start, end, own slots, link or status changed for this person.

    A changed number of cases, name, role or answer alone sends nothing (contract, "Calendar messages").
    """
    if told is None:
        return now.method == "REQUEST"
    return _place_and_time(told) != _place_and_time(now)


def news(told: Event | None, now: Event, *, conference_cancelled: bool) -> News:
    """What kind of news `now` is to someone who was last told `told`."""
    if now.method == "CANCEL":
        return "cancelled" if conference_cancelled else "dropped"
    if told is None or told.method == "CANCEL":
        return "invited"
    return "moved" if told.times != now.times else "changed"


def _place_and_time(event: Event) -> tuple[object, ...]:
    if event.method == "CANCEL":
        return ("CANCEL",)
    return (event.times, event.video_url, event.attendee_email)
