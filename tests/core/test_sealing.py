"""Patient data at rest: nothing readable in the store, and nothing opened with another key or in another place."""

from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col
from structlog.testing import capture_logs

import make
import stores
from core.test_attachments import attach, some
from mdk import keyring, sealing
from mdk.cases import blocking, lists, shut
from mdk.cases import service as cases
from mdk.cases.block_structs import BlockBody
from mdk.cases.tables import Case, CaseAttachment
from mdk.db import MIGRATIONS, Database, migrate
from mdk.errors import Unavailable
from mdk.keyring import Masters, WrongKey, derived
from mdk.minutes.tables import MinutesSeal

NAME, SCANNED = "Ingemarina Sällsyntström", "remissbrev från ingemarina.pdf"
OTHER = Masters(derived(b"another key altogether, of 32 bytes"))


def everything(database: Database) -> bytes:
    """Every byte that the store holds of its rows: an embedded one's files, or each row as PostgreSQL writes it."""
    if database.is_sqlite:
        place = Path(database.url.database or "")
        return b"".join(file.read_bytes() for file in sorted(place.parent.glob(f"{place.name}*")))
    with database.engine.connect() as connection:
        names = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        rows = [row for name in names for row in connection.scalars(text(f"SELECT t::text FROM {name} AS t"))]
    return "\n".join(rows).encode()


def forms(value: str | bytes) -> list[bytes]:
    """A value as it could be recognised: as it is, in UTF-16, in hexadecimal, and in base64 wherever it begins."""
    texts = [value] if isinstance(value, bytes) else [value.encode(), value.encode("utf-16-le"), value[:-1].encode()]
    coded = [b64encode(each[skip:])[: len(each) // 3 * 4 - 4] for each in texts for skip in range(3)]
    return [*texts, *(each.hex().encode() for each in texts), *coded]


def a_patient(database: Database) -> str:
    """The number of a case with everything that tells who the patient is: changed, attached to, blocked and signed."""
    number = make.submitted(database, make.submission(**{"patient.name": "Någon Annan"}))
    changes = {"patient": {"name": NAME}}
    version = make.version_of(database, number)
    make.act(database, make.REFERRER, cases.patch, number=number, version=version, changes=changes)
    attach(database, number, some(SCANNED))
    body = BlockBody(wish="Ingen från kvarteret.", person=make.email(make.NURSE))
    make.act(database, make.COORDINATOR, blocking.block, number=number, body=body)
    make.do(database, number, "accept")
    held = make.in_session(database, [number])
    make.save(database, held, number)
    make.sign(database, held, number)
    return number


def run(database: Database, statement: str, **given: Any) -> Any:
    """What a statement by hand gives, past everything that seals."""
    with database.engine.begin() as connection:
        result = connection.execute(text(statement), given)
        return result.scalar() if result.returns_rows else None


def other_key(database: Database, masters: Masters | None) -> Database:
    return Database(database.url.render_as_string(hide_password=False), masters=masters)


def test_nothing_that_the_store_holds_tells_who_the_patient_is(clinic: Database) -> None:
    number = a_patient(clinic)
    with clinic.reading() as session:
        content = session.scalars(select(col(CaseAttachment.content))).one() or b""
        pdf = session.scalars(select(col(MinutesSeal.pdf))).one()
    held = everything(clinic)
    told = ("Någon Annan", NAME, NAME.casefold(), make.ADULT, make.ADULT[2:], SCANNED, content[40:100], pdf[40:100])
    assert [value for value in told if any(form in held for form in forms(value))] == []
    assert number.encode() in held


def test_what_is_sealed_is_found_whole_and_shown_as_it_was(clinic: Database) -> None:
    number = a_patient(clinic)
    for wanted in (NAME.upper(), f" {NAME} ", make.ADULT, "400104-2383"):
        assert [line.number for line in make.ask(clinic, make.COORDINATOR, lists.lines, text=wanted)[0]] == [number]
    row = make.case_row(clinic, number)
    assert (row.identity_number, row.patient_name) == (make.ADULT, NAME)
    assert make.ask(clinic, make.NURSE, lambda session, by, at: shut.open_to(session, [row.id or 0], by=by)) == set()


def test_the_same_value_is_never_sealed_twice_alike(ward: Database) -> None:
    for _ in range(2):
        make.submitted(ward)
    assert run(ward, "SELECT count(DISTINCT identity_number) FROM case_file") == 2
    assert run(ward, "SELECT count(DISTINCT identity_blind) FROM case_file") == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE case_file SET patient_name = identity_number",
        "UPDATE case_file SET patient_name = substr(patient_name, 1, 14) || 'AAAA' || substr(patient_name, 19)",
        "UPDATE case_file SET patient_name = 'mdk1.00000000.' || substr(patient_name, 15)",
        "UPDATE case_file SET patient_name = 'mdk1.'",
        "UPDATE case_file SET patient_name = substr(patient_name, 1, 20)",
    ],
    ids=["moved", "tampered", "unknown-key", "cut", "short"],
)
def test_what_does_not_open_is_an_error_that_tells_nothing(clinic: Database, change: str) -> None:
    number = make.submitted(clinic)
    run(clinic, change)
    with capture_logs() as logged, pytest.raises(Unavailable) as refused:
        make.case_row(clinic, number)
    assert refused.value.message == sealing.NotOpened().message
    told = {"event": "sealing.unopened", "log_level": "error", "place": "case_file.patient_name"}
    assert [{name: value for name, value in each.items() if name != "known_key"} for each in logged] == [told]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE case_file SET patient_name = 'Elsa Provlund'",
        "UPDATE case_file SET identity_number = '194001042383'",
        "UPDATE case_attachment SET name = 'remiss.pdf'",
    ],
)
def test_the_database_itself_takes_no_plain_value(clinic: Database, change: str) -> None:
    number = make.submitted(clinic)
    attach(clinic, number, some())
    with pytest.raises(IntegrityError):
        run(clinic, change)


def test_another_key_opens_nothing_and_changes_nothing(clinic: Database) -> None:
    make.submitted(clinic)
    held = run(clinic, "SELECT count(*) FROM data_key"), run(clinic, "SELECT identity_number FROM case_file")
    wrong = other_key(clinic, OTHER)
    for attempt in (
        wrong.unlock,
        lambda: make.submitted(wrong),
        lambda: make.ask(wrong, make.COORDINATOR, lists.lines),
    ):
        with pytest.raises(WrongKey) as refused:
            attempt()
        assert "MDK_DATA_KEY" in refused.value.message
    wrong.close()
    assert held == (run(clinic, "SELECT count(*) FROM data_key"), run(clinic, "SELECT identity_number FROM case_file"))


def test_without_a_key_no_patient_is_read_or_stored(clinic: Database) -> None:
    number = make.submitted(clinic)
    none = other_key(clinic, None)
    for attempt in (lambda: make.case_row(none, number), lambda: make.submitted(none)):
        with pytest.raises(Unavailable) as refused:
            attempt()
        assert refused.value.message == keyring.NO_KEY
    none.close()


def test_of_several_who_come_to_an_empty_store_at_once_one_makes_the_keys(database: Database) -> None:
    several = [other_key(database, stores.MASTERS) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: make.people(each) if each is several[0] else _write(each), several))
    for each in several:
        each.close()
    assert run(database, "SELECT count(*) FROM data_key") == 2
    assert make.case_row(database, make.submitted(database)).identity_number == make.ADULT


def _write(database: Database) -> None:
    with database.writing():
        pass


def kept_by(database: Database) -> list[Any]:
    """Every sealed value, opened."""
    columns = [one for table in SQLModel.metadata.tables.values() for one in table.columns]
    with database.reading() as session:
        sealed = [one for one in columns if isinstance(one.type, sealing.Sealed)]
        return [(str(one), session.scalars(select(one).order_by(one.table.c.id)).all()) for one in sealed]


def guards(database: Database) -> list[Any]:
    """The triggers that keep rows, as the store holds them."""
    asked = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
        if database.is_sqlite
        else "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname"
    )
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(asked))]


def taken_back(database: Database) -> None:
    """Bring the store to the schema before anything was sealed."""
    with database.engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        (path,) = (MIGRATIONS / "versions").glob("*_sealed.py")
        command.downgrade(config, f"{int(path.name[:4]) - 1:04d}")


def test_rows_from_before_are_sealed_by_the_migration_and_cleared_out_of_the_files(clinic: Database) -> None:
    number = a_patient(clinic)
    before, kept = kept_by(clinic), guards(clinic)
    taken_back(clinic)
    columns = "identity_number || patient_name || name_key"
    assert run(clinic, f"SELECT {columns} FROM case_file") == f"{make.ADULT}{NAME}{NAME.casefold()}"
    unsealing = other_key(clinic, None)
    with pytest.raises(WrongKey) as refused:
        migrate(unsealing)
    unsealing.close()
    assert refused.value.message == keyring.NO_KEY
    migrate(clinic)
    assert (kept_by(clinic), guards(clinic)) == (before, kept)
    assert [line.number for line in make.ask(clinic, make.COORDINATOR, lists.lines, text=NAME)[0]] == [number]
    held = everything(clinic)
    assert [value for value in (NAME, make.ADULT, SCANNED) if any(form in held for form in forms(value))] == []


@pytest.mark.parametrize(
    "condition",
    [
        lambda: col(Case.patient_name) == NAME,
        lambda: col(Case.identity_number).in_([make.ADULT]),
        lambda: col(Case.patient_name).like("%a%"),
        lambda: col(Case.patient_name).desc(),
    ],
    ids=["equal", "in", "like", "sorted"],
)
def test_a_sealed_column_cannot_be_compared_by_mistake(condition: Callable[[], Any]) -> None:
    with pytest.raises(TypeError):
        condition()
