"""Reference data: Table 1 computed from its counts, the four regions, and stable unit ids."""

from collections import Counter

import pytest

from mdk.clinical.reference import has_asih, prevalence, region, regions, units


def test_the_columns_of_table_1_sum_as_printed() -> None:
    rows = prevalence().rows
    assert (len(rows), prevalence().year, prevalence().week) == (14, 2023, 39)
    assert sum(row.patients for row in rows) == 585
    assert sum(row.high_dose for row in rows) == 116
    assert sum(row.advanced for row in rows) == 6


@pytest.mark.parametrize(("place", "percent"), [("Lund", 20.8), ("Kristianstad", 11.4), ("Halmstad", 9.8)])
def test_a_share_is_computed_and_never_copied(place: str, percent: float) -> None:
    shares = {row.place: row.share for row in prevalence().rows}
    assert round(shares[place] * 100, 1) == percent


def test_region_totals_agree_with_the_report() -> None:
    totals = Counter[str]()
    high = Counter[str]()
    for row in prevalence().rows:
        totals[row.region] += row.patients
        high[row.region] += row.high_dose
    assert totals == {"skane": 292, "halland": 189, "blekinge": 57, "kronoberg": 47}
    assert high == {"skane": 68, "halland": 27, "blekinge": 15, "kronoberg": 6}


def test_only_skane_has_asih_and_cover_round_the_clock() -> None:
    assert [one.id for one in regions()] == ["skane", "halland", "kronoberg", "blekinge"]
    assert {one.id: one.out_of_hours_cover for one in regions()} == {
        "skane": "round_the_clock",
        "halland": "holiday_daytime",
        "kronoberg": "none",
        "blekinge": "none",
    }
    assert [one.id for one in regions() if has_asih(one.id)] == ["skane"]
    assert has_asih("vastra") is False
    assert region("vastra") is None


def test_unit_ids_are_unique_and_each_region_has_its_function() -> None:
    ids = [unit.id for unit in units()]
    assert len(ids) == len(set(ids))
    assert {one.function_unit for one in regions()} == {unit.id for unit in units() if unit.kind == "regional_function"}
    assert {"mdk-samordning", "neurokirurgi-lund", "barnkonsultteamet", "chefsamrad", "logggranskning"} <= set(ids)


def test_every_place_of_table_1_has_a_palliative_unit_in_its_region() -> None:
    palliative = [unit for unit in units() if unit.kind == "palliative"]
    rows = prevalence().rows
    assert Counter(unit.region for unit in palliative) == Counter(row.region for row in rows)
    assert all(any(row.place in unit.name and row.region == unit.region for unit in palliative) for row in rows)
