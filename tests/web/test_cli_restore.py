"""The way back from a copy, step by step as the runbook has it."""

import shutil
from pathlib import Path

from click.testing import CliRunner, Result

import make
import stores
from mdk import clock, settings
from mdk.db import sqlite_file
from mdk_calendar.log_heads import seal
from mdk_web.cli.main import cli


def test_after_a_restore_the_log_holds_to_the_copy_and_then_from_a_new_file_on(sqlite_file_once: Path) -> None:
    folder = sqlite_file_once.parent
    environment = {"MDK_DATA_DIR": str(folder), "MDK_SECRET_KEY": stores.SECRET}
    heads, kept, copy = (folder / name for name in ("access-log-heads.txt", "kept.txt", "kopia"))

    def mdk(*args: str) -> Result:
        return CliRunner().invoke(cli, args, env=environment)

    with stores.opened(sqlite_file(sqlite_file_once)) as database:
        make.people(database)
        assert seal(database, settings.load(environment), at=clock.now() - 2 * make.DAY)
        shutil.copy(heads, kept)
        assert mdk("backup", str(copy)).exit_code == 0
        make.draft(database)
        assert seal(database, settings.load(environment), at=clock.now() - make.DAY)
    assert mdk("restore", str(copy), "--force").exit_code == 0
    assert mdk("audit", "verify", "--heads", str(kept)).exit_code == 0
    assert mdk("audit", "verify").exit_code == 1
    heads.rename(folder / "access-log-heads.before-restore.txt")
    assert mdk("audit", "verify").exit_code == 0
    assert mdk("worker", "--once").exit_code == 0
    assert len(heads.read_text().split()) == 1
    assert mdk("audit", "verify").exit_code == 0
