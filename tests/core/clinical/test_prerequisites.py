"""The prerequisites: 20 for extern, 19 where there is ASIH, 18 for intern."""

from mdk.clinical.prerequisites import for_extern, for_intern, source
from mdk.clinical.reference import regions


def test_extern_needs_all_twenty_where_there_is_no_asih() -> None:
    rows = for_extern(has_asih=False)
    assert [row.n for row in rows] == list(range(1, 21))
    assert sum(row.applies for row in rows) == 20


def test_extern_needs_nineteen_where_there_is_asih() -> None:
    rows = for_extern(has_asih=True)
    assert [row.n for row in rows] == list(range(1, 21))
    assert [row.n for row in rows if not row.applies] == [19]


def test_intern_needs_eighteen() -> None:
    assert [row.n for row in for_intern()] == [*range(1, 7), *range(9, 17), 20, 21, 22, 23]
    assert sum(row.applies for row in for_intern()) == 18


def test_row_19_applies_in_halland_kronoberg_and_blekinge_and_not_in_skane() -> None:
    applies = {one.id: for_extern(has_asih=one.has_asih)[18].applies for one in regions()}
    assert applies == {"skane": False, "halland": True, "kronoberg": True, "blekinge": True}


def test_what_concerns_the_patient_is_apart_from_what_a_unit_keeps_ready() -> None:
    assert [row.n for row in for_extern(has_asih=False) if row.scope == "patient"] == [1, 3, 4, 5]
    assert all(row.text for row in [*for_extern(has_asih=False), *for_intern()])
    assert source()
