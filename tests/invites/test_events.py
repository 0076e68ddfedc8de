"""Which change concerns a person, and what it is called."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from invites.sample import START, cancel, event
from mdk.conferences.answer_structs import Slot
from mdk_calendar.events import Event, differs, news


@pytest.mark.parametrize(
    ("changes", "owed"),
    [
        ({}, False),
        ({"case_count": 5}, False),
        ({"attendee_name": "Åsa Ek", "attendee_role": "member", "partstat": "ACCEPTED"}, False),
        ({"sequence": 4, "changed_at": START}, False),
        ({"starts_at": START + timedelta(minutes=15), "ends_at": START + timedelta(hours=1)}, True),
        ({"ends_at": START + timedelta(minutes=30)}, True),
        ({"slots": (Slot(START, 20), Slot(START + timedelta(minutes=45), 15))}, True),
        ({"video_url": "https://video.example/nytt"}, True),
        ({"video_url": None}, True),
        ({"attendee_email": "ny@demo.mdk"}, True),
        ({"method": "CANCEL"}, True),
    ],
)
def test_a_mail_is_owed_only_for_what_concerns_the_person(changes: dict[str, Any], owed: bool) -> None:  # noqa: FBT001
    assert differs(event(), event(**changes)) is owed


def test_someone_never_told_is_owed_an_invitation_but_no_cancellation() -> None:
    assert (differs(None, event()), differs(None, cancel())) == (True, False)


def test_someone_already_told_of_the_end_is_owed_nothing_more_until_put_back() -> None:
    assert (differs(cancel(), cancel(sequence=2, starts_at=START)), differs(cancel(), event(sequence=2))) == (
        False,
        True,
    )


@pytest.mark.parametrize(
    ("told", "now", "cancelled", "called"),
    [
        (None, event(), False, "invited"),
        (cancel(), event(sequence=2), False, "invited"),
        (event(), event(ends_at=START + timedelta(hours=2)), False, "moved"),
        (event(), event(slots=(Slot(START, 60),)), False, "moved"),
        (event(), event(video_url="https://video.example/nytt"), False, "changed"),
        (event(), cancel(), True, "cancelled"),
        (event(), cancel(), False, "dropped"),
    ],
)
def test_each_change_has_its_name(told: Event | None, now: Event, cancelled: bool, called: str) -> None:  # noqa: FBT001
    assert news(told, now, conference_cancelled=cancelled) == called


def test_an_event_survives_being_stored_as_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(event()), type=Event) == event()
