"""The register export: what a row tells, what it must not tell, and what codes are called elsewhere."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.audit.tables import AccessLog
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed
from mdk.figures import register, service
from mdk.figures.register import Export
from mdk.figures.structs import MappingBody
from mdk_web import words


def exported(database: Database, *, by: str = make.COORDINATOR, secret: str = make.SECRET, year: int = 2026) -> Export:
    with database.reading() as session:
        return register.export(session, year=year, secret=secret, by=make.viewer(database, by), at=make.AT + make.DAY)


def test_a_row_has_every_column_of_the_dictionary_and_no_other(clinic: Database) -> None:
    make.submitted(clinic)
    (row,) = exported(clinic).rows
    assert list(row) == [column.name for column in register.dictionary().columns]
    assert (row["year"], row["month"], row["age_band"], row["sex"]) == (2026, 11, "80–89", "female")
    assert (row["home_region"], row["place"], row["diagnosis"], row["nrs_worst"]) == ("kronoberg", "Växjö", "C20", 9)
    assert (row["omeq_verdict"], row["identification"], row["outcome"]) == ("over", "yes", None)


def test_nothing_in_it_names_the_patient_or_the_case(ward: Database) -> None:
    number = make.submitted(ward)
    text = msgspec.json.encode(exported(ward).rows).decode()
    for secret in (make.ADULT, "Provlund", number, "sakral", "Växjö kommun", "1940", "2026-11"):
        assert secret not in text


def test_a_patient_keeps_the_pseudonym_and_only_this_installation_can_make_it(ward: Database) -> None:
    make.submitted(ward)
    make.submitted(ward)
    first, second = exported(ward).rows
    assert first["patient"] == second["patient"]
    assert first["case"] != second["case"]
    assert first["patient"] != exported(ward, secret="another installation's own secret key").rows[0]["patient"]


def test_a_draft_and_another_years_case_are_left_out(ward: Database) -> None:
    make.draft(ward)
    make.submitted(ward)
    assert exported(ward, year=2025).rows == []
    assert len(exported(ward).rows) == 1


def test_the_export_is_logged_with_the_cases_that_it_holds(ward: Database) -> None:
    number = make.submitted(ward)
    exported(ward)
    with ward.reading() as session:
        row = session.scalars(select(AccessLog).where(col(AccessLog.act) == "register.export")).one()
        assert row.cases == number


@pytest.mark.parametrize("by", [make.REFERRER, make.CHAIR, make.STEERING, make.ADMIN, make.AUDITOR])
def test_others_export_nothing(ward: Database, by: str) -> None:
    with pytest.raises(NotAllowed):
        exported(ward, by=by)


@pytest.mark.parametrize(
    ("born", "band"),
    [
        (date(2008, 11, 24), "0–17"),
        (date(2008, 11, 23), "18–29"),
        (date(1996, 11, 23), "30–39"),
        (date(1936, 11, 24), "80–89"),
        (date(1936, 11, 23), "90–"),
        (None, None),
    ],
)
def test_age_is_told_as_a_band(born: date | None, band: str | None) -> None:
    assert register.age_band(born, datetime(2026, 11, 23, 8, 0, tzinfo=UTC)) == band


def test_every_coded_column_has_words() -> None:
    assert all(words.options(column.codes) for column in register.dictionary().columns if column.codes)


def map_codes(database: Database, *bodies: MappingBody, column: str = "outcome", by: str = make.ADMIN) -> None:
    with database.writing() as session:
        service.map_codes(session, column=column, bodies=list(bodies), by=make.viewer(database, by), at=make.AT)


def test_codes_are_mapped_by_the_administrator_and_emptied_again(clinic: Database) -> None:
    assert exported(clinic).mappings == []
    map_codes(clinic, MappingBody(code="intern_pump", system="KVÅ", version="2027", target="XX000"))
    (mapped,) = exported(clinic).mappings
    assert (mapped.column, mapped.code, mapped.system, mapped.target) == ("outcome", "intern_pump", "KVÅ", "XX000")
    map_codes(clinic, MappingBody(code="intern_pump"))
    assert exported(clinic).mappings == []


def test_a_mapping_without_its_system_a_column_without_codes_and_a_role_that_maps_none(ward: Database) -> None:
    with pytest.raises(Invalid) as refusal:
        map_codes(ward, MappingBody(code="intern_pump", target="XX000"))
    assert [problem.field for problem in refusal.value.problems] == ["system-intern_pump"]
    with pytest.raises(Invalid):
        map_codes(ward, column="nrs_now")
    with pytest.raises(NotAllowed):
        map_codes(ward, by=make.REFERRER)
