"""Owns how a case's history is told: each changed field with its label, from what to what, in words."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from mdk.cases.changes import FieldChange
from mdk.clinical.daily import words as opioid_words
from mdk.clinical.structs import OpioidLine
from mdk_web import words
from mdk_web.cases.sections import LISTS, Field, field_at
from mdk_web.rendering import day, identity_number, number

Dates = Callable[[str], str]  # how a date is written

LONGEST = 80
NOT_GIVEN = "inte angivet"
_IDENTITY = frozenset({"patient.identity_number", "patient.name"})
_LISTS = {part.path: part for part in LISTS}


class Told(NamedTuple):
    """A change in words: `short` stands open; what was before and after is folded away when that says more."""

    label: str
    short: str
    before: str
    after: str
    is_folded: bool


def told(change: FieldChange) -> Told:
    """A change as people read it; long texts and identities are folded."""
    before, after = worded(change.field, change.before), worded(change.field, change.after)
    label = words.label(change.field)
    if change.field in _IDENTITY:
        return Told(label, "ändrat", before or NOT_GIVEN, after or NOT_GIVEN, is_folded=True)
    if change.field in _LISTS and isinstance(change.before or change.after, dict):
        return _row(label, before, after)
    is_long = max(len(before), len(after)) > LONGEST
    return Told(
        label, f"{_short(before) or NOT_GIVEN} → {_short(after) or NOT_GIVEN}", before, after, is_folded=is_long
    )


def worded(path: str, value: Any, dates: Dates = day) -> str:
    """A plain value of the submission in words; empty for what was not given."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(worded(path, each, dates) for each in value) or _none(path)
    if isinstance(value, dict):
        return _columns(path, value, dates)
    if path == "patient.identity_number":
        return identity_number(str(value))
    field = field_at(path)
    return str(value) if field is None else _one(field, value, dates)


def _row(label: str, before: str, after: str) -> Told:
    if not before or not after:
        return Told(label, f"{after} tillagd" if after else f"{before} borttagen", before, after, is_folded=False)
    return Told(label, f"{before} → {after}", before, after, is_folded=False)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"


def _none(path: str) -> str:
    return _LISTS[path].none if path in _LISTS else ""


def _columns(path: str, row: Mapping[str, Any], dates: Dates) -> str:
    if path == "medicines.opioids":
        with suppress(msgspec.ValidationError):
            return opioid_words(msgspec.convert(row, OpioidLine))
    parts = _LISTS[path].columns if path in _LISTS else ()
    return ", ".join(_one(column, row[column.path], dates) for column in parts if row.get(column.path))


def _one(field: Field, value: Any, dates: Dates) -> str:
    """One value; a code that nobody knows any more is told as it stands."""
    if field.kind == "date":
        return f"{'senaste dos ' if field.path == 'last_dose' else ''}{dates(str(value))}"
    if field.kind == "number":
        return f"{number(value)} {field.unit}".strip()
    group = "yes_no_unknown" if field.kind == "ternary" else field.group
    told_as = words.WORDS[group].get(str(value), str(value)) if group else str(value)
    return f"kan sättas ut: {told_as.lower()}" if field.path == "stoppable" else told_as
