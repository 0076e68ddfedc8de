"""Rules of a conference: how it moves, what an agenda may hold, quorum, and when a series meets. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import dropwhile, islice, takewhile
from urllib.parse import unquote, urlsplit

import msgspec
from dateutil.rrule import rrulestr

from mdk.clock import STOCKHOLM, local
from mdk.conferences.structs import AgendaItemBody, ConferenceState
from mdk.errors import Invalid, Problem, RuleBroken

PLANNABLE = frozenset({ConferenceState.PLANNED, ConferenceState.RELEASED})
MOVES: Mapping[str, tuple[frozenset[ConferenceState], ConferenceState]] = {
    "release": (PLANNABLE, ConferenceState.RELEASED),
    "open": (frozenset({ConferenceState.RELEASED}), ConferenceState.IN_SESSION),
    "close": (frozenset({ConferenceState.IN_SESSION}), ConferenceState.CLOSED),
    "cancel": (PLANNABLE, ConferenceState.CANCELLED),
}
READABLE_AFTER_CLOSE = timedelta(days=30)
NURSE = "sjuksköterska"
USUAL_MINUTES = 15  # a case on an agenda, unless the planner says otherwise
_ALWAYS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYDAY"})
_MONTHLY = _ALWAYS | {"BYMONTHDAY", "BYSETPOS"}
# What narrows each frequency. A rule that may never meet is searched to the year 9999: day by day that takes a
# worker ten seconds, month by month half of one.
_NARROWED: Mapping[str, frozenset[str]] = {
    "DAILY": _ALWAYS,
    "WEEKLY": _ALWAYS,
    "MONTHLY": _MONTHLY,
    "YEARLY": _MONTHLY | {"BYWEEKNO", "BYYEARDAY"},
}
_CASE_NUMBER = re.compile(r"MDK-\d{4}-\d+", re.IGNORECASE)
_BAD_LINK = Problem("video_url", "Ange en adress som börjar med https:// och ryms på en rad utan mellanslag.")
_BAD_RRULE = Problem("rrule", "Regeln kan inte läsas. Ange till exempel FREQ=WEEKLY;BYDAY=WE.")


class Attending(msgspec.Struct, frozen=True, kw_only=True):
    """Someone at a case's discussion, as far as quorum is concerned."""

    person_id: int
    profession: str = ""
    knows_patient: bool = False
    is_neurosurgery: bool = False
    is_paediatric: bool = False


def check_move(act: str, state: str) -> ConferenceState:
    """The state that `act` leads to. Raises `RuleBroken("conference.wrong-state")`."""
    allowed, target = MOVES[act]
    if ConferenceState(state) not in allowed:
        message = "Konferensen är i ett läge där detta inte går. Läs in sidan igen för att se var den står."
        raise RuleBroken("conference.wrong-state", message)
    return target


def check_plannable(state: str) -> None:
    """Raises `RuleBroken("conference.wrong-state")` once a conference has begun, ended or been cancelled."""
    if ConferenceState(state) not in PLANNABLE:
        message = "Konferensen har börjat, avslutats eller ställts in och kan inte planeras om."
        raise RuleBroken("conference.wrong-state", message)


def past_start(starts_at: datetime, at: datetime, field: str = "starts_at") -> list[Problem]:
    """What is wrong with a start that has passed; empty for one that has not."""
    return [Problem(field, "Tiden har passerat. Ange en tid som ligger framåt.")] if starts_at <= at else []


def doubtful_start(first_start: datetime, field: str = "first_start") -> list[Problem]:
    """What is wrong with a series' time of day that no clock shows, or shows twice, when the clocks change."""
    if local(first_start).hour != 2:
        return []
    words = "Mellan 02:00 och 03:00 ställs klockan om vår och höst. Välj en annan tid."
    return [Problem(field, words)]


def link_problems(link: str | None) -> list[Problem]:
    """What is wrong with a video link, so that no mail with it could leave; empty when nothing is."""
    if not link:
        return []
    try:
        parts = urlsplit(link)
        host = parts.netloc.encode("idna")
    except ValueError:
        return [_BAD_LINK]
    if parts.scheme not in {"http", "https"} or not host or not link.isprintable() or " " in link:
        return [_BAD_LINK]
    if _CASE_NUMBER.search(unquote(link)):
        return [Problem("video_url", "Länken skickas i e-post och får inte innehålla ett ärendenummer.")]
    return []


def agenda_problems(items: Sequence[AgendaItemBody], duration: int) -> RuleBroken | None:
    """What is wrong with an agenda in itself: a case twice, or more minutes than the conference has."""
    numbers = [item.case for item in items]
    twice = [
        Problem(f"items.{place}.case", f"{number} står redan på agendan. Ta bort den ena raden.")
        for place, number in enumerate(numbers)
        if number in numbers[:place]
    ]
    if twice:
        return RuleBroken("conference.case-twice", "Samma ärende står två gånger på agendan.", tuple(twice))
    booked = sum(item.minutes for item in items)
    if booked > duration:
        message = f"Agendan är {booked} minuter men konferensen {duration}. Korta eller ta bort ärenden."
        return RuleBroken("conference.too-long", message, (Problem("items", message),))
    return None


def starts(starts_at: datetime, minutes: Iterable[int]) -> list[datetime]:
    """The start of each slot: in order from the conference's start, without gaps."""
    result, moment = [], starts_at
    for length in minutes:
        result.append(moment)
        moment += timedelta(minutes=length)
    return result


def lacking_for_quorum(
    present: Iterable[Attending], *, consultant_ids: set[int], implant: bool, child: bool
) -> list[str]:
    """Who a case's quorum lacks, in words; empty when it is met.

    The quorum: the consultant or named deputy, someone who knows the patient, a nurse; neurosurgery when an implant
    is in question; the paediatric team for a child.
    """
    there = list(present)
    wanted = [
        (any(person.person_id in consultant_ids for person in there), "konsulten eller en ersättare"),
        (any(person.knows_patient for person in there), "någon som känner patienten"),
        (any(NURSE in person.profession.lower() for person in there), "en sjuksköterska"),
        (not implant or any(person.is_neurosurgery for person in there), "neurokirurgi"),
        (not child or any(person.is_paediatric for person in there), "barnkonsultteamet"),
    ]
    return [words for met, words in wanted if not met]


def occurrences(
    rule: str, first_start: datetime, *, until: datetime, since: datetime | None = None, limit: int = 120
) -> list[datetime]:
    """The starts of a series after `since` up to `until`, in UTC, `limit` at most.

    The local time of day is kept across summer and winter time. Raises `Invalid` for a rule that is not an RFC 5545
    RRULE or repeats more often than daily.
    """
    wall = local(first_start).replace(tzinfo=None)
    try:
        dates = rrulestr(_checked_rule(rule), dtstart=wall)
        within = takewhile(lambda moment: moment.replace(tzinfo=STOCKHOLM) <= until, dates)
        wanted = dropwhile(lambda moment: since is not None and moment.replace(tzinfo=STOCKHOLM) <= since, within)
        found = list(islice(wanted, limit))
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise Invalid([_BAD_RRULE]) from error
    return [moment.replace(tzinfo=STOCKHOLM).astimezone(UTC) for moment in found]


def _checked_rule(rule: str) -> str:
    """The rule in upper case, its end in local time; what dateutil would take amiss or for ever is refused."""
    pairs = [part.split("=") for part in rule.strip().upper().removeprefix("RRULE:").split(";") if part]
    parts = dict(pairs)
    interval = int(parts.get("INTERVAL", 1))
    coarse = parts.keys() <= _NARROWED.get(parts.get("FREQ", ""), frozenset())
    never_meets = parts.get("FREQ") == "DAILY" and "BYDAY" in parts and interval % 7 == 0
    ends_twice = {"COUNT", "UNTIL"} <= parts.keys()
    if (
        ends_twice
        or len(parts) != len(pairs)
        or not coarse
        or never_meets
        or interval < 1
        or int(parts.get("COUNT", 1)) < 1
    ):
        raise ValueError(rule)
    if parts.get("UNTIL", "").endswith("Z"):
        end = datetime.strptime(parts["UNTIL"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        parts["UNTIL"] = f"{local(end):%Y%m%dT%H%M%S}"
    elif len(parts.get("UNTIL", "")) == len("20271231"):
        parts["UNTIL"] += "T235959"
    return ";".join(f"{name}={value}" for name, value in parts.items())
