"""Owns two versions of a case that meet: what differs, who changed it, and what was chosen.

A form carries a short trace of each field as it stood when it was opened. By it one is told which of the two changed a
field, and a field that only the other changed is not undone by a form that merely still holds what was there before.
"""

import re
from contextlib import suppress
from datetime import date
from hashlib import sha256
from typing import Literal, NamedTuple

import msgspec

from mdk.cases.changes import differences
from mdk.cases.submission_structs import Patient, Submission
from mdk.clinical.identity import parse_identity
from mdk.errors import RuleBroken
from mdk_web import words
from mdk_web.cases import forms
from mdk_web.cases.told import NOT_GIVEN, worded
from mdk_web.formkit import Form

CHOICE = "choose."
MINE: Literal["mine"] = "mine"
THEIRS: Literal["theirs"] = "theirs"
_TRACE = re.compile(r"([a-z0-9_.]{1,80}):([0-9a-f]{10})", re.ASCII)
_NOTHING = Submission(patient=Patient(identity_number=""))


class Clash(NamedTuple):
    """One field that differs: in words as typed and as stored, who changed it since, and what is chosen at first."""

    path: str
    label: str
    mine: str
    theirs: str
    changed: Literal["mine", "theirs", "both"]
    chosen: str


def traces(submission: Submission) -> str:
    """A trace of each field that was given, to be carried by the form; a list is one field."""
    return " ".join(f"{path}:{digest}" for path, digest in _digests(submission).items())


def clashes(now: Submission, form: Form, today: date) -> list[Clash]:
    """Every field in which what is stored now and what was typed differ."""
    mine = _as_stored(forms.lenient(form), today)
    begun, ours, others = dict(_TRACE.findall(form.get("base", ""))), _digests(mine), _digests(now)
    found = []
    for each in differences(mine, now):
        typed = worded(each.field, each.before) or form.get(each.field, "") or NOT_GIVEN
        was = begun.get(each.field)
        is_theirs, is_mine = others.get(each.field) != was, ours.get(each.field) != was
        one: Literal["mine", "theirs"] = MINE if is_mine else THEIRS
        changed: Literal["mine", "theirs", "both"] = "both" if is_theirs and is_mine else one
        told = worded(each.field, each.after) or NOT_GIVEN
        asked = form.get(f"{CHOICE}{each.field}", "")
        chosen = asked if asked in {MINE, THEIRS} else THEIRS if changed == THEIRS else MINE
        found.append(Clash(each.field, words.label(each.field), typed, told, changed, chosen))
    return found


def is_same(now: Submission, typed: Submission, today: date) -> bool:
    """Whether what was typed is what is stored already."""
    return not differences(now, _as_stored(typed, today))


def is_settling(form: Form) -> bool:
    """Whether the form was shown with two versions to choose between."""
    return any(name.startswith(CHOICE) for name in form)


def chooses(form: Form) -> bool:
    """Whether the form says, field by field, which of two versions to keep."""
    return form.get("do") in {"save", "submit"} and any(
        name.startswith(CHOICE) and value == THEIRS for name, value in form.pairs
    )


def settled(form: Form, now: Submission) -> Form:
    """The form with what is stored now wherever that was chosen."""
    chosen = [name.removeprefix(CHOICE) for name, value in form.pairs if name.startswith(CHOICE) and value == THEIRS]
    kept = [pair for pair in form.pairs if not _is_under(pair[0], chosen)]
    taken = [pair for pair in forms.stored(now).pairs() if _is_under(pair[0], chosen)]
    return forms.of_pairs([*kept, *taken])


def _as_stored(typed: Submission, today: date) -> Submission:
    with suppress(RuleBroken):
        typed.patient.identity_number = parse_identity(typed.patient.identity_number, today=today).value
    return typed


def _is_under(name: str, paths: list[str]) -> bool:
    return any(name == path or name.startswith(f"{path}.") for path in paths)


def _digests(submission: Submission) -> dict[str, str]:
    given = {each.field: each.after for each in differences(_NOTHING, submission)}
    return {path: sha256(msgspec.json.encode(value)).hexdigest()[:10] for path, value in given.items()}
