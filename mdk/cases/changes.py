"""Owns what changed in a submission after it was first sent in: field by field, lists row by row, and by whom.

It is a case's readable history, apart from the access log. Drafts are not followed.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.cases.rules import canonical
from mdk.cases.submission_structs import Submission, given
from mdk.cases.tables import Case, CaseChange

MERGED_WITHIN = timedelta(minutes=30)
_WHO = ("patient.", "home_care.mas_contact")  # what tells who the patient is, or where


class FieldChange(msgspec.Struct, frozen=True):
    """A field, or one row of a list, before and after as plain JSON; None is "not given" or "not there"."""

    field: str
    before: Any
    after: Any


class Changed(msgspec.Struct, frozen=True):
    """What one person changed, from the first save until the last that was merged with it; `by` is a person's id."""

    at: datetime
    until: datetime
    by: int
    state: str
    changes: list[FieldChange]


_stored = msgspec.json.Decoder(list[FieldChange])


def differences(before: Submission, after: Submission) -> list[FieldChange]:
    """Every field that is not the same, in the order of the submission; a list is one field, with all its rows."""
    old, new = dict(_fields(canonical(before))), dict(_fields(canonical(after)))
    order = dict.fromkeys([*new, *old])
    return [FieldChange(path, old.get(path), new.get(path)) for path in order if old.get(path) != new.get(path)]


def merged(first: list[FieldChange], then: list[FieldChange]) -> list[FieldChange]:
    """Two changes as one, from before the first to after the other; what is as it was is gone."""
    ends = {each.field: each for each in first}
    for each in then:
        begun = ends.get(each.field, each)
        ends[each.field] = FieldChange(each.field, begun.before, each.after)
    return [each for each in ends.values() if each.before != each.after]


def by_row(change: FieldChange) -> list[FieldChange]:
    """A changed list as one change for each row that came, went or is another; any other field as it is."""
    sides = (change.before, change.after)
    if not any(isinstance(side, list) and any(isinstance(row, dict) for row in side) for side in sides):
        return [change]
    old, new = (side if isinstance(side, list) else [] for side in sides)
    found = [FieldChange(change.field, before, after) for before, after in _moved_rows(old, new)]
    return found or [change]


def record_changes(
    session: Session, case: Case, before: Submission, after: Submission, *, person_id: int, at: datetime
) -> None:
    """Keep what a save changed in a case that was sent in; the same person's next save within 30 minutes joins it."""
    found = differences(before, after)
    if case.submitted_at is None or not found:
        return
    with session.no_autoflush:  # the case goes to the store once in each act, or its version would rise by two
        last = session.scalar(select(CaseChange).where(_of(case)).order_by(col(CaseChange.id).desc()).limit(1))
    if last is not None and _joins(last, case, person_id, at):
        last.until, last.changes = at, _encoded(merged(_stored.decode(last.changes), found))
        return
    row = CaseChange(case_id=case.id or 0, at=at, until=at, person_id=person_id, state=case.state)
    row.changes = _encoded(found)
    session.add(row)


def of_case(session: Session, case: Case, *, knows_identity: bool) -> list[Changed]:
    """What was changed in a case, oldest first, lists row by row; what was changed back at once is left out.

    Who may not know who the patient is learns of no change of that.
    """
    rows = session.scalars(select(CaseChange).where(_of(case)).order_by(col(CaseChange.id)))
    found = [
        Changed(
            row.at,
            row.until,
            row.person_id,
            row.state,
            [
                each
                for each in _by_rows(_stored.decode(row.changes))
                if knows_identity or not each.field.startswith(_WHO)
            ],
        )
        for row in rows
    ]
    return [each for each in found if each.changes]


def _of(case: Case) -> Any:
    return col(CaseChange.case_id) == case.id


def _by_rows(changes: list[FieldChange]) -> list[FieldChange]:
    return [each for change in changes for each in by_row(change)]


def _joins(last: CaseChange, case: Case, person_id: int, at: datetime) -> bool:
    return last.person_id == person_id and last.state == case.state and at - last.until <= MERGED_WITHIN


def _encoded(changes: list[FieldChange]) -> str:
    return msgspec.json.encode(changes).decode()


def _fields(document: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every given field of a plain submission by its dotted path."""
    for name, value in document.items():
        here = f"{path}.{name}" if path else name
        if isinstance(value, dict):
            yield from _fields(value, here)
        elif isinstance(value, list):
            yield here, [_bare(row) for row in value]
        elif given(value):
            yield here, value


def _bare(row: Any) -> Any:
    return {name: value for name, value in row.items() if given(value)} if isinstance(row, dict) else row


def _moved_rows(old: list[Any], new: list[Any]) -> Iterator[tuple[Any, Any]]:
    keys_old, keys_new = ([msgspec.json.encode(row, order="sorted") for row in rows] for rows in (old, new))
    for kind, start, end, new_start, new_end in SequenceMatcher(None, keys_old, keys_new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield from zip_longest(old[start:end], new[new_start:new_end])
