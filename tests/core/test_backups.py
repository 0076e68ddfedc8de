"""Copies of the whole store: consistent under load, whole or not at all on the way back, never the wrong kind."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

import make
import stores
from mdk import backups
from mdk.audit.queries import first_fault
from mdk.cases.queries import view
from mdk.db import Database, check_schema, damage
from mdk.errors import RuleBroken
from postgres import Server


@pytest.fixture
def elsewhere(
    clinic: Database, request: pytest.FixtureRequest, _sqlite_template: Path, tmp_path: Path
) -> Iterator[Database]:
    """Another machine's store of the same kind: with the schema and no rows."""
    if clinic.is_sqlite:
        with stores.opened(stores.copied(_sqlite_template, tmp_path / "elsewhere.sqlite")) as database:
            yield database
        return
    server: Server = request.getfixturevalue("postgres_server")
    template: str = request.getfixturevalue("_postgres_template")
    with stores.copied_on(server, template, f"{template}_elsewhere") as url, stores.opened(url) as database:
        yield database


def is_whole(database: Database) -> bool:
    with database.reading() as session:
        return first_fault(session) is None and not check_schema(database)


def test_a_copy_taken_under_load_is_one_moment_and_comes_back_elsewhere(
    clinic: Database, elsewhere: Database, tmp_path: Path
) -> None:  # F11
    number = make.accepted(clinic)
    over, taken = threading.Event(), tmp_path / "kopia"

    def work() -> None:
        while not over.is_set():
            make.draft(clinic)

    hands = [threading.Thread(target=work) for _ in range(2)]
    for hand in hands:
        hand.start()
    try:
        size = backups.save(clinic, taken)
    finally:
        over.set()
        for hand in hands:
            hand.join()
    assert size == taken.stat().st_size > 10_000
    assert taken.stat().st_mode & 0o077 == 0
    backups.restore(elsewhere, taken)
    assert is_whole(elsewhere)
    there, here = backups.counts(elsewhere), backups.counts(clinic)
    assert there.keys() == here.keys()
    assert all(there[name] <= here[name] for name in here)
    # One committed prefix: what an act writes is there together or not at all.
    with elsewhere.reading() as session:
        made = session.scalar(text("SELECT count(*) FROM access_log WHERE act = 'case.create'"))
    assert there["case_file"] == made
    assert make.ask(elsewhere, make.REFERRER, view, number).number == number


def test_the_restored_store_is_worked_on_and_keeps_its_log_for_good(
    clinic: Database, elsewhere: Database, tmp_path: Path
) -> None:  # restored-elsewhere
    make.accepted(clinic)
    backups.save(clinic, tmp_path / "kopia")
    backups.restore(elsewhere, tmp_path / "kopia")
    make.accepted(elsewhere)
    assert is_whole(elsewhere)
    with pytest.raises(Exception, match="log"), elsewhere.engine.begin() as connection:
        connection.execute(text("DELETE FROM access_log"))


def test_a_store_with_rows_is_replaced_only_when_told_to(clinic: Database, tmp_path: Path) -> None:
    first = make.accepted(clinic)
    backups.save(clinic, tmp_path / "kopia")
    before = backups.counts(clinic)
    make.accepted(clinic)
    with pytest.raises(RuleBroken) as refusal:
        backups.restore(clinic, tmp_path / "kopia")
    assert refusal.value.rule == "backup.not-empty"
    assert backups.counts(clinic)["case_file"] == 2
    backups.restore(clinic, tmp_path / "kopia", replaces=True)
    assert backups.counts(clinic) == before
    assert make.ask(clinic, make.REFERRER, view, first).number == first
    assert is_whole(clinic)


@pytest.mark.parametrize("spoil", ["foreign", "empty", "cut"])
def test_what_is_no_whole_copy_changes_nothing(clinic: Database, tmp_path: Path, spoil: str) -> None:
    make.accepted(clinic)
    file = tmp_path / "kopia"
    backups.save(clinic, file)
    content = file.read_bytes()
    mark = content[: len(content) // 3] if clinic.is_sqlite else content[:200]
    file.write_bytes({"foreign": b"PK\x03\x04 nothing of ours", "empty": b"", "cut": mark}[spoil])
    before = backups.counts(clinic)
    with pytest.raises(RuleBroken) as refusal:
        backups.restore(clinic, file, replaces=True)
    assert refusal.value.rule == "backup.unreadable"
    assert backups.counts(clinic) == before


def test_a_copy_never_takes_the_place_of_an_older_one(clinic: Database, tmp_path: Path) -> None:
    (tmp_path / "kopia").write_bytes(b"the only one")
    with pytest.raises(RuleBroken) as refusal:
        backups.save(clinic, tmp_path / "kopia")
    assert refusal.value.rule == "backup.exists"
    assert (tmp_path / "kopia").read_bytes() == b"the only one"
    assert [file.name for file in tmp_path.iterdir() if "kopia" in file.name] == ["kopia"]


@pytest.mark.postgres
def test_without_postgresql_s_own_programs_nothing_is_tried(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with stores.opened(postgres_url) as database, pytest.raises(RuleBroken) as refusal:
        backups.save(database, tmp_path / "kopia")
    assert refusal.value.rule == "backup.tool"


def test_a_damaged_store_is_set_aside_and_replaced(ward: Database, tmp_path: Path) -> None:  # F10
    number = make.accepted(ward)
    backups.save(ward, tmp_path / "kopia")
    ward.close()
    file = Path(ward.url.database or "")
    content = bytearray(file.read_bytes())
    content[4096:12288] = b"\x5a" * 8192
    file.write_bytes(content)
    assert damage(file)
    with pytest.raises(RuleBroken):
        backups.restore(ward, tmp_path / "kopia")
    backups.restore(ward, tmp_path / "kopia", replaces=True)
    assert not damage(file)
    assert file.with_name(f"{file.name}.damaged").read_bytes() == content
    assert make.ask(ward, make.REFERRER, view, number).number == number
