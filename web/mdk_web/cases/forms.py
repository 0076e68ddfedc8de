"""Owns the case's form: what stands in it, from a stored submission or from what was typed, and how it is read back."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from mdk import parsing
from mdk.cases import rules
from mdk.cases.structs import CaseView
from mdk.cases.submission_structs import Submission, given
from mdk.clinical.reference import municipalities
from mdk.errors import Invalid, Problem
from mdk.people.structs import Viewer
from mdk_web import words
from mdk_web.cases.rows import Note, Pairs, places, reshaped
from mdk_web.cases.sections import LISTS, Rows
from mdk_web.cases.working import UNKNOWN_NUMBER
from mdk_web.formkit import Form, Refusal

NONE = "none"
# What the form says of itself: the case, the traces of `clashes`, the box of `rows`, what was chosen of two versions.
_OF_ITSELF = frozenset({"number", "anew", "base", "paste", "choose"})
_HOLDERS = {
    "pain.nrs": "pain.nrs_now",
    "safety.platelets": "safety.platelets.value",
    "safety.pk_inr": "safety.pk_inr.value",
}


class Filled:
    """What stands in the form's controls, by their names, and how many rows each list shows."""

    paste = ""
    notes: Sequence[Note] = ()
    unread: Sequence[str] = ()

    def __init__(self, pairs: Sequence[tuple[str, str]], counts: dict[str, int] | None = None) -> None:
        self._pairs = [(name, value) for name, value in pairs if value]
        self._last = dict(self._pairs)
        self._counts = counts or {}

    def one(self, path: str) -> str:
        """What stands in one control; empty when nothing does."""
        return self._last.get(path, "")

    def every(self, path: str) -> list[str]:
        """What is ticked in one group."""
        return [value for name, value in self._pairs if name == path]

    def filled(self, part: Rows) -> int:
        """How many rows of a list are filled."""
        return len(places(self._pairs, part.path))

    def shown(self, part: Rows) -> int:
        """How many rows of a list to show: those that are filled, and at least one to fill."""
        filled = self.filled(part)
        return max(self._counts.get(part.path, 0), filled + 1 if filled else part.spare)

    def is_none(self, part: Rows) -> bool:
        """Whether the list was answered with none."""
        return self.one(f"{part.path}.{NONE}") == "yes"

    def pairs(self) -> list[tuple[str, str]]:
        """Every control in which something stands, with that."""
        return list(self._pairs)


def beginning(viewer: Viewer, today: date) -> Filled:
    """What a new case begins with: what follows from who is signed in."""
    return Filled([("patient.home_region", viewer.region or ""), ("consent.date", today.isoformat())])


def suggestions(viewer: Viewer) -> dict[str, Sequence[str]]:
    """What fields suggest to this viewer."""
    return {
        "patient.care_place": (viewer.unit_name, "Hemmet"),
        "patient.municipality": municipalities(viewer.region or ""),
        "consent.given_to": (viewer.name,),
    }


def stored(submission: Submission) -> Filled:
    """The form of a stored submission."""
    return Filled(list(_flat("", msgspec.to_builtins(bare(submission)))))


def typed(form: Form) -> Filled:
    """The form as it was typed, with what the pressed button does to a list's rows; no list has gaps."""
    made = reshaped(form, _kept(form))
    used = {part.path: places(made.pairs, part.path) for part in LISTS}
    counts = {part.path: _count(form, part.path) + (made.more if made.path == part.path else 0) for part in LISTS}
    filled = Filled([(_moved(name, used), value) for name, value in made.pairs if value], counts)
    filled.paste, filled.notes = made.paste, made.notes
    filled.unread = [f"{line.text}: {' '.join(line.notes)}" for line in made.unread]
    return filled


def plain(form: Form) -> dict[str, Any]:
    """The plain values of the form, for a submission to be read from."""
    return of_pairs(_kept(form)).plain(Submission)


def read(form: Form, today: date) -> Submission:
    """The submission of the form. Raises `Invalid` with every bad field, and what lacks where it is to be sent in."""
    return rules.read_submission(plain(form), today=today, to_submit=form.get("do") == "submit")


def savable(form: Form, today: date) -> tuple[Submission | None, list[Problem]]:
    """What of a form can be saved while it is being typed, and what can not; nothing without an identity number."""
    try:
        return read(form, today), []
    except Invalid as refused:
        problems = list(refused.problems)
    if any(problem.field == "patient.identity_number" for problem in problems):
        return None, problems
    values = plain(form)
    _drop_all(values, problems)
    return _lenient(values), problems


def lenient(form: Form) -> Submission:
    """What can be read of a form while it is being typed; what is bad counts as not given."""
    return _lenient(plain(form))


def reread(filled: Filled) -> Submission:
    """The same of what stands in the form."""
    return _lenient(of_pairs(filled.pairs()).plain(Submission))


def only(form: Form, *names: str) -> Form:
    """The form with nothing but the named fields."""
    return of_pairs([(name, value) for name, value in form.pairs if name in names])


def strip_of(view: CaseView) -> dict[str, Any]:
    """What the case strip shows of a case."""
    plain_ = {
        name: getattr(view, name) for name in ("number", "age", "sex", "state", "clock", "is_child", "deteriorated_at")
    }
    asked, lane = view.supplement_request, view.urgent_review
    return {
        **plain_,
        "home_region": _given(view, "patient.home_region"),
        "question": _given(view, "question"),
        "protected": _given(view, "patient.protected_identity") == "yes",
        "supplement_what": asked.what if asked else "",
        "urgent_until": lane.deadline if lane and lane.state == "open" else None,
    }


def _given(view: CaseView, path: str) -> str | None:
    value = rules.value_at(view, path)
    return value if given(value) else None


def _lenient(values: dict[str, Any]) -> Submission:
    patient = values.setdefault("patient", {})
    patient.setdefault("identity_number", UNKNOWN_NUMBER)
    for _ in range(3):
        problems = parsing.problems(Submission, values)
        if not problems:
            return msgspec.convert(values, Submission)
        _drop_all(values, problems)
        values.setdefault("patient", {}).setdefault("identity_number", UNKNOWN_NUMBER)
    return msgspec.convert({"patient": {"identity_number": UNKNOWN_NUMBER}}, Submission)


def _drop_all(values: dict[str, Any], problems: Sequence[Problem]) -> None:
    """Leave out every value that a problem names, and every row that such a value cannot be taken out of."""
    for problem in problems:
        _drop(values, problem.field.split("."))
    for section in values.values():
        for name, rows in section.items() if isinstance(section, dict) else ():
            if isinstance(rows, list):
                section[name] = [row for row in rows if row is not None]


def holder(path: str) -> str:
    """The field to which a rule's path leads: `pain.nrs` is about the first of the NRS fields."""
    return _HOLDERS.get(path, path)


def pointed(refusal: Refusal) -> Refusal:
    """The refusal with each problem at the field that can be mended."""
    problems = [Problem(holder(problem.field), problem.message) for problem in refusal.problems]
    return msgspec.structs.replace(refusal, problems=problems)


def required_words(path: str) -> str:
    """What is said beside a field's label when it is needed for something."""
    if path == "patient.identity_number":
        return "krävs för att spara"
    need = _NEEDS.get(path)
    return f"krävs {words.word('required_for', need)}" if need else ""


_NEEDS = {
    holder(path): need
    for path, need, _ in rules.FIELDS
    if need and path not in {"urgency_reason", "diagnosis.icd10", "pain.nrs"}
}


def of_pairs(pairs: Pairs) -> Form:
    """A form that holds these pairs."""
    return _Kept(pairs)


class _Kept(Form):
    def __init__(self, pairs: Pairs) -> None:
        super().__init__(b"")
        self.pairs = pairs
        self._last = dict(pairs)


def _kept(form: Form) -> list[tuple[str, str]]:
    """What was typed, without rows that hold nothing but the choice they began with."""
    pairs = [(name, value) for name, value in form.pairs if name.split(".", 1)[0] not in _OF_ITSELF]
    begun = {
        f"{part.path}.{place}"
        for part in LISTS
        for place in places(pairs, part.path)
        if not any(
            value and name.startswith(f"{part.path}.{place}.")
            for name, value in pairs
            if not any(name.endswith(f".{column.path}") and column.default == value for column in part.columns)
        )
    }
    return [(name, value) for name, value in pairs if ".".join(name.split(".")[:3]) not in begun]


def _count(form: Form, path: str) -> int:
    return len({name.split(".")[2] for name, _ in form.pairs if name.startswith(f"{path}.") and name.count(".") > 2})


def _moved(name: str, used: dict[str, list[str]]) -> str:
    first, *rest = name.split(".")
    path = ".".join([first, *rest[:1]])
    if path not in used or len(rest) < 3 or rest[1] not in used[path]:
        return name
    return ".".join([path, str(used[path].index(rest[1])), *rest[2:]])


def bare(submission: Submission) -> Submission:
    """The submission alone, without what a view of the case adds."""
    return Submission(**{name: getattr(submission, name) for name in Submission.__struct_fields__})


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list) and path == "pain.types":
        yield from ((path, each) for each in value)
    elif isinstance(value, list):
        if not value:
            yield f"{path}.{NONE}", "yes"
        for index, inner in enumerate(value):
            yield from _flat(f"{path}.{index}", inner)
    elif value is not None:
        yield path, _shown(value)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float | Decimal) else str(value)


def _drop(values: Any, path: list[str]) -> None:
    """Leave out the value at a path; in a list the value of that row, or the row where it has no such value."""
    name, *rest = path
    if isinstance(values, list):
        row = values[int(name)] if name.isdigit() and int(name) < len(values) else None
        if isinstance(row, dict) and rest and rest[0] in row:
            _drop(row, rest)
        elif row is not None:
            values[int(name)] = None
    elif isinstance(values, dict) and name in values:
        if rest and isinstance(values[name], dict | list):
            _drop(values[name], rest)
        else:
            values.pop(name)
