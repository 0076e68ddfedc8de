"""Owns the figures as tables that a spreadsheet opens: UTF-8 with its mark, semicolons, decimal commas."""

import csv
import io
from collections.abc import Iterable, Sequence

from litestar import Response

from mdk.figures.goals import GoalLine
from mdk.figures.rules import COUNTED
from mdk.figures.structs import RegionFigures, Statistics
from mdk_web import words

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
HIDDEN = "dolt"


def download(name: str, rows: Iterable[Sequence[object]]) -> Response[bytes]:
    """The rows as a file to save; no cell can be read as a formula."""
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows([plain(value) for value in row] for row in rows)
    return Response(
        b"\xef\xbb\xbf" + out.getvalue().encode(),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"},
    )


def plain(value: object) -> str:
    """A cell as a Swedish spreadsheet reads it; a text that could be a formula is marked as text."""
    if value is None:
        return HIDDEN
    if isinstance(value, float):
        return f"{value:g}".replace(".", ",")
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def of_statistics(found: Statistics) -> list[list[object]]:
    """A row for each figure, a column for each region and one for all."""
    columns = [*found.regions, found.total]
    rows: list[list[object]] = [[f"År {found.year}", *(words.word("figures_region", one.region) for one in columns)]]
    rows += [[words.word("counted", name), *(getattr(one, name) for one in columns)] for name in COUNTED]
    for group, of in (("outcomes", "outcome"), ("implemented", "outcome"), ("reasons", "not_done_reason")):
        codes = getattr(found.total, group)
        title = words.word("counted_group", group)
        rows += [
            [f"{title}: {words.word(of, code)}", *(getattr(one, group)[code] for one in columns)] for code in codes
        ]
    for step in found.total.days:
        rows += [[f"{words.word('step', step)}: {name}", *_spreads(columns, step, field)] for field, name in _SPREAD]
    return rows


def of_places(found: Statistics) -> list[list[object]]:
    """A row for each place: its part of the point prevalence, and this year's cases."""
    by_region = {one.region: one for one in found.regions}
    rows: list[list[object]] = [
        ["Ort", "Region", "Anslutna", "Hög dos", "Andel hög dos", "Pågående avancerad", "Inskickade", "Behandlade"]
    ]
    for line in found.prevalence:
        figures = by_region.get(line.region)
        sent = figures.submitted_by_place.get(line.place, 0) if figures else 0
        treated = figures.treated_by_place.get(line.place, 0) if figures else 0
        counts = (line.patients, line.high_dose, round(line.share, 4), line.advanced)
        rows.append([line.place, words.word("region", line.region), *counts, sent, treated])
    return rows


def of_goals(lines: Sequence[GoalLine]) -> list[list[object]]:
    """A row for each goal and region: level, value, and change in percentage points."""
    rows: list[list[object]] = [["Mål", "Region", "Målnivå", "Beslutad", "Värde", "Förändring, procentenheter"]]
    for line in lines:
        for value in line.values:
            shown = HIDDEN if value.is_hidden and value.value is None else value.value
            level = [line.level, "ja" if line.is_decided else "nej, förslag"]
            rows.append(
                [words.word("goal", line.goal), words.word("figures_region", value.region), *level, shown, value.change]
            )
    return rows


_SPREAD = (("median", "median, dagar"), ("p90", "90:e percentilen, dagar"), ("n", "antal"), ("within", "andel i tid"))


def _spreads(columns: Sequence[RegionFigures], step: str, field: str) -> list[object]:
    spreads = [one.days[step] for one in columns]
    return ["" if getattr(one, field) is None and one.n == 0 else getattr(one, field) for one in spreads]
