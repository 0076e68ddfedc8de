"""Figures against a computation that knows no cleverness: every count and every day, one case at a time."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdk import clock
from mdk.figures import goals, published, rules
from mdk.figures.structs import CaseFact, RegionFigures
from mdk.figures.suppression import SMALLEST_SHOWN

REGIONS = ("skane", "halland", "kronoberg", "blekinge")
YEAR = 2026
NOW = datetime(2027, 1, 1, tzinfo=UTC)
AFTER = datetime(2029, 1, 1, tzinfo=UTC)  # when all that can be told has been
SENT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
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


def groups_of(facts: list[CaseFact]) -> dict[str, list[CaseFact]]:
    return {**{name: [fact for fact in facts if fact.region == name] for name in REGIONS}, rules.ALL: facts}


def year_in(facts: list[CaseFact], *, hide: bool) -> published.Year:
    return published.year_of(groups_of(facts), YEAR, at=AFTER, hide=hide)


def cells(row: RegionFigures) -> dict[str, int | None]:
    found = {name: getattr(row, name) for name in rules.COUNTED}
    for group in GROUPS:
        found |= {f"{group}.{code}": count for code, count in getattr(row, group).items()}
    for step, spread in row.days.items():
        found |= {f"n.{step}": spread.n, f"kept.{step}": spread.kept, f"missed.{step}": spread.missed}
    return found


GROUPS = {
    "outcomes": "decided",
    "implemented": "done",
    "reasons": "not_done",
    "submitted_by_place": "submitted",
    "treated_by_place": "treated",
}


@settings(max_examples=25)
@given(st.lists(histories(), min_size=1, max_size=40))
def test_what_is_shown_hides_every_small_count_and_changes_no_other(facts: list[CaseFact]) -> None:
    whole, shown = year_in(facts, hide=False), year_in(facts, hide=True)
    for row, veiled in zip(whole.rows, shown.rows, strict=True):
        for name, count in cells(veiled).items():
            assert count is None or count == cells(row)[name]
            assert count is None or count == 0 or count >= SMALLEST_SHOWN, name
            assert count is not None or cells(row)[name] or veiled.days[name.partition(".")[2]].within is None, name
    for goal, by_region in whole.tallies.items():
        for region in set(by_region) - shown.veiled_of(goal):
            sides = (by_region[region].met, by_region[region].missed)
            assert all(side == 0 or side >= SMALLEST_SHOWN for side in sides), (goal, region)


def learnt(shown: published.Year) -> dict[tuple[str, str], int]:
    """What a reader of every table works out by subtraction and by multiplying shares, until nothing more follows."""
    known: dict[tuple[str, str], int] = {
        (row.region, name): count for row in shown.rows for name, count in cells(row).items() if count is not None
    }
    sums = [fact for row in shown.rows for fact in sums_of(row)]
    sums += [((rules.ALL, name), [(region, name) for region in REGIONS]) for name in names_of(shown)]
    while True:
        before = len(known)
        for goal, by_region in shown.tallies.items():
            for region in set(by_region) - shown.veiled_of(goal):
                base = known.get((region, BASES.get(goal, "")))
                share = by_region[region].share
                if base is not None and share is not None:
                    known.setdefault((region, f"met.{goal}"), round(share * base))
        for total, parts in sums:
            missing = [cell for cell in (total, *parts) if cell not in known]
            if missing == [total]:
                known[total] = sum(known[part] for part in parts)
            elif len(missing) == 1:
                known[missing[0]] = known[total] - sum(known[part] for part in parts if part in known)
        if len(known) == before:
            return known


BASES = {"decision_in_time": "decided", "found_in_time": "decided", "patient_heard": "decided", "implemented": "ended"}


def names_of(shown: published.Year) -> set[str]:
    goal_cells = {f"{side}.{goal}" for goal in shown.tallies for side in ("met", "lacking")}
    return {*cells(shown.rows[-1]), *goal_cells, "ended"}


def sums_of(row: RegionFigures) -> list[tuple[tuple[str, str], list[tuple[str, str]]]]:
    """What adds up within a row, as a reader knows it."""
    found: list[tuple[str, list[str]]] = [
        (whole, [f"{group}.{code}" for code in getattr(row, group)])
        for group, whole in GROUPS.items()
        if getattr(row, group)
    ]
    found += [("treated", [f"implemented.{code}" for code in rules.INTERVENTIONS])]
    found += [(f"n.{step}", [f"kept.{step}", f"missed.{step}"]) for step in TARGETED]
    found += [("n.submission_to_decision", ["decided"]), ("n.decision_to_done", ["done"])]
    found += [("ended", ["done", "partly", "not_done", "died_before"])]
    found += [(base, [f"met.{goal}", f"lacking.{goal}"]) for goal, base in BASES.items()]
    found += [("done", ["met.implemented"]), ("kept.submission_to_decision", ["met.decision_in_time"])]
    return [((row.region, whole), [(row.region, part) for part in parts]) for whole, parts in found]


TARGETED = ("submission_to_triage", "submission_to_decision", "decision_to_done")


def truth_of(whole: published.Year) -> dict[tuple[str, str], int]:
    found = {(row.region, name): count or 0 for row in whole.rows for name, count in cells(row).items()}
    for goal, by_region in whole.tallies.items():
        found |= {(region, f"met.{goal}"): tally.met for region, tally in by_region.items()}
        found |= {(region, f"lacking.{goal}"): tally.missed for region, tally in by_region.items()}
    return found


def kinds(region: str) -> list[CaseFact]:
    """Cases that differ in what the tables count: in time or not, heard or not, done, in part, not done, died."""
    ends = (("done", True), ("done", False), ("partly", True), ("not_done", True), ("died", False))
    return [
        msgspec.structs.replace(
            timely(region, kept=kept),
            ended=end,
            ended_at=SENT + timedelta(days=40),
            patient_view=heard,
            reason_code="other",
        )
        for kept in (True, False)
        for end, heard in ends
    ]


@st.composite
def crowds(draw: st.DrawFn) -> list[CaseFact]:
    """Each kind of case some times in each region, so that counts lie on both sides of what may be shown."""
    times = st.sampled_from([0, 0, 0, 1, 3, 4, 5, 6, 9])
    return [each for region in REGIONS for each in kinds(region) for _ in range(draw(times))]


@settings(max_examples=60)
@given(st.one_of(crowds(), st.lists(histories(), min_size=1, max_size=60)))
def test_no_subtraction_across_all_tables_gives_a_small_count_away(facts: list[CaseFact]) -> None:
    truth = truth_of(year_in(facts, hide=False))
    for cell, count in learnt(year_in(facts, hide=True)).items():
        assert cell not in truth or truth[cell] != count or not 0 < count < SMALLEST_SHOWN, cell


def test_a_share_in_time_is_hidden_where_the_others_and_the_whole_would_give_it() -> None:
    """Skåne kept 5 of 10 and Halland 7 of 10: shown beside the whole's 12 of 20, Skåne would tell of Halland's 3."""
    facts = [timely(region, kept=n < kept) for region, kept in (("skane", 5), ("halland", 7)) for n in range(10)]
    rows = {row.region: row.days["submission_to_decision"] for row in year_in(facts, hide=True).rows}
    assert [rows[name].n for name in ("skane", "halland", "all")] == [10, 10, 20]
    assert [rows[name].within for name in ("halland", "skane")] == [None, None]


def timely(region: str, *, kept: bool) -> CaseFact:
    decided = SENT + timedelta(days=3 if kept else 30)
    return fact(region=region, submitted_at=SENT, decided_at=decided, outcome="extern_pump")


def test_a_share_that_tells_of_one_case_late_is_not_shown() -> None:
    spread = rules.spread_of([1.0] * 9 + [30.0], [True] * 9 + [False])
    assert spread.within == 0.9
    facts = [timely("skane", kept=n > 0) for n in range(10)]
    found = year_in(facts, hide=True).rows[0].days["submission_to_decision"]
    assert (found.n, found.median, found.within, found.kept, found.missed) == (10, 3.0, None, None, None)


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
    plain = goals.values(now, before, gone=set(), gone_before=set())
    assert {each.region: (each.value, each.change) for each in plain} == {
        "skane": (0.9, 10.0), "halland": (1.0, None), "all": (0.95, 15.0),
    }  # fmt: skip
    veiled = goals.values(now, before, gone={"skane"}, gone_before={"all"})
    assert [(each.value, each.change, each.is_hidden) for each in veiled] == [
        (None, None, True), (1.0, None, False), (0.95, None, True),
    ]  # fmt: skip


def test_what_was_decided_today_and_is_not_read_yet_counts_neither_way() -> None:
    decided = fact(decided_at=datetime(2026, 3, 4, 8, 0, tzinfo=UTC), outcome="nerve_block")
    today, later = datetime(2026, 3, 4, 15, 0, tzinfo=UTC), datetime(2026, 3, 5, 8, 1, tzinfo=UTC)
    tallies = [goals.tally("read_in_time", [decided], YEAR, at=at) for at in (today, later)]
    assert tallies == [goals.Tally(0, 0, 1), goals.Tally(0, 1)]
