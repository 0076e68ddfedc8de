"""Rules of free time: what overlaps, and the nearest times at which everyone is free. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple

from mdk.clock import STOCKHOLM, is_working_day, today

OPENS, CLOSES = time(8), time(17)
STEP: Final = timedelta(minutes=15)
AHEAD: Final = timedelta(weeks=4)
AROUND: Final = timedelta(weeks=2)


class Span(NamedTuple):
    """A time from a start up to, and not including, an end."""

    starts_at: datetime
    ends_at: datetime


def overlap(one: Span, other: Span) -> bool:
    """Whether two times share an instant; one that begins when the other ends does not."""
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same time as few spans, in order."""
    result: list[Span] = []
    for span in sorted(spans):
        if result and span.starts_at <= result[-1].ends_at:
            result[-1] = Span(result[-1].starts_at, max(result[-1].ends_at, span.ends_at))
        elif span.starts_at < span.ends_at:
            result.append(span)
    return result


def free_slots(
    taken: Iterable[Span], *, length: timedelta, around: datetime, since: datetime, until: datetime, limit: int = 5
) -> list[Span]:
    """The times of `length` nearest to `around` that nothing taken overlaps, in order of their start.

    They lie on Swedish working days between 08 and 17, begin on a quarter, and do not overlap each other.
    """
    busy = joined(taken)
    begins = [span.starts_at for span in busy]
    found: list[Span] = []
    for start in sorted(_starts(since, until, length), key=lambda start: (abs(start - around), start)):
        span = Span(start, start + length)
        if not _is_taken(span, busy, begins) and not any(overlap(span, other) for other in found):
            found.append(span)
        if len(found) == limit:
            break
    return sorted(found)


def _starts(since: datetime, until: datetime, length: timedelta) -> Iterator[datetime]:
    day = today(since)
    while day <= today(until):
        if is_working_day(day):
            start = datetime.combine(day, OPENS, STOCKHOLM)
            while start + length <= datetime.combine(day, CLOSES, STOCKHOLM):
                instant = start.astimezone(UTC)
                if since <= instant and instant + length <= until:
                    yield instant
                start += STEP
        day += timedelta(days=1)


def _is_taken(span: Span, busy: Sequence[Span], begins: Sequence[datetime]) -> bool:
    place = bisect_right(begins, span.starts_at)
    near = busy[max(place - 1, 0) : place + 1]
    return any(overlap(span, other) for other in near)
