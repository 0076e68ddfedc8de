"""Reads of one patient's whole record, for the hospital's own archive; each is logged before it is answered."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from mdk import clock
from mdk.audit import filed
from mdk.audit.service import seen
from mdk.audit.tables import AccessLog, StateMove
from mdk.cases.file_structs import AttachmentKind
from mdk.cases.files import served_name
from mdk.cases.patients import is_block_of, named
from mdk.cases.tables import Case, CaseAttachment, PatientBlock
from mdk.conferences.tables import Attendee, Conference
from mdk.errors import NotFound, RuleBroken
from mdk.keeping import parts
from mdk.keeping.structs import SCHEMA, Record, RecordFile, RecordMade, RecordPatient
from mdk.minutes import keys
from mdk.minutes.tables import MinutesSeal
from mdk.people.rules import check_role
from mdk.people.structs import Viewer
from mdk.people.tables import Person, Unit

# Columns that only lists and searches are made of, and bytes, which are files of their own.
LEFT_OUT: Final = frozenset({"search_text", "identity_blind", "name_key", "content", "pdf", "jws"})
Row = dict[str, Any]


class Found(msgspec.Struct, frozen=True):
    """A record and the bytes of its files, by path."""

    record: Record
    contents: Mapping[str, bytes]


def record(
    session: Session, patient: str, *, reference: str, may_be_protected: bool, by: Viewer, at: datetime
) -> Found:
    """Everything that is kept of a patient, in every case, for whoever keeps the archive; logged with its `reference`.

    `patient` is a case number or an identity number. A block shuts nobody out of this: the record leaves for the
    archive of the care provider, where the block stands in it. Raises `NotAllowed`, `NotFound` for an unknown patient,
    `RuleBroken("record.protected")` unless it was said that a protected identity is dealt with as such.
    """
    check_role("record.export", by)
    cases = named(session, patient, today=clock.today(at))
    if not cases:
        raise NotFound("Inget ärende har det numret.")
    if any(case.protected for case in cases) and not may_be_protected:
        message = "Patienten har skyddade personuppgifter. Bekräfta att filen hanteras enligt rutinen för dem."
        raise RuleBroken("record.protected", message)
    numbers = tuple(case.number for case in cases)
    seen(session, "record.export", by=by, at=at, cases=numbers, reason=reference)
    return _gathered(session, cases, RecordMade(at, by.name, by.role, by.unit_name, reference))


def _gathered(session: Session, cases: Sequence[Case], made: RecordMade) -> Found:
    told = _Told()
    shown = [_case(session, case, told) for case in cases]
    files = {path: file for case in cases for path, file in _files(session, case)}
    newest = cases[-1]
    conferences = sorted({row["conference_id"] for case in shown for row in _rows_of(case) if "conference_id" in row})
    found = Record(
        schema=SCHEMA,
        made=made,
        patient=RecordPatient(newest.identity_number, newest.patient_name, any(case.protected for case in cases)),
        cases=shown,
        conferences=[_conference(session, each, told) for each in conferences],
        moves=told.rows(_ordered(session, StateMove, parts.moves(session, cases))),
        blocks=told.rows(_ordered(session, PatientBlock, is_block_of(session, newest.identity_number))),
        access_log=_log(session, [case.number for case in cases], told),
        people=_people(session, told.people),
        units=_units(session, told.units),
        keys=[dict(key) for key in keys.published(session)],
        files=[file for _, (file, _) in sorted(files.items())],
    )
    return Found(found, {path: content for path, (_, content) in sorted(files.items())})


class _Told:
    """Rows as JSON can hold them, and which people and units they name."""

    def __init__(self) -> None:
        self.people, self.units = set[int](), set[str]()

    def rows(self, rows: Iterable[SQLModel], documents: frozenset[str] = frozenset()) -> list[Row]:
        return [self.row(each, documents) for each in rows]

    def row(self, row: SQLModel, documents: frozenset[str] = frozenset()) -> Row:
        table = type(row).__table__  # type: ignore[attr-defined]
        shown = {name: getattr(row, name) for name in table.columns.keys() if name not in LEFT_OUT}  # noqa: SIM118
        for name, value in shown.items():
            targets = {key.column.table.name for key in table.columns[name].foreign_keys}
            if value is not None and (name == "person_id" or "person" in targets):
                self.people.add(value)
            if value and (name == "unit_id" or "unit" in targets):
                self.units.add(value)
            if value and name in documents:
                shown[name] = msgspec.json.decode(value)
        self.people.update(shown.get("member_ids", ()))
        return shown


def _case(session: Session, case: Case, told: _Told) -> Row:
    """A case and every part of it; a table whose rows hang on the case in two ways stands once for each."""
    found: Row = {"number": case.number, "case": told.row(case, parts.CASE.documents)}
    for part in parts.PARTS:
        if part.shown and part is not parts.CASE:
            rows = _ordered(session, part.table, parts.is_of(part, [case.id or 0]))
            found[part.name] = told.rows(rows, part.documents)
    return found


def _rows_of(case: Row) -> Iterator[Row]:
    for value in case.values():
        yield from value if isinstance(value, list) else ()


def _ordered(session: Session, table: type[SQLModel], *where: Any) -> Iterable[Any]:
    own = [getattr(table, column.key) for column in table.__table__.primary_key.columns]  # type: ignore[attr-defined]
    return session.scalars(select(table).where(*where).order_by(*own))


def _conference(session: Session, conference_id: str, told: _Told) -> Row:
    """When a conference was, who led it and who came; nothing of the other cases that it took up."""
    shown = told.row(session.get_one(Conference, conference_id))
    came = told.rows(_ordered(session, Attendee, col(Attendee.conference_id) == conference_id))
    return {**{name: value for name, value in shown.items() if name != "video_url"}, "attendees": came}


def _log(session: Session, numbers: Sequence[str], told: _Told) -> list[Row]:
    """The rows of the access log that show the patient; of the other patients in a list that was read, nothing."""
    found = []
    for row in told.rows(_ordered(session, AccessLog, filed.shows(numbers))):
        own = [number for number in row["cases"].split() if number in numbers]
        found.append({**row, "cases": own})
    return found


def _files(session: Session, case: Case) -> Iterator[tuple[str, tuple[RecordFile, bytes]]]:
    """Attachments and signed minutes, under names made of case numbers and places alone."""
    kept = parts.is_of(_ATTACHMENTS, [case.id or 0]), col(CaseAttachment.removed_at).is_(None)
    for each in _ordered(session, CaseAttachment, *kept):
        name = served_name(case.number, each.place, AttachmentKind(each.kind))
        yield _file(case.number, name, "attachment", each.content)
    for seal in _ordered(session, MinutesSeal, parts.is_of(_SEALS, [case.id or 0])):
        name = f"protokoll-{seal.minutes_id}-utgava-{seal.addendum}"
        yield _file(case.number, f"{name}.pdf", "minutes", seal.pdf)
        yield _file(case.number, f"{name}.jws", "signature", seal.jws.encode("ascii"))


def _file(number: str, name: str, what: Any, content: bytes) -> tuple[str, tuple[RecordFile, bytes]]:
    path = f"{number}/{name}"
    return path, (RecordFile(path, what, number, hashlib.sha256(content).hexdigest(), len(content)), content)


def _people(session: Session, ids: set[int]) -> dict[str, dict[str, str]]:
    rows = session.scalars(select(Person).where(col(Person.id).in_(ids)).order_by(col(Person.id)))
    return {
        str(each.id): {"name": each.name, "profession": each.profession, "hsa_id": each.hsa_id or ""} for each in rows
    }


def _units(session: Session, ids: set[str]) -> dict[str, dict[str, str | None]]:
    rows = session.scalars(select(Unit).where(col(Unit.id).in_(ids)).order_by(col(Unit.id)))
    return {each.id: {"name": each.name, "region": each.region, "hsa_id": each.hsa_id} for each in rows}


_ATTACHMENTS = next(part for part in parts.PARTS if part.table is CaseAttachment)
_SEALS = next(part for part in parts.PARTS if part.table is MinutesSeal)
