"""Owns what a notice becomes: one mail of a sentence and a link, to one person, naming no case."""

from datetime import datetime
from typing import Final, cast, get_args

import msgspec
from sqlalchemy.orm import Session

from mdk.conferences.tables import Conference
from mdk.journey.readings import is_unread
from mdk.journey.reviews import still_owed
from mdk.outbox import service as outbox
from mdk.outbox.tables import OutboxRow
from mdk.people.tables import Person
from mdk.settings import Settings
from mdk_calendar import safe
from mdk_calendar.ics import SUMMARY
from mdk_calendar.mail import MEETINGS, Notice, NoticeKind, notice_message_id, notice_subject, to_notice

TOPIC: Final = "notice."
GONE: Final = "Personen är inte längre aktiv i systemet. Meddela den som har tagit över."
_KINDS: Final = frozenset(get_args(NoticeKind))
_PAGES: Final[dict[str, str]] = {
    **dict.fromkeys(("referral-received", "information-supplied"), "/referrals"),
    **dict.fromkeys(("assignment-received", "support-asked", "support-answered"), "/assignments-inbox"),
}
_REMINDERS: Final = frozenset({"urgent-reminder", "urgent-deadline"})
_UNREAD: Final = "answer-unread"
_UNKNOWN: Final = "Meddelandet är av ett slag som systemet inte känner."


def write(session: Session, row: OutboxRow, *, settings: Settings, at: datetime) -> None:
    """Turn a claimed notice into the mail that it owes; one that cannot be sent is given up with the reason.

    A reminder whose reason has passed meanwhile is settled without a mail. The link leads to the person's work or
    inbox, which show what waits once they have signed in.
    """
    kind = row.topic.removeprefix(TOPIC)
    person = session.get(Person, row.person_id)
    if kind not in _KINDS or person is None or not person.active:
        outbox.given_up(session, row.id or 0, error=GONE if kind in _KINDS else _UNKNOWN)
        return
    if not _holds(session, kind, row.key, person.id or 0):
        outbox.settled(session, row.id or 0, at=at)
        return
    notice = _notice(row, cast("NoticeKind", kind), person, settings)
    if kind in MEETINGS:
        notice = _of_meeting(session, notice, row.key, settings)
    try:
        mail_id, message = notice_message_id(notice), to_notice(notice).decode("ascii")
    except safe.Unsendable as fault:
        outbox.given_up(session, row.id or 0, error=fault.message)
        return
    outbox.mail(
        session,
        key=row.topic,
        person_id=person.id or 0,
        recipient=person.email,
        subject=notice_subject(notice),
        message_id=mail_id,
        message=message,
        at=at,
    )
    outbox.settled(session, row.id or 0, at=at)


def _holds(session: Session, kind: str, key: str, person_id: int) -> bool:
    """Whether the reason of a reminder still holds; whatever is no reminder does."""
    if kind == _UNREAD:
        return is_unread(session, key)
    return kind not in _REMINDERS or still_owed(session, kind, key, person_id)


def _notice(row: OutboxRow, kind: NoticeKind, person: Person, settings: Settings) -> Notice:
    return Notice(
        kind=kind,
        key=f"{row.id} {row.created_at.isoformat()}",  # not row.key: two of a kind about one case are two mails
        to_email=person.email,
        to_name=person.name,
        organizer_email=settings["ORGANIZER"],
        organizer_name=SUMMARY,
        page_url=settings["BASE_URL"].rstrip("/") + _PAGES.get(kind, "/"),
        created_at=row.created_at,
        language="en" if person.language == "en" else "sv",
    )


def _of_meeting(session: Session, notice: Notice, conference_id: str, settings: Settings) -> Notice:
    """A notice about a conference says when it is and leads to its page."""
    conference = session.get_one(Conference, conference_id)
    page_url = f"{settings['BASE_URL'].rstrip('/')}/conferences/{conference.id}"
    return msgspec.structs.replace(notice, page_url=page_url, starts_at=conference.starts_at)
