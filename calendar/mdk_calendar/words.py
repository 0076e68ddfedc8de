"""Owns how times and sentences read in mails and calendars, in Swedish and English."""

import tomllib
from datetime import datetime
from functools import cache
from importlib.resources import files

import msgspec

from mdk.clock import STOCKHOLM
from mdk_calendar.events import Language, News, Role


class NoticeWords(msgspec.Struct, frozen=True):
    """A notice's half of a subject line, and its one sentence."""

    subject: str
    sentence: str


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One language's words."""

    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    clock: str
    product: str
    when: str
    before: str
    slot: str
    slots: str
    join: str
    join_later: str
    page: str
    open: str
    open_work: str
    open_inbox: str
    open_cases: str
    open_late: str
    open_keeping: str
    one_case: str
    many_cases: str
    place: str
    login: str
    login_or_link: str
    answer: str
    answer_button: str
    unanswered: str
    prepares: str
    prepare: dict[Role, str]
    questions: str
    footer: str
    reminder: NoticeWords
    subject: dict[News, str]
    sentence: dict[News, str]
    notice: dict[str, NoticeWords]
    rsvp: dict[str, str]

    def cases(self, count: int) -> str:
        """A number of cases in words."""
        return self.one_case if count == 1 else self.many_cases.format(n=count)

    def short_time(self, moment: datetime) -> str:
        """`ons 25 nov 13:00`, Stockholm time."""
        local = moment.astimezone(STOCKHOLM)
        return f"{self.weekdays[local.weekday()][:3]} {local.day} {self.months[local.month - 1][:3]} {local:%H:%M}"

    def long_time(self, start: datetime, end: datetime) -> str:
        """`onsdag 25 november 2026 kl. 13:00–14:00`, Stockholm time."""
        local = start.astimezone(STOCKHOLM)
        day = f"{self.weekdays[local.weekday()]} {local.day} {self.months[local.month - 1]} {local.year}"
        return f"{day} {self.clock.format(start=local.strftime('%H:%M'), end=_clock(end))}"

    def span(self, start: datetime, end: datetime) -> str:
        """`13:15–13:30`, Stockholm time."""
        return f"{_clock(start)}–{_clock(end)}"


def _clock(moment: datetime) -> str:
    return moment.astimezone(STOCKHOLM).strftime("%H:%M")


@cache
def words(language: Language) -> Words:
    """The words of a language, read once."""
    raw = tomllib.loads((files("mdk_calendar") / "data" / "words.toml").read_text(encoding="utf-8"))
    return msgspec.convert(raw[language], Words)
