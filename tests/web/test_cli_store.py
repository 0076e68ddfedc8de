"""The command line on the store: its schema, its keys, the chain of its log, and copies of it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from web.commands import SAMPLES, VAXJO, Run, is_one_line


# ---------------------------------------------------------------------------------------------------- data keys
def test_the_key_of_patient_data_is_changed_and_everything_still_opens(mdk: Run, folder: Path) -> None:
    assert mdk("import", "cases", SAMPLES, "--as", VAXJO).exit_code == 0
    first, second = {"MDK_DATA_KEY": "1f2e3d4c5b6a7988" * 4}, {"MDK_DATA_KEY": "a0b1c2d3e4f50617" * 4}
    assert mdk("data-key", "rotate", **first).stdout.startswith("2 nycklar låstes om.")
    refused = mdk("user", "list", **second)
    assert (refused.exit_code, is_one_line(refused), "MDK_DATA_KEY_OLD" in refused.stderr) == (2, True, True)
    both = second | {"MDK_DATA_KEY_OLD": first["MDK_DATA_KEY"]}
    done = mdk("data-key", "rotate", "--reseal", **both)
    assert (done.exit_code, "rader krypterades om" in done.stdout) == (0, True)
    checked = mdk("data-key", "check", **second)
    assert (checked.exit_code, "case_file.submission\t16\t0\t0" in checked.stdout.splitlines()) == (0, True)
    assert mdk("data-key", "check", **first).exit_code == 2


def test_a_value_that_does_not_open_fails_the_check(mdk: Run, folder: Path) -> None:
    assert mdk("data-key", "check").exit_code == 0
    mdk("import", "cases", SAMPLES, "--as", VAXJO)
    with closing(sqlite3.connect(folder / "mdk.sqlite")) as connection, connection:
        connection.execute("UPDATE case_file SET patient_name = identity_number WHERE id = 3")
    result = mdk("data-key", "check")
    assert (result.exit_code, is_one_line(result)) == (1, True)
    assert "case_file.patient_name\t15\t1\t0" in result.stdout.splitlines()


@pytest.mark.parametrize("value", ["kort", "0" * 64, "g" * 64, "1f2e3d4c5b6a7988" * 3])
def test_a_key_that_was_not_drawn_by_chance_is_refused(mdk: Run, value: str) -> None:
    result = mdk("data-key", "check", MDK_DATA_KEY=value)
    assert (result.exit_code, is_one_line(result), "openssl rand -hex 32" in result.stderr) == (2, True, True)


# ---------------------------------------------------------------------------------------------------- the store
def test_a_new_installation_is_migrated_seeded_and_checked(mdk: Run, tmp_path: Path) -> None:
    fresh = {"MDK_DATA_DIR": str(tmp_path / "new" / "place")}
    missing = mdk("user", "list", **fresh)
    assert (missing.exit_code, is_one_line(missing)) == (2, True)
    assert not (tmp_path / "new").exists()
    for args in (
        ("migrate",),
        ("migrate", "--check"),
        ("seed", "reference"),
        ("seed", "reference"),
        ("audit", "verify"),
    ):
        result = mdk(*args, **fresh)
        assert (result.exit_code, result.stderr) == (0, ""), args


def test_a_schema_that_is_behind_is_told_of_by_every_command(mdk: Run, folder: Path) -> None:
    with sqlite3.connect(folder / "mdk.sqlite") as rows:
        rows.execute("DELETE FROM alembic_version")
    for args in (("migrate", "--check"), ("user", "list"), ("serve",), ("worker", "--once")):
        result = mdk(*args)
        assert (result.exit_code, is_one_line(result), "mdk migrate" in result.stderr) == (1, True, True), args
    assert mdk("backup", str(folder / "before")).exit_code == 0, "a copy is taken before the schema is renewed"


def test_a_changed_row_of_the_access_log_is_found(mdk: Run, folder: Path) -> None:
    assert mdk("audit", "verify").exit_code == 0
    with sqlite3.connect(folder / "mdk.sqlite") as rows:
        rows.execute("DROP TRIGGER access_log_kept_from_change")
        rows.execute("UPDATE access_log SET act = 'nothing' WHERE id = 2")
    result = mdk("audit", "verify")
    assert (result.exit_code, is_one_line(result), "rad 2" in result.stderr) == (1, True, True)


def test_f9_a_log_that_was_cut_off_is_found_by_the_end_that_the_worker_signed(mdk: Run, folder: Path) -> None:  # F9
    mdk("worker", "--once")
    (signed,) = (folder / "access-log-heads.txt").read_text().split()
    assert mdk("audit", "heads").stdout.split() == [signed]
    assert mdk("audit", "verify").exit_code == 0
    with sqlite3.connect(folder / "mdk.sqlite") as rows:
        for table in ("access_log", "access_log_case", "access_log_head"):
            rows.execute(f"DROP TRIGGER {table}_kept_from_removal")
            rows.execute(f"DELETE FROM {table}")
    result = mdk("audit", "verify")
    assert (result.exit_code, is_one_line(result), "rad 1 " in result.stderr) == (1, True, True)
    (folder / "access-log-heads.txt").rename(folder / "elsewhere.txt")
    assert mdk("audit", "verify").exit_code == 0
    assert mdk("audit", "verify", "--heads", str(folder / "elsewhere.txt")).exit_code == 1


def test_a_database_that_does_not_answer_is_one_line(mdk: Run) -> None:
    result = mdk("user", "list", MDK_DATABASE_URL="postgresql://mdk@127.0.0.1:1/mdk")
    assert (result.exit_code, is_one_line(result)) == (1, True)


# ---------------------------------------------------------------------------------------------------- copies
def test_a_copy_is_saved_and_comes_back_in_another_place(
    mdk: Run, folder: Path, tmp_path: Path
) -> None:  # F11, restored-elsewhere
    assert mdk("import", "cases", SAMPLES, "--as", VAXJO, "--submit").exit_code == 0
    saved = mdk("backup", "kopia.mdk")
    assert (saved.exit_code, (folder / "kopia.mdk").is_file()) == (0, True)
    again = mdk("backup", "kopia.mdk")
    assert (again.exit_code, is_one_line(again), "finns redan" in again.stderr) == (2, True, True)
    there = {"MDK_DATA_DIR": str(tmp_path / "there")}
    restored = mdk("restore", str(folder / "kopia.mdk"), **there)
    assert restored.exit_code == 0
    assert "case_file\t16" in restored.stdout.splitlines()
    assert restored.stdout.endswith("åtkomstloggens kedja håller.\n")
    assert mdk("audit", "verify", **there).exit_code == mdk("migrate", "--check", **there).exit_code == 0
    refused = mdk("restore", str(folder / "kopia.mdk"), **there)
    assert (refused.exit_code, is_one_line(refused), "--force" in refused.stderr) == (2, True, True)
    assert mdk("restore", str(folder / "kopia.mdk"), "--force", **there).exit_code == 0


@pytest.mark.parametrize("place", [0, 4096], ids=["head", "pages"])
def test_a_damaged_store_starts_nothing_and_is_not_taken_for_an_empty_one(mdk: Run, folder: Path, place: int) -> None:
    file = folder / "mdk.sqlite"  # F10
    content = bytearray(file.read_bytes())
    content[place : place + 8192] = os.urandom(8192)
    file.write_bytes(content)
    for args in (("serve",), ("worker", "--once"), ("migrate",), ("backup", "kopia.mdk"), ("user", "list")):
        refused = mdk(*args)
        assert (refused.exit_code, is_one_line(refused), "skadad" in refused.stderr) == (1, True, True)
    assert file.read_bytes() == content
