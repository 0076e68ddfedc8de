"""The command line: what is imported and exported, people, settings, mail, and the demo as a process."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

import leaks
import lending
import make
import stores
from invites.answering import answer_of, mail, sample, told
from invites.post import Post
from mdk import clock, settings
from mdk.db import sqlite_file
from mdk.journey.demo import PEOPLE, sample_cases
from mdk.people.tables import Person
from mdk_web.cli.main import cli
from running import command, demonstrating, environment, free_port
from web.commands import SAMPLES, VAXJO, Run, is_one_line

NUMBER = re.compile(r"^MDK-\d{4}-\d{4} ")


# ---------------------------------------------------------------------------------------------------- import
def test_the_sample_cases_are_imported_and_submitted(mdk: Run) -> None:
    result = mdk("import", "cases", SAMPLES, "--as", VAXJO, "--submit")
    lines = result.stdout.splitlines()
    assert (result.exit_code, result.stderr, len(lines)) == (0, "", 16)
    assert all(NUMBER.match(line) and "  submitted  " in line and line.endswith(" %") for line in lines)


def test_three_broken_cases_are_refused_with_every_problem_and_the_rest_are_kept(mdk: Run, folder: Path) -> None:
    documents: list[Any] = sample_cases()
    documents[2] = make.patched(
        documents[2], {"patient.identity_number": "194001042384", "urgency": "soon", "shoe_size": 42}
    )
    documents[5] = "no case"
    documents[9] = make.patched(
        documents[9],
        {"consent": make.LEFT_OUT, "pain.nrs_now": 11, "safety.platelets": {"value": 1, "date": "2999-01-01"}},
    )
    file = folder / "cases.json"
    file.write_text(json.dumps(documents))
    result = mdk("import", "cases", str(file), "--as", VAXJO, "--submit")
    assert result.exit_code == 1
    assert is_one_line(result)
    assert len([line for line in result.stdout.splitlines() if NUMBER.match(line)]) == 13
    named = re.findall(r"^(ärende \d+)  avvisat\n((?:    .*\n)+)", result.stdout, re.MULTILINE)
    assert {case: set(re.findall(r"^    ([\w.]+):", problems, re.MULTILINE)) for case, problems in named} == {
        "ärende 3": {"patient.identity_number", "urgency", "shoe_size"},
        "ärende 6": {"ärendet"},
        "ärende 10": {"consent.basis", "pain.nrs_now", "safety.platelets.date"},
    }


def test_a_case_that_cannot_be_submitted_is_not_kept_as_a_draft(mdk: Run, folder: Path) -> None:
    draft = json.dumps([{"patient": {"identity_number": make.ADULT}}])
    refused = mdk("import", "cases", "-", "--as", VAXJO, "--submit", stdin=draft)
    assert (refused.exit_code, "consent.basis" in refused.stdout) == (1, True)
    with sqlite3.connect(folder / "mdk.sqlite") as rows:
        assert rows.execute("SELECT count(*) FROM case_file").fetchone() == (0,)
    kept = mdk("import", "cases", "-", "--as", VAXJO, stdin=draft)
    assert (kept.exit_code, "  draft  " in kept.stdout) == (0, True)


@pytest.mark.parametrize("text", ["", "{}", "3", "not json", '{"cases": []}', "[" * 2000])
def test_a_file_that_is_no_list_of_cases_is_bad_input(mdk: Run, text: str) -> None:
    result = mdk("import", "cases", "-", "--as", VAXJO, stdin=text)
    assert (result.exit_code, result.stdout, is_one_line(result)) == (2, "", True)


@pytest.mark.parametrize(
    "args",
    [
        ("import", "cases", "nothing.json", "--as", VAXJO),
        ("import", "cases", SAMPLES),
        ("import", "cases", SAMPLES, "--as", "nobody@demo.mdk"),
        ("import", "cases", SAMPLES, "--as", make.email(make.CONSULTANT)),
        ("nothing",),
        ("token", VAXJO, "--minutes", "0"),
        ("token", "nobody@demo.mdk"),
        ("token", VAXJO, "--assignment", "99"),
        ("user", "add", "no address", "--name", "", "--role", "king", "--unit", "nowhere"),
        ("user", "disable", "nobody@demo.mdk"),
        ("serve", "--workers", "2"),
        ("demo", "--port", "0"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_code_two(mdk: Run, args: tuple[str, ...]) -> None:
    result = mdk(*args)
    assert (result.exit_code, result.stdout, is_one_line(result)) == (2, "", True)


# ---------------------------------------------------------------------------------------------------- people
def test_a_person_is_added_listed_and_disabled(mdk: Run) -> None:
    added = mdk("user", "add", "Ny@Demo.mdk", "--name", "Ny Person", "--role", "member", "--unit", "mdk-samordning")
    assert added.exit_code == 0
    assert "ny@demo.mdk\tNy Person" in mdk("user", "list").stdout
    assert mdk("user", "disable", "ny@demo.mdk").exit_code == 0
    assert re.search(r"^ny@demo.mdk\t.*\tavslutad$", mdk("user", "list").stdout, re.MULTILINE)
    assert mdk("token", "ny@demo.mdk").exit_code == 2


def test_a_person_is_added_with_a_language_that_stays_until_another_is_given(mdk: Run, folder: Path) -> None:
    unit = ("--name", "Ann Li", "--role", "member", "--unit", "palliativa-vaxjo")
    assert mdk("user", "add", "ann@demo.mdk", *unit, "--language", "en").exit_code == 0
    assert mdk("user", "add", "ann@demo.mdk", *unit).exit_code == 0
    assert mdk("user", "add", "bo@demo.mdk", *unit).exit_code == 0
    assert mdk("user", "add", "cy@demo.mdk", *unit, "--language", "no").exit_code == 2
    database = stores.made(sqlite_file(folder / "mdk.sqlite"))
    with database.reading() as session:
        found = {person.email: person.language for person in session.scalars(select(Person))}
    database.close()
    assert (found["ann@demo.mdk"], found["bo@demo.mdk"], "cy@demo.mdk" in found) == ("en", "sv", False)


def test_a_token_opens_the_api(mdk: Run, folder: Path) -> None:
    bearer = mdk("token", VAXJO).stdout.strip()
    configured = settings.load({"MDK_SECRET_KEY": "0123456789abcdef" * 4}, dotenv=Path(os.devnull), data_dir=folder)
    database = stores.made(sqlite_file(folder / "mdk.sqlite"))
    with lending.lent(configured, database) as client:
        answer = client.get("/api/v1/cases", headers={"Authorization": f"Bearer {bearer}"})
    database.close()
    assert answer.status_code == 200


# ---------------------------------------------------------------------------------------------------- settings
def test_the_settings_are_shown_without_secrets(mdk: Run) -> None:
    provider = {"MDK_OIDC_ISSUER": "https://idp.example", "MDK_OIDC_CLIENT_ID": "mdk"}
    result = mdk("config", MDK_OIDC_CLIENT_SECRET="hemligt-ord", **provider)
    lines = {line.split("\t")[0]: line.split("\t") for line in result.stdout.splitlines()}
    assert set(lines) == {f"MDK_{setting.name}" for setting in settings.SETTINGS}
    assert lines["MDK_OIDC_CLIENT_SECRET"][1] == lines["MDK_SECRET_KEY"][1] == "••••••••"
    assert lines["MDK_DATA_DIR"][2] == "miljövariabel"


@pytest.mark.parametrize(
    ("name", "value"),
    [("MDK_SECRET_KEY", "short"), ("MDK_DATABASE_URL", "mysql://x"), ("MDK_TIMEZONE", "Mars"), ("MDK_LANGUAGE", "fi")],
)
def test_a_bad_setting_is_one_line_that_names_it(mdk: Run, name: str, value: str) -> None:
    result = mdk("user", "list", **{name: value})
    assert (result.exit_code, is_one_line(result), name in result.stderr) == (2, True, True)


def test_no_server_starts_without_a_secret(mdk: Run) -> None:
    result = mdk("serve", MDK_SECRET_KEY="")
    assert (result.exit_code, "MDK_SECRET_KEY" in result.stderr) == (2, True)


# ---------------------------------------------------------------------------------------------------- worker and export
def test_the_worker_sends_what_waits_and_ends(mdk: Run, folder: Path) -> None:
    mdk("import", "cases", SAMPLES, "--as", VAXJO, "--submit")
    assert mdk("worker", "--once").exit_code == 0
    assert len(list((folder / "outbox").glob("*.eml"))) == 16


def test_the_register_is_exported_without_a_name(mdk: Run) -> None:
    mdk("import", "cases", SAMPLES, "--as", VAXJO, "--submit")
    year = str(clock.today(clock.now()).year)
    result = mdk("export", "register", year, "--as", "samordnare@demo.mdk")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 17)
    assert result.stdout.startswith("patient;case;year;month;")
    assert mdk("export", "register", year, "--as", VAXJO).exit_code == 2


def test_a_point_prevalence_is_read_from_a_file_or_refused_whole(mdk: Run, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(
        "place;region;patients;high_dose;advanced\nVäxjö;kronoberg;30;4;0\nSumma;;30;4;0\n", encoding="utf-8"
    )
    call = ("import", "prevalence", str(table), "--as", "samordnare@demo.mdk", "--week", "39", "--source", "Nätverket")
    assert mdk(*call, "--year", "2026").stdout == "Vecka 39 år 2026: 1 orter, 30 anslutna, 4 med hög dos.\n"
    table.write_text(table.read_text(encoding="utf-8").replace("Summa;;30", "Summa;;31"), encoding="utf-8")
    refused = mdk(*call, "--year", "2025")
    assert (refused.exit_code, "Summan är 31, men raderna blir 30." in refused.stdout) == (1, True)


def test_every_command_explains_itself(mdk: Run) -> None:
    def explained(command: Any, path: tuple[str, ...]) -> None:
        result = mdk(*path, "--help")
        assert (result.exit_code, bool(command.help)) == (0, True), path
        for name, inner in getattr(command, "commands", {}).items():
            explained(inner, (*path, name))

    explained(cli, ())
    assert set(cli.commands) == {
        "demo", "serve", "worker", "migrate", "seed", "user", "token", "import", "audit", "config",
        "minutes", "keys", "export", "mail", "backup", "restore", "unit", "series", "absence", "retention", "data-key",
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------- mail
def test_an_answer_is_taken_in_from_a_file_or_standard_input_and_what_is_none_is_refused_in_one_line(
    mdk: Run, folder: Path
) -> None:
    database = stores.made(sqlite_file(folder / "mdk.sqlite"))
    post = Post(database, folder / "outbox")
    planned = told(post, starts_at=clock.now() + 2 * make.DAY)
    file = folder / "svar.eml"
    file.write_bytes(sample("outlook-accepted"))
    recorded = mdk("mail", "ingest", str(file))
    assert (recorded.exit_code, recorded.stdout) == (0, "Svaret är sparat.\n")
    again = mdk("mail", "ingest", stdin=sample("outlook-accepted").decode("latin-1"))
    assert again.exit_code == 0
    assert again.stdout.startswith("Mejlet har tagits emot förut")
    assert answer_of(database, planned)[0] == "ACCEPTED"
    for raw in (mail(uid="x"), mail("Hej", kind="text/plain"), b"", b"\xff" * 70_000):
        file.write_bytes(raw)
        refused = mdk("mail", "ingest", str(file))
        assert (refused.exit_code, is_one_line(refused)) == (2, True)
    assert answer_of(database, planned)[0] == "ACCEPTED"
    database.close()


# ---------------------------------------------------------------------------------------------------- processes
def test_help_loads_neither_server_nor_database() -> None:
    loaded = "import sys, mdk_web.cli.main; print({'litestar', 'sqlalchemy', 'granian'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", loaded], env=environment(), check=True, capture_output=True)
    assert result.stdout.strip() == b"set()"


def test_nobody_has_to_listen(folder: Path) -> None:
    given = environment(MDK_DATA_DIR=str(folder))
    piped = subprocess.Popen(command("user", "list"), env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert piped.stdout
    assert piped.stderr
    piped.stdout.close()
    assert (piped.stderr.read(), piped.wait(20)) == (b"", 0)
    piped.stderr.close()
    closed = subprocess.run(
        ["/bin/sh", "-c", '"$@" >&-', "sh", *command("user", "list")], env=given, check=False, capture_output=True
    )
    assert (closed.stderr, closed.returncode) == (b"", 0)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """A demo without cases that is running: the process, its port, its data folder."""
    with demonstrating(tmp_path / "demo", "--empty") as running:
        yield running


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_starts_works_on_its_data_and_ends_when_told(
    demo: tuple[subprocess.Popen[bytes], int, Path], how: signal.Signals
) -> None:
    running, port, data = demo
    given = environment(MDK_DATA_DIR=str(data))
    bearer = subprocess.run(command("token", VAXJO), env=given, check=True, capture_output=True).stdout.decode()
    headers = {"Authorization": f"Bearer {bearer.strip()}"}
    base = f"http://127.0.0.1:{port}/api/v1"
    made = httpx.post(f"{base}/cases", json=make.document(), headers=headers)
    assert made.status_code == 201
    sent = httpx.post(f"{base}/cases/{made.json()['number']}/submit", headers=headers | {"If-Match": '"1"'})
    assert sent.status_code == 200
    wait_for_mail(data / "outbox")
    taken = subprocess.run(
        command("demo", "--port", str(port), "--data", str(data)), env=environment(), check=False, capture_output=True
    )
    assert (taken.returncode, taken.stdout, taken.stderr.count(b"\n")) == (2, b"", 1)
    running.send_signal(how)
    out, err = running.communicate(timeout=10)
    leaks.WATCH.see("output", out + err)
    assert (running.returncode, err.decode()) == (0, "")
    assert f"http://127.0.0.1:{port}" in out.decode()
    assert all(person.email in out.decode() for person in PEOPLE)


def wait_for_mail(outbox: Path) -> None:
    for _ in range(30):
        if any(outbox.glob("*.eml")):
            return
        time.sleep(0.1)
    pytest.fail("no mail lay in the outbox after 3 s")


def test_reset_takes_a_demo_s_own_files_and_no_others(tmp_path: Path) -> None:
    from mdk_web.cli.demonstration import prepare

    data = tmp_path / "demo"
    prepare(data, "http://127.0.0.1:8000", is_reset=True, is_empty=False)
    (data / "notes.txt").write_text("mine")
    first, cases = (data / "secret").read_text(), count_of_cases(data)
    prepare(data, "http://127.0.0.1:8000", is_reset=False, is_empty=False)
    assert (data / "secret").read_text() == first
    assert count_of_cases(data) == cases > len(sample_cases())
    prepare(data, "http://127.0.0.1:8000", is_reset=True, is_empty=True)
    assert ((data / "notes.txt").read_text(), count_of_cases(data)) == ("mine", 0)


def test_reset_leaves_a_folder_alone_that_is_no_demo_s(mdk: Run, tmp_path: Path) -> None:
    other = tmp_path / "photos"
    other.mkdir()
    (other / "cat.jpg").write_text("cat")
    result = mdk("demo", "--reset", "--data", str(other), "--port", str(free_port()))
    assert (result.exit_code, is_one_line(result)) == (2, True)
    assert [file.name for file in other.iterdir()] == ["cat.jpg"]


def count_of_cases(data: Path) -> int:
    with sqlite3.connect(data / "mdk.sqlite") as rows:
        return int(rows.execute("SELECT count(*) FROM case_file").fetchone()[0])
