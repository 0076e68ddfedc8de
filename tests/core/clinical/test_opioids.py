"""Morphine equivalents: one vector per factor and table, the verdict's rules, and properties."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdk.clinical.daily import problems_of
from mdk.clinical.factor_sets import NAMES, Entry, factor_sets
from mdk.clinical.opioids import CAVEAT, omeq
from mdk.clinical.structs import DoseUnit, Drug, Omeq, OmeqTable, OpioidLine, Route
from mdk.errors import RuleBroken


def line(drug: Drug, route: Route, dose: str | None, per_day: str | None = "1", unit: DoseUnit = "mg") -> OpioidLine:
    return OpioidLine(
        drug,
        route,
        unit,
        dose=None if dose is None else Decimal(dose),
        per_day=None if per_day is None or unit == "µg/h" else Decimal(per_day),
    )


def patch(drug: Drug, dose: str) -> OpioidLine:
    return line(drug, "transdermal", dose, unit="µg/h")


def when_needed(drug: Drug, route: Route, dose: str, times: str | None, unit: DoseUnit = "mg") -> OpioidLine:
    return OpioidLine(
        drug, route, unit, rescue_dose=Decimal(dose), rescue_per_day=None if times is None else Decimal(times)
    )


def table(answer: Omeq, name: str) -> OmeqTable:
    return next(one for one in answer.tables if one.name == name)


# Clinical rules 2.2: drug, route, unit, daily dose, table, low, high.
Vector = tuple[Drug, Route, DoseUnit, str, str, float, float]
VECTORS: list[Vector] = [
    ("morphine", "oral", "mg", "100", "CDC22", 100, 100),
    ("oxycodone", "oral", "mg", "100", "CDC22", 150, 150),
    ("hydromorphone", "oral", "mg", "10", "CDC22", 50, 50),
    ("fentanyl", "transdermal", "µg/h", "50", "CDC22", 120, 120),
    ("tapentadol", "oral", "mg", "100", "CDC22", 40, 40),
    ("tramadol", "oral", "mg", "100", "CDC22", 20, 20),
    ("codeine", "oral", "mg", "100", "CDC22", 15, 15),
    ("morphine", "oral", "mg", "100", "FPM21", 100, 100),
    ("morphine", "subcutaneous", "mg", "100", "FPM21", 300, 300),
    ("morphine", "intravenous", "mg", "100", "FPM21", 300, 300),
    ("oxycodone", "oral", "mg", "100", "FPM21", 150, 150),
    ("oxycodone", "subcutaneous", "mg", "100", "FPM21", 300, 300),
    ("oxycodone", "intravenous", "mg", "100", "FPM21", 300, 300),
    ("hydromorphone", "oral", "mg", "10", "FPM21", 50, 50),
    ("hydromorphone", "subcutaneous", "mg", "10", "FPM21", 150, 150),
    ("hydromorphone", "intravenous", "mg", "10", "FPM21", 150, 150),
    ("fentanyl", "transdermal", "µg/h", "50", "FPM21", 150, 150),
    ("fentanyl", "subcutaneous", "µg", "500", "FPM21", 100, 100),
    ("fentanyl", "intravenous", "mg", "0.5", "FPM21", 100, 100),
    ("fentanyl", "intravenous", "µg/h", "25", "FPM21", 120, 120),
    ("buprenorphine", "transdermal", "µg/h", "20", "FPM21", 40, 40),
    ("buprenorphine", "sublingual", "mg", "2", "FPM21", 80, 80),
    ("tapentadol", "oral", "mg", "100", "FPM21", 30, 30),
    ("tramadol", "oral", "mg", "100", "FPM21", 20, 20),
    ("codeine", "oral", "mg", "100", "FPM21", 13, 13),
    ("morphine", "oral", "mg", "100", "NOHD", 100, 100),
    ("oxycodone", "oral", "mg", "100", "NOHD", 150, 150),
    ("hydromorphone", "oral", "mg", "10", "NOHD", 50, 50),
    ("fentanyl", "transdermal", "µg/h", "50", "NOHD", 120, 120),
    ("buprenorphine", "transdermal", "µg/h", "20", "NOHD", 44, 44),
    ("buprenorphine", "sublingual", "mg", "2", "NOHD", 96, 96),
    ("tapentadol", "oral", "mg", "100", "NOHD", 20, 20),
    ("tramadol", "oral", "mg", "100", "NOHD", 15, 15),
    ("codeine", "oral", "mg", "100", "NOHD", 10, 10),
    ("ketobemidone", "oral", "mg", "100", "NOHD", 100, 100),
    ("morphine", "oral", "mg", "100", "UPP20", 100, 100),
    ("oxycodone", "oral", "mg", "100", "UPP20", 200, 200),
    ("hydromorphone", "oral", "mg", "10", "UPP20", 75, 75),
    ("fentanyl", "transdermal", "µg/h", "6", "UPP20", 15, 15),
    ("fentanyl", "transdermal", "µg/h", "12", "UPP20", 30, 30),
    ("fentanyl", "transdermal", "µg/h", "37", "UPP20", 74.4, 74.4),
    ("fentanyl", "transdermal", "µg/h", "75", "UPP20", 150, 150),
    ("fentanyl", "transdermal", "µg/h", "300", "UPP20", 690, 690),
    ("buprenorphine", "transdermal", "µg/h", "40", "UPP20", 80, 80),
    ("buprenorphine", "sublingual", "mg", "2", "UPP20", 100, 100),
    ("tapentadol", "oral", "mg", "450", "UPP20", 135, 180),
    ("ketobemidone", "oral", "mg", "5", "UPP20", 5, 10),
    ("ketobemidone", "oral", "mg", "22.5", "UPP20", 30, 30),
    ("ketobemidone", "oral", "mg", "90", "UPP20", 120, 120),
    ("morphine", "oral", "mg", "100", "PMED", 100, 100),
    ("morphine", "subcutaneous", "mg", "30", "PMED", 60, 90),
    ("morphine", "intravenous", "mg", "60", "PMED", 120, 180),
    ("morphine", "subcutaneous", "mg", "400", "PMED", 800, 800),
    ("oxycodone", "oral", "mg", "80", "PMED", 120, 120),
    ("oxycodone", "oral", "mg", "240", "PMED", 400, 400),
    ("oxycodone", "subcutaneous", "mg", "100", "PMED", 320, 320),
    ("oxycodone", "intravenous", "mg", "20", "PMED", 60, 60),
    ("hydromorphone", "oral", "mg", "16", "PMED", 120, 120),
    ("hydromorphone", "oral", "mg", "80", "PMED", 600, 600),
    ("hydromorphone", "subcutaneous", "mg", "24", "PMED", 320, 320),
    ("hydromorphone", "intravenous", "mg", "50", "PMED", 800, 800),
    ("fentanyl", "transdermal", "µg/h", "75", "PMED", 180, 240),
    ("fentanyl", "transdermal", "µg/h", "100", "PMED", 240, 320),
    ("fentanyl", "transdermal", "µg/h", "300", "PMED", 800, 800),
    ("ketobemidone", "oral", "mg", "100", "PMED", 100, 100),
    ("ketobemidone", "subcutaneous", "mg", "10", "PMED", 30, 30),
    ("ketobemidone", "intravenous", "mg", "10", "PMED", 30, 30),
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: " ".join(vector[:5]))
def test_a_set_converts_as_its_source_says(vector: Vector) -> None:
    drug, route, unit, dose, name, low, high = vector
    one = table(omeq([line(drug, route, dose, unit=unit)]), name)
    assert (one.covers, one.low, one.high) == (True, low, high)


def test_every_entry_of_every_set_has_a_vector() -> None:
    shipped = {
        (one.name, entry.drug, route) for one in factor_sets() for entry in one.entries for route in entry.routes
    }
    assert {(name, drug, route) for drug, route, _, _, name, _, _ in VECTORS} >= shipped


def test_five_sets_ship_each_with_name_version_and_source_and_none_for_methadone() -> None:
    assert tuple(one.name for one in factor_sets()) == NAMES == ("CDC22", "FPM21", "NOHD", "UPP20", "PMED")
    assert all(one.version and one.source for one in factor_sets())
    assert "methadone" not in {entry.drug for one in factor_sets() for entry in one.entries}


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ([], "not_over"),
        (None, "incomplete"),
        ([line("morphine", "oral", "200")], "not_over"),
        ([line("morphine", "oral", "200.01")], "over"),
        ([line("morphine", "oral", "100", "2")], "not_over"),
        ([line("oxycodone", "oral", "60", "2")], "table_dependent"),  # 180 and, in UPP20, 240
        ([patch("fentanyl", "75")], "table_dependent"),
        ([line("tapentadol", "oral", "250")], "not_over"),
        ([line("other", "oral", "900")], "incomplete"),
        ([line("morphine", "rectal", "900")], "incomplete"),
        ([line("morphine", "oral", "250"), line("other", "oral", "10")], "over"),
        ([line("morphine", "oral", "150"), line("other", "oral", "10")], "incomplete"),
        ([line("methadone", "oral", "60")], "incomplete"),
        ([line("morphine", "oral", "200"), line("methadone", "oral", "5")], "incomplete"),
        ([line("morphine", "oral", "201"), line("methadone", "oral", "5")], "over"),
        ([line("oxycodone", "oral", "120"), line("methadone", "oral", "5")], "incomplete"),
        ([line("morphine", "intrathecal", "5")], "incomplete"),
        ([line("morphine", "epidural", "500")], "incomplete"),
    ],
)
def test_the_verdict_follows_the_sets_that_count(lines: list[OpioidLine] | None, verdict: str) -> None:
    assert omeq(lines).verdict == verdict


def test_nothing_given_a_day_is_zero_and_not_known_is_no_figure() -> None:
    assert (omeq([]).low, omeq([]).high) == (0, 0)
    assert (omeq(None).low, omeq(None).high) == (None, None)


def test_a_manual_line_leaves_a_lower_bound_and_never_zero() -> None:
    beside = omeq([line("methadone", "oral", "20", "3"), when_needed("morphine", "intravenous", "10", "6")])
    assert (beside.verdict, beside.low, beside.high) == ("incomplete", 120, None)
    alone = omeq([line("methadone", "oral", "20", "3")])
    assert (alone.low, alone.high) == (None, None)
    assert {(one.low, one.high) for one in alone.tables} == {(None, None)}
    assert [one.drug for one in alone.manual] == ["methadone"]


@pytest.mark.parametrize(
    "one",
    [
        line("methadone", "subcutaneous", "10"),
        line("fentanyl", "transmucosal", "400", unit="µg"),
        line("fentanyl", "sublingual", "400", unit="µg"),
        line("hydromorphone", "epidural", "1"),
        line("fentanyl", "intrathecal", "10", unit="µg"),
    ],
)
def test_a_line_for_manual_judgement_is_named_with_its_reason_and_never_summed(one: OpioidLine) -> None:
    answer = omeq([one])
    assert [(manual.drug, manual.route, bool(manual.reason)) for manual in answer.manual] == [
        (one.drug, one.route, True)
    ]
    assert [step for each in answer.tables for step in each.lines] == []


def test_rescue_doses_taken_are_added_to_the_regular_dose() -> None:
    both = OpioidLine(
        "oxycodone", "oral", "mg", Decimal(80), Decimal(2), rescue_dose=Decimal(30), rescue_per_day=Decimal(3)
    )
    cdc = table(omeq([both]), "CDC22")
    assert cdc.low == 375
    assert cdc.lines[0].text == "Oxikodon peroralt 80 mg × 2 + vid behov 30 mg × 3 = 250 mg/dygn"
    assert cdc.lines[0].factor == "× 1,5"


def test_a_drug_given_only_when_needed_counts_by_what_was_taken() -> None:
    dose_beside = OpioidLine("morphine", "oral", "mg", Decimal(20), None, Decimal(20), Decimal(4))
    assert omeq([dose_beside]).low == 80
    assert omeq([when_needed("morphine", "oral", "20", "0")]).verdict == "not_over"


@pytest.mark.parametrize(
    "one",
    [
        OpioidLine("morphine", "oral", "mg"),
        line("morphine", "oral", "100", None),
        line("morphine", "oral", None),
        when_needed("morphine", "oral", "20", None),
        OpioidLine("morphine", "oral", "mg", rescue_per_day=Decimal(2)),
        OpioidLine("fentanyl", "transdermal", "µg/h"),
        OpioidLine("fentanyl", "transdermal", "µg/h", Decimal(50), Decimal(1)),
        OpioidLine("fentanyl", "transdermal", "µg", Decimal(50), Decimal(1)),
        OpioidLine("fentanyl", "oral", "µg/h", Decimal(50)),
        line("morphine", "oral", "-5"),
        line("morphine", "oral", "NaN"),
        line("morphine", "oral", "Infinity"),
        line("morphine", "oral", "1E+900000"),
    ],
)
def test_a_line_that_cannot_be_computed_makes_the_answer_incomplete_and_says_why(one: OpioidLine) -> None:
    answer = omeq([one])
    assert (answer.verdict, len(answer.manual)) == ("incomplete", 1)
    assert answer.manual[0].reason.endswith(".")
    assert omeq([one, line("morphine", "oral", "300")]).verdict == "over"


def test_the_known_part_of_a_gapped_line_is_the_lower_bound() -> None:
    gapped = OpioidLine("morphine", "oral", "mg", Decimal(50), Decimal(2), rescue_dose=Decimal(10))
    assert (omeq([gapped]).verdict, omeq([gapped]).low) == ("incomplete", 100)


def test_figures_that_are_no_doses_are_all_reported_with_their_field() -> None:
    bad = OpioidLine("morphine", "oral", "mg", Decimal(-1), Decimal("NaN"), Decimal(1), Decimal("1e7"))
    fields = [problem.field for problem in problems_of(bad, "medicines.opioids.0")]
    assert fields == [f"medicines.opioids.0.{key}" for key in ("dose", "per_day", "rescue_per_day")]
    assert problems_of(line("morphine", "oral", "12.5")) == []


def test_several_lines_of_one_drug_are_summed_before_the_table_is_read() -> None:
    assert table(omeq([patch("fentanyl", "25"), patch("fentanyl", "25")]), "UPP20").low == 90
    split = omeq([line("tapentadol", "oral", "250"), line("tapentadol", "oral", "250")])
    assert table(split, "UPP20").covers is False


def test_above_its_cap_a_set_does_not_cover_and_keeps_the_caps_value_as_a_lower_bound() -> None:
    answer = omeq([patch("buprenorphine", "52.5")])
    upp = table(answer, "UPP20")
    assert (upp.covers, upp.counts, upp.low, upp.high) == (False, False, 80, None)
    assert upp.lines[0].factor == "× 2; tabellen slutar vid 40 µg/h, därför en undre gräns"
    assert [(one.drug, one.tables) for one in answer.uncovered] == [("buprenorphine", ["CDC22", "UPP20", "PMED"])]


def test_a_set_that_covers_only_some_counts_only_towards_over() -> None:
    little = omeq([patch("buprenorphine", "20"), line("morphine", "oral", "120")])
    assert (little.verdict, table(little, "CDC22").counts, table(little, "CDC22").low) == ("not_over", False, 120)
    much = omeq([patch("buprenorphine", "20"), line("morphine", "oral", "220")])
    assert (much.verdict, table(much, "CDC22").counts, table(much, "CDC22").high) == ("over", True, None)


def test_the_bracket_of_the_norwegian_table_is_shown_and_never_computed_with() -> None:
    nohd = table(omeq([line("oxycodone", "oral", "100")]), "NOHD")
    assert (nohd.low, nohd.high) == (150, 150)
    assert nohd.lines[0].factor == "× 1,5; spridning 1,3–2, räknas inte"


def test_a_range_that_holds_200_is_table_dependent_even_alone() -> None:
    answer = omeq([line("morphine", "subcutaneous", "80")], table_of_record="PMED")
    assert (answer.verdict, answer.low, answer.high) == ("table_dependent", 160, 240)


@pytest.mark.parametrize(("name", "verdict"), [("CDC22", "not_over"), ("UPP20", "over")])
def test_a_table_of_record_decides_alone(name: str, verdict: str) -> None:
    answer = omeq([line("oxycodone", "oral", "120")], table_of_record=name)
    assert answer.verdict == verdict
    assert [one.name for one in answer.tables if one.counts] == [name]


def test_a_table_of_record_that_misses_a_line_is_incomplete() -> None:
    assert omeq([patch("buprenorphine", "20")], table_of_record="CDC22").verdict == "incomplete"


def test_an_unknown_table_of_record_is_refused() -> None:
    with pytest.raises(RuleBroken) as caught:
        omeq([], table_of_record="CDC14")
    assert caught.value.rule == "omeq.unknown-table"


def test_every_answer_says_that_it_is_a_comparison_and_not_a_dose() -> None:
    assert {omeq(lines).caveat for lines in (None, [], [line("morphine", "oral", "10")])} == {CAVEAT}


ENTRIES = [(one, entry) for one in factor_sets() for entry in one.entries]
DOSES = st.decimals(0, 1500, places=2)


@given(st.sampled_from(ENTRIES), DOSES, DOSES)
def test_more_dose_never_lowers_an_entrys_figure(chosen: tuple[object, Entry], one: Decimal, other: Decimal) -> None:
    less, more = sorted((one, other))
    low, high = chosen[1].equivalents(less), chosen[1].equivalents(more)
    assert low.low <= low.high
    assert low.low <= high.low
    assert low.high <= high.high


def _lines() -> st.SearchStrategy[OpioidLine]:
    spoken_of = sorted({(e.drug, route, e.unit) for _, e in ENTRIES for route in e.routes})
    return st.builds(lambda key, dose: line(key[0], key[1], str(dose), unit=key[2]), st.sampled_from(spoken_of), DOSES)


@given(st.lists(_lines(), max_size=4), _lines())
def test_one_line_more_never_lowers_any_tables_total(lines: list[OpioidLine], added: OpioidLine) -> None:
    before, after = omeq(lines), omeq([*lines, added])
    for less, more in zip(before.tables, after.tables, strict=True):
        assert (less.low or 0) <= (more.low or 0)
    assert not (before.verdict == "over" and after.verdict == "not_over")


@given(st.lists(_lines(), max_size=4))
def test_a_manual_line_never_makes_an_answer_more_certain(lines: list[OpioidLine]) -> None:
    before, after = omeq(lines), omeq([*lines, line("methadone", "oral", "30")])
    assert after.verdict == ("over" if before.verdict == "over" else "incomplete")
