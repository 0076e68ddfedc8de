"""What a search finds, on both stores: any piece of number, unit and question; names and identity numbers whole."""

import importlib.util
from datetime import timedelta
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text, update
from sqlmodel import col

import make
from mdk.cases import lists, search
from mdk.cases.tables import Case
from mdk.cursors import pack
from mdk.db import Database
from mdk.errors import Invalid, Unavailable
from mdk.journey import reference
from mdk.people.tables import Unit
from tree import ROOT

QUESTION = 'Sakral smärta: "intratekal" pump, 50% effekt av -caine_x* NEAR(5) OR ÅNGEST'


def found(database: Database, wanted: str, name: str = make.COORDINATOR, **given: Any) -> list[str]:
    return [line.number for line in make.ask(database, name, lists.lines, text=wanted, **given)[0]]


# What is typed, and whether it finds the one case there is.
TABLE: list[tuple[str, bool]] = [
    ("sakral", True),
    ("SAKRAL SMÄRTA", True),
    ("smärta sakral", True),
    ("ångest", True),
    ("tratek", True),
    ("kral", True),
    ("sakral hjärna", False),
    ("sakralsmärta", False),
    ('"intratekal"', True),
    ("50%", True),
    ("51%", False),
    ("%", True),
    ("_x*", True),
    ("x*", True),
    ("*", True),
    ("y*", False),
    ("-caine", True),
    ("-", True),
    ("NEAR(5)", True),
    ("near(6)", False),
    ("NEAR", True),
    ("OR", True),
    ("NOT", False),
    ("sakral OR", True),
    ("sakral AND", False),
    ("5", True),
    ("zz", False),
    ("å", True),
    ("s p", True),
    ("s zz", False),
    ("search_text:sakral", False),
    ("search_text : sakral", False),
    ("^sakral", False),
    ("sakral\n pump", True),
    ("''", False),
    ("\\", False),
    ("🙂", False),
    ("(", True),
    ("()", False),
    ("{", False),
    ("x" * 5000, False),
    ("sakral " * 900, True),
    (" ".join(str(number) for number in range(3000)), False),
    ("ASIH Lund", True),
    ("lund sakral", True),
    ("växjö", False),
    ("Test Testsson", True),
    ("  test   TESTSSON ", True),
    ("Testsson", False),
    ("Test", False),
    ("19400104-2383", True),
    ("400104-2383", True),
    ("194001042383", True),
    ("2383", False),
    ("19400104", False),
    ("MDK-2026-0001", True),
    ("mdk-2026", True),
    ("0001", True),
    ("0002", False),
]


def test_a_text_finds_the_case_or_does_not(clinic: Database) -> None:
    changes = {"patient.name": "Test Testsson"}
    number = make.submitted(clinic, make.submission(question=QUESTION, **changes), by=make.OTHER_REFERRER)
    assert [wanted for wanted, hit in TABLE if found(clinic, wanted) != [number] * hit] == []


def test_a_text_with_a_control_sign_is_a_bad_value(clinic: Database) -> None:
    with pytest.raises(Invalid):
        found(clinic, "sak\x00ral")


def test_a_whole_case_number_finds_that_case_and_a_piece_of_one_all_that_hold_it(clinic: Database) -> None:
    first, second = make.submitted(clinic), make.submitted(clinic)
    with clinic.writing() as session:
        longer = "MDK-2026-00012"
        named = {"number": longer, "search_text": search.text_of(longer, "", "")}
        session.execute(update(Case).where(col(Case.number) == second).values(**named))
    assert [found(clinic, each) for each in (first.lower(), longer, "mdk-2026-000")] == [
        [first], [longer], [longer, first]
    ]  # fmt: skip
    assert found(clinic, "MDK-2026-0002") == []
    assert found(clinic, first, make.OTHER_REFERRER) == []


def test_a_search_follows_the_question_as_it_changes(clinic: Database) -> None:
    number = make.submitted(clinic, make.submission(question="Epidural?"))
    make.do(clinic, number, "patch", by=make.REFERRER, changes={"question": "Neurolys?"})
    assert (found(clinic, "epidural"), found(clinic, "neurolys")) == ([], [number])
    make.do(clinic, number, "accept")
    assert found(clinic, "neurolys") == [number]


def test_a_case_is_found_by_its_unit_s_new_name(clinic: Database) -> None:
    number = make.submitted(clinic, by=make.OTHER_REFERRER)
    with clinic.writing() as session:
        session.execute(update(Unit).where(col(Unit.name) == "ASIH Lund").values(name="Tuppen"))
    with clinic.writing() as session:
        reference.load(session)
    assert found(clinic, "asih lund") == [number]
    with clinic.writing() as session:
        search.rename(session, make.viewer(clinic, make.OTHER_REFERRER).unit_id, "Palliativa Hönan")
        search.rename(session, "no-such-unit", "x")
    assert (found(clinic, "asih lund"), found(clinic, "hönan")) == ([], [number])


def test_a_search_finds_only_what_the_viewer_may_read(clinic: Database) -> None:
    mine, theirs = make.submitted(clinic), make.submitted(clinic, by=make.OTHER_REFERRER)
    draft = make.draft(clinic)
    wanted = "mdk-2026"
    assert found(clinic, wanted) == [theirs, mine]
    assert found(clinic, wanted, make.REFERRER) == [draft, mine]
    assert found(clinic, wanted, make.OTHER_REFERRER) == [theirs]
    assert found(clinic, wanted, make.NURSE) == []
    assert found(clinic, wanted, make.REFERRER, states=("draft", "accepted")) == [draft]


def test_a_text_is_found_among_thousands_whether_it_is_rare_common_or_old(clinic: Database) -> None:
    by = make.viewer(clinic, make.REFERRER)
    shared: dict[str, Any] = {
        "unit_id": by.unit_id,
        "created_by": by.person_id,
        "created_at": make.AT,
        "changed_at": make.AT,
    }
    words = ["alla gamla" if place <= 2400 else "alla nya" for place in range(1, 4801)]
    words[9] += " enda"
    kept = {**shared, "state": "submitted", "submitted_at": make.AT, "identity_number": make.ADULT, "submission": "{}"}
    with clinic.writing() as session:
        session.add_all(Case(**kept, number=f"MDK-2026-{n:04d}", search_text=held) for n, held in enumerate(words, 1))
    newest, oldest_new, old = list(range(4800, 4795, -1)), list(range(2402, 2400, -1)), list(range(2400, 2395, -1))
    for wanted, cursor, expected in (
        ("alla", None, newest),
        ("nya alla", None, newest),
        ("gamla", None, old),
        ("al ga", None, old),
        ("alla", pack(2403), oldest_new + old[:3]),
        ("nya", pack(2403), oldest_new),
        ("enda", None, [10]),
        ("enda gamla", pack(11), [10]),
        ("enda", pack(10), []),
        ("enda nya", None, []),
        ("saknas", None, []),
        ("sx", None, []),
    ):
        assert found(clinic, wanted, limit=5, cursor=cursor) == [f"MDK-2026-{n:04d}" for n in expected]


def test_the_pages_of_a_search_are_the_whole_newest_first(clinic: Database) -> None:
    numbers = [make.submitted(clinic, make.submission(question=f"Fråga {kind} om smärta")) for kind in "ABABABA"]
    for wanted, expected in (("om smärta", numbers), ("fråga b", numbers[1::2]), ("ga sm å", numbers)):
        pages, cursor = make.ask(clinic, make.COORDINATOR, lists.lines, text=wanted, limit=2)
        while cursor:
            more, cursor = make.ask(clinic, make.COORDINATOR, lists.lines, text=wanted, limit=2, cursor=cursor)
            pages += more
        assert [line.number for line in pages] == expected[::-1]


LETTERS = st.sampled_from("abcåäöÅÄÖßİςΣσéÉıñ0123456789 \"'%*-_^(){}:+\\/&|~.,;?\n\t🙂日本")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(LETTERS, min_size=3, max_size=40), start=st.integers(0, 37), length=st.integers(1, 20))
def test_a_case_is_found_by_any_piece_of_its_question(
    ward_once: Database, question: str, start: int, length: int
) -> None:
    piece = question[start : start + length]
    assume(piece.strip() and question.strip())
    number = make.submitted(ward_once, make.submission(question=question))
    assert number in found(ward_once, piece)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_no_text_breaks_a_search(ward_once: Database, wanted: str) -> None:
    found(ward_once, wanted, limit=3)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_no_text_breaks_a_search_on_either_store(clinic: Database, wanted: str) -> None:
    found(clinic, wanted, limit=3)


def test_a_search_with_three_hits_costs_as_many_queries_as_one_with_one(clinic: Database) -> None:
    make.submitted(clinic, make.submission(question="Ensam"))
    for _ in range(3):
        make.submitted(clinic, make.submission(question="Trilling"))
    asked: list[str] = []
    event.listen(clinic.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert len(found(clinic, "ensam")) == 1
    once = len(asked)
    assert len(found(clinic, "trilling")) == 3
    assert len(asked) == 2 * once


def migration(name: str = "0005_search.py") -> Any:
    (path,) = (ROOT / "infra" / "migrations" / "versions").glob(name)
    spec = importlib.util.spec_from_file_location(f"m{path.stem}", path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_migration_makes_the_cases_that_are_there_already_findable(clinic: Database) -> None:
    number = make.submitted(clinic, make.submission(question=QUESTION, **{"patient.name": "Åke  Östman"}))
    columns = text("SELECT search_text, name_key FROM case_file")
    with clinic.engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        migration("*_sealed.py").downgrade()
        before = connection.execute(columns).all()
        migration().downgrade()
        migration().upgrade()
        assert connection.execute(columns).all() == before
        assert before[0][1] == "åke östman"
        migration("*_sealed.py").upgrade()
    assert found(clinic, "ÅNGEST") == found(clinic, "åke östman") == [number]
    later = make.submitted(clinic, make.submission(question="Helt ny"), at=make.AT + timedelta(days=1))
    assert found(clinic, "helt ny") == [later]


@pytest.mark.postgres
def test_a_database_without_the_right_to_the_trigrams_is_told_in_words(request: pytest.FixtureRequest) -> None:
    clinic: Database = request.getfixturevalue("_postgres_clinic")
    with clinic.engine.connect() as connection:
        for statement in ("DROP INDEX case_search", "DROP EXTENSION pg_trgm", "CREATE ROLE weak", "SET ROLE weak"):
            connection.execute(text(statement))
        with Operations.context(MigrationContext.configure(connection)), pytest.raises(Unavailable) as refused:
            migration().upgrade()
        connection.rollback()
    assert "CREATE EXTENSION pg_trgm" in refused.value.message
