"""Owns point prevalences: the published one of 2023, those imported since, and how a table is read. Reads and rules."""

import csv
import io
from datetime import date

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.clinical import reference
from mdk.errors import Invalid, Problem
from mdk.figures.structs import PrevalenceLine
from mdk.figures.tables import PrevalenceCount, PrevalenceSurvey

COLUMNS = ("place", "region", "patients", "high_dose", "advanced")
TOTAL = "summa"
MOST_ROWS = 200
_COUNTS = COLUMNS[2:]


class Survey(msgspec.Struct, frozen=True):
    """One point prevalence with its week and source; the shares are computed from the counts."""

    year: int
    week: int
    source: str
    lines: list[PrevalenceLine]

    @property
    def patients(self) -> int:
        return sum(line.patients for line in self.lines)

    @property
    def high_dose(self) -> int:
        return sum(line.high_dose for line in self.lines)

    @property
    def advanced(self) -> int:
        return sum(line.advanced for line in self.lines)


def surveys(session: Session) -> list[Survey]:
    """Every point prevalence, the newest first; the published one of 2023 is always there."""
    rows = session.scalars(select(PrevalenceSurvey))
    found = [Survey(row.year, row.week, row.source, _lines(session, row)) for row in rows]
    return sorted([*found, published()], key=lambda survey: (survey.year, survey.week), reverse=True)


def newest(session: Session) -> Survey:
    """The newest point prevalence."""
    return surveys(session)[0]


def published() -> Survey:
    """Table 1 of the final report."""
    table = reference.prevalence()
    lines = [line_of(row.place, row.region, row.patients, row.high_dose, row.advanced) for row in table.rows]
    return Survey(table.year, table.week, table.source, lines)


def line_of(place: str, region: reference.RegionId, patients: int, high_dose: int, advanced: int) -> PrevalenceLine:
    """One place; the share on a high dose is computed, and 0 where nobody is enrolled."""
    return PrevalenceLine(place, region, patients, high_dose, high_dose / patients if patients else 0.0, advanced)


def check_week(year: int, week: int, *, today: date) -> None:
    """A week that has begun. Raises `Invalid`."""
    try:
        monday = date.fromisocalendar(year, week, 1)
    except ValueError as error:
        raise Invalid([Problem("week", f"År {year} har ingen vecka {week}.")]) from error
    if monday > today:
        raise Invalid([Problem("week", "Veckan har inte börjat än. Ange en vecka som har varit.")])


def read_table(text: str) -> list[PrevalenceLine]:
    """A table as it is imported: place; region; patients; high dose; advanced, and a last row `Summa` that adds up.

    Semicolon, comma or tab separates the columns; the first row names them. Raises `Invalid` with every bad row.
    """
    rows = _rows(text)
    problems: list[Problem] = []
    lines = [line for at, row in rows if row[0].casefold() != TOTAL and (line := _line(at, row, problems)) is not None]
    _check_places(lines, problems)
    totals = [(at, row) for at, row in rows if row[0].casefold() == TOTAL]
    if len(totals) != 1:
        problems.append(Problem("Summa", "Tabellen ska sluta med en rad Summa, så att den kan kontrolleras."))
    elif not problems:
        _check_total(*totals[0], lines, problems)
    if problems:
        raise Invalid(problems)
    return lines


def _rows(text: str) -> list[tuple[int, list[str]]]:
    text = text.removeprefix("\ufeff")
    head = text.split("\n", 1)[0]
    separator = max(";,\t", key=head.count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=separator)]
    named = [cell.casefold() for cell in rows[0]] if rows else []
    if tuple(named) != COLUMNS:
        raise Invalid([Problem("1", f"Första raden ska vara {';'.join(COLUMNS)}.")])
    found = [(at, row) for at, row in enumerate(rows[1:], 2) if any(row)]
    if not found or len(found) > MOST_ROWS:
        raise Invalid([Problem("", f"Tabellen ska ha minst en rad och högst {MOST_ROWS}.")])
    return found


def _line(at: int, row: list[str], problems: list[Problem]) -> PrevalenceLine | None:
    before = len(problems)
    if len(row) != len(COLUMNS):
        problems.append(Problem(f"{at}", f"Raden ska ha {len(COLUMNS)} värden, men har {len(row)}."))
        return None
    place, region, *counts = row
    if not place or len(place) > 100:
        problems.append(Problem(f"{at}.place", "Ange ortens namn, högst 100 tecken."))
    if reference.region(region) is None:
        known = ", ".join(one.id for one in reference.regions())
        problems.append(Problem(f"{at}.region", f"Ange en av regionerna {known}."))
    patients, high_dose, advanced = (
        _count(at, name, cell, problems) for name, cell in zip(_COUNTS, counts, strict=True)
    )
    if high_dose > patients:
        problems.append(Problem(f"{at}.high_dose", "Fler har hög dos än som är anslutna. Kontrollera raden."))
    if len(problems) > before:
        return None
    return line_of(place, region, patients, high_dose, advanced)  # type: ignore[arg-type]


def _count(at: int, name: str, cell: str, problems: list[Problem]) -> int:
    if not (cell.isascii() and cell.isdecimal() and len(cell) <= 6):
        problems.append(Problem(f"{at}.{name}", "Ange ett helt tal, till exempel 35."))
        return 0
    return int(cell)


def _check_places(lines: list[PrevalenceLine], problems: list[Problem]) -> None:
    places = [line.place for line in lines]
    problems += [
        Problem(place, f"{place} står flera gånger. Slå ihop raderna.")
        for place in set(places)
        if places.count(place) > 1
    ]


def _check_total(at: int, row: list[str], lines: list[PrevalenceLine], problems: list[Problem]) -> None:
    for name, cell in zip(_COUNTS, row[2:], strict=False):
        total = sum(getattr(line, name) for line in lines)
        if _count(at, name, cell, problems) != total and cell.isdecimal():
            problems.append(
                Problem(f"{at}.{name}", f"Summan är {cell}, men raderna blir {total}. Rätta det som är fel.")
            )
    if len(row) != len(COLUMNS):
        problems.append(Problem(f"{at}", f"Raden Summa ska ha {len(COLUMNS)} värden, men har {len(row)}."))


def _lines(session: Session, survey: PrevalenceSurvey) -> list[PrevalenceLine]:
    rows = session.scalars(
        select(PrevalenceCount)
        .where(col(PrevalenceCount.survey_id) == survey.id)
        .order_by(col(PrevalenceCount.position))
    )
    return [line_of(row.place, row.region, row.patients, row.high_dose, row.advanced) for row in rows]  # type: ignore[arg-type]
