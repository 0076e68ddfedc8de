"""Owns the reading of an answer that a calendar program sent by mail (iMIP, RFC 6047): bytes in, an answer or why not.

Nothing here touches the store. Whoever wrote the mail is not known for certain; what it says is checked elsewhere.
"""

import email
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from typing import Any, Final, Literal

import icalendar
import msgspec

from mdk.errors import MdkError

LONGEST: Final = 64 * 1024  # bytes of a mail that is read; anything longer is not looked into
LONGEST_COMMENT: Final = 1000  # characters, as in an answer by link
LONGEST_SENDER: Final = 200
_HEAD: Final = 8 * 1024
_MOST_PARTS: Final = 50
_DEEPEST: Final = 200  # part headings in the bytes; more would only keep the parser busy
_MOST_COMPONENTS: Final = 50
_WORDS: Final = re.compile(r"^(?:BEGIN|END):", re.IGNORECASE | re.MULTILINE)
_CALENDARS: Final = re.compile(r"^BEGIN:VCALENDAR[ \t]*$", re.IGNORECASE | re.MULTILINE)
_ENDS: Final = re.compile(r"^END:VCALENDAR[ \t]*$", re.IGNORECASE | re.MULTILINE)
_CHARSETS: Final = {"us-ascii", "ascii", "utf-8", "utf8", "iso-8859-1", "latin-1", "iso-8859-15", "windows-1252"}
_ANSWERED_TWICE: Final = re.compile(r"^ATTENDEE\b.*;PARTSTAT=.*;PARTSTAT=", re.IGNORECASE | re.MULTILINE)
_PARTSTATS: Final = {"ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"}

Method = Literal["REPLY", "COUNTER"]
NoAnswerReason = Literal["no-calendar", "automatic", "returned", "not-a-reply"]
UnreadableReason = Literal[
    "too-large", "broken-mail", "encoding", "truncated", "several", "broken-calendar", "contradiction", "no-answer"
]


class NoAnswer(MdkError):
    """The mail holds no answer to an invitation; `reason` says what it is instead."""

    code = "reply.none"

    def __init__(self, reason: NoAnswerReason) -> None:
        super().__init__("Mejlet är inget kalendersvar.")
        self.reason: str = reason


class Unreadable(MdkError):
    """The mail may hold an answer, but not one that can be read for certain; `reason` says why."""

    code = "reply.unreadable"

    def __init__(self, reason: UnreadableReason) -> None:
        super().__init__("Svaret kan inte läsas säkert.")
        self.reason: str = reason


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a calendar program says for someone; addresses are in lower case, `stamp` is when it wrote this.

    `sent_by` is who answers for the attendee, `delegate` who comes instead, `proposed_at` the start that a COUNTER
    wishes for; each empty or None when the mail says nothing of it.
    """

    method: Method
    uid: str
    sequence: int
    stamp: datetime
    attendee: str
    partstat: str
    sent_by: str = ""
    comment: str = ""
    delegate: str = ""
    proposed_at: datetime | None = None


def sender(raw: bytes) -> str:
    """The one address that the mail says it is from, in lower case; empty for none, several or a broken one."""
    head = BytesHeaderParser().parsebytes(raw[:_HEAD])
    lines = head.get_all("From", [])
    found = {address.lower() for _, address in getaddresses([str(line) for line in lines]) if address}
    (address,) = found if len(lines) == len(found) == 1 else ("",)
    return address if "@" in address and address.isprintable() and len(address) <= LONGEST_SENDER else ""


def digest(raw: bytes) -> str:
    """What a mail is known by when it comes again by another way: its sender and calendar, or else all of it."""
    try:
        by = sender(raw)
        said = f"{by}\n{_calendar_text(_opened(raw))[0]}".encode() if by else raw
    except (NoAnswer, Unreadable):
        said = raw
    return hashlib.sha256(said).hexdigest()


def read(raw: bytes) -> Reply:
    """The answer in a mail. Raises `NoAnswer`, `Unreadable`."""
    text, declared = _calendar_text(_opened(raw))
    return _reply(_calendar(text), declared)


def _opened(raw: bytes) -> Message:
    if len(raw) > LONGEST:
        raise Unreadable("too-large")
    if raw.lower().count(b"content-type:") > _DEEPEST:
        raise Unreadable("broken-mail")
    try:
        mail = email.message_from_bytes(raw)
        parts = list(_parts(mail))
    except Exception as fault:
        # Whatever a hostile mail makes the parser raise, up to RecursionError, it is this mail that is broken.
        raise Unreadable("broken-mail") from fault
    if len(parts) > _MOST_PARTS:
        raise Unreadable("broken-mail")
    return mail


def _parts(mail: Message) -> Iterator[Message]:
    """The parts of a mail; what stands in a forwarded message is someone else's and left out."""
    payload: Any = mail.get_payload()
    if mail.get_content_maintype() == "multipart" and isinstance(payload, list):
        for part in payload:
            yield from _parts(part)
    elif mail.get_content_maintype() != "message":
        yield mail


def _calendar_text(mail: Message) -> tuple[str, str]:
    """The mail's one calendar object with LF line ends, and the method that the mail's part names, if any."""
    parts = [part for part in _parts(mail) if part.get_content_type() == "text/calendar"]
    parts = parts or [part for part in _parts(mail) if _is_file(part)]
    if not parts:
        raise NoAnswer(_instead(mail))
    texts = {_text(part) for part in parts}
    if len(texts) > 1:
        raise Unreadable("several")
    method = parts[0].get_param("method", "")
    return texts.pop(), method.upper() if isinstance(method, str) else ""


def _is_file(part: Message) -> bool:
    return part.get_content_type() == "application/ics" or (part.get_filename() or "").lower().endswith(".ics")


def _instead(mail: Message) -> NoAnswerReason:
    if mail.get_content_type() == "multipart/report":
        return "returned"
    answers_itself = str(mail.get("Auto-Submitted", "no")).strip().lower() != "no"
    return "automatic" if answers_itself or mail.get("X-Autoreply") else "no-calendar"


def _text(part: Message) -> str:
    charset = str(part.get_param("charset", "utf-8")).strip().lower()
    content = part.get_payload(decode=True)
    if charset not in _CHARSETS or not isinstance(content, bytes):
        raise Unreadable("encoding")
    try:
        text = content.decode("utf-8-sig" if charset in {"utf-8", "utf8", "ascii", "us-ascii"} else charset)
    except UnicodeDecodeError as fault:
        raise Unreadable("encoding") from fault
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").strip("\n \t")
    if "\x00" in text:
        raise Unreadable("encoding")
    return text


def _calendar(text: str) -> icalendar.Calendar:
    if not text:
        raise NoAnswer("no-calendar")
    if len(_CALENDARS.findall(text)) > 1:
        raise Unreadable("several")
    if not _CALENDARS.match(text):
        raise Unreadable("broken-calendar")
    if not _ENDS.search(text):
        raise Unreadable("truncated")
    if len(_WORDS.findall(text)) > 2 * _MOST_COMPONENTS:
        raise Unreadable("broken-calendar")
    if _ANSWERED_TWICE.search(re.sub(r"\n[ \t]", "", text)):
        raise Unreadable("several")
    try:
        return icalendar.Calendar.from_ical(text.replace("\n", "\r\n"))
    except Exception as fault:
        raise Unreadable("broken-calendar") from fault


def _reply(calendar: icalendar.Calendar, declared: str) -> Reply:
    method = str(calendar.get("METHOD", "")).strip().upper()
    if method not in {"REPLY", "COUNTER"}:
        raise NoAnswer("not-a-reply")
    if declared not in {"", method}:
        raise Unreadable("contradiction")
    event = _only(part for part in calendar.subcomponents if part.name == "VEVENT")
    if event.errors or calendar.errors or "RECURRENCE-ID" in event:
        raise Unreadable("broken-calendar")
    attendee = _only(_every(event, "ATTENDEE"))
    try:
        return _said(method, event, attendee)
    except Unreadable:
        raise
    except Exception as fault:
        # A property that is there twice, or of another type than it may have, fails in as many ways.
        raise Unreadable("broken-calendar") from fault


def _said(method: str, event: Any, attendee: Any) -> Reply:
    partstat = str(attendee.params.get("PARTSTAT", "")).strip().upper()
    if method == "REPLY" and partstat not in _PARTSTATS:
        raise Unreadable("no-answer")
    comments = [str(each) for each in _every(event, "COMMENT")] or [str(attendee.params.get("X-RESPONSE-COMMENT", ""))]
    return Reply(
        method="COUNTER" if method == "COUNTER" else "REPLY",
        uid=str(_only(_every(event, "UID"))).strip(),
        sequence=int(event.get("SEQUENCE", 0)),
        stamp=_instant(_only(_every(event, "DTSTAMP")).dt),
        attendee=_address(str(attendee)),
        partstat=partstat if partstat in _PARTSTATS else "",
        sent_by=_address(str(attendee.params.get("SENT-BY", ""))),
        comment=_plain("\n".join(comments)),
        delegate=_address(_first(attendee.params.get("DELEGATED-TO", ""))),
        proposed_at=_proposed(event) if method == "COUNTER" else None,
    )


def _every(event: Any, name: str) -> list[Any]:
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]


def _only(found: Any) -> Any:
    every = list(found)
    if len(every) != 1:
        raise Unreadable("broken-calendar" if not every else "several")
    return every[0]


def _instant(moment: Any) -> datetime:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise Unreadable("broken-calendar")
    return moment.astimezone(UTC)


def _proposed(event: Any) -> datetime | None:
    """The wished start; None for one whose time zone is not known, since a guess could be hours off."""
    start = _every(event, "DTSTART")
    moment = start[0].dt if len(start) == 1 else None
    known = isinstance(moment, datetime) and moment.utcoffset() is not None
    return moment.astimezone(UTC) if known and moment else None


def _first(found: Any) -> str:
    return str(found[0]) if isinstance(found, list) and found else str(found)


def _address(found: str) -> str:
    plain = re.sub(r"^\s*mailto:\s*", "", found.strip().strip('"'), flags=re.IGNORECASE).strip().lower()
    return plain if plain.isprintable() and len(plain) <= LONGEST_SENDER else ""


def _plain(text: str) -> str:
    """A comment as people may read it: visible characters, tabs and line breaks, cut where an answer's would be."""
    kept = "".join(letter for letter in text if letter in "\n\t" or letter.isprintable())
    return kept.strip()[:LONGEST_COMMENT].rstrip()
