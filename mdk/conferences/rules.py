"""Rules of a conference: how it moves, what an agenda may hold, quorum, and when a series meets. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

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
_COARSE = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")


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


def check_future(starts_at: datetime, at: datetime) -> None:
    """Raises `Invalid` for a start that has passed."""
    if starts_at <= at:
        raise Invalid([Problem("starts_at", "Tiden har passerat. Ange en tid som ligger framåt.")])


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


def occurrences(rule: str, first_start: datetime, *, until: datetime, limit: int = 120) -> list[datetime]:
    """The starts of a series up to `until`, in UTC; the local time of day is kept across summer and winter time.

    Raises `Invalid` for a rule that is not an RFC 5545 RRULE or repeats more often than daily.
    """
    text = rule.strip().removeprefix("RRULE:")
    if not any(f"FREQ={frequency}" in text.upper() for frequency in _COARSE) or "\n" in text:
        raise Invalid([Problem("rrule", "Ange en regel som FREQ=WEEKLY;BYDAY=WE.")])
    wall = local(first_start).replace(tzinfo=None)
    try:
        dates = rrulestr(_local_until(text), dtstart=wall)
    except (ValueError, TypeError, KeyError) as error:
        raise Invalid([Problem("rrule", "Regeln kan inte läsas. Ange till exempel FREQ=WEEKLY;BYDAY=WE.")]) from error
    found: list[datetime] = []
    for moment in dates:
        start = moment.replace(tzinfo=STOCKHOLM)
        if start > until or len(found) >= limit:
            break
        found.append(start.astimezone(until.tzinfo))
    return found


def _local_until(text: str) -> str:
    parts = [part for part in text.split(";") if part]
    return ";".join(
        part[:-1] if part.upper().startswith("UNTIL=") and part.endswith(("Z", "z")) else part for part in parts
    )
