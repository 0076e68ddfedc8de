"""What the mail server is told of a mail that it hands over: 2 means kept for a person, 1 means send it again."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import stores
from invites.answering import mail
from mdk_web.cli.main import cli

NO_ANSWER = mail("Hej", kind="text/plain").decode("latin-1")


@pytest.fixture
def settings(_sqlite_template: Path, tmp_path: Path) -> dict[str, str]:
    """An installation with the newest schema, whose rows are sealed."""
    with stores.opened(stores.copied(_sqlite_template, tmp_path / "mdk.sqlite")) as database, database.writing():
        pass
    return {"MDK_DATA_DIR": str(tmp_path), "MDK_SECRET_KEY": stores.SECRET}


def test_a_mail_that_is_no_answer_is_kept_and_not_sent_again(settings: dict[str, str]) -> None:
    assert CliRunner().invoke(cli, ["mail", "ingest"], input=NO_ANSWER, env=settings).exit_code == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MDK_SECRET_KEY", "short"),
        ("MDK_SECRET_KEY", "1f2e3d4c5b6a7988" * 4),
        ("MDK_DATA_DIR", "nowhere"),
        ("MDK_DATABASE_URL", "postgresql://mdk@127.0.0.1:1/mdk"),
    ],
)
def test_a_mail_that_could_not_be_taken_in_is_asked_for_again(settings: dict[str, str], name: str, value: str) -> None:
    failed = CliRunner().invoke(cli, ["mail", "ingest"], input=NO_ANSWER, env=settings | {name: value})
    assert (failed.exit_code, failed.stderr.startswith("mdk: "), failed.stderr.count("\n")) == (1, True, 1)
