"""Figures against a computation that knows no cleverness: every count and every day, one case at a time."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdk import clock
from mdk.figures import goals, rules
from mdk.figures.structs import CaseFact, RegionFigures
from mdk.figures.suppression import SMALLEST_SHOWN

REGIONS = ("skane", "halland", "kronoberg", "blekinge")
YEAR = 2026
NOW = datetime(2027, 1, 1, tzinfo=UTC)
AFTER = datetime(2029, 1, 1, tzinfo=UTC)  # when all that can be told has been
START = datetime(2025, 12, 20, 9, 0, tzinfo=UTC)


@st.composite
def histories(draw: st.DrawFn) -> CaseFact:
    """A case that went as far as it went, in whole hours, around two turns of the year."""

    def later(moment: datetime | None, chance: bool = True) -> datetime | None:  # noqa: FBT001, FBT002
        if moment is None or (chance and draw(st.booleans()) is False):
            return None
        return moment + timedelta(hours=draw(st.integers(1, 24 * 30)))

    submitted_at = START + timedelta(hours=draw(st.integers(0, 24 * 400)))
    triaged_at = later(submitted_at)
    discussed_at = later(triaged_at)
    decided_at = later(discussed_at)
    ended_at = later(decided_at)
    return CaseFact(
        number=f"MDK-2026-{draw(st.integers(1, 9999)):04d}",
        region=draw(st.sampled_from(REGIONS)),
        place=draw(st.sampled_from(["Lund", "Malmö", "Övriga"])),
        is_child=False,
        days_allowed=draw(st.sampled_from([2, 7, 14])),
        stood_still=draw(st.sampled_from([0.0, 0.5, 3.0])),
        submitted_at=submitted_at,
        triaged_at=triaged_at,
        accepted_at=triaged_at,
        discussed_at=discussed_at,
        decided_at=decided_at,
        read_at=later(decided_at),
        outcome=draw(st.sampled_from(["extern_pump", "intern_pump", "nerve_block", "not_suitable"]))
        if decided_at
        else None,
        due=date(2026, 7, 1) if decided_at else None,
        ended=draw(st.sampled_from(["done", "partly", "not_done", "died"])) if ended_at else "",
        ended_at=ended_at,
        reason_code=draw(st.sampled_from(["no_bed", "other"])),
        answered_at=later(triaged_at),
        patient_view=draw(st.booleans()),
        six_weeks_by=ended_at + timedelta(days=50) if ended_at else None,
        six_weeks_at=later(ended_at),
        six_weeks_nrs=draw(st.sampled_from([None, 0, 4, 5, 9])),
    )


def year_of(moment: datetime | None) -> int:
    return clock.local(moment).year if moment else 0


def later_year(fact: CaseFact, how: str) -> bool:
    return fact.ended == how and year_of(fact.ended_at) == YEAR


def middle(days: list[float]) -> float | None:
    half = len(days) // 2
    if not days:
        return None
    return round(days[half] if len(days) % 2 else (days[half - 1] + days[half]) / 2, 1)


def plainly(facts: list[CaseFact]) -> dict[str, Any]:
    """The same figures, counted the long way: one case and one figure at a time."""
    found: dict[str, Any] = dict.fromkeys(rules.COUNTED, 0)
    groups: dict[str, dict[str, int]] = {"outcomes": {}, "implemented": {}, "reasons": {}}
    for fact in facts:
        found["submitted"] += year_of(fact.submitted_at) == YEAR
        found["answered"] += year_of(fact.answered_at) == YEAR
        found["discussed"] += year_of(fact.discussed_at) == YEAR
        found["decided"] += year_of(fact.decided_at) == YEAR
        for how, name in (("done", "done"), ("partly", "partly"), ("not_done", "not_done"), ("died", "died_before")):
            found[name] += later_year(fact, how)
        is_treated = later_year(fact, "done") and fact.outcome in {"extern_pump", "intern_pump", "nerve_block"}
        found["treated"] += is_treated
        for group, code, counts in (
            ("outcomes", fact.outcome, year_of(fact.decided_at) == YEAR),
            ("implemented", fact.outcome, later_year(fact, "done")),
            ("reasons", fact.reason_code, later_year(fact, "not_done")),
        ):
            if counts:
                groups[group][str(code)] = groups[group].get(str(code), 0) + 1
    return found | groups


def stays(facts: list[CaseFact], step: str) -> list[tuple[float, bool | None]]:
    """The days that each case took for a step that ended in the year, and whether it kept the step's target."""
    taken: list[tuple[float, bool | None]] = []
    for fact in facts:
        begun, ended, limit = {
            "submission_to_triage": (fact.submitted_at, fact.triaged_at, None),
            "acceptance_to_discussion": (fact.accepted_at, fact.discussed_at, None),
            "submission_to_decision": (fact.submitted_at, fact.decided_at, fact.days_allowed + fact.stood_still),
            "decision_to_read": (fact.decided_at, fact.read_at, None),
            "decision_to_done": (fact.decided_at, fact.ended_at if fact.ended == "done" else None, None),
        }[step]
        if begun is None or ended is None or year_of(ended) != YEAR:
            continue
        days = (ended - begun).total_seconds() / 86_400
        kept: bool | None = None if limit is None else days <= limit
        if step == "submission_to_triage":
            kept = ended <= clock.add_working_days(begun, 1)
        if step == "decision_to_done" and fact.due is not None:
            kept = clock.local(ended).date() <= fact.due
        taken.append((days, kept))
    return taken


@settings(max_examples=60)
@given(st.lists(histories(), max_size=25))
def test_the_figures_are_what_counting_one_by_one_gives(facts: list[CaseFact]) -> None:
    figures, plain = rules.figures_of(rules.ALL, facts, YEAR), plainly(facts)
    for name in rules.COUNTED:
        assert getattr(figures, name) == plain[name], name
    for group in ("outcomes", "implemented", "reasons"):
        assert {code: count for code, count in getattr(figures, group).items() if count} == plain[group]
    for step, spread in figures.days.items():
        taken = stays(facts, step)
        days, kept = sorted(each for each, _ in taken), [each for _, each in taken if each is not None]
        assert (spread.n, spread.median) == (len(days), middle(days)), step
        assert spread.p90 == (round(days[math.ceil(len(days) * 0.9) - 1], 1) if days else None)
        assert spread.within == (round(kept.count(True) / len(kept), 4) if kept else None)


@settings(max_examples=60)
@given(st.lists(histories(), max_size=25))
def test_the_goals_are_what_counting_one_by_one_gives(facts: list[CaseFact]) -> None:
    decided = [fact for fact in facts if year_of(fact.decided_at) == YEAR]
    late = [fact for fact in facts if year_of(fact.six_weeks_by) == YEAR]
    told = [fact for fact in facts if year_of(fact.six_weeks_at) == YEAR and fact.six_weeks_nrs is not None]
    for goal, met, counted in (
        ("patient_heard", sum(fact.patient_view for fact in decided), len(decided)),
        ("found_in_time", sum(fact.ended != "died" for fact in decided), len(decided)),
        (
            "followed_up",
            sum(each.six_weeks_at is not None and each.six_weeks_at < (each.six_weeks_by or START) for each in late),
            len(late),
        ),
        ("pain_eased", sum((fact.six_weeks_nrs or 0) <= 4 for fact in told), len(told)),
    ):
        tally = goals.tally(goal, facts, YEAR, at=AFTER)
        assert (tally.met, tally.met + tally.missed) == (met, counted), goal


def whole(facts: list[CaseFact]) -> list[RegionFigures]:
    rows = [rules.figures_of(name, [fact for fact in facts if fact.region == name], YEAR) for name in REGIONS]
    return [*rows, rules.figures_of(rules.ALL, facts, YEAR)]


def cells(row: RegionFigures) -> dict[str, int | None]:
    found = {name: getattr(row, name) for name in rules.COUNTED}
    for group in ("outcomes", "implemented", "reasons", "submitted_by_place", "treated_by_place"):
        found |= {f"{group}.{code}": count for code, count in getattr(row, group).items()}
    return found | {f"n.{step}": spread.n for step, spread in row.days.items()}


@settings(max_examples=25)
@given(st.lists(histories(), min_size=1, max_size=40))
def test_what_is_shown_hides_every_small_count_and_changes_no_other(facts: list[CaseFact]) -> None:
    before = whole(facts)
    after = rules.without_small(before)
    for row, veiled in zip(before, after, strict=True):
        for name, count in cells(veiled).items():
            assert count is None or count == cells(row)[name]
            assert count is None or count == 0 or count >= SMALLEST_SHOWN, name
            assert count is not None or cells(row)[name], name


@settings(max_examples=25)
@given(st.lists(histories(), min_size=1, max_size=40))
def test_no_row_or_column_of_the_table_gives_one_count_away(facts: list[CaseFact]) -> None:
    *regions, total = [cells(row) for row in rules.without_small(whole(facts))]
    for name, count in total.items():
        missing = [row for row in regions if row.get(name) is None and name in row]
        assert count is None or len(missing) != 1, name
    for row in [*regions, total]:
        for group, of in (("outcomes", "decided"), ("implemented", "done"), ("reasons", "not_done")):
            parts = [count for name, count in row.items() if name.startswith(f"{group}.")]
            assert row[of] is None or parts.count(None) != 1, group


def test_a_share_that_tells_of_one_case_late_is_not_shown() -> None:
    spread = rules.spread_of([1.0] * 9 + [30.0], [True] * 9 + [False])
    assert spread.within == 0.9
    rows = rules.without_small([msgspec_replaced(spread), msgspec_replaced(spread)])
    assert rows[0].days["submission_to_triage"].within is None
    assert rows[0].days["submission_to_triage"].median == 1.0


def msgspec_replaced(spread: Any) -> RegionFigures:
    import msgspec

    empty = rules.figures_of("skane", [], YEAR)
    return msgspec.structs.replace(empty, days={**empty.days, "submission_to_triage": spread})


@pytest.mark.parametrize(
    ("days", "median", "p90"), [([3.0], 3.0, 3.0), ([1.0, 2.0], 1.5, 2.0), (list(range(1, 11)), 5.5, 9)]
)
def test_median_and_ninetieth_percentile(days: list[float], median: float, p90: float) -> None:
    spread = rules.spread_of([float(day) for day in days], [])
    assert (spread.median, spread.p90, spread.within) == (median, p90, None)


def fact(**given: Any) -> CaseFact:
    usual: dict[str, Any] = {
        "number": "MDK-2026-0001", "region": "skane", "place": "Lund", "is_child": False, "days_allowed": 7,
        "stood_still": 0.0, "submitted_at": datetime(2026, 3, 2, 8, 0, tzinfo=UTC),
    }  # fmt: skip
    return CaseFact(**{**usual, **given})


def test_triage_on_monday_of_what_came_in_on_friday_is_in_time() -> None:
    friday = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)
    in_time = fact(submitted_at=friday, triaged_at=datetime(2026, 3, 9, 15, 0, tzinfo=UTC))
    late = fact(submitted_at=friday, triaged_at=datetime(2026, 3, 9, 15, 1, tzinfo=UTC))
    assert [goals.tally("triage_in_time", [each], YEAR, at=NOW) for each in (in_time, late)] == [
        goals.Tally(1, 0), goals.Tally(0, 1),
    ]  # fmt: skip


def test_the_time_at_the_referrer_is_not_counted_against_the_decision() -> None:
    decided = datetime(2026, 3, 12, 8, 0, tzinfo=UTC)
    assert rules.kept_target("submission_to_decision", fact(decided_at=decided, stood_still=3.0)) is True
    assert rules.kept_target("submission_to_decision", fact(decided_at=decided, stood_still=2.9)) is False


def test_who_died_before_was_found_too_late_and_not_treated() -> None:
    died = fact(decided_at=datetime(2026, 3, 4, 8, 0, tzinfo=UTC), outcome="extern_pump", ended="died",
                ended_at=datetime(2026, 3, 6, 8, 0, tzinfo=UTC))  # fmt: skip
    assert goals.tally("found_in_time", [died], YEAR, at=NOW) == goals.Tally(0, 1)
    assert goals.tally("implemented", [died], YEAR, at=NOW) == goals.Tally(0, 1)
    figures = rules.figures_of(rules.ALL, [died], YEAR)
    assert (figures.treated, figures.died_before, figures.not_done) == (0, 1, 0)


def test_a_goal_tells_its_change_in_percentage_points_and_hides_what_is_small() -> None:
    now = {"skane": goals.Tally(9, 1), "halland": goals.Tally(10, 0), "all": goals.Tally(19, 1)}
    before = {"skane": goals.Tally(8, 2), "halland": goals.Tally(0, 0), "all": goals.Tally(8, 2)}
    plain = {value.region: (value.value, value.change) for value in goals.values(now, before, hide=False)}
    assert plain == {"skane": (0.9, 10.0), "halland": (1.0, None), "all": (0.95, 15.0)}
    veiled = {value.region: value.value for value in goals.values(now, before, hide=True)}
    assert veiled == {"skane": None, "halland": 1.0, "all": None}


def test_what_was_decided_today_and_is_not_read_yet_counts_neither_way() -> None:
    decided = fact(decided_at=datetime(2026, 3, 4, 8, 0, tzinfo=UTC), outcome="nerve_block")
    today, later = datetime(2026, 3, 4, 15, 0, tzinfo=UTC), datetime(2026, 3, 5, 8, 1, tzinfo=UTC)
    tallies = [goals.tally("read_in_time", [decided], YEAR, at=at) for at in (today, later)]
    assert tallies == [goals.Tally(0, 0), goals.Tally(0, 1)]
