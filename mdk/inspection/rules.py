"""What in the log is worth a question. Pure: reads in, oddities out; each may have its good reason."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from mdk import clock

SHARE, FEWEST = (
    0.02,
    10,
)  # of a month's rows that show a patient; HSLF-FS 2016:40 asks for regular checks, and no number
MANY, WITHIN = 15, timedelta(hours=1)
FROM_HOUR, TO_HOUR = 6, 20
# Reads of one case that somebody chose to open.
OPENS = frozenset({"case.read", "case.attachment", "minutes.paper", "on-call.read"})


class Read(NamedTuple):
    """A row of the log as the rules see it."""

    at: datetime
    act: str
    person_id: int
    unit_id: str
    cases: tuple[str, ...]
    reason: str = ""


class Found(NamedTuple):
    """What a rule found: who, when last, which cases, and how many."""

    person_id: int
    at: datetime
    cases: tuple[str, ...]
    times: int
    reason: str = ""


def suggested(rows: int) -> int:
    """How many rows a month's spot check should hold: a fiftieth of those that show a patient, at least ten."""
    return min(rows, max(FEWEST, ceil(rows * SHARE)))


def glass(reads: Iterable[Read]) -> list[Found]:
    """Every glass that was broken, with its reason."""
    return [
        Found(read.person_id, read.at, read.cases, 1, read.reason) for read in reads if read.act == "case.break-glass"
    ]


def many(reads: Iterable[Read]) -> list[Found]:
    """Who opened more than `MANY` cases one by one within an hour."""
    by_person: dict[int, list[Read]] = defaultdict(list)
    for read in _opened(reads):
        by_person[read.person_id].append(read)
    found = []
    for person_id, own in by_person.items():
        most, end, start = frozenset[str](), own[0].at, 0
        for place, read in enumerate(own):
            while read.at - own[start].at > WITHIN:
                start += 1
            cases = frozenset(case for each in own[start : place + 1] for case in each.cases)
            if len(cases) > len(most):
                most, end = cases, read.at
        if len(most) > MANY:
            found.append(Found(person_id, end, tuple(sorted(most)), len(most)))
    return found


def outside_hours(reads: Iterable[Read]) -> list[Found]:
    """Who opened cases at night, on weekends or on holidays: one line a person and day."""
    return _grouped(_opened(reads), lambda read: _is_outside(read.at))


def namesakes(reads: Iterable[Read], patients: Mapping[str, str], people: Mapping[str, set[str]]) -> list[Found]:
    """Who opened a case whose patient is called as they are, or as a colleague at their unit.

    `patients` are names by case number; `people` those of each unit.
    """
    folded = {unit: {_folded(name) for name in names} for unit, names in people.items()}
    return _grouped(
        _opened(reads),
        lambda read: any(_folded(patients.get(case, "")) in folded.get(read.unit_id, ()) for case in read.cases),
    )


def surnames(reads: Iterable[Read], patients: Mapping[str, str], readers: Mapping[int, str]) -> list[Found]:
    """Who opened a case whose patient has their surname."""
    return _grouped(
        _opened(reads),
        lambda read: any(
            _surname(patients.get(case, "")) == _surname(readers.get(read.person_id, "?")) for case in read.cases
        ),
    )


def idle(reads: Iterable[Read], concerned: Mapping[str, set[int]]) -> list[Found]:
    """Who opened a case and has nothing to do with it: `concerned` are those who have, by case number."""
    return _grouped(
        _opened(reads), lambda read: any(read.person_id not in concerned.get(case, ()) for case in read.cases)
    )


def _opened(reads: Iterable[Read]) -> list[Read]:
    return [read for read in reads if read.act in OPENS]


def _grouped(reads: Iterable[Read], is_odd: Callable[[Read], bool]) -> list[Found]:
    """What is odd, one line for a person and a day, the latest time first."""
    by_day: dict[tuple[int, object], list[Read]] = defaultdict(list)
    for read in reads:
        if is_odd(read):
            by_day[read.person_id, clock.local(read.at).date()].append(read)
    found = []
    for (person_id, _), own in by_day.items():
        cases = tuple(sorted({case for read in own for case in read.cases}))
        found.append(Found(person_id, own[-1].at, cases, len(own)))
    return found


def _is_outside(at: datetime) -> bool:
    moment = clock.local(at)
    return not clock.is_working_day(moment.date()) or not FROM_HOUR <= moment.hour < TO_HOUR


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()


def _surname(name: str) -> str:
    return _folded(name).rpartition(" ")[2]
