"""Owns what a notice becomes: one mail of a sentence and a link, to one person, naming no case; or a reminder."""

from datetime import datetime
from typing import Final, NamedTuple, cast, get_args

import msgspec
from sqlalchemy.orm import Session

from mdk.conferences.tables import Conference, Participation
from mdk.journey import reviews
from mdk.journey import watch as watched
from mdk.journey.readings import is_unread
from mdk.minutes.quality import has_unsigned
from mdk.outbox import service as outbox
from mdk.outbox.tables import OutboxRow
from mdk.people.tables import Person
from mdk.settings import Settings
from mdk_calendar import reminders, safe, watch
from mdk_calendar.events import Partstat
from mdk_calendar.ics import SUMMARY
from mdk_calendar.ledger import language_of
from mdk_calendar.links import answer_link
from mdk_calendar.mail import (
    MEETINGS,
    Notice,
    NoticeKind,
    notice_message_id,
    notice_subject,
    reminder_message_id,
    reminder_subject,
    to_notice,
    to_reminder,
)
from mdk_calendar.queries import current_invitation

TOPIC: Final = "notice."
GONE: Final = "Personen är inte längre aktiv i systemet. Meddela den som har tagit över."
_KINDS: Final = frozenset(get_args(NoticeKind)) | {reminders.MEETING}
_PAGES: Final[dict[str, str]] = {
    **dict.fromkeys(("referral-received", "information-supplied"), "/referrals"),
    **dict.fromkeys(("learning-sent", "learning-returned"), "/learning"),
    **dict.fromkeys(("assignment-received", "support-asked", "support-answered"), "/assignments-inbox"),
    "supplement-overdue": "/cases",
    "keeping-passed": "/keeping",
    **dict.fromkeys(("overdue", "overdue-digest"), "/overdue"),
}
_OF_REVIEWS: Final = frozenset({"urgent-reminder", "urgent-deadline", "urgent-overdue"})
_UNREAD: Final = "answer-unread"
_UNSIGNED: Final = "minutes-unsigned"
_UNKNOWN: Final = "Meddelandet är av ett slag som systemet inte känner."


class _Letter(NamedTuple):
    """A finished mail."""

    subject: str
    message_id: str
    message: bytes


def write(session: Session, row: OutboxRow, *, settings: Settings, at: datetime) -> None:
    """Turn a claimed notice into the mail that it owes; one that cannot be sent is given up with the reason.

    A reminder whose reason has passed meanwhile is settled without a mail. All that is late is told a person in one
    mail, however much it is. The link leads to the person's work or
    inbox, which show what waits once they have signed in.
    """
    kind = row.topic.removeprefix(TOPIC)
    person = session.get(Person, row.person_id)
    if kind not in _KINDS or person is None or not person.active:
        outbox.given_up(session, row.id or 0, error=GONE if kind in _KINDS else _UNKNOWN)
        return
    try:
        letter = _letter(session, row, kind, person, settings) if _is_owed(session, row, kind, at) else None
    except safe.Unsendable as fault:
        outbox.given_up(session, row.id or 0, error=fault.message)
        return
    if letter is not None:
        outbox.mail(
            session,
            key=row.topic,
            person_id=person.id or 0,
            recipient=person.email,
            subject=letter.subject,
            message_id=letter.message_id,
            message=letter.message.decode("ascii"),
            at=at,
        )
        if kind in watch.KINDS:
            outbox.settle_alike(session, row, at=at)
    outbox.settled(session, row.id or 0, at=at)


def _is_owed(session: Session, row: OutboxRow, kind: str, at: datetime) -> bool:
    """Whether the reason of a reminder still holds; whatever is no reminder does."""
    if kind == _UNREAD:
        return is_unread(session, row.key)
    if kind == _UNSIGNED:
        return has_unsigned(session, row.key, chair_id=row.person_id or 0)
    if kind in reminders.KINDS:
        return reminders.still_owed(session, row, at=at)
    if kind in watch.KINDS:
        return watch.still_owed(session, row, at=at)
    return kind not in _OF_REVIEWS or reviews.still_owed(session, kind, row.key, row.person_id or 0)


def _letter(session: Session, row: OutboxRow, kind: str, person: Person, settings: Settings) -> _Letter | None:
    if kind == reminders.MEETING:
        return _reminder(session, row, person, settings)
    notice = _notice(row, cast("NoticeKind", kind), person, settings)
    if kind == watch.DIGEST:
        notice = _with_counts(session, notice, row)
    if kind in MEETINGS:
        notice = _of_meeting(session, notice, row.key, settings)
    return _Letter(notice_subject(notice), notice_message_id(notice), to_notice(notice))


def _reminder(session: Session, row: OutboxRow, person: Person, settings: Settings) -> _Letter | None:
    """What the person was last told, once more; None for someone who was told nothing that holds."""
    told = current_invitation(session, row.key, person.id or 0)
    if told is None or told.method == "CANCEL":
        return None
    part = session.get_one(Participation, (row.key, person.id))
    event = msgspec.structs.replace(
        told,
        attendee_email=person.email,
        attendee_name=person.name,
        partstat=cast("Partstat", part.partstat),
        language=language_of(person),
    )
    link = answer_link(told, row.key, person.id or 0, settings)
    message = to_reminder(event, at=row.created_at, answer_url=link, contact=settings.contact)
    return _Letter(reminder_subject(event), reminder_message_id(event), message)


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
        language=language_of(person),
        contact=settings.contact,
    )


def _with_counts(session: Session, notice: Notice, row: OutboxRow) -> Notice:
    """The week's digest says how much was late when it was owed."""
    counts = watched.counts(watched.late(session, at=row.created_at))
    return msgspec.structs.replace(notice, counts={str(kind): n for kind, n in counts.items()})


def _of_meeting(session: Session, notice: Notice, conference_id: str, settings: Settings) -> Notice:
    """A notice about a conference says when it is and leads to its page."""
    conference = session.get_one(Conference, conference_id)
    page_url = f"{settings['BASE_URL'].rstrip('/')}/conferences/{conference.id}"
    return msgspec.structs.replace(notice, page_url=page_url, starts_at=conference.starts_at)
