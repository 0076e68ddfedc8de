import re
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk import clock
from mdk.errors import RuleBroken
from mdk.journey import mail
from mdk.outbox.tables import OutboxRow
from mdk.pathways.tables import ImplantReferral, PumpAssignment
from visiting import People, queued, under_way

SURGEON, FUNCTION, NURSE, REFERRER = make.SURGEON, make.FUNCTION, make.NURSE, make.REFERRER


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
    waited = r"Förväntad överlevnad 3 till 6 månader \d+ av minst 91 dagar har gått Underlag komplett"
    assert re.search(waited, words)
    assert "Betalas av Region Kronoberg" in words


def test_what_is_missing_is_named_with_its_owner(people: People) -> None:
    number = queued(people.database, make.submission(**{"treatments.imaging": []}))
    held = under_way(people.database, [number])
    make.save(people.database, held, number, make.minutes_body("intern_pump"), at=clock.now())
    make.sign(people.database, held, number, at=clock.now())
    with people.database.reading() as session:
        referral = session.scalars(select(ImplantReferral)).one().id
    assert "saknar bilddiagnostik med datum" in people[SURGEON].get("/referrals").words
    page = people[SURGEON].get(f"/referrals/{referral}")
    assert "Bilddiagnostik med datum Saknas, ansvar: remitterande enhet" in page.words


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


# ------------------------------------------------------------------------------------------------- to their ends
def do(people: People, name: str, path: str, act: str, /, **fields: str) -> None:
    """Send the act's form as the page holds it, filled in; the page says that it is done."""
    page = people[name].get(path)
    assert f"{path}/{act}" in page.forms, sorted(page.forms)
    answer = people[name].send(page, f"{path}/{act}", **fields)
    assert answer.to in {path, f"{path}#row-{act.rpartition('/')[2]}"}, answer.words


def test_a_referral_walks_its_pages_to_the_report(people: People) -> None:
    (referral,) = decided(people, "intern_pump")
    path, day = f"/referrals/{referral}", str(clock.today(clock.now()))
    do(people, SURGEON, path, "request-information", what="Ny MR?")
    assert "Nora Kirurg frågar: Ny MR?" in people[REFERRER].get(path).words
    do(people, REFERRER, path, "supply-information", text="Gjord i går.")
    do(people, SURGEON, path, "accept")
    do(people, SURGEON, path, "schedule", date=day)
    assert f"{path}/schedule" in people[SURGEON].get(path).forms
    do(people, SURGEON, path, "implant", date=day, device="Provpump 20 ml")
    do(people, SURGEON, path, "report", text="Okomplicerat.")
    words = people[REFERRER].get(path).words
    assert "Provpump 20 ml" in words
    assert "Rapport Okomplicerat." in words
    assert "Mediantid i varje läge, de senaste 12 månaderna Ny" in people[SURGEON].get("/referrals").words


def test_the_pack_asks_for_a_swab_of_the_infected_and_shows_it(people: People) -> None:
    for said, told, missing in (
        ({"safety.infection": "yes"}, "Odlingssvar vid pågående infektion Saknas, ansvar: remitterande enhet", True),
        ({"safety.infection": "yes", "safety.swab": "MRSA neg 9 nov"}, "med datum MRSA neg 9 nov", False),
        ({}, "med datum Inte angiven, inget krav utan pågående infektion", False),
    ):
        _, number = make.signed(people.database, "intern_pump", make.submission(**said))
        with people.database.reading() as session:
            case_id = make.case_row(people.database, number).id
            found = select(ImplantReferral).where(col(ImplantReferral.case_id) == case_id)
            key = session.scalars(found).one().id
        page = people[SURGEON].get(f"/referrals/{key}")
        assert told in page.words
        assert ("1 uppgift saknas" in page.words) is missing


def test_the_referrer_fills_in_what_the_pack_lacks(people: People) -> None:
    number = queued(people.database, make.submission(**{"safety.weight_kg": make.LEFT_OUT}))
    held = under_way(people.database, [number])
    make.save(people.database, held, number, make.minutes_body("intern_pump"), at=clock.now())
    make.sign(people.database, held, number, at=clock.now())
    with people.database.reading() as session:
        path = f"/referrals/{session.scalars(select(ImplantReferral)).one().id}"
    page = people[REFERRER].get(path)
    nothing = people[REFERRER].send(page, f"{path}/complete-pack")
    assert nothing.status == 422
    answer = people[REFERRER].post(f"{path}/complete-pack", [("fact:safety.weight_kg", "68 kg")], version="1")
    assert answer.to == path, answer.words
    assert "Underlaget är komplett. Uppfylld Vikt i kg 68 kg" in people[SURGEON].get(path).words


def test_what_was_typed_is_kept_when_a_date_is_refused(people: People) -> None:
    (referral,) = decided(people, "intern_pump")
    path, day = f"/referrals/{referral}", str(clock.today(clock.now()))
    do(people, SURGEON, path, "accept")
    do(people, SURGEON, path, "schedule", date=day)
    page = people[SURGEON].get(path)
    refused = people[SURGEON].send(page, f"{path}/implant", date="2099-01-01", device="Provpump")
    assert refused.status == 422
    assert "Datumet har inte kommit än" in refused.words
    assert dict(refused.forms[f"{path}/implant"])["device"] == "Provpump"


def test_an_assignment_walks_its_pages_to_insertion_and_the_board_follows(people: People) -> None:
    (assignment,) = decided(people, "extern_pump")
    path, day = f"/assignments-inbox/{assignment}", str(clock.today(clock.now()))
    do(people, FUNCTION, path, "accept")
    refused = people[FUNCTION].send(people[FUNCTION].get(path), f"{path}/prerequisites/7", state="met", owner="")
    assert (refused.status, "Ange vem som ansvarar" in refused.words) == (422, True)
    until = str(clock.today(clock.now() + 100 * make.DAY))
    do(people, FUNCTION, path, "prerequisites/7", state="met", owner="Förrådet", valid_until=until)
    board = people[FUNCTION].get("/readiness").words
    assert "3 av 20" in board
    assert "Förrådet, " in board
    assert "Läkemedelskassett" in people[FUNCTION].get("/standing").words
    do(people, FUNCTION, path, "insert", date=day, place="Växjö")
    assert "Pump insatt den" in people[REFERRER].get(path).words
    assert "Inga uppdrag förbereds" in people[FUNCTION].get("/readiness").words


def test_a_prerequisite_that_comes_back_with_a_fault_does_not_go_over_another_one_s(people: People) -> None:
    (assignment,) = decided(people, "extern_pump")
    path = f"/assignments-inbox/{assignment}"
    function, point = people[FUNCTION], f"{path}/prerequisites/7"
    do(people, FUNCTION, path, "accept")
    page = function.get(path)
    do(people, FUNCTION, path, "prerequisites/7", state="met", owner="Förrådet")
    back = function.send(page, point, state="met", owner="")
    again = function.send(back, point, state="met", owner="Apoteket")
    assert (back.status, again.status, "Förrådet" in function.get(path).words) == (422, 409, True)


def test_what_stands_is_said_renewed_and_ended_on_its_page(people: People) -> None:
    until = str(clock.today(clock.now() + 30 * make.DAY))
    function = people[FUNCTION]
    refused = function.post("/standing", n="17", owner="MAS", valid_until=until)
    assert (refused.status, "Ange den kommun" in refused.words) == (422, True)
    assert function.post("/standing", n="17", owner="MAS", valid_until=until, municipality="Växjö").to == "/standing"
    page = function.get("/standing")
    assert "Växjö · MAS" in page.words
    ends = next(action for action in page.forms if action.endswith("/end"))
    assert people["funktion.skane"].post(ends).status == 404
    assert function.post(ends).to == "/standing"
    assert "Inget står kvar än" in function.get("/standing").words
    assert people[NURSE].get("/standing").status == 403
    assert people[NURSE].get("/readiness").status == 403


def test_blekinge_is_told_that_it_can_ask_or_hand_over_and_skane_answers(people: People) -> None:
    key = make.assignment(people.database, "accepted", "blekinge")
    path, blekinge, skane = f"/assignments-inbox/{key}", "funktion.blekinge", "funktion.skane"
    assert "Be Skåne om stöd eller lämna över" in people[blekinge].get(path).words
    do(people, blekinge, path, "ask-support", text="Kan ni lägga in?")
    assert "Stöd begärt" in people[skane].get("/assignments-inbox").words
    do(people, skane, path, "answer-support", text="Ja, på fredag.")
    do(people, blekinge, path, "hand-over", region="skane", reason="Ingen här.")
    do(people, skane, path, "accept")
    assert f"{path}/insert" not in people[blekinge].get(path).forms
    do(people, skane, path, "not-done", reason_code="no_bed")
    assert "Ingen vårdplats" in people[blekinge].get(path).words


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
