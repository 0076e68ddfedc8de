"""Owns the register export as tables: its rows, its data dictionary, and the words of its codes."""

import csv
import io

from mdk.figures import register
from mdk.figures.register import Export
from mdk_web import words
from mdk_web.figures.sheets import plain


def table_of(found: Export) -> list[list[object]]:
    """The rows as a table, with a column more beside each coded one that has been mapped."""
    names = [column.name for column in found.dictionary.columns]
    targets = {(one.column, one.code): one.target for one in found.mappings}
    mapped = [name for name in names if any(one.column == name for one in found.mappings)]
    rows: list[list[object]] = [[*names, *(f"{name}_mapped" for name in mapped)]]
    for row in found.rows:
        known = ["" if row[name] is None else row[name] for name in names]
        rows.append([*known, *(targets.get((name, str(row[name])), "") for name in mapped)])
    return rows


def dictionary_of() -> list[list[object]]:
    """The data dictionary as a table: a row for each column, and its codes in words."""
    head: list[list[object]] = [["Kolumn", "Slag", "Enhet", "Betydelse", "Koder"]]
    rows: list[list[object]] = []
    for column in register.dictionary().columns:
        named = ", ".join(f"{code} = {word}" for code, word in codes_of(column.name))
        rows.append([column.name, column.kind, column.unit, column.what, named])
    return head + rows


def as_csv(rows: list[list[object]]) -> str:
    """A table as text, for the command line."""
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\n").writerows([plain(value) for value in row] for row in rows)
    return out.getvalue()


def codes_of(column: str) -> list[tuple[str, str]]:
    """The codes of a column with their words; none for a column without."""
    group = next((one.codes for one in register.dictionary().columns if one.name == column), "")
    return words.options(group) if group else []
