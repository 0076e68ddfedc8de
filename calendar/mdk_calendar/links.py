"""Owns the answer link of an invitation: whose answer it may record, to which sending, and for how long."""

from datetime import timedelta
from typing import Final

from mdk import tokens
from mdk.settings import Settings
from mdk_calendar.events import Event

# The link outlives the meeting, so that who comes late is told that it is over and not that the link is bad.
AFTERWARDS: Final = timedelta(days=30)


def answer_link(event: Event, conference_id: str, person_id: int, settings: Settings) -> str | None:
    """The address at which this person answers this sending of an invitation; None for a cancellation.

    The same event always gives the same link, so that a repeated mail is identical. Raises `BadSetting` without a
    secret.
    """
    if event.method == "CANCEL":
        return None
    token = tokens.issue_answer(
        settings.secret_key,
        conference_id=conference_id,
        person_id=person_id,
        sequence=event.sequence,
        now=event.changed_at,
        expires_at=event.ends_at + AFTERWARDS,
        issuer=settings["BASE_URL"],
    )
    return f"{settings['BASE_URL'].rstrip('/')}/rsvp/{token}"
