"""Reads of the figures: whole for those who run the conference, and with small counts hidden for everyone else."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mdk.audit.service import seen
from mdk.clinical.reference import regions
from mdk.figures import goals as goal_rules
from mdk.figures import prevalence, published, rules
from mdk.figures.facts import facts
from mdk.figures.structs import CaseFact, Expected, Statistics, TreatedYear
from mdk.figures.tables import GoalLevel
from mdk.people.rules import check_role, may_ever
from mdk.people.structs import Viewer

FIRST_YEAR = 2026  # when the regions begin to work this way; source: the final report, phase 1


def statistics(
    session: Session, *, year: int, by: Viewer, at: datetime, region: str | None = None, hide: bool = False
) -> Statistics:
    """The figures of one year, of all regions or of one; the read is logged, without case numbers since it shows none.

    Counts of 1–4, and what would give them away, are null for those who do not run the conference, and for everyone
    when `hide` (an export). Zero stays zero. Raises `NotAllowed`.
    """
    is_hidden = _is_hidden(by, hide=hide)
    seen(session, "figures.read", by=by, at=at)
    *each, total = _year(_facts(session, year, year), year, at=at, is_hidden=is_hidden).rows
    return Statistics(
        year=year,
        suppressed=is_hidden,
        regions=[row for row in each if region in {None, row.region}],
        total=total,
        expected=Expected(),
        prevalence=prevalence.newest(session).lines,
    )


def goals(session: Session, *, year: int, by: Viewer, at: datetime, hide: bool = False) -> list[goal_rules.GoalLine]:
    """Every goal with its level, and its value in each region and in all, with the change since the year before.

    The read is logged. Shares that would tell of one to four cases are hidden as in `statistics`. Raises `NotAllowed`.
    """
    is_hidden = _is_hidden(by, hide=hide)
    seen(session, "figures.read", by=by, at=at)
    found = _facts(session, year - 1, year)
    now, before = (_year(found, each, at=at, is_hidden=is_hidden) for each in (year, year - 1))
    decided = {row.goal: row for row in session.scalars(select(GoalLevel))}
    return [
        goal_rules.GoalLine(
            goal=goal,
            level=decided[goal].level if goal in decided else proposed,
            is_decided=goal in decided,
            version=decided[goal].version if goal in decided else 0,
            values=goal_rules.values(
                now.tallies[goal], before.tallies[goal], gone=now.veiled_of(goal), gone_before=before.veiled_of(goal)
            ),
        )
        for goal, proposed in goal_rules.PROPOSED.items()
    ]


def treated(session: Session, *, last: int, by: Viewer, at: datetime, hide: bool = False) -> list[TreatedYear]:
    """How many had interventional pain treatment each year from 2026 to `last`: the report's own question.

    The read is logged; small counts are hidden as in `statistics`. Raises `NotAllowed`.
    """
    is_hidden = _is_hidden(by, hide=hide)
    seen(session, "figures.read", by=by, at=at)
    found = _facts(session, FIRST_YEAR, last)
    return [
        TreatedYear(year, {row.region: row.treated for row in _year(found, year, at=at, is_hidden=is_hidden).rows})
        for year in range(FIRST_YEAR, last + 1)
    ]


def _is_hidden(by: Viewer, *, hide: bool) -> bool:
    check_role("figures.read", by)
    return hide or not may_ever("figures.read-whole", by)


def _facts(session: Session, first: int, last: int) -> list[CaseFact]:
    return facts(session, first=date(first, 1, 1), last=date(last, 12, 31))


def _by_region(found: list[CaseFact]) -> dict[str, list[CaseFact]]:
    by_region: dict[str, list[CaseFact]] = {
        one.id: [fact for fact in found if fact.region == one.id] for one in regions()
    }
    return {**by_region, rules.ALL: found}


def _year(found: list[CaseFact], year: int, *, at: datetime, is_hidden: bool) -> published.Year:
    """The four regions in their fixed order, then all together."""
    return published.year_of(_by_region(found), year, at=at, hide=is_hidden)
