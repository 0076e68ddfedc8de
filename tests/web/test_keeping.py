"""Keeping and leaving: a patient's record as a ZIP, by page and by command."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from click.testing import CliRunner

import kept
import make
import stores
from mdk.db import Database
from mdk.keeping.queries import record
from mdk_web.cli.main import cli
from mdk_web.keeping.paper import paper_of
from visiting import People, visiting

ASKED = {"patient": make.ADULT, "reference": "Dnr 2026-117"}


@pytest.fixture
def people(embedded: Database) -> Iterator[People]:
    with visiting(embedded) as visitors:
        yield visitors


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def title_of(pdf: bytes) -> str:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return str(opened.docinfo["/Title"])


def test_the_record_leaves_as_one_file_that_checks_itself_and_names_nobody(people: People) -> None:
    made = kept.whole(people.database)
    auditor = people[make.AUDITOR]
    auditor.get("/keeping")
    answer = auditor.file("/keeping/record", **ASKED)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="journal.zip"'
    assert answer.headers["cache-control"] == "no-store"
    files = unpacked(answer.content)
    lines = files.pop("SHA256SUMS").decode().splitlines()
    sums = {path: digest for digest, path in (line.split("  ") for line in lines)}
    assert sums == {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    record = json.loads(files.pop("record.json"))
    assert {file["path"]: file["sha256"] for file in record["files"]} == {path: sums[path] for path in files}
    assert (record["schema"], record["made"]["reference"]) == ("mdk-record/1", "Dnr 2026-117")
    assert [case["number"] for case in record["cases"]] == list(made.numbers)
    assert title_of(files["sammanfattning.pdf"]) == "MDK smärta: patientens journal"
    assert not any("provlund" in path.lower() or make.ADULT[2:] in path for path in [*files, *sums])


def test_what_is_missing_or_unknown_is_told_beside_the_fields_and_typing_is_kept(people: People) -> None:
    auditor = people[make.AUDITOR]
    empty = auditor.post("/keeping/record", patient="", reference="")
    assert (empty.status, empty.links_of_summary()) == (422, ["#f-patient", "#f-reference"])
    unknown = auditor.post("/keeping/record", **ASKED)
    assert (unknown.status, unknown.links_of_summary()) == (422, ["#f-patient"])
    assert unknown.values["reference"] == ASKED["reference"]


def test_a_protected_identity_is_confirmed_first(people: People) -> None:
    make.draft(people.database, make.submission(**{"patient.protected_identity": "yes"}))
    auditor = people[make.AUDITOR]
    refused = auditor.post("/keeping/record", **ASKED)
    assert (refused.status, refused.links_of_summary()) == (422, ["#f-protected"])
    assert "skyddade personuppgifter" in refused.words
    assert auditor.file("/keeping/record", **ASKED, protected="yes").status_code == 200


def test_the_administrator_sees_the_page_and_takes_out_no_record(people: People) -> None:
    page = people[make.ADMIN].get("/keeping")
    assert page.status == 200
    assert "/keeping/record" not in page.forms
    assert people[make.ADMIN].post("/keeping/record", **ASKED).status == 403
    assert people[make.COORDINATOR].get("/keeping").status == 403


@pytest.fixture
def folder(_sqlite_template: Path, tmp_path: Path) -> Path:
    """The data folder of an installation with one case."""
    database = make.people(stores.made(stores.copied(_sqlite_template, tmp_path / "mdk.sqlite")))
    make.draft(database)
    database.close()
    return tmp_path


def test_the_command_reads_the_patient_from_standard_input_and_keeps_the_file_to_its_owner(folder: Path) -> None:
    environment = {"MDK_DATA_DIR": str(folder), "MDK_SECRET_KEY": make.SECRET}
    file = folder / "2026-117.zip"
    asked = ["export", "record", str(file), "--as", make.email(make.AUDITOR), "--reference", "2026-117"]
    result = CliRunner().invoke(cli, asked, input=f"{make.ADULT}\n", env=environment)
    assert (result.exit_code, result.stdout) == (0, f"{file}: 1 ärenden, 0 filer.\n")
    assert file.stat().st_mode & 0o077 == 0
    assert json.loads(unpacked(file.read_bytes())["record.json"])["patient"]["identity_number"] == make.ADULT
    again = CliRunner().invoke(cli, asked, input=f"{make.ADULT}\n", env=environment)
    assert (again.exit_code, again.stderr.count("finns redan")) == (2, 1)


def test_the_summary_tells_the_submission_and_what_happened_with_whole_dates(people: People) -> None:
    kept.whole(people.database)
    with people.database.reading() as session:
        by = make.viewer(people.database, make.AUDITOR)
        found = record(session, make.ADULT, reference="2026-117", may_be_protected=False, by=by, at=make.MEETS)
    told = paper_of(found.record)
    facts = {fact.label: fact.text for part in told.parts for fact in part.facts}
    assert facts["Bedömd som refraktär sedan"] == "fredag 2 oktober 2026"
    assert facts["Frågeställning till konferensen"] == make.FULL["question"]
    assert {part.title for part in told.parts} >= {"Vad som har hänt", "Spärrar", "Filer", "Åtkomstlogg"}
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d", fact.label) for fact in dict(told.parts)["Vad som har hänt"])
