"""Owns what a button does to the rows of a list in the case's form: one more, one less, or those of a pasted text."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from mdk.clinical.pasted import Pasted, read_pasted
from mdk_web.cases.sections import LISTS
from mdk_web.formkit import Form, is_place

ADD, DROP, PASTE = "add:", "drop:", "paste"
PASTED_INTO = "medicines.opioids"
_PATHS = frozenset(part.path for part in LISTS)
_FIGURES = ("dose", "per_day", "rescue_dose", "rescue_per_day")

Pairs = list[tuple[str, str]]


class Note(NamedTuple):
    """What is to be checked in a row that was read out of a pasted text."""

    place: int
    text: str
    notes: list[str]


class Reshaped(NamedTuple):
    """The form's pairs after a button, how many more rows to show of which list, and what a paste left to check."""

    pairs: Pairs
    path: str = ""
    more: int = 0
    paste: str = ""
    notes: tuple[Note, ...] = ()
    unread: tuple[Pasted, ...] = ()


def reshapes(form: Form) -> str:
    """The list whose rows the pressed button changes; empty when it was another button.

    What was pasted and never read is read before it is saved, so that it is seen and not lost.
    """
    button = form.get("do", "")
    for sign in (ADD, DROP):
        path = ".".join(button.removeprefix(sign).split(".")[:2])
        if button.startswith(sign) and path in _PATHS:
            return path
    is_unread = button in {"save", "submit"} and any(each.drug for each in read_pasted(form.get(PASTE, "")))
    return PASTED_INTO if button == PASTE or is_unread else ""


def reshaped(form: Form, pairs: Pairs) -> Reshaped:
    """What the pressed button makes of the typed `pairs`."""
    button, path = form.get("do", ""), reshapes(form)
    paste = form.get(PASTE, "")
    if not path:
        return Reshaped(pairs, paste=paste)
    if button.startswith(ADD):
        return Reshaped(pairs, path, 1, paste)
    if button.startswith(DROP):
        gone = f"{button.removeprefix(DROP)}."
        return Reshaped([pair for pair in pairs if not pair[0].startswith(gone)], path, -1, paste)
    return _pasted(pairs, paste)


def places(pairs: Sequence[tuple[str, str]], path: str) -> list[str]:
    """The places in use of one list, in order."""
    parts = [name.split(".") for name, value in pairs if value and name.startswith(f"{path}.")]
    return sorted({part[2] for part in parts if len(part) > 3 and is_place(part[2])}, key=int)


def _pasted(pairs: Pairs, paste: str) -> Reshaped:
    """The rows that a pasted text gives, after those that are filled; what was not read stays in its box."""
    lines = read_pasted(paste)
    used = places(pairs, PASTED_INTO)
    first = int(used[-1]) + 1 if used else 0
    read = [line for line in lines if line.drug]
    added = [pair for place, line in enumerate(read, start=first) for pair in _row(place, line)]
    unread = tuple(line for line in lines if not line.drug)
    left = "\n".join(line.text for line in unread)
    notes = tuple(Note(len(used) + nth, line.text, line.notes) for nth, line in enumerate(read, start=1))
    answered = [pair for pair in pairs if not (read and pair[0] == f"{PASTED_INTO}.none")]
    return Reshaped([*answered, *added], PASTED_INTO, 0, left, notes, unread)


def _row(place: int, line: Pasted) -> Pairs:
    values = {"drug": line.drug, "route": line.route, "unit": line.unit}
    figures = {name: _figure(getattr(line, name)) for name in _FIGURES}
    return [(f"{PASTED_INTO}.{place}.{name}", str(value)) for name, value in {**values, **figures}.items() if value]


def _figure(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"
