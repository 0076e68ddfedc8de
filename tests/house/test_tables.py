import importlib

import pytest
from sqlmodel import SQLModel

from mdk.journey import resealing
from mdk.sealing import Blind, Sealed
from tree import ROOT, code, module_of, name_of


def tables() -> list[type[SQLModel]]:
    for path in code():
        if path.name == "tables.py":
            importlib.import_module(module_of(path))
    mapped = [mapper.class_ for mapper in SQLModel._sa_registry.mappers]
    return sorted(mapped, key=lambda table: str(table.__name__))


def column_names(table: type[SQLModel]) -> set[str]:
    return {column.name for column in SQLModel.metadata.tables[str(table.__tablename__)].columns}


def test_every_table_is_mapped_in_a_tables_file() -> None:
    assert {table.__module__.rpartition(".")[2] for table in tables()} == {"tables"}
    assert len(SQLModel.metadata.tables) == len(tables())


@pytest.mark.parametrize("table", tables(), ids=lambda table: str(table.__name__))
def test_the_table_declares_which_of_its_columns_are_personal(table: type[SQLModel]) -> None:
    assert "personal" in vars(table), f"{table.__name__} needs `personal: ClassVar[frozenset[str]]`, empty if none is"
    personal = vars(table)["personal"]
    assert isinstance(personal, frozenset)
    assert personal - column_names(table) == frozenset()


def test_no_table_holds_text_that_sounds_personal_and_is_not_declared() -> None:
    telling = {"name", "email", "identity_number", "birth_date", "patient_name", "address", "recipient", "submission"}
    # Names of places and things, which tell nothing about a person.
    of_things = {("region", "name"), ("unit", "name"), ("series", "name"), ("conference_series", "name")}
    undeclared = [
        (str(table.__tablename__), column)
        for table in tables()
        for column in column_names(table)
        if column in telling and column not in vars(table).get("personal", ())
    ]
    assert [pair for pair in undeclared if pair not in of_things] == []


def test_tables_define_no_behaviour() -> None:
    with_methods = [
        f"{table.__module__}.{table.__name__}.{name}"
        for table in tables()
        for name, value in vars(table).items()
        if callable(value) and not name.startswith("_") and value.__module__ == table.__module__
    ]
    assert with_methods == []


def test_the_three_packages_are_found() -> None:
    assert {name_of(path).split("/")[0] for path in code()} == {"mdk", "web", "calendar"}
    assert (ROOT / "pyproject.toml").exists()


# Why a personal column is kept as it is written. What tells who a patient is, or may hold it as a document, is sealed.
PLAIN: dict[str, frozenset[str]] = {
    "found by pieces of its words, which takes an index that reads them": frozenset({
        "case_file.question", "case_file.search_text", "learning_case.search_text",
    }),
    "lists, limits and figures count by it in the store": frozenset({
        "case_file.birth_date", "case_file.sex", "case_file.died_on", "follow_up.day", "follow_up.nrs",
        "follow_up.omeq", "follow_up.pump_state", "follow_up.alive",
    }),
    "worked out from the submission without who the patient is": frozenset({"case_file.assessment"}),
    "free text about a case, which holds a name only if its writer put one there": frozenset({
        "case_file.answer", "case_file.supplement_what", "case_relation.reason", "treatment_decision.why",
        "patient_block.wish", "patient_block.lift_reason", "urgent_opinion.text", "agenda_release.override_reason",
        "implant_referral.catheter_tip", "implant_referral.device", "implant_referral.placed_tip",
        "implant_referral.report", "pump_assignment.place", "pump_assignment.placed_tip", "pump_assignment.drug",
        "pathway_prerequisite.note", "pack_fact.text", "pathway_action.note", "home_care_question.comment",
        "follow_up.side_effects", "follow_up.complications", "follow_up.care_place", "spot_check.found",
        "opening_review.found", "removal_decision.reason",
    }),
    "read by all who work here, and reviewed to hold nobody": frozenset({
        "learning_case.title", "learning_case.question", "learning_case.reasoning", "learning_case.six_weeks",
        "learning_case.note",
    }),
    "the chain of the log covers it, and the database lets nobody write it anew": frozenset({
        "access_log.reason", "access_log.address", "state_move.reason",
    }),
    "about those who work here or are asked, and no patient": frozenset({
        "person.email", "person.name", "person.hsa_id", "sign_in.address", "sign_in.agent", "absence.first_day",
        "absence.last_day", "busy_time.starts_at", "busy_time.ends_at", "busy_calendar.url", "participation.comment",
        "participation.given",
        "told.event", "mail_reply.sender", "mail_reply.comment", "mail_reply.delegate", "home_care_contact.name",
        "home_care_contact.email", "home_care_question.name", "home_care_question.recipient",
        "home_care_question.answered_by",
    }),
    "a mail on its way out, which names a case by its number alone": frozenset({"outbox.recipient", "outbox.message"}),
}  # fmt: skip


def test_every_personal_column_is_sealed_or_says_why_it_is_not() -> None:
    personal = {
        f"{table.__tablename__}.{name}": SQLModel.metadata.tables[str(table.__tablename__)].columns[name].type
        for table in tables()
        for name in vars(table)["personal"]
    }
    plain = {name for name, kind in personal.items() if not isinstance(kind, Sealed | Blind)}
    assert plain == {name for names in PLAIN.values() for name in names}


def test_a_sealed_column_is_sealed_for_its_own_place_and_is_personal() -> None:
    sealed = {
        f"{table.__tablename__}.{column.name}": (column.type.place, column.name in vars(table)["personal"])
        for table in tables()
        for column in SQLModel.metadata.tables[str(table.__tablename__)].columns
        if isinstance(column.type, Sealed)
    }
    assert sealed == {name: (name, True) for name in sealed}
    resealed = {table.__tablename__ for table in resealing.TABLES}
    assert {name.partition(".")[0] for name in sealed} == resealed
