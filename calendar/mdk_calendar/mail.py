"""Owns the bytes of a mail: an invitation with its calendar part, and a notice of one sentence and one link.

The same input always gives the same bytes, so that a repeated sending is recognised by its Message-ID and harmless.
"""

import hashlib
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from typing import Final, Literal

import jinja2
import msgspec

from mdk_calendar import safe
from mdk_calendar.events import Event, Language, News
from mdk_calendar.ics import SUMMARY, slot_spans, to_ics
from mdk_calendar.words import Words, words

NoticeKind = Literal[
    "case-submitted",
    "case-supplemented",
    "supplement-requested",
    "case-answered",
    "learning-sent",
    "learning-returned",
    "case-accepted",
    "case-redirected",
    "case-declined",
    "case-retriaged",
    "case-taken-back",
    "case-worsened",
    "case-ended",
    "case-revived",
    "minutes-signed",
    "minutes-added",
    "action-received",
    "follow-up-due",
    "overdue",
    "overdue-digest",
    "answer-unread",
    "treatment-departs",
    "minutes-unsigned",
    "referral-received",
    "assignment-received",
    "referral-accepted",
    "information-requested",
    "information-supplied",
    "referral-declined",
    "implant-scheduled",
    "pump-in-place",
    "referral-cancelled",
    "implant-reported",
    "assignment-accepted",
    "assignment-not-done",
    "assignment-handed-over",
    "support-asked",
    "support-answered",
    "pathway-ended",
    "pathway-resumed",
    "home-care-asked",
    "home-care-answered",
    "consultant-lost",
    "nurse-lost",
    "presenter-lost",
    "case-urgent",
    "urgent-asked",
    "urgent-begun",
    "urgent-reminder",
    "urgent-complete",
    "urgent-deadline",
    "urgent-overdue",
    "reply-counter",
    "reply-delegated",
    "conference-lacking",
    "supplement-reminder",
    "supplement-overdue",
    "keeping-passed",
]
MEETINGS: Final[frozenset[NoticeKind]] = frozenset(
    {
        "consultant-lost",
        "nurse-lost",
        "presenter-lost",
        "reply-counter",
        "reply-delegated",
        "conference-lacking",
        "minutes-unsigned",
    }
)
INBOXES: Final[frozenset[NoticeKind]] = frozenset(
    {"referral-received", "information-supplied", "assignment-received", "support-asked", "support-answered"}
)
LATE: Final[frozenset[NoticeKind]] = frozenset({"overdue", "overdue-digest"})
KEEPING: Final[frozenset[NoticeKind]] = frozenset({"keeping-passed"})
CASE_LISTS: Final[frozenset[NoticeKind]] = frozenset({"supplement-overdue"})
_POLICY: Final = SMTP.clone(cte_type="7bit")


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Word to one person that something waits for them; `key` is opaque and unique, `page_url` names no case.

    `starts_at` is when the conference that it is about begins, `contact` whom to turn to (else the organizer),
    `counts` how much is late, kind by kind, `number` that of the question that it asks.
    """

    kind: NoticeKind
    key: str
    to_email: str
    to_name: str
    organizer_email: str
    organizer_name: str
    page_url: str
    created_at: datetime
    starts_at: datetime | None = None
    number: int | None = None
    language: Language = "sv"
    contact: str = ""
    counts: dict[str, int] = {}


def message_id(event: Event) -> str:
    """The Message-ID of an invitation: one per UID, SEQUENCE and METHOD, telling none of them."""
    return _identify(f"{event.uid}\n{event.sequence}\n{event.method}", event.organizer_email)


def notice_message_id(notice: Notice) -> str:
    """The Message-ID of a notice: one per kind and key."""
    return _identify(f"{notice.kind}\n{notice.key}", notice.organizer_email)


def subject(event: Event, news: News) -> str:
    """`MDK smärta: kallelse ons 25 nov 13:00`."""
    text = words(event.language)
    return f"{SUMMARY}: {text.subject[news]} {text.short_time(event.starts_at)}"


def notice_subject(notice: Notice) -> str:
    """`MDK smärta: ett protokoll är signerat`."""
    return f"{SUMMARY}: {words(notice.language).notice[notice.kind].subject}"


def reminder_message_id(event: Event) -> str:
    """The Message-ID of a reminder: one per sending that it reminds of."""
    return _identify(f"{event.uid}\n{event.sequence}\nREMINDER", event.organizer_email)


def reminder_subject(event: Event) -> str:
    """`MDK smärta: påminnelse ons 25 nov 13:00`."""
    text = words(event.language)
    return f"{SUMMARY}: {text.reminder.subject} {text.short_time(event.starts_at)}"


def to_mail(
    event: Event, *, news: News, before: Event | None = None, answer_url: str | None = None, contact: str = ""
) -> bytes:
    """The invitation, its change or its end as an iMIP message (RFC 6047) with an .ics copy, all of it 7 bit.

    `before` is what the person knew, whose time is told beside a new one.
    `answer_url` stands in the text only, for whoever has no calendar that answers. A calendar entry is shared and
    synchronised, and what it holds others may read, so it must not hold the right to answer in someone's name.
    `contact` is whom to turn to, else the organizer.

    Raises: Unsendable when an address or link cannot be carried safely; ValueError when news and METHOD disagree.
    """
    if (event.method == "CANCEL") != (news in {"cancelled", "dropped"}):
        msg = f"{event.method} cannot carry the news {news}"
        raise ValueError(msg)
    mail_id = message_id(event)
    title = subject(event, news)
    facts = _invitation_facts(event, title, answer_url, contact)
    facts["sentence"] = words(event.language).sentence[news]
    if news == "moved" and before is not None and _time(before, event.language) != facts["time"]:
        facts["time_before"] = _time(before, event.language)
    calendar = to_ics(event)
    mail = _envelope(event.organizer_email, event.organizer_name, event.attendee_email, event.attendee_name)
    _head(mail, title=title, mail_id=mail_id, moment=event.changed_at)
    _write_body(mail, "invitation", facts)
    _add_calendar(mail, calendar, event.method)
    mail.add_attachment(calendar, maintype="application", subtype="ics", filename="mdk.ics")
    return _finished(mail, mail_id, event.language)


def to_reminder(event: Event, *, at: datetime, answer_url: str | None = None, contact: str = "") -> bytes:
    """What an invitation says once more in text and HTML, on the day before; no calendar part, since nothing changed.

    Raises: Unsendable when an address or link cannot be carried safely.
    """
    text = words(event.language)
    title, mail_id = reminder_subject(event), reminder_message_id(event)
    facts = _invitation_facts(event, title, answer_url, contact)
    facts["sentence"] = text.reminder.sentence
    if event.partstat == "NEEDS-ACTION":
        facts["sentence"] = f"{text.reminder.sentence} {text.unanswered}"
    mail = _envelope(event.organizer_email, event.organizer_name, event.attendee_email, event.attendee_name)
    _head(mail, title=title, mail_id=mail_id, moment=at)
    _write_body(mail, "invitation", facts)
    return _finished(mail, mail_id, event.language)


def to_notice(notice: Notice) -> bytes:
    """A notice as text and HTML, without a calendar part.

    Raises: Unsendable when an address or the link cannot be carried safely.
    """
    text = words(notice.language)
    title = notice_subject(notice)
    facts: dict[str, object] = {
        "language": notice.language,
        "words": text,
        "subject": title,
        "sentence": text.notice[notice.kind].sentence.format_map(
            {"when": _moment(notice), "n": notice.number, **notice.counts}
        ),
        "page_url": safe.link(notice.page_url),
        "button": _button(notice.kind, text),
        "contact": notice.contact or notice.organizer_email,
    }
    mail_id = notice_message_id(notice)
    mail = _envelope(notice.organizer_email, notice.organizer_name, notice.to_email, notice.to_name)
    _head(mail, title=title, mail_id=mail_id, moment=notice.created_at)
    _write_body(mail, "notice", facts)
    return _finished(mail, mail_id, notice.language)


def _button(kind: NoticeKind, text: Words) -> str:
    if kind == "home-care-asked":
        return text.answer
    if kind in MEETINGS:
        return text.open
    if kind in LATE:
        return text.open_late
    if kind in KEEPING:
        return text.open_keeping
    if kind in CASE_LISTS:
        return text.open_cases
    return text.open_inbox if kind in INBOXES else text.open_work


def _moment(notice: Notice) -> str:
    return words(notice.language).short_time(notice.starts_at) if notice.starts_at else ""


def _invitation_facts(event: Event, title: str, answer_url: str | None, contact: str) -> dict[str, object]:
    text = words(event.language)
    return {
        "language": event.language,
        "words": text,
        "subject": title,
        "time": _time(event, event.language),
        "time_before": None,
        "starts_at": event.starts_at.astimezone(UTC).isoformat(),
        "slots": slot_spans(event),
        "live": event.method == "REQUEST",
        "video_url": safe.link(event.video_url) if event.video_url else None,
        "cases": text.cases(event.case_count),
        "page_url": safe.link(event.page_url),
        "answer_url": safe.link(answer_url) if answer_url else None,
        "button": text.open,
        "prepare": text.prepare[event.attendee_role],
        "contact": contact or event.organizer_email,
    }


def _time(event: Event, language: Language) -> str:
    return words(language).long_time(event.starts_at, event.ends_at)


def _envelope(from_email: str, from_name: str, to_email: str, to_name: str) -> EmailMessage:
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = _mailbox(from_email, from_name)
    mail["To"] = _mailbox(to_email, to_name)
    return mail


def _mailbox(email: str, shown: str) -> Address:
    return Address(display_name=safe.name(shown), addr_spec=safe.address(email))


def _head(mail: EmailMessage, *, title: str, mail_id: str, moment: datetime) -> None:
    mail["Subject"] = title
    mail["Date"] = format_datetime(moment.astimezone(UTC))
    mail["Message-ID"] = mail_id
    mail["Auto-Submitted"] = "auto-generated"


def _write_body(mail: EmailMessage, template: str, facts: dict[str, object]) -> None:
    mail.set_content(_templates().get_template(f"{template}.txt").render(facts))
    mail.add_alternative(_templates().get_template(f"{template}.html").render(facts), subtype="html")


def _add_calendar(mail: EmailMessage, calendar: bytes, method: str) -> None:
    """The part that makes it an invitation; its type is set by hand, since the library would quote the method."""
    mail.add_alternative(calendar, maintype="text", subtype="calendar")
    part = list(mail.iter_parts())[-1]
    del part["Content-Type"]
    part.set_raw("Content-Type", f"text/calendar; method={method}; charset=utf-8")


def _finished(mail: EmailMessage, mail_id: str, language: Language) -> bytes:
    """Fixed boundaries instead of random ones; `=_` cannot stand in base64 or quoted-printable."""
    seed = hashlib.sha256(mail_id.encode()).hexdigest()[:24]
    for place, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_mdk_{seed}_{place}")
    mail["Content-Language"] = language
    return mail.as_bytes()


def _identify(seed: str, organizer_email: str) -> str:
    domain = safe.address(organizer_email).rpartition("@")[2]
    return f"<{hashlib.sha256(seed.encode()).hexdigest()[:32]}@{domain}>"


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("mdk_calendar"),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
