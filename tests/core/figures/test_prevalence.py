"""Point prevalences: Table 1 as the report counted it, and the import of a new one."""

import pytest

import make
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, RuleBroken
from mdk.figures import prevalence, service
from mdk.figures.structs import SurveyBody

TABLE = """place;region;patients;high_dose;advanced
Malmö;skane;60;21;3
Växjö;kronoberg;30;4;0
Summa;;90;25;3
"""


def take_in(
    database: Database, table: str = TABLE, *, by: str = make.COORDINATOR, year: int = 2026, week: int = 39
) -> None:
    body = SurveyBody(year=year, week=week, source="Palliativa nätverket räknade.", table=table)
    with database.writing() as session:
        service.import_prevalence(session, body=body, by=make.viewer(database, by), at=make.AT)


def newest(database: Database) -> prevalence.Survey:
    with database.reading() as session:
        return prevalence.newest(session)


def problems(table: str) -> list[str]:
    with pytest.raises(Invalid) as refusal:
        prevalence.read_table(table)
    return [problem.field for problem in refusal.value.problems]


def test_table_1_holds_the_counts_of_the_report_and_shares_that_are_computed(ward: Database) -> None:
    survey = newest(ward)
    shares = {line.place: round(100 * line.share, 1) for line in survey.lines}
    assert (survey.patients, survey.high_dose, survey.advanced) == (585, 116, 6)
    assert (shares["Lund"], shares["Kristianstad"]) == (20.8, 11.4)
    assert (survey.year, survey.week, len(survey.lines)) == (2023, 39, 14)


def test_a_new_point_prevalence_is_the_one_to_measure_against(clinic: Database) -> None:
    take_in(clinic)
    survey = newest(clinic)
    assert [(line.place, line.patients, line.high_dose, line.share) for line in survey.lines] == [
        ("Malmö", 60, 21, 0.35),
        ("Växjö", 30, 4, 4 / 30),
    ]


def test_an_older_one_does_not_take_its_place(ward: Database) -> None:
    take_in(ward)
    take_in(ward, year=2025)
    with ward.reading() as session:
        assert [survey.year for survey in prevalence.surveys(session)] == [2026, 2025, 2023]


def test_sums_that_do_not_add_up_change_nothing(ward: Database) -> None:
    with pytest.raises(Invalid) as refusal:
        take_in(ward, TABLE.replace("Summa;;90", "Summa;;91"))
    assert [problem.message for problem in refusal.value.problems] == [
        "Summan är 91, men raderna blir 90. Rätta det som är fel."
    ]
    assert newest(ward).year == 2023


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("ort;region\nMalmö;skane\n", ["1"]),
        ("place;region;patients;high_dose;advanced\n", [""]),
        (TABLE.replace("Summa;;90;25;3\n", ""), ["Summa"]),
        (TABLE.replace("skane", "scania").replace("60;21", "6x;21"), ["2.region", "2.patients", "2.high_dose"]),
        (TABLE.replace("30;4;0", "30;40;0"), ["3.high_dose"]),
        (TABLE.replace("Växjö;kronoberg;30;4;0", "Malmö;skane;30;4;0"), ["Malmö"]),
        (TABLE.replace("Växjö;kronoberg;30;4;0", "Växjö;kronoberg;30"), ["3"]),
        (TABLE.replace("30;4;0", "-30;4;0"), ["3.patients", "3.high_dose"]),
    ],
)
def test_every_bad_row_is_named_at_once(table: str, fields: list[str]) -> None:
    assert problems(table) == fields


@pytest.mark.parametrize("separator", [",", "\t"])
def test_other_separators_and_a_mark_at_the_start_are_read_too(separator: str) -> None:
    assert len(prevalence.read_table("\ufeff" + TABLE.replace(";", separator))) == 2


def test_a_week_is_taken_in_once(ward: Database) -> None:
    take_in(ward)
    with pytest.raises(RuleBroken) as refusal:
        take_in(ward)
    assert refusal.value.rule == "prevalence.week-taken"
    with pytest.raises(RuleBroken):
        take_in(ward, year=2023)


@pytest.mark.parametrize(("year", "week"), [(2026, 53 + 1), (2025, 53), (2027, 20)])
def test_a_week_that_there_is_not_yet_or_never_is_refused(ward: Database, year: int, week: int) -> None:
    with pytest.raises(Invalid):
        take_in(ward, year=year, week=week)


def test_who_does_not_run_the_conference_takes_nothing_in(ward: Database) -> None:
    with pytest.raises(NotAllowed):
        take_in(ward, by=make.REFERRER)
