from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

import make
from mdk import clock
from mdk.db import Database
from mdk.errors import RuleBroken
from mdk.journey import mail
from mdk.outbox.tables import OutboxRow
from mdk.pathways.tables import ImplantReferral, PumpAssignment
from visiting import People, queued, under_way, visiting

SURGEON, FUNCTION, NURSE, REFERRER = make.SURGEON, make.FUNCTION, make.NURSE, make.REFERRER


@pytest.fixture
def people(embedded: Database) -> Iterator[People]:
    with visiting(embedded) as found:
        yield found


def decided(people: People, outcome: str, *, cases: int = 1) -> list[str]:
    """The ids of the referrals or assignments that as many signed cases have opened."""
    numbers = [queued(people.database) for _ in range(cases)]
    held = under_way(people.database, numbers)
    for number in numbers:
        make.save(people.database, held, number, make.minutes_body(outcome), at=clock.now())
        make.sign(people.database, held, number, at=clock.now())
    with people.database.reading() as session:
        if outcome == "intern_pump":
            return [row.id for row in session.scalars(select(ImplantReferral))]
        return [row.id for row in session.scalars(select(PumpAssignment))]


# ------------------------------------------------------------------------------------------------- neurosurgery
def test_the_inbox_tells_wait_survival_gaps_and_who_pays(people: People) -> None:
    decided(people, "intern_pump")
    words = people[SURGEON].get("/referrals").words
    assert "Ny 1 MDK-" in words
    assert "Beslut i dag Förväntad överlevnad 3 till 6 månader Underlag komplett Betalas av Region Kronoberg" in words


def test_what_is_missing_is_named_with_its_owner(people: People) -> None:
    number = queued(people.database, make.submission(**{"treatments.imaging": []}))
    held = under_way(people.database, [number])
    make.save(people.database, held, number, make.minutes_body("intern_pump"), at=clock.now())
    make.sign(people.database, held, number, at=clock.now())
    with people.database.reading() as session:
        referral = session.scalars(select(ImplantReferral)).one().id
    assert "saknar bilddiagnostik med datum" in people[SURGEON].get("/referrals").words
    page = people[SURGEON].get(f"/referrals/{referral}")
    assert "bilddiagnostik med datum, ansvar: remitterande enhet" in page.words


def test_opening_a_new_referral_marks_it_received_for_neurosurgery_only(people: People) -> None:
    (referral,) = decided(people, "intern_pump")
    assert "Ny" in people[REFERRER].get(f"/referrals/{referral}").words
    with people.database.reading() as session:
        assert session.get_one(ImplantReferral, referral).state == "created"
    people[SURGEON].get(f"/referrals/{referral}")
    with people.database.reading() as session:
        assert session.get_one(ImplantReferral, referral).state == "received"


def test_a_referral_is_accepted_once(people: People) -> None:
    (referral,) = decided(people, "intern_pump")
    person, path = people[SURGEON], f"/referrals/{referral}"
    page = person.get(path)
    assert person.send(page, f"{path}/accept").to == path
    assert "Remissen är accepterad" in person.get(path).words
    assert person.send(page, f"{path}/accept").status == 409
    version = str(int(dict(page.forms[f"{path}/accept"])["version"]) + 1)
    again = person.post(f"{path}/accept", version=version)
    assert again.status == 422
    assert "läge där detta inte går" in again.words


def test_referrer_and_home_region_read_and_cannot_accept(people: People) -> None:
    (referral,) = decided(people, "intern_pump")
    for name in (REFERRER, FUNCTION):
        person = people[name]
        page = person.get(f"/referrals/{referral}")
        assert (page.status, f"/referrals/{referral}/accept" in page.forms) == (200, False)
        assert person.post(f"/referrals/{referral}/accept", version="1").status == 403


def test_another_region_finds_no_referral(people: People) -> None:
    (referral,) = decided(people, "intern_pump")
    for name in ("funktion.halland", make.OTHER_REFERRER):
        assert people[name].get(f"/referrals/{referral}").status == 404


@pytest.mark.parametrize("path", ["/referrals", "/assignments-inbox", "/outbox"])
@pytest.mark.parametrize("name", [NURSE, make.STEERING, make.AUDITOR])
def test_those_who_receive_nothing_are_refused(people: People, name: str, path: str) -> None:
    assert people[name].get(path).status == 403


def test_an_empty_inbox_says_what_will_come(people: People) -> None:
    assert "En remiss kommer hit när konferensen har signerat" in people[SURGEON].get("/referrals").words
    assert "Ett uppdrag kommer hit när konferensen har signerat" in people[FUNCTION].get("/assignments-inbox").words


# ------------------------------------------------------------------------------------------------- the function
def test_an_assignment_tells_its_prerequisites_and_is_accepted(people: People) -> None:
    (assignment,) = decided(people, "extern_pump")
    person, path = people[FUNCTION], f"/assignments-inbox/{assignment}"
    assert "Förutsättningar 2 av 20 uppfyllda" in person.get("/assignments-inbox").words
    page = person.get(path)
    assert "MAS har säkrat kompetensen" in page.words
    assert person.send(page, f"{path}/accept").to == path
    shown = person.get(path)
    assert "Uppdraget är accepterat" in shown.words
    assert f"{path}/accept" not in shown.forms
    assert person.send(page, f"{path}/accept").status == 409


def test_another_region_s_function_finds_no_assignment(people: People) -> None:
    (assignment,) = decided(people, "extern_pump")
    other = people["funktion.halland"]
    assert other.get(f"/assignments-inbox/{assignment}").status == 404
    assert other.post(f"/assignments-inbox/{assignment}/accept", version="1").status == 404
    assert "Inga uppdrag väntar" in other.get("/assignments-inbox").words


@pytest.mark.parametrize(("outcome", "path", "name"), [
    ("intern_pump", "/referrals", SURGEON), ("extern_pump", "/assignments-inbox", FUNCTION),
])  # fmt: skip
def test_an_inbox_names_no_patient_and_its_papers_have_none_in_their_title(
    people: People, outcome: str, path: str, name: str
) -> None:
    (found,) = decided(people, outcome)
    person = people[name]
    inbox, papers = person.get(path), person.get(f"{path}/{found}")
    assert ("Provlund" in inbox.html, make.ADULT in inbox.html) == (False, False)
    assert ("Provlund" in papers.html, "Provlund" in papers.title) == (True, False)


@pytest.mark.parametrize(("outcome", "path", "name"), [
    ("intern_pump", "/referrals", SURGEON), ("extern_pump", "/assignments-inbox", FUNCTION),
])  # fmt: skip
def test_three_rows_cost_as_many_questions_as_one(people: People, outcome: str, path: str, name: str) -> None:
    person, counts = people[name], []
    for cases in (1, 2):
        decided(people, outcome, cases=cases)
        with people.counting() as asked:
            person.get(path)
        counts.append(len(asked))
    assert counts[0] == counts[1]


# ------------------------------------------------------------------------------------------------- the outbox
def mails(people: People) -> list[int]:
    """One mail that was sent and one that failed, by id."""
    at = clock.now()
    given: dict[str, Any] = {
        "topic": "mail",
        "key": "k",
        "subject": "MDK smärta: kallelse",
        "due_at": at,
        "created_at": at,
    }
    rows = [
        OutboxRow(**given, recipient="gick@region.example", state="sent", sent_at=at),
        OutboxRow(**given, recipient="fel@region.example", state="failed", attempts=6, error="550 okänd mottagare"),
    ]
    with people.database.writing() as session:
        session.add_all(rows)
        session.flush()
        return [row.id or 0 for row in rows]


def test_the_outbox_shows_what_failed_and_sends_it_again(people: People) -> None:
    _, failed = mails(people)
    person = people[make.COORDINATOR]
    page = person.get("/outbox")
    assert "Ett mejl har misslyckats" in page.words
    assert "fel@region.example" in page.words
    assert "550 okänd mottagare" in page.words
    assert person.send(page, f"/outbox/{failed}/again").to == "/outbox"
    assert "Mejlet skickas igen. Utkorg Inget mejl har misslyckats" in person.get("/outbox").words


def test_a_mail_that_has_left_is_not_sent_again(people: People) -> None:
    sent, _ = mails(people)
    page = people[make.COORDINATOR].post(f"/outbox/{sent}/again")
    assert page.status == 422
    with pytest.raises(RuleBroken) as refused:
        make.act(people.database, make.COORDINATOR, mail.send_again, row_id=sent)
    assert refused.value.rule == "outbox.not-failed"


def test_a_mail_that_nobody_wrote_is_not_found_and_only_the_coordinator_sends_again(people: People) -> None:
    assert people[make.COORDINATOR].post("/outbox/999/again").status == 404
    assert people[make.CHAIR].post("/outbox/999/again").status == 403


def test_three_mails_cost_as_many_questions_as_one(people: People) -> None:
    person, counts = people[make.COORDINATOR], []
    for _ in range(2):
        mails(people)
        with people.counting() as asked:
            person.get("/outbox")
        counts.append(len(asked))
    assert counts[0] == counts[1]
