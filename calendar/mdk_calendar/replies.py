"""Owns what becomes of an answer by mail: recorded, ignored, noted for the coordinator, refused or set aside, and why.

Every mail leaves one row that says so; what a person must look at stays open until the coordinator has settled it.
"""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did, refused, seen
from mdk.audit.structs import Actor
from mdk.conferences.answer_structs import GivenAnswer
from mdk.conferences.answers import record
from mdk.conferences.tables import Conference, Participation
from mdk.errors import NotFound
from mdk.outbox.service import notice
from mdk.people.queries import holders
from mdk.people.rules import check_role
from mdk.people.structs import Role, Viewer
from mdk.people.tables import Person
from mdk_calendar import imip
from mdk_calendar.events import Event
from mdk_calendar.ledger import remembered
from mdk_calendar.rsvp import closed_reason
from mdk_calendar.tables import Fate, MailReply, Told

BY_MAIL: Final = Actor(surface="mail")
_AHEAD: Final = timedelta(days=1)  # a clock that is further ahead would make every later answer look old
_OPEN: Final = (Fate.NOTED, Fate.REFUSED, Fate.QUARANTINED)


class Taken(NamedTuple):
    """What became of one mail and why; `is_new` is False for one that had come before."""

    fate: Fate
    reason: str
    is_new: bool = True


class OpenReply(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that the coordinator has to look at: from whom, about which conference, what it says and why it waits."""

    id: int
    received_at: datetime
    sender: str
    fate: str
    reason: str
    partstat: str
    comment: str
    delegate: str
    proposed_at: datetime | None
    conference: str | None
    starts_at: datetime | None
    person: str | None
    email: str | None


class _Matched(NamedTuple):
    """Whose answer to which conference it is, as all three stand now, and what they were last told."""

    conference: Conference
    part: Participation
    person: Person
    event: Event


class _Mail(NamedTuple):
    """One mail as it came: its bytes, what it is known by, the way it took and when."""

    raw: bytes
    key: str
    by: Actor
    at: datetime


class _Verdict(NamedTuple):
    fate: Fate
    reason: str


def ingest(session: Session, raw: bytes, *, size: int = 0, by: Actor = BY_MAIL, at: datetime) -> Taken:
    """Take in one raw mail and keep what became of it; the mail itself is not kept.

    `size` is the mail's length where `raw` is only its beginning. The same mail again changes nothing. An answer by
    mail never goes before a newer one by any way. Whoever sent it is believed as far as mail can be: the sender is the
    attendee, or named as answering for them.
    """
    mail = _Mail(raw, imip.digest(raw), by, at)
    try:
        reply = _read(raw, size)
    except (imip.NoAnswer, imip.Unreadable) as fault:
        return _before(session, mail) or _keep(session, mail, _unread(fault))
    matched = _matched(session, reply)
    known = _before(session, mail)
    if known:
        return known
    verdict = _judge(session, mail, reply, matched)
    taken = _keep(session, mail, verdict, reply, matched)
    if verdict.fate == Fate.RECORDED and matched is not None:
        _record(session, mail, reply, matched)
    return taken


def waiting(session: Session, *, by: Viewer, at: datetime) -> list[OpenReply]:
    """The mails that wait for the coordinator, oldest first; they hold no patient. Raises `NotAllowed`."""
    check_role("outbox.read", by)
    seen(session, "reply.read", by=by, at=at)
    return _rows(session)


def noted_about(session: Session, conference_id: str) -> list[OpenReply]:
    """The wishes for another time or another person that wait at one conference."""
    return [row for row in _rows(session) if row.conference == conference_id and row.fate == Fate.NOTED]


def count_waiting(session: Session) -> int:
    """How many mails wait for the coordinator."""
    return session.scalar(select(func.count()).where(*_is_open())) or 0


def load_reply(session: Session, reply_id: int, *, by: Viewer) -> MailReply:
    """One mail, for an act on it. Raises `NotAllowed`, `NotFound`."""
    check_role("outbox.read", by)
    row = session.get(MailReply, reply_id)
    if row is None:
        raise NotFound
    return row


def settle(session: Session, *, reply_id: int, by: Viewer, at: datetime) -> None:
    """Count a mail as looked after; again changes nothing. Raises `NotAllowed`, `NotFound`."""
    row = load_reply(session, reply_id, by=by)
    row.settled_at = row.settled_at or at
    did(session, "reply.settle", by=by, at=at)


def _read(raw: bytes, size: int) -> imip.Reply:
    if size > imip.LONGEST:
        raise imip.Unreadable("too-large")
    return imip.read(raw)


def _unread(fault: imip.NoAnswer | imip.Unreadable) -> _Verdict:
    if isinstance(fault, imip.Unreadable):
        return _Verdict(Fate.QUARANTINED, fault.reason)
    return _Verdict(Fate.IGNORED if fault.reason == "automatic" else Fate.REFUSED, fault.reason)


def _before(session: Session, mail: _Mail) -> Taken | None:
    row = session.scalars(select(MailReply).where(col(MailReply.digest) == mail.key)).first()
    return None if row is None else Taken(Fate(row.fate), row.reason, is_new=False)


def _matched(session: Session, reply: imip.Reply) -> _Matched | None:
    """Whom the UID was given to; locked like a telling, so that no answer passes a change that is being told."""
    told = session.scalars(select(Told).where(col(Told.uid) == reply.uid)).first()
    if told is None:
        return None
    conference = session.get_one(Conference, told.conference_id, with_for_update=True)
    session.refresh(told)
    part = session.get_one(Participation, (told.conference_id, told.person_id))
    person = session.get_one(Person, told.person_id)
    return _Matched(conference, part, person, remembered(told).event)


def _judge(session: Session, mail: _Mail, reply: imip.Reply, matched: _Matched | None) -> _Verdict:
    if matched is None:
        return _Verdict(Fate.REFUSED, "unknown-uid")
    return _mistrust(mail, reply, matched) or _stale(session, mail, reply, matched) or _believed(reply)


def _mistrust(mail: _Mail, reply: imip.Reply, matched: _Matched) -> _Verdict | None:
    """Why it cannot be this person's answer to what they were sent; None when it may be."""
    if reply.attendee not in {matched.event.attendee_email.lower(), matched.person.email.lower()}:
        return _Verdict(Fate.REFUSED, "stranger")
    if imip.sender(mail.raw) not in {reply.attendee, reply.sent_by} - {""}:
        return _Verdict(Fate.REFUSED, "forged")
    if reply.stamp > mail.at + _AHEAD:
        return _Verdict(Fate.QUARANTINED, "clock")
    return _Verdict(Fate.REFUSED, "not-sent-yet") if reply.sequence > matched.event.sequence else None


def _stale(session: Session, mail: _Mail, reply: imip.Reply, matched: _Matched) -> _Verdict | None:
    """Why it changes nothing any more; None when it does."""
    closed = closed_reason(matched.conference, matched.person, matched.part, mail.at)
    if closed or matched.event.method == "CANCEL":
        return _Verdict(Fate.IGNORED, closed or "cancelled")
    is_older = reply.sequence < matched.event.sequence or _is_older(session, reply, matched)
    return _Verdict(Fate.IGNORED, "older") if is_older else None


def _believed(reply: imip.Reply) -> _Verdict:
    if reply.method == "COUNTER":
        return _Verdict(Fate.NOTED, "counter")
    return _Verdict(Fate.NOTED, "delegated") if reply.partstat == "DELEGATED" else _Verdict(Fate.RECORDED, "")


def _is_older(session: Session, reply: imip.Reply, matched: _Matched) -> bool:
    """Whether the person has said something newer, by mail or by another way."""
    part = matched.part
    if part.answered_at and part.answered_via != "mail" and reply.stamp < part.answered_at.replace(microsecond=0):
        return True
    last = session.scalar(
        select(func.max(MailReply.stamp)).where(
            col(MailReply.conference_id) == matched.conference.id,
            col(MailReply.person_id) == matched.person.id,
            col(MailReply.fate).in_([Fate.RECORDED, Fate.NOTED]),
        )
    )
    return last is not None and reply.stamp < last


def _keep(
    session: Session,
    mail: _Mail,
    verdict: _Verdict,
    reply: imip.Reply | None = None,
    matched: _Matched | None = None,
) -> Taken:
    row = MailReply(
        digest=mail.key,
        received_at=mail.at,
        sender=imip.sender(mail.raw),
        fate=verdict.fate,
        reason=verdict.reason,
        settled_at=None if verdict.fate in _OPEN else mail.at,
    )
    if reply is not None:
        row.stamp, row.partstat, row.comment = reply.stamp, reply.partstat, reply.comment
        row.delegate, row.proposed_at = reply.delegate, reply.proposed_at
    if matched is not None:
        row.conference_id, row.person_id = matched.conference.id, matched.person.id
    session.add(row)
    session.flush()
    if verdict.fate in {Fate.REFUSED, Fate.QUARANTINED}:
        refused(session, "conference.reply", by=mail.by, at=mail.at)
    else:
        did(session, "reply.take-in", by=mail.by, at=mail.at)
    if verdict.fate == Fate.NOTED and matched is not None:
        _tell_planners(session, matched.conference, f"reply-{verdict.reason}", at=mail.at)
    return Taken(*verdict)


def _record(session: Session, mail: _Mail, reply: imip.Reply, matched: _Matched) -> None:
    record(
        session,
        conference_id=matched.conference.id,
        person_id=matched.part.person_id,
        given=GivenAnswer(partstat=reply.partstat, comment=reply.comment, via="mail", to=matched.event.times),
        by=msgspec.structs.replace(mail.by, person_id=matched.part.person_id),
        at=mail.at,
    )


def _tell_planners(session: Session, conference: Conference, kind: str, *, at: datetime) -> None:
    planners = {line.person_id for line in holders(session, Role.COORDINATOR)} | {conference.chair_id}
    for person_id in sorted(planners):
        notice(session, kind, person_id=person_id, key=conference.id, at=at)


def _rows(session: Session) -> list[OpenReply]:
    names = [name for name in OpenReply.__struct_fields__ if name in MailReply.model_fields]
    rows = session.execute(
        select(
            *[getattr(MailReply, name).label(name) for name in names],
            col(MailReply.conference_id).label("conference"),
            col(Conference.starts_at),
            col(Person.name).label("person"),
            col(Person.email),
        )
        .outerjoin(Conference, col(Conference.id) == col(MailReply.conference_id))
        .outerjoin(Person, col(Person.id) == col(MailReply.person_id))
        .where(*_is_open())
        .order_by(col(MailReply.id))
        .limit(200)
    )
    return [OpenReply(**row) for row in rows.mappings()]


def _is_open() -> tuple[Any, ...]:
    return col(MailReply.settled_at).is_(None), col(MailReply.fate).in_(_OPEN)
