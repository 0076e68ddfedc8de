"""Owns how people's calendars take the mails that come to them, and what no mail may do to a calendar."""

from datetime import datetime
from typing import NamedTuple

from invites.post import Invitation, parsed


class Entry(NamedTuple):
    """What a calendar shows of one event."""

    sequence: int
    live: bool
    span: tuple[datetime, datetime]
    text: str


class Calendars:
    """One calendar behind each address, all empty at first.

    `news` tells of a mail that it changes what its receiver knows; only after a delivery whose success nobody knows
    may the same be told again.
    """

    def __init__(self) -> None:
        self.at: dict[str, dict[str, Entry]] = {}
        self.told: dict[str, int] = {}  # the last SEQUENCE of each UID, wherever it went
        self.uids: dict[str, str] = {}  # of each person

    def take(self, mail: Invitation, *, person: str, is_news: bool) -> None:
        """Take a mail to a person in; fails when a calendar would be led astray by it."""
        assert self.uids.setdefault(person, mail.uid) == mail.uid, "the UID of a person and conference never changes"
        assert mail.sequence > self.told.get(mail.uid, -1), "each change that is sent has a SEQUENCE of its own"
        self.told[mail.uid] = mail.sequence
        entry = Entry(mail.sequence, mail.method == "REQUEST", (mail.starts_at, mail.ends_at), own_lines(mail))
        held = self.at.setdefault(mail.to, {})
        before = held.get(mail.uid)
        if is_news:
            assert entry.live if before is None else entry[1:] != before[1:], "told what does not concern them"
            assert entry.live or before is None or entry.span == before.span, "a CANCEL names the event as it was known"
        held[mail.uid] = entry

    def live(self) -> dict[str, tuple[tuple[datetime, datetime], str]]:
        """What stands in the calendars, by address."""
        return {
            address: (entry.span, entry.text)
            for address, held in self.at.items()
            for entry in held.values()
            if entry.live
        }


def own_lines(mail: Invitation) -> str:
    """Own slots and link: what of the text is owed to be right."""
    return "\n".join(line for line in mail.description.splitlines() if line.startswith(STARTS_OF_OWN_LINES))


STARTS_OF_OWN_LINES = ("Din tid: ", "Anslut: ", "Your time: ", "Join: ")


def calendar_of(raw: bytes) -> bytes:
    """The calendar object of an invitation, whose form as a mail is checked too (contract, "Calendar messages")."""
    message = parsed(raw)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998
    plain, copy = [part for part in message.walk() if part.get_content_subtype() in {"calendar", "ics"}]
    calendar = plain.get_payload(decode=True)
    assert isinstance(calendar, bytes)
    assert (calendar, copy.get_filename()) == (copy.get_payload(decode=True), "mdk.ics")
    assert f"mailto:{message['From'].addresses[0].addr_spec}".encode() in calendar
    assert max(map(len, calendar.split(b"\r\n"))) <= 75
    return calendar
