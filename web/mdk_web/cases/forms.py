"""Owns the case's form: what stands in it, from a stored submission or from what was typed, and how it is read back."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from mdk import parsing
from mdk.cases import rules
from mdk.cases.hints import hints_of
from mdk.cases.structs import CaseView, Completeness, Missing, Submission, given
from mdk.clinical.identity import age_on, parse_identity
from mdk.clinical.structs import Hint, Identification, Omeq
from mdk.errors import Problem, RuleBroken
from mdk.people.structs import Viewer
from mdk_web import words
from mdk_web.cases.sections import LISTS, SECTIONS, Rows, section_of
from mdk_web.formkit import Form, Refusal, is_place

NONE = "none"
ADD = "add:"
_UNKNOWN_NUMBER = "?"
_HOLDERS = {
    "pain.nrs": "pain.nrs_now",
    "safety.platelets": "safety.platelets.value",
    "safety.pk_inr": "safety.pk_inr.value",
}


class Filled:
    """What stands in the form's controls, by their names, and how many rows each list shows."""

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
        return len(_places(self._pairs, part.path))

    def shown(self, part: Rows) -> int:
        """How many rows of a list to show: those that are filled, and at least one to fill."""
        filled = self.filled(part)
        return max(self._counts.get(part.path, 0), filled + 1 if filled else part.spare)

    def is_none(self, part: Rows) -> bool:
        """Whether the list was answered with none."""
        return self.one(f"{part.path}.{NONE}") == "yes"

    def differing(self, other: "Filled") -> list[str]:
        """The controls that hold something else in `other`, in the order of the form."""
        names = dict.fromkeys([*self.names(), *other.names()])
        return [name for name in names if self.every(name) != other.every(name)]

    def pairs(self) -> list[tuple[str, str]]:
        """Every control in which something stands, with that."""
        return list(self._pairs)

    def names(self) -> list[str]:
        """The controls in which something stands."""
        return list(self._last)


class Progress(NamedTuple):
    """How far one section has come: how many of the fields that are asked for it still lacks."""

    href: str
    label: str
    missing: int
    current: bool = False


class Working(msgspec.Struct, frozen=True):
    """What the system says of a submission as it stands: what is missing, the equivalents, Bilaga 1 and hints."""

    completeness: Completeness
    omeq: Omeq
    identification: Identification
    hints: list[Hint]
    sections: list[Progress]
    needed: list[Missing]
    before_release: list[Missing]
    wished: list[Missing]


def beginning(viewer: Viewer, today: date) -> Filled:
    """What a new case begins with: what follows from who is signed in."""
    return Filled([("patient.home_region", viewer.region or ""), ("consent.date", today.isoformat())])


def stored(submission: Submission) -> Filled:
    """The form of a stored submission."""
    return Filled(list(_flat("", msgspec.to_builtins(_bare(submission)))))


def typed(form: Form) -> Filled:
    """The form as it was typed: each list's rows without gaps, and one more where it was asked for."""
    kept = _kept(form)
    places = {part.path: _places(kept, part.path) for part in LISTS}
    counts = {part.path: _count(form, part.path) + (wants_row(form) == part.path) for part in LISTS}
    return Filled([(_moved(name, places), value) for name, value in kept if value], counts)


def wants_row(form: Form) -> str:
    """The list that the pressed button adds a row to; empty when it was another button."""
    button = form.get("do", "")
    return button.removeprefix(ADD) if button.startswith(ADD) else ""


def plain(form: Form) -> dict[str, Any]:
    """The plain values of the form, for a submission to be read from."""
    return _Kept(_kept(form)).plain(Submission)


def read(form: Form, today: date) -> Submission:
    """The submission of the form. Raises `Invalid` with every bad field."""
    return rules.read_submission(plain(form), today=today)


def working(submission: Submission, today: date, table_of_record: str | None) -> Working:
    """What the system says of a submission as it stands."""
    born = None
    with suppress(RuleBroken):
        born = parse_identity(submission.patient.identity_number, today=today).birth_date
    child = rules.is_child(born, today)
    found = rules.completeness(submission, is_child=child)
    equivalents = rules.opioid_equivalents(submission, table_of_record)
    return Working(
        completeness=found,
        omeq=equivalents,
        identification=rules.identification(submission, equivalents, age_on(born, today)),
        hints=hints_of(submission, today=today, is_child=child),
        sections=_progress(found, submission),
        needed=[gap for gap in found.missing if gap.required_for == "submit"],
        before_release=[gap for gap in found.missing if gap.required_for == "release"],
        wished=[gap for gap in found.missing if gap.required_for is None],
    )


def lenient(form: Form) -> Submission:
    """What can be read of a form while it is being typed; what is bad counts as not given."""
    return _lenient(plain(form))


def reread(filled: Filled) -> Submission:
    """The same of what stands in the form."""
    return _lenient(_Kept(filled.pairs()).plain(Submission))


def clash(now: Filled, mine: Filled, today: date) -> list[tuple[str, str]]:
    """What is stored now in each control where something else was typed."""
    read_back = reread(mine)
    with suppress(RuleBroken):
        read_back.patient.identity_number = parse_identity(read_back.patient.identity_number, today=today).value
    return [(path, now.one(path)) for path in now.differing(stored(read_back))]


def only(form: Form, *names: str) -> Form:
    """The form with nothing but the named fields."""
    return _Kept([(name, value) for name, value in form.pairs if name in names])


def strip_of(view: CaseView) -> dict[str, Any]:
    """What the case strip shows of a case."""
    plain_ = {name: getattr(view, name) for name in ("number", "age", "sex", "state", "clock", "is_child")}
    asked = view.supplement_request
    return {
        **plain_,
        "home_region": _given(view, "patient.home_region"),
        "question": _given(view, "question"),
        "protected": _given(view, "patient.protected_identity") == "yes",
        "supplement_what": asked.what if asked else "",
    }


def _given(view: CaseView, path: str) -> str | None:
    value = rules.value_at(view, path)
    return value if given(value) else None


def _lenient(values: dict[str, Any]) -> Submission:
    patient = values.setdefault("patient", {})
    patient.setdefault("identity_number", _UNKNOWN_NUMBER)
    for _ in range(3):
        problems = parsing.problems(Submission, values)
        if not problems:
            return msgspec.convert(values, Submission)
        for problem in sorted(problems, key=lambda each: each.field, reverse=True):
            _drop(values, problem.field.split("."))
        values.setdefault("patient", {}).setdefault("identity_number", _UNKNOWN_NUMBER)
    return msgspec.convert({"patient": {"identity_number": _UNKNOWN_NUMBER}}, Submission)


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


class _Kept(Form):
    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__(b"")
        self.pairs = pairs


def _kept(form: Form) -> list[tuple[str, str]]:
    """What was typed, without rows that hold nothing but the choice they began with."""
    begun = {
        f"{part.path}.{place}"
        for part in LISTS
        for place in _places(form.pairs, part.path)
        if not any(
            value and name.startswith(f"{part.path}.{place}.")
            for name, value in form.pairs
            if not any(name.endswith(f".{column.path}") and column.default == value for column in part.columns)
        )
    }
    return [(name, value) for name, value in form.pairs if ".".join(name.split(".")[:3]) not in begun]


def _places(pairs: Sequence[tuple[str, str]], path: str) -> list[str]:
    """The places in use of one list, in order."""
    parts = [name.split(".") for name, value in pairs if value and name.startswith(f"{path}.")]
    return sorted({part[2] for part in parts if len(part) > 3 and is_place(part[2])}, key=int)


def _count(form: Form, path: str) -> int:
    return len({name.split(".")[2] for name, _ in form.pairs if name.startswith(f"{path}.") and name.count(".") > 2})


def _moved(name: str, places: dict[str, list[str]]) -> str:
    first, *rest = name.split(".")
    path = ".".join([first, *rest[:1]])
    if path not in places or len(rest) < 3 or rest[1] not in places[path]:
        return name
    return ".".join([path, str(places[path].index(rest[1])), *rest[2:]])


def _bare(submission: Submission) -> Submission:
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


def _progress(found: Completeness, submission: Submission) -> list[Progress]:
    counts: dict[str, int] = {}
    for gap in found.missing:
        counts[section_of(gap.field)] = counts.get(section_of(gap.field), 0) + 1
    if submission.patient.identity_number == _UNKNOWN_NUMBER:
        counts["patient"] = counts.get("patient", 0) + 1
    return [Progress(f"#{each.id}", words.SECTIONS[each.id], counts.get(each.id, 0)) for each in SECTIONS]


def _drop(values: Any, path: list[str]) -> None:
    """Leave out the value at a path; in a list, the whole row."""
    name, *rest = path
    if isinstance(values, list):
        if name.isdigit() and int(name) < len(values):
            values.pop(int(name))
    elif isinstance(values, dict) and name in values:
        if rest and isinstance(values[name], dict | list):
            _drop(values[name], rest)
        else:
            values.pop(name)
