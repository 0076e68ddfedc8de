"""Pasted medicine lists: what a line says, what it leaves open, and that nothing is guessed in silence."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdk.clinical.pasted import MOST_LINES, Pasted, brands, read_pasted

Said = tuple[str | None, ...]


def said(one: Pasted) -> Said:
    doses = (one.dose, one.per_day, one.rescue_dose, one.rescue_per_day)
    return one.drug, one.route, one.unit, *(None if each is None else f"{each.normalize():f}" for each in doses)


def only(text: str) -> Pasted:
    (one,) = read_pasted(text)
    return one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Oxycontin 40 mg x 2", ("oxycodone", "oral", "mg", "40", "2", None, None)),
        ("OxyContin depottablett 12,5 mg 2 ggr/dygn", ("oxycodone", "oral", "mg", "12.5", "2", None, None)),
        ("Fentanyl plåster 50 µg/h", ("fentanyl", "transdermal", "µg/h", "50", None, None, None)),
        ("Fentanyl 25 mikrogram/timme, plåster", ("fentanyl", "transdermal", "µg/h", "25", None, None, None)),
        ("Durogesic 75 μg/h byts var 3:e dygn", ("fentanyl", "transdermal", "µg/h", "75", None, None, None)),
        ("Norspan 20 mikrog/h var 7:e dag", ("buprenorphine", "transdermal", "µg/h", "20", None, None, None)),
        ("Dolcontin 30 mg 1+0+1", ("morphine", "oral", "mg", "30", "2", None, None)),
        ("Dolcontin 30 mg 2+0+2", ("morphine", "oral", "mg", "60", "2", None, None)),
        ("Dolcontin 30 mg 1+1+2", ("morphine", "oral", "mg", "30", "4", None, None)),
        ("- Palexia depot 100 mg 1x2", ("tapentadol", "oral", "mg", "100", "2", None, None)),
        ("2. Palexia 50 mg 2x3", ("tapentadol", "oral", "mg", "100", "3", None, None)),
        ("OxyNorm kapsel 10 mg vid behov, 4 st/dygn", ("oxycodone", "oral", "mg", None, None, "10", "4")),
        ("Morfin 5 mg s.c. v.b. 3 ggr per dygn", ("morphine", "subcutaneous", "mg", None, None, "5", "3")),
        ("Morfin iv 10 mg var 4:e timme", ("morphine", "intravenous", "mg", "10", "6", None, None)),
        ("Abstral 200 µg vb 2 doser/dygn", ("fentanyl", "sublingual", "µg", None, None, "200", "2")),
        ("Metadon tabl 20 mg 2 tabletter x 3", ("methadone", "oral", "mg", "40", "3", None, None)),
        ("Oxikodon tablett 80 mg/dygn x 1", ("oxycodone", "oral", "mg", "80", "1", None, None)),
        ("Instanyl nässpray 100 µg × 4 vid behov", ("fentanyl", "transmucosal", "µg", None, None, "100", "4")),
    ],
)
def test_a_line_is_read_into_its_fields(text: str, expected: Said) -> None:
    assert said(only(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected", "note"),
    [
        ("Oxynorm 10 mg vid behov, 4 st/dygn", ("oxycodone", None, "mg", None, None, "10", "4"), "Ange väg"),
        ("Oxycontin 40 mg", ("oxycodone", "oral", "mg", "40", None, None, None), "gånger per dygn"),
        ("Oxycontin 40 x 2", ("oxycodone", "oral", "mg", "40", "2", None, None), "tolkad som mg"),
        ("Durogesic 50", ("fentanyl", "transdermal", "µg/h", "50", None, None, None), "tolkad som µg/h"),
        ("Fentanyl 50", ("fentanyl", None, "mg", None, None, None, None), "Talet 50 på raden är inte tolkat"),
        (
            "Morfin sc 10 mg/ml x 4",
            ("morphine", "subcutaneous", "mg", None, "4", None, None),
            "Styrkan står per ml",
        ),
        ("Morfin 10 mg/ml 2 ml po", ("morphine", "oral", "mg", None, None, None, None), "Talet 2 på raden"),
        ("Citodon 500 mg/30 mg 2x4", ("codeine", None, "mg", None, "4", None, None), "kombinationsläkemedel"),
        ("Oxynorm 10 mg po vb max 6/dygn", ("oxycodone", "oral", "mg", None, None, "10", None), "högsta antal"),
        ("Oxynorm 10 mg po vb 2-4 ggr/dygn", ("oxycodone", "oral", "mg", None, None, "10", None), "intervall"),
        ("Palladon 4 mg x 2 sedan 2025", ("hydromorphone", None, "mg", "4", "2", None, None), "Talet 2025"),
    ],
)
def test_what_a_line_leaves_open_stays_open_and_is_said(text: str, expected: Said, note: str) -> None:
    one = only(text)
    assert said(one) == expected
    assert [each for each in one.notes if note in each] != []


def test_rescue_doses_are_always_to_be_checked_against_what_was_taken() -> None:
    assert "verkligen har tagits" in " ".join(only("OxyNorm kapsel 10 mg vid behov, 4 st/dygn").notes)


@pytest.mark.parametrize("text", ["Alvedon 500 mg 2x4", "x 2", "🙂", "\u202eOmeprazol", "Oxy 40 mg x 2", "Morfinist 3"])
def test_a_line_without_a_known_name_is_not_read(text: str) -> None:
    assert (only(text).drug, len(only(text).notes)) == (None, 1)


def test_two_drugs_on_a_line_are_not_read_and_one_by_two_names_is() -> None:
    assert only("Oxycontin 40 mg x 2 och Dolcontin 30 mg x 2").drug is None
    assert said(only("Targiniq (oxikodon) 20 mg x 2")) == ("oxycodone", "oral", "mg", "20", "2", None, None)


def test_lines_are_parted_by_line_breaks_and_semicolons_and_there_is_an_end() -> None:
    assert [one.drug for one in read_pasted("Dolcontin 30 mg x 2\r\n\r\n; Palexia 50 mg x 2")] == [
        "morphine",
        "tapentadol",
    ]
    assert len(read_pasted("Dolcontin 30 mg x 2\n" * 500)) == MOST_LINES


def test_the_names_say_where_they_come_from_and_none_stands_twice() -> None:
    names = [brand.name for brand in brands().brands]
    assert len(names) == len(set(names))
    assert "Allmän kunskap" in brands().note


@given(st.text(max_size=200))
def test_any_text_is_read_without_fault(text: str) -> None:
    assert len(read_pasted(text)) <= MOST_LINES


_PIECES = ["40 mg", "25 µg/h", "x 2", "1+0+1", "3 ggr/dygn", "vid behov", "plåster", "tablett", "17", "0,5"]


@given(st.sampled_from(brands().brands), st.lists(st.sampled_from(_PIECES), max_size=5))
def test_no_figure_of_a_line_is_lost_in_silence(brand: object, pieces: list[str]) -> None:
    text = " ".join([getattr(brand, "name", ""), *pieces])
    one = only(text)
    figures = (one.dose, one.per_day, one.rescue_dose, one.rescue_per_day)
    if re.search(r"\d", text):
        assert any(figure is not None for figure in figures) or one.notes
    assert all(figure is None or figure >= Decimal(0) for figure in figures)
