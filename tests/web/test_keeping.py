"""Keeping and leaving: a patient's record as a ZIP, by page and by command."""

import hashlib
import io
import json
import re
import sqlite3
import zipfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest
from click.testing import CliRunner
from sqlalchemy import select

import kept
import make
import stores
from mdk import clock
from mdk.cases.tables import Case
from mdk.db import Database, sqlite_file
from mdk.keeping import removing, rules, service
from mdk.keeping.queries import record
from mdk.keeping.structs import DecisionBody
from mdk_calendar import keeping
from mdk_web.cli.main import cli
from mdk_web.keeping.paper import paper_of
from visiting import People

ASKED = {"patient": make.ADULT, "reference": "Dnr 2026-117"}


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def title_of(pdf: bytes) -> str:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return str(opened.docinfo["/Title"])


def test_the_record_leaves_as_one_file_that_checks_itself_and_names_nobody(people: People) -> None:
    made = kept.whole(people.database)
    auditor = people[make.AUDITOR]
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
    assert "/keeping/record" not in page.html
    assert people[make.ADMIN].get("/keeping/record").status == 403
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
    assert (result.exit_code, result.stdout) == (0, f"{file} är klar. Ärenden: 1, filer: 0.\n")
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


# ------------------------------------------------------------------------------------------------- decisions
def old(database: Database) -> str:
    """The number of a case that nobody has written in for eleven years."""
    other = make.minimal(**{"patient.identity_number": make.OTHER_ADULT})
    return make.draft(database, other, at=clock.now() - timedelta(days=11 * 366))


def typed(**said: str) -> dict[str, str]:
    limit = rules.records_limit(clock.now())
    return {"reference": "Dnr 7", "reason": "Arkivmyndighetens beslut", "records_before": f"{limit}", **said}


def test_a_decision_is_made_by_one_and_confirmed_by_another_and_the_page_removes_nothing(people: People) -> None:
    old(people.database)
    keeping.report(people.database, at=clock.now())
    auditor, admin = people[make.AUDITOR], people[make.ADMIN]
    page = auditor.get("/keeping")
    assert "Patienter Ärenden Äldsta sista uppgift" in page.words
    assert auditor.send(page, "/keeping/decisions", **typed()).to == "/keeping"
    own = auditor.get("/keeping")
    assert "Beslut 1, Dnr 7: väntar på bekräftelse" in own.words
    assert "/keeping/decisions/1/confirm" not in own.forms
    assert auditor.post("/keeping/decisions/1/confirm").status == 422
    page = admin.get("/keeping")
    assert admin.send(page, "/keeping/decisions/1/confirm").to == "/keeping"
    assert "Beslutet är bekräftat" in admin.get("/keeping").words
    assert "avstängd i den här installationen" in admin.get("/keeping").words
    assert admin.post("/keeping/decisions/1/withdraw").to == "/keeping"
    assert "tillbakadraget" in admin.get("/keeping").words
    with people.database.reading() as session:
        assert len(session.scalars(select(Case)).all()) == 1


def test_a_decision_that_reaches_too_far_is_told_beside_its_field_with_what_was_typed(people: People) -> None:
    old(people.database)
    limit = rules.records_limit(clock.now())
    auditor = people[make.AUDITOR]
    for said, fields in (
        ({"records_before": f"{limit + timedelta(days=1)}"}, ["#f-records_before"]),
        ({"records_before": "", "log_before": f"{clock.today(clock.now())}"}, ["#f-log_before"]),
        ({"records_before": ""}, ["#f-records_before"]),
        ({"reference": ""}, ["#f-reference"]),
    ):
        page = auditor.post("/keeping/decisions", **typed(**said))
        assert (page.status, [link.replace("-before", "_before") for link in page.links_of_summary()]) == (422, fields)
        assert page.values["reason"] == "Arkivmyndighetens beslut"


@pytest.mark.parametrize("name", [make.COORDINATOR, make.REFERRER, make.STEERING])
def test_nobody_else_sees_or_makes_a_decision(people: People, name: str) -> None:
    visitor = people[name]
    assert visitor.get("/keeping").status == 403
    assert visitor.post("/keeping/decisions", **typed()).status == 403
    assert visitor.post("/keeping/decisions/1/confirm").status == 403
    assert visitor.post("/keeping/decisions/1/withdraw").status == 403


def test_the_whole_way_on_the_command_line(folder: Path) -> None:
    database = stores.made(sqlite_file(folder / "mdk.sqlite"))
    number = old(database)
    database.close()
    plain = {"MDK_DATA_DIR": str(folder), "MDK_SECRET_KEY": make.SECRET}

    def mdk(*args: str, **more: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, args, env=plain | more)
        return result.exit_code, result.stdout or result.stderr

    one, other = (("--as", make.email(name)) for name in (make.AUDITOR, make.ADMIN))
    now, limits = clock.now(), (rules.records_limit, rules.log_limit)
    days = [f"{limit(now)}" for limit in limits]
    assert mdk("retention", "report")[1].splitlines()[0].split("\t")[2] == "1"
    plan = ("--reference", "Dnr 7", "--reason", "Beslut", "--records-before", days[0], "--log-before", days[1])
    assert mdk("retention", "decide", *one, *plan)[0] == 0
    assert mdk("retention", "remove", "--decision", "1", *other, MDK_REMOVAL="on")[0] == 2
    assert mdk("retention", "confirm", "1", *one)[0] == 2
    assert mdk("retention", "confirm", "1", *other)[0] == 0
    refused, told = mdk("retention", "remove", "--decision", "1", *other)
    assert (refused, "MDK_REMOVAL=on" in told) == (2, True)
    done, told = mdk("retention", "remove", "--decision", "1", *other, MDK_REMOVAL="on")
    assert (done, told) == (0, "Beslut 1 är genomfört. Gallrat: ärenden 1, loggrader 0.\n")
    assert mdk("retention", "decisions", *one)[1].split("\t")[2] == "genomfört"
    assert mdk("audit", "verify")[0] == 0
    with closing(sqlite3.connect(folder / "mdk.sqlite")) as store:
        assert store.execute("SELECT number FROM case_file WHERE number = ?", (number,)).fetchall() == []


def test_what_a_removed_case_was_part_of_still_shows_and_the_case_is_unknown(people: People) -> None:
    made = kept.whole(people.database)
    later = make.MEETS.replace(year=make.MEETS.year + 11)
    body = DecisionBody("Dnr 7", "Beslut", rules.records_limit(later), None)
    decision = make.act(people.database, make.AUDITOR, service.decide, body=body, at=later)
    make.act(people.database, make.ADMIN, service.confirm, decision_id=decision, at=later)
    for _ in range(2):
        make.act(people.database, make.ADMIN, removing.remove_patient, decision_id=decision, is_on=True, at=later)
    for name, paths in (
        (make.CHAIR, (f"/conferences/{made.conference}", f"/conferences/{made.conference}/edit", "/conferences")),
        (make.COORDINATOR, ("/", "/queue", "/outbox", "/overdue", "/figures", "/cases", "/triage")),
        (make.CONSULTANT, (f"/conferences/{made.conference}", "/learning", "/")),
        (make.SURGEON, ("/referrals", "/")),
        (make.AUDITOR, ("/log", "/log/oddities", "/keeping")),
    ):
        visitor = people[name]
        assert {path: visitor.get(path).status for path in paths} == dict.fromkeys(paths, 200)
    assert people[make.CHAIR].get(f"/conferences/{made.conference}/session").to == f"/conferences/{made.conference}"
    assert people[make.COORDINATOR].get(f"/cases/{made.numbers[0]}").status == 404
