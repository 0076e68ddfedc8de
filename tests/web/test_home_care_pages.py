"""The question to home care outside: a mail that names nobody, a page without sign-in, and the answer on the case."""

import re
from pathlib import Path

import lending
import make
from invites.post import parsed, settings
from mdk import clock, tokens
from mdk.db import Database
from mdk.pathways import home_care
from mdk.pathways.structs import ContactBody
from mdk_calendar.worker import run_once
from visiting import Page, People, queued, visiting

LINK = re.compile(r"https://mdk\.example(/home-care/\S+)")


def asked(database: Database) -> str:
    """The number of a case whose home care has just been asked."""
    body = ContactBody(name="MAS-funktionen", email="mas@kommun.example", municipality="Växjö")
    make.act(database, make.FUNCTION, home_care.keep_contact, body=body)
    number = queued(database)
    make.act(database, make.REFERRER, home_care.ask, number=number, at=clock.now())
    return number


def test_the_mail_names_nobody_and_its_link_asks_on_get_and_records_on_post(embedded: Database, tmp_path: Path) -> None:
    make.people(embedded)
    number, configured = asked(embedded), settings(tmp_path / "outbox")
    run_once(embedded, configured, at=clock.now())
    (mail,) = [
        found
        for file in (tmp_path / "outbox").glob("*.eml")
        if "mas@kommun.example" in str((found := parsed(file.read_bytes()))["To"])
    ]
    body = mail.get_body(("plain",))
    assert body is not None
    text = str(body.get_content()) + str(mail["Subject"])
    for secret in (number, "Provlund", make.ADULT, "Växjö", "C20", "Rektal"):
        assert secret not in text
    assert "Fråga 1: kan ni ta emot" in text
    (path,) = LINK.findall(text)
    with lending.lent(configured, embedded) as client:
        shown = Page(client.get(path))
        assert "Kan ni ta emot en patient med extern pump?" in shown.words
        for secret in (number, "Provlund", make.ADULT, "Växjö"):
            assert secret not in shown.html
        refused = Page(client.post(path, data={"comment": "Från den 1 december"}))
        assert (refused.status, "Från den 1 december" in refused.html) == (422, True)
        given = {"answer": "after_training", "name": "Maj MAS", "comment": "Från den 1 december"}
        assert "Ni svarade: Ja, efter utbildning" in Page(client.post(path, data=given)).words
        assert Page(client.get(f"{path}x")).status == 410
        old = tokens.issue_question(
            configured.secret_key,
            question_id=1,
            now=clock.now() - 3 * make.DAY,
            expires_at=clock.now() - make.DAY,
            issuer=configured["BASE_URL"],
        )
        assert Page(client.get(f"/home-care/{old}")).status == 410
    with visiting(embedded) as visitors:
        case = visitors[make.REFERRER].get(f"/cases/{number}").words
        assert "Ja, efter utbildning: Från den 1 december" in case


def test_the_referrer_asks_from_the_case_once_there_is_an_address(people: People) -> None:
    number = queued(people.database)
    path = f"/cases/{number}/ask-home-care"
    referrer, function = people[make.REFERRER], people[make.FUNCTION]
    page = referrer.get(f"/cases/{number}")
    refused = referrer.send(page, path)
    assert (refused.status, "ingen adress till hemsjukvården" in refused.words) == (422, True)
    bad = function.post("/home-care-contacts", name="MAS", email="ingen adress", municipality="Växjö")
    assert (bad.status, "ingen adress" in bad.html) == (422, True)
    said = {"name": "MAS", "email": "mas@kommun.example", "municipality": "Växjö"}
    assert function.post("/home-care-contacts", **said).to == "/home-care-contacts"
    assert referrer.send(page, path).to == f"/cases/{number}"
    assert "Fråga 1 ställdes till MAS" in referrer.get(f"/cases/{number}").words
    kept = function.get("/home-care-contacts")
    ends = next(action for action in kept.forms if action.endswith("/end"))
    assert people["funktion.skane"].post(ends).status == 404
    assert function.post(ends).to == "/home-care-contacts"
    assert people[make.NURSE].get("/home-care-contacts").status == 403


def test_the_start_page_tells_what_waits_on_a_pathway(people: People) -> None:
    key = make.referral(people.database, "more_information")
    assert "Neurokirurgin ber om mer underlag" in people[make.REFERRER].get("/").words
    make.refer(people.database, key, "supply_information", by=make.REFERRER)
    make.refer(people.database, key, "accept")
    assert "Ange en dag för implantationen" in people[make.SURGEON].get("/").words
    make.refer(people.database, key, "schedule", day=clock.today(clock.now()))
    assert "Den planerade dagen är här" in people[make.SURGEON].get("/").words
    make.refer(people.database, key, "implant")
    assert "Återrapportera till remittenten" in people[make.SURGEON].get("/").words
    support = make.assignment(people.database, "accepted", "blekinge")
    assert "Förutsättningarna inför extern pump" in people["funktion.blekinge"].get("/").words
    make.assign(people.database, support, "ask_support", by="funktion.blekinge")
    assert "En annan region ber om ert stöd" in people["funktion.skane"].get("/").words
