"""Identity numbers: every official test number, the published reservnummer vectors, and near misses."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdk.clinical.identity import Identity, age_on, check_digit, display, parse_identity
from mdk.errors import RuleBroken

DATA = Path(__file__).parents[2] / "data"
PERSONNUMMER: list[str] = json.loads((DATA / "testpersonnummer.json").read_text(encoding="utf-8"))
SAMORDNINGSNUMMER: list[str] = json.loads((DATA / "testsamordningsnummer.json").read_text(encoding="utf-8"))
TODAY = date(2026, 11, 22)


def refused(text: str) -> str:
    with pytest.raises(RuleBroken) as caught:
        parse_identity(text, today=TODAY)
    digits = "".join(sign for sign in text if sign.isalnum())
    assert not digits or digits not in caught.value.message
    return caught.value.rule


def test_the_public_lists_have_their_known_length() -> None:
    assert (len(PERSONNUMMER), len(SAMORDNINGSNUMMER)) == (41_129, 2_264)


def test_every_official_test_personnummer_is_accepted() -> None:
    read = [parse_identity(number, today=TODAY) for number in PERSONNUMMER]
    assert [one.value for one in read] == PERSONNUMMER
    assert {one.kind for one in read} == {"personnummer"}
    assert all(one.birth_date for one in read)


def test_every_official_test_samordningsnummer_is_accepted_and_194_have_no_birth_date() -> None:
    read = [parse_identity(number, today=TODAY) for number in SAMORDNINGSNUMMER]
    assert [one.value for one in read] == SAMORDNINGSNUMMER
    assert {one.kind for one in read} == {"samordningsnummer"}
    assert sum(one.birth_date is None for one in read) == 194


def test_every_official_number_with_another_check_digit_is_refused() -> None:
    for number in PERSONNUMMER[::41] + SAMORDNINGSNUMMER:
        wrong = str((int(number[-1]) + 1) % 10)
        assert refused(number[:-1] + wrong) == "identity.check-digit"


@given(st.sampled_from(PERSONNUMMER), st.integers(8, 11), st.integers(1, 9))
def test_one_wrong_digit_in_the_last_four_is_always_noticed(number: str, place: int, step: int) -> None:
    wrong = str((int(number[place]) + step) % 10)
    assert refused(number[:place] + wrong + number[place + 1 :]) == "identity.check-digit"


@pytest.mark.parametrize(
    "typed",
    [
        "194001042383",
        "19400104-2383",
        "19400104 2383",
        " 1940 01 04 - 2383 ",
        "19400104\u00a02383",
        "19400104\u20132383",
        "19400104\u22122383",
        "400104-2383",
        "4001042383",
        "400104\u20102383",
    ],
)
def test_any_usual_way_of_typing_means_the_same_person(typed: str) -> None:
    assert parse_identity(typed, today=TODAY) == Identity("194001042383", "personnummer", date(1940, 1, 4), "female")


def test_every_official_number_is_found_again_from_its_ten_digits() -> None:
    for number in PERSONNUMMER[::13] + SAMORDNINGSNUMMER:
        sign = "+" if int(number[:4]) <= TODAY.year - 100 else "-"
        assert parse_identity(f"{number[2:8]}{sign}{number[8:]}", today=TODAY).value == number


def test_a_plus_means_a_hundred_years_by_the_year() -> None:
    assert parse_identity("121212+1212", today=TODAY).value == "191212121212"
    assert parse_identity("121212-1212", today=TODAY).value == "201212121212"


@pytest.mark.parametrize("number", ["195200622396", "201010602397", "200902912385", "201604912384"])
def test_a_samordningsnummer_with_an_unknown_or_impossible_date_has_no_birth_date(number: str) -> None:
    read = parse_identity(number, today=TODAY)
    assert (read.value, read.kind, read.birth_date) == (number, "samordningsnummer", None)
    assert read.sex


# Published vectors: SwedishIdentifier README, HL7 Sweden's example, PersonIdentifiers.Swedish.
@pytest.mark.parametrize(
    ("number", "birth_date", "sex"),
    [
        ("22950606FH20", date(1995, 6, 6), "female"),
        ("25780404KHD5", date(1978, 4, 4), None),
        ("00342145BZ31", None, "male"),
        ("00749852BZK0", None, None),
        ("98240301AA06", date(2024, 3, 1), "female"),
        ("22790814AA01", date(1979, 8, 14), "female"),
        ("22950606FH12", date(1995, 6, 6), "male"),
    ],
)
def test_a_published_reservnummer_is_accepted(number: str, birth_date: date | None, sex: str | None) -> None:
    read = parse_identity(f"{number[:8]}-{number[8:].lower()}", today=TODAY)
    assert (read.value, read.kind, read.birth_date, read.sex) == (number, "reservnummer", birth_date, sex)


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("19790914AA05", "identity.date"),
        ("23790914AA09", "identity.future"),
        ("00790914AA06", "identity.date"),
        ("00792039AA05", "identity.date"),
        ("00792060AA04", "identity.date"),
        ("22790231AA06", "identity.date"),
        ("00749852APA5", "identity.format"),
        ("22950606FI20", "identity.format"),
        ("22950606FH21", "identity.check-digit"),
        ("20210325K069", "identity.format"),
    ],
)
def test_a_reservnummer_that_breaks_the_format_is_refused(number: str, rule: str) -> None:
    assert refused(number) == rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "identity.empty"),
        (" \u00a0", "identity.empty"),
        ("okänt", "identity.format"),
        ("194001042", "identity.format"),
        ("19400104--2383", "identity.format"),
        ("\u0661\u0669\u0664\u0660\u0660\u0661\u0660\u0664\u0662\u0663\u0668\u0663", "identity.format"),
        ("19400104238\x003", "identity.format"),
        ("202302292389", "identity.date"),
        ("194013042383", "identity.date"),
        ("194001992383", "identity.date"),
        ("194013642383", "identity.date"),
        ("000001042383", "identity.date"),
        ("203001042385", "identity.future"),
        ("194001042384", "identity.check-digit"),
    ],
)
def test_what_is_no_number_is_refused_with_its_rule(text: str, rule: str) -> None:  # F30
    assert refused(text) == rule


@given(st.text(max_size=20))
def test_any_text_gives_an_identity_or_a_rule(text: str) -> None:  # F30
    try:
        length = len(parse_identity(text, today=TODAY).value)
    except RuleBroken:
        length = 12
    assert length == 12


@given(st.dates(date(1900, 1, 1), TODAY), st.integers(0, 999))
def test_a_real_date_with_its_check_digit_is_a_personnummer(born: date, serial: int) -> None:
    eleven = f"{born:%Y%m%d}{serial:03}"
    read = parse_identity(f"{eleven}{check_digit(eleven[2:])}", today=TODAY)
    assert (read.birth_date, read.sex) == (born, "male" if serial % 2 else "female")


def test_age_changes_on_the_birthday_and_for_a_leap_day_on_the_first_of_march() -> None:
    assert age_on(date(2008, 11, 22), TODAY) == 18
    assert age_on(date(2008, 11, 22), TODAY - timedelta(days=1)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18
    assert age_on(None, TODAY) is None


def test_a_stored_number_is_shown_with_a_dash() -> None:
    assert display("194001042383") == "19400104-2383"
