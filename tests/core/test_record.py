"""A patient's whole record: everything there is, of this patient and of nobody else, logged before it is given."""

import hashlib
from typing import Any

import msgspec
import pytest
from sqlalchemy import inspect, select, text
from sqlmodel import SQLModel, col

import kept
import make
from mdk.audit.service import seen
from mdk.audit.structs import SYSTEM
from mdk.audit.tables import AccessLog
from mdk.db import Database
from mdk.errors import NotAllowed, NotFound, RuleBroken
from mdk.keeping import parts
from mdk.keeping.queries import LEFT_OUT, Found, record
from mdk.keeping.tables import RemovalCase

# Tables that hang on a case and are no part of its record: {"table": "reason"}.
NO_PART: dict[str, str] = {}


def taken(database: Database, patient: str = make.ADULT, *, by: str = make.AUDITOR, **given: Any) -> Found:
    usual = {"reference": "2026-117", "may_be_protected": False}
    return make.ask(database, by, record, patient, **(usual | given))


def hanging_on(table: str, database: Database) -> set[str]:
    """Every table from which foreign keys lead to `table`."""
    schema = inspect(database.engine)
    targets = {
        name: {key["referred_table"] for key in schema.get_foreign_keys(name)} for name in schema.get_table_names()
    }
    found: set[str] = {table}
    while more := {name for name, to in targets.items() if to & found} - found:
        found |= more
    return found - {table}


def test_every_table_that_hangs_on_a_case_is_a_part_of_its_record(clinic: Database) -> None:
    there = {str(part.table.__tablename__) for part in parts.PARTS}
    assert hanging_on("case_file", clinic) - there - set(NO_PART) == set()
    assert there - hanging_on("case_file", clinic) == {"case_file"}
    assert set(NO_PART) & there == set()


def test_a_table_that_names_a_case_without_a_foreign_key_is_known() -> None:
    by_number = {
        name
        for name, table in SQLModel.metadata.tables.items()
        if {"case_number", "identity_number", "number", "subject"} & set(table.columns.keys())
    }
    # `agenda_release` numbers releases, `outbox` holds the subjects of mails, and a decision lists what it covers.
    without = {"agenda_release", "outbox", str(RemovalCase.__tablename__)}
    assert by_number - without == {"case_file", "patient_block", "access_log_case", "state_move"}


def test_the_record_holds_every_row_there_is_of_the_patient(clinic: Database) -> None:
    made = kept.whole(clinic)
    found = taken(clinic).record
    assert [case["number"] for case in found.cases] == list(made.numbers)
    assert found.patient.name == "Elsa Provlund"
    with clinic.reading() as session:
        ids = [case["case"]["id"] for case in found.cases]
        for part in parts.PARTS:
            rows = len(list(session.scalars(select(part.table).where(parts.is_of(part, ids)))))
            shown = sum(len(case[part.name]) for case in found.cases if part.shown and part is not parts.CASE)
            assert rows > 0, part.name
            assert shown == (rows if part.shown and part is not parts.CASE else 0), part.name
        told = session.scalar(text("SELECT count(*) FROM state_move WHERE kind NOT IN ('conference', 'goal')"))
    other = taken(clinic, make.OTHER_ADULT).record
    assert len(found.moves) + len(other.moves) == told
    assert (len(found.blocks), len(other.blocks)) == (1, 0)
    assert {case["number"] for case in other.cases} == {made.other}


def test_a_column_is_left_out_only_when_it_is_made_of_others_or_is_a_file(ward: Database) -> None:
    kept.whole(ward)
    found = taken(ward).record
    for part in parts.PARTS:
        if part.shown and part is not parts.CASE:
            row = next(row for case in found.cases for row in case[part.name])
            assert set(part.table.model_fields) - set(row) <= LEFT_OUT
    assert set(parts.CASE.table.model_fields) - set(found.cases[0]["case"]) == {
        "search_text",
        "identity_blind",
        "name_key",
    }


def test_nothing_in_it_tells_of_another_patient(ward: Database) -> None:
    made = kept.whole(ward)
    with ward.reading() as session:
        seen(session, "case.list", by=SYSTEM, at=make.MEETS, cases=(*made.numbers, made.other))
    found = taken(ward).record
    assert found.access_log[-1]["cases"] == list(made.numbers)
    told = msgspec.json.encode(found).decode()
    assert made.other not in told
    assert make.OTHER_ADULT not in told


def test_people_and_units_are_told_once_and_documents_stand_open(ward: Database) -> None:
    kept.whole(ward)
    found = taken(ward).record
    assert "Vera Remitterius" in {each["name"] for each in found.people.values()}
    named = {row["person_id"] for row in [*found.moves, *found.access_log]} - {None}
    assert {str(each) for each in named} <= set(found.people)
    assert found.units["palliativa-vaxjo"]["region"] == "kronoberg"
    assert found.cases[0]["case"]["submission"]["patient"]["name"] == "Elsa Provlund"
    assert found.cases[0]["minutes"][0]["document"]["outcome"] == "intern_pump"


def test_the_files_are_the_attachments_and_every_signed_edition_with_what_their_bytes_come_to(clinic: Database) -> None:
    made = kept.whole(clinic)
    found = taken(clinic)
    assert [(file.what, file.case == made.numbers[0]) for file in found.record.files] == [
        ("attachment", True), ("signature", True), ("minutes", True), ("signature", True), ("minutes", True),
        ("signature", False), ("minutes", False),
    ]  # fmt: skip
    for file in found.record.files:
        content = found.contents[file.path]
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.size)
        assert "Provlund" not in file.path
    assert found.record.files[0].path == f"{made.numbers[0]}/{made.numbers[0]}-bilaga-1.pdf"


def test_a_case_number_stands_for_the_whole_patient_and_the_record_is_the_same_each_time(ward: Database) -> None:
    made = kept.whole(ward)
    first, again = (taken(ward, key) for key in (made.numbers[1].lower(), f"{make.ADULT[:8]}-{make.ADULT[8:]}"))
    log = len(first.record.access_log)
    assert first.contents == again.contents
    assert again.record.access_log[:log] == first.record.access_log
    without_log: dict[str, Any] = {"access_log": [], "people": {}, "units": {}}
    before, after = (msgspec.structs.replace(each.record, **without_log) for each in (first, again))
    assert before == after


def test_taking_it_out_is_logged_with_its_reference_for_every_case(ward: Database) -> None:
    made = kept.whole(ward)
    taken(ward)
    with ward.reading() as session:
        row = session.scalars(select(AccessLog).order_by(col(AccessLog.id).desc()).limit(1)).one()
        assert (row.act, row.reason, row.role) == ("record.export", "2026-117", "auditor")
        assert row.cases.split() == list(made.numbers)


@pytest.mark.parametrize("name", [make.REFERRER, make.COORDINATOR, make.CHAIR, make.STEERING, make.ADMIN])
def test_nobody_else_takes_out_a_record(ward: Database, name: str) -> None:
    make.draft(ward)
    with pytest.raises(NotAllowed):
        taken(ward, by=name)


def test_an_unknown_patient_has_no_record(ward: Database) -> None:
    for text_of_it in (make.OTHER_ADULT, "MDK-2026-9999", "Elsa Provlund"):
        with pytest.raises(NotFound):
            taken(ward, text_of_it)


def test_a_protected_identity_must_be_dealt_with_as_such(ward: Database) -> None:
    number = make.draft(ward, make.submission(**{"patient.protected_identity": "yes"}))
    with pytest.raises(RuleBroken) as refusal:
        taken(ward, number)
    assert refusal.value.rule == "record.protected"
    assert taken(ward, number, may_be_protected=True).record.patient.protected
