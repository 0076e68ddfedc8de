"""The store's two units of work: all or nothing, one snapshot, and nobody's change is lost."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.orm import Session
from sqlmodel import col

import make
import stores
from mdk.audit.tables import AccessLog
from mdk.cases import lists, queries, service
from mdk.cases.tables import Case, CaseCounter
from mdk.conferences import agenda
from mdk.conferences.structs import AgendaItemBody
from mdk.conferences.tables import AgendaItem
from mdk.cursors import pack
from mdk.db import BEHIND, Database, check_revision, check_schema, migrate
from mdk.errors import Invalid, Stale, Unavailable
from mdk.minutes import service as minutes
from mdk.owed import at_end
from mdk.people.structs import Viewer
from mdk.people.tables import Region


class Interrupted(Exception):
    """Stops a unit of work in its middle."""


def count(database: Database, table: type) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def together(*acts: Callable[[], object]) -> list[Exception | None]:
    """Do the acts at the same time, each in its own thread; what each raised."""
    start = threading.Barrier(len(acts))
    raised: list[Exception | None] = [None] * len(acts)

    def run(place: int) -> None:
        start.wait()
        try:
            acts[place]()
        except Exception as error:  # noqa: BLE001 - handed to the test
            raised[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_a_migrated_database_has_the_newest_schema_and_migrating_again_keeps_its_rows(clinic: Database) -> None:
    make.draft(clinic)
    migrate(clinic)
    assert check_schema(clinic) == ""
    assert count(clinic, Case) == 1


def test_a_database_without_a_schema_is_said_to_be_behind(empty_database_url: str) -> None:
    database = stores.made(empty_database_url)
    assert check_schema(database) == BEHIND
    database.close()


def test_a_program_goes_on_with_a_newer_schema_and_not_with_one_of_its_past(database: Database) -> None:
    found = {}
    for revision in ("0001", "9999"):
        with database.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": revision})
        found[revision] = check_revision(database)
    assert found == {"0001": BEHIND, "9999": ""}


def test_a_unit_of_work_that_raises_leaves_nothing_behind(clinic: Database) -> None:
    logged = count(clinic, AccessLog)

    def half(session: Session, *, by: Viewer, at: datetime) -> None:
        case = service.create(session, submission=make.submission(), by=by, at=at)
        service.submit(session, number=case.number, version=case.version, by=by, at=at)
        raise Interrupted

    with pytest.raises(Interrupted):
        make.act(clinic, make.REFERRER, half)
    assert [count(clinic, table) for table in (Case, CaseCounter)] == [0, 0]
    assert count(clinic, AccessLog) == logged


def test_a_read_keeps_no_change(database: Database) -> None:
    with suppress(Unavailable), database.reading() as session:  # PostgreSQL says so at once
        session.add(Region(code="skane", name="Skåne", has_asih=True, profile="{}"))
        session.flush()
    assert count(database, Region) == 0


def test_a_read_sees_one_snapshot_whatever_is_written_meanwhile(database: Database) -> None:
    make.people(database)
    with database.reading() as session:
        before = session.scalar(select(func.count()).select_from(Case))
        make.draft(database)
        assert session.scalar(select(func.count()).select_from(Case)) == before == 0
    assert count(database, Case) == 1


def test_what_was_planned_for_one_read_serves_the_next(clinic: Database) -> None:
    """PostgreSQL's driver forgets what the server has planned when a transaction is rolled back."""
    number = make.draft(clinic)
    for _ in range(12):
        make.ask(clinic, make.REFERRER, queries.view, number)
    with clinic.reading() as session:
        planned = 0 if clinic.is_sqlite else session.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
    assert clinic.is_sqlite or planned


def test_what_is_owed_at_the_end_is_written_before_the_answer_of_a_read(database: Database) -> None:
    def skane(log: Connection) -> None:
        log.execute(insert(Region).values(code="skane", name="Skåne", has_asih=True, profile="{}"))

    with database.reading() as session:
        at_end(session, skane)
    assert count(database, Region) == 1


def test_a_read_whose_log_cannot_be_written_gives_no_answer(clinic: Database) -> None:
    number = make.draft(clinic)
    with clinic.writing() as session:
        session.execute(text("ALTER TABLE access_log RENAME TO access_log_gone"))
    with pytest.raises(Unavailable):
        make.ask(clinic, make.REFERRER, queries.view, number)


def test_an_act_whose_log_cannot_be_written_is_not_done(clinic: Database) -> None:
    number = make.submitted(clinic)
    with clinic.writing() as session:
        session.execute(text("ALTER TABLE access_log RENAME TO access_log_gone"))
    with pytest.raises(Unavailable):
        make.do(clinic, number, "accept")
    assert make.state_of(clinic, number) == "submitted"


def test_an_older_version_is_stale_and_tells_the_current_one(clinic: Database) -> None:
    number = make.draft(clinic)
    make.do(clinic, number, "patch", by=make.REFERRER, changes={"question": "Ny fråga"})
    with pytest.raises(Stale) as raised:
        make.do(clinic, number, "patch", by=make.REFERRER, changes={"question": "Annan"}, version=1)
    assert raised.value.current == 2
    assert make.case_row(clinic, number).question == "Ny fråga"


def test_of_two_that_write_the_same_version_one_wins(clinic: Database) -> None:  # F13
    number = make.submitted(clinic)
    version = make.version_of(clinic, number)
    raised = together(
        lambda: make.do(clinic, number, "accept", version=version),
        lambda: make.do(clinic, number, "decline", version=version),
    )
    assert sorted(str(type(error).__name__) for error in raised) == ["NoneType", "Stale"]
    assert make.version_of(clinic, number) == version + 1


def test_two_that_read_and_write_again_and_again_lose_nothing(clinic: Database) -> None:
    number = make.draft(clinic, make.submission(question=""))

    def add(letter: str) -> None:
        done = 0
        while done < 5:
            row = make.case_row(clinic, number)
            try:
                make.do(
                    clinic,
                    number,
                    "patch",
                    by=make.REFERRER,
                    version=row.version,
                    changes={"question": row.question + letter},
                )
                done += 1
            except Stale:
                continue

    assert together(lambda: add("a"), lambda: add("b")) == [None, None]
    assert sorted(make.case_row(clinic, number).question) == ["a"] * 5 + ["b"] * 5


def test_cases_made_at_once_get_numbers_of_their_own(clinic: Database) -> None:
    made: list[str] = []
    acts = [lambda: made.append(make.draft(clinic))] * 4
    assert together(*acts) == [None] * 4
    assert sorted(made) == [f"MDK-2026-{place:04d}" for place in range(1, 5)]


def test_case_numbers_begin_anew_with_the_swedish_year(clinic: Database) -> None:
    new_year = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert make.draft(clinic) == "MDK-2026-0001"
    assert make.draft(clinic, at=new_year) == "MDK-2027-0001"


def test_one_case_put_on_two_agendas_at_once_stands_on_one(clinic: Database) -> None:
    number = make.accepted(clinic)
    places = [make.conference(clinic), make.conference(clinic)]
    raised = together(*(lambda place=place: make.put_agenda(clinic, place, [number]) for place in places))
    assert raised.count(None) == 1
    assert getattr(next(error for error in raised if error), "code", None) in {"stale", "conference.case-elsewhere"}
    assert count(clinic, AgendaItem) == 1


def test_four_cases_for_the_last_slot_of_an_agenda_leave_it_no_longer_than_the_conference(
    clinic: Database,
) -> None:  # F12
    numbers = [make.accepted(clinic) for _ in range(4)]
    held = make.conference(clinic, duration_minutes=15)
    version = make.conference_row(clinic, held).version
    items = [[AgendaItemBody(case=number, minutes=15)] for number in numbers]
    raised = together(
        *(
            lambda item=item: make.act(
                clinic, make.COORDINATOR, agenda.put, conference_id=held, version=version, items=item
            )
            for item in items
        )
    )
    assert [type(error) for error in raised if error] == [Stale] * 3
    assert count(clinic, AgendaItem) == 1


def test_two_first_saves_of_the_same_minutes_are_one(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.in_session(clinic, [number])
    save = lambda: make.act(  # noqa: E731
        clinic,
        make.CHAIR,
        minutes.save,
        conference_id=held,
        number=number,
        version=0,
        body=make.minutes_body(),
        at=make.MEETS,
    )
    assert [type(error) for error in together(save, save) if error] == [Stale]
    assert make.minutes_version(clinic, held, number) == 1


@pytest.mark.parametrize("search", ["%", "_", "\\", "'", '"', "🙂", "x" * 5000])
def test_a_search_for_strange_signs_finds_nothing_and_breaks_nothing(clinic: Database, search: str) -> None:
    make.submitted(clinic, make.submission(question="Fråga"))
    found, _ = make.ask(clinic, make.COORDINATOR, lists.lines, text=search)
    assert found == []


def test_a_search_that_is_no_text_is_a_bad_value(clinic: Database) -> None:
    with pytest.raises(Invalid) as refused:
        make.ask(clinic, make.COORDINATOR, lists.lines, text="a\x00")
    assert [problem.field for problem in refused.value.problems] == ["q"]


def test_a_search_does_not_tell_swedish_capitals_from_small_letters(clinic: Database) -> None:
    number = make.submitted(clinic, make.submission(question="ÅNGEST över smärtan"))
    for search in ("ångest", "Över", "SMÄRTAN"):
        found, _ = make.ask(clinic, make.COORDINATOR, lists.lines, text=search)
        assert [line.number for line in found] == [number]


def test_a_cursor_beyond_every_number_is_a_bad_value(clinic: Database) -> None:
    with pytest.raises(Invalid):
        make.ask(clinic, make.COORDINATOR, lists.lines, cursor=pack(10**30))


def test_a_store_that_cannot_be_reached_is_unavailable() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable), database.reading() as session:
        session.scalar(select(col(Case.id)))
    database.close()


def test_a_writer_that_waits_too_long_is_told_to_try_again(embedded: Database) -> None:
    with embedded.engine.connect() as other:
        other.exec_driver_sql("PRAGMA busy_timeout=50")
    with embedded.writing(), pytest.raises(Unavailable):
        _write_at_once(embedded)


def _write_at_once(database: Database) -> None:
    second = stores.made(str(database.url))
    try:
        with second.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=50")
        with second.writing():
            pass
    finally:
        second.close()
