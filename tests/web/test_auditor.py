"""The auditor's pages: the log per patient and person, what is odd in it, spot checks, and the patient's extract."""

import ast
import io
import re
from datetime import timedelta

import pikepdf
import pytest
from sqlalchemy import text

import make
from mdk import clock
from mdk.audit.service import did
from mdk.audit.structs import SYSTEM
from mdk.cases import service
from mdk.people.rules import ACCESS
from mdk_web.log_words import said_of
from tree import code, parsed
from visiting import People

PAGES = ("/log", "/log/openings", "/log/oddities", "/log/checks")


def sent(people: People, **changes: str) -> str:
    return make.submitted(people.database, make.submission(**changes), at=clock.now() - timedelta(hours=1))


def last_row(people: People) -> tuple[str, str, str]:
    with people.database.reading() as session:
        row = session.execute(text("SELECT act, cases, reason FROM access_log ORDER BY id DESC LIMIT 1")).one()
    return row[0], row[1], row[2]


@pytest.mark.parametrize("path", PAGES)
def test_the_log_is_the_auditor_s(people: People, path: str) -> None:
    assert people[make.AUDITOR].get(path).status == 200
    for name in (make.COORDINATOR, make.ADMIN, make.STEERING, make.REFERRER):
        assert people[name].get(path).status == 403
    assert f'href="{path}"' in people[make.AUDITOR].get("/log").html


def test_a_patient_s_log_is_found_by_case_number_and_by_identity_number_without_telling_it_in_an_address(
    people: People,
) -> None:
    number = sent(people)
    other = sent(people, **{"patient.identity_number": make.OTHER_ADULT})
    people[make.COORDINATOR].get(f"/cases/{number}")
    auditor = people[make.AUDITOR]
    found = auditor.post("/log/patient", patient=number.lower())
    assert (found.status, found.to) == (303, f"/log?case={number}")
    page = auditor.get(found.to)
    assert "Läste ärendet" in page.words
    assert "Sam Ordnarsson" in page.words
    assert other not in page.html
    by_identity = auditor.post("/log/patient", patient="19400104-2383")
    assert (by_identity.status, by_identity.to) == (200, "")
    assert number in by_identity.html
    assert other not in by_identity.html
    assert last_row(people)[:2] == ("log.read", number)


def test_an_unknown_patient_is_told_beside_the_field(people: People) -> None:
    for path in ("/log/patient", "/log/extract"):
        page = people[make.AUDITOR].post(path, patient="MDK-2026-9999x")
        assert (page.status, page.links_of_summary(), page.values["patient"]) == (422, ["#f-patient"], "MDK-2026-9999x")


def test_a_person_s_log_is_read_page_by_page_and_by_day(people: People) -> None:
    coordinator = people[make.COORDINATOR]
    for _ in range(60):
        coordinator.get("/queue")
    auditor, person = people[make.AUDITOR], make.viewer(people.database, make.COORDINATOR).person_id
    first = auditor.get(f"/log?person={person}")
    ids = re.findall(r"Rad (\d+)", first.words)
    (more,) = re.findall(r'href="(/log\?cursor=[^"]+)"', first.html)
    second = auditor.get(more.replace("&amp;", "&"))
    following = re.findall(r"Rad (\d+)", second.words)
    assert len(ids) == 50
    assert not set(ids) & set(following)
    assert "Sam Ordnarsson" in second.words
    assert "Inga rader" in auditor.get(f"/log?person={person}&since=2020-01-01&until=2020-01-02").words


def test_the_page_costs_the_same_whether_it_shows_few_or_many(people: People) -> None:
    auditor = people[make.AUDITOR]
    auditor.get("/log")
    with people.counting() as few:
        auditor.get("/log")
    for _ in range(40):
        people.client.get("/health/live")
        auditor.get("/log/checks")
    with people.counting() as many:
        auditor.get("/log")
    assert len(few) == len(many)


def test_what_the_auditor_s_page_names_is_named_in_its_own_row(people: People) -> None:
    number = sent(people)
    people[make.COORDINATOR].get(f"/cases/{number}")
    person = make.viewer(people.database, make.COORDINATOR).person_id
    assert number in people[make.AUDITOR].get(f"/log?person={person}").html
    assert last_row(people)[:2] == ("log.read", number)


def test_what_is_odd_is_told_and_says_why(people: People) -> None:
    number = sent(people, **{"patient.name": "Stina Funktion"})
    own = sent(people, **{"patient.identity_number": make.OTHER_ADULT, "patient.name": "Bo Barnteam"})
    now = clock.now()
    for name in ("funktion.skane", make.PAEDIATRIC):
        for each in (number, own):
            make.act(people.database, name, service.break_glass, number=each, reason=f"Jour {name}", at=now)
            people[name].get(f"/cases/{each}")
    page = people[make.AUDITOR].get("/log/oddities")
    sections = dict(re.findall(r'(?s)id="odd-(\w+)">(.*?)</section>', page.html))
    assert "Jour funktion.skane" in sections["glass"]
    assert "Stig Funktion" in sections["surname"]
    assert number in sections["surname"]
    assert "Bo Barnteam" in sections["name"]
    assert "Stig Funktion" not in sections["name"]
    assert {"Stig Funktion", "Bo Barnteam"} <= set(re.findall(r">([A-ZÅÄÖ]\w+ \w+)</a>", sections["idle"]))
    assert "Inga." in sections["many"]
    act, cases, _ = last_row(people)
    assert (act, set(cases.split())) == ("log.oddities", {number, own})


def test_an_opening_waits_on_the_start_page_until_its_reason_is_reviewed(people: People) -> None:
    number, auditor = sent(people), people[make.AUDITOR]
    make.act(people.database, make.PAEDIATRIC, service.break_glass, number=number, reason="Jour i natt", at=clock.now())
    people[make.PAEDIATRIC].get(f"/cases/{number}")
    start = auditor.get("/")
    assert "En nödöppning att granska" in start.words
    assert number not in start.html
    waiting = auditor.get("/log/openings")
    (here,) = re.findall(r'href="(/log/openings/\d+)"', waiting.html)
    page = auditor.get(here)
    assert "Skäl: Jour i natt" in page.words
    assert "Läste ärendet" in page.words
    missing = auditor.post(f"{here}/review", found="Frågade jouren.")
    assert (missing.status, missing.links_of_summary()) == (422, ["#f-verdict"])
    assert missing.values["found"] == "Frågade jouren."
    done = auditor.post(f"{here}/review", verdict="asked", found="Frågade jouren.")
    assert (done.status, done.to) == (303, "/log/openings")
    again = auditor.post(f"{here}/review", verdict="deviation", found="Nej.")
    assert (again.status, "redan granskad" in again.words) == (422, True)
    assert "Frågor ställda, besvarade: Frågade jouren." in auditor.get("/log/openings").words
    assert "nödöppning att granska" not in auditor.get("/").words


def test_a_spot_check_is_drawn_by_lot_read_and_concluded_once(people: People) -> None:
    number = sent(people)
    for _ in range(15):
        people[make.COORDINATOR].get(f"/cases/{number}")
    auditor, month = people[make.AUDITOR], f"{clock.today(clock.now()):%Y-%m}"
    drawn = auditor.post("/log/checks", month=month)
    assert (drawn.status, drawn.to) == (303, "/log/checks/1")
    page = auditor.get(drawn.to)
    assert len(re.findall(r"Rad \d+", page.words)) == 10
    missing = auditor.post("/log/checks/1/conclude", verdict="as_expected")
    assert (missing.status, missing.links_of_summary()) == (422, ["#f-found"])
    done = auditor.post("/log/checks/1/conclude", verdict="as_expected", found="Tio rader, alla i vårdens följd.")
    assert done.status == 303
    assert "Tio rader, alla i vårdens följd." in auditor.get("/log/checks/1").words
    again = auditor.post("/log/checks/1/conclude", verdict="deviation", found="Nej.")
    assert again.status == 422
    assert "redan avslutat" in again.words
    assert "Inget att anmärka" in auditor.get("/log/checks").words


def test_no_spot_check_of_a_month_to_come_or_an_empty_one(people: People) -> None:
    for month in ("2090-01", "2001-01", "x"):
        page = people[make.AUDITOR].post("/log/checks", month=month)
        assert (page.status, page.links_of_summary()) == (422, ["#f-month"]), month
    assert people[make.AUDITOR].get("/log/checks/7").status == 404


def pdf_text(content: bytes) -> str:
    with pikepdf.open(io.BytesIO(content)) as opened:
        assert "/StructTreeRoot" in opened.Root
        return f"{opened.docinfo.get('/Title')} {len(opened.pages)}"


def test_the_patient_s_extract_is_a_pdf_whose_name_says_nothing_and_is_logged(people: People) -> None:
    number = sent(people)
    people[make.COORDINATOR].get(f"/cases/{number}")
    auditor = people[make.AUDITOR]
    answer = auditor.htmx("/log/extract", [("patient", "19400104-2383")])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["content-disposition"] == 'attachment; filename="logguttag.pdf"'
    assert pdf_text(answer.content) == "Logguttag 1"
    assert last_row(people) == ("log.extract", number, "utan namn")
    undecided = auditor.post("/log/extract", patient=number, with_names="yes")
    assert (undecided.status, undecided.links_of_summary()) == (422, ["#f-decided"])
    named = auditor.htmx("/log/extract", [("patient", number), ("with_names", "yes"), ("decided", "Chefen 1/11")])
    assert (named.status_code, last_row(people)[2]) == (200, "med namn, prövat av: Chefen 1/11")
    assert "Utdrag: med namn, prövat av: Chefen 1/11" in auditor.get(f"/log?case={number}").html


def test_a_number_in_the_log_is_told_with_what_it_counts(people: People) -> None:
    number = sent(people)
    with people.database.writing() as session:
        did(session, "referral.prerequisite", by=SYSTEM, at=clock.now(), cases=(number,), reason="15")
    assert "Förutsättning: 15" in people[make.AUDITOR].get(f"/log?case={number}").html


def test_f8_no_page_shows_a_patient_when_the_log_cannot_be_written_and_the_rest_works(people: People) -> None:
    number = sent(people)
    coordinator = people[make.COORDINATOR]
    with people.database.writing() as session:
        refusal = "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        session.execute(text(f"CREATE TRIGGER full_up BEFORE INSERT ON access_log {refusal}"))
    for path in (f"/cases/{number}", "/cases", "/queue", "/triage", "/"):
        page = coordinator.get(path)
        assert page.status == 503
        assert not [each for each in ("Elsa", "Provlund", "19400104", "sakral") if each in page.html]
    for path in ("/health/live", "/health/ready", "/sign-in", "/about/logging", "/static/mdk.css"):
        assert people.client.get(path).status_code == 200


def test_every_act_that_is_logged_has_its_swedish_word() -> None:
    named = set(ACCESS) | {
        str(node.args[1].value)
        for path in code()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"seen", "did"} and len(node.args) > 1
        if isinstance(node.args[1], ast.Constant)
    }
    assert [act for act in sorted(named) if said_of(act) == "Annan handling"] == []
