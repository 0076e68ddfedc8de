import re

import pytest

import make
from mdk import clock
from visiting import People, coming, queued

REFERRER, COORDINATOR = make.REFERRER, make.COORDINATOR


@pytest.mark.parametrize(
    ("act", "typed", "said", "state"),
    [
        ("withdraw", {"reason": "Patienten vill inte."}, "Ärendet är återtaget.", "withdrawn"),
        ("report-death", {"date": clock.today(clock.now()).isoformat()}, "Dödsfallet är registrerat.", "deceased"),
        ("report-deterioration", {"what": "Kan inte svälja."}, "Försämringen är rapporterad.", "accepted"),
    ],
)
def test_the_referrer_reports_from_the_case_and_reads_what_comes_next(
    people: People, act: str, typed: dict[str, str], said: str, state: str
) -> None:
    number = queued(people.database)
    referrer = people[REFERRER]
    page = referrer.get(f"/cases/{number}")
    answer = referrer.send(page, f"/cases/{number}/{act}", **typed)
    assert (answer.status, answer.to) == (303, f"/cases/{number}")
    assert said in referrer.get(answer.to).words
    assert make.state_of(people.database, number) == state


def test_a_death_on_a_day_ahead_is_refused_beside_its_field_with_the_typing_kept(people: People) -> None:
    number = queued(people.database)
    referrer = people[REFERRER]
    page = referrer.get(f"/cases/{number}")
    again = referrer.send(page, f"/cases/{number}/report-death", date="2999-01-01")
    assert again.status == 422
    assert "Datumet ligger i framtiden" in again.words
    assert 'value="2999-01-01"' in again.html
    assert again.links_of_summary() == ["#f-date"]
    assert re.search(r'id="act-report-death-box"\s+open', again.html)


@pytest.mark.parametrize("who", [REFERRER, COORDINATOR])
def test_a_death_reported_by_mistake_is_taken_back_with_a_reason(people: People, who: str) -> None:
    number = queued(people.database)
    make.report(people.database, number, "report_death", at=clock.now())
    person, path = people[who], f"/cases/{number}/revoke-death"
    page = person.get(f"/cases/{number}")
    assert "Tid på agendan, snabbspår och operationsdag tas inte tillbaka av sig själva" in page.words
    bare = person.send(page, path, reason=" ")
    assert (bare.status, bare.links_of_summary()) == (422, ["#f-reason"])
    answer = person.send(bare, path, reason="Fel patient valdes.")
    assert (answer.status, answer.to) == (303, f"/cases/{number}")
    shown = person.get(answer.to)
    assert ("Dödsfallet är taget tillbaka." in shown.words, "Fel patient valdes." in shown.words) == (True, True)
    assert (path in shown.forms, make.state_of(people.database, number)) == (False, "accepted")
    assert path not in people[make.CONSULTANT].get(f"/cases/{number}").forms


def test_triage_offers_no_report_and_the_referrer_no_triage(people: People) -> None:
    number = queued(people.database)
    forms = {name: set(people[name].get(f"/cases/{number}").forms) for name in (REFERRER, COORDINATOR, make.CHAIR)}
    reports = {f"/cases/{number}/{act}" for act in ("withdraw", "report-death", "report-deterioration")}
    triage = {f"/cases/{number}/{act}" for act in ("request-supplement", "answer", "redirect", "decline", "take-back")}
    assert (reports & forms[REFERRER], triage & forms[REFERRER]) == (reports, set())
    assert (reports & forms[COORDINATOR], triage & forms[COORDINATOR]) == (set(), triage)
    assert (reports | triage) & forms[make.CHAIR] == set()


def test_every_act_of_triage_says_what_happens_next(people: People) -> None:
    number = make.submitted(people.database, at=clock.now() - make.HOUR)
    words = people[COORDINATOR].get(f"/cases/{number}").words
    for line in (
        "Ärendet ställs i kön och remittenten meddelas.",
        "Klockan står still tills ärendet skickas in igen.",
        "Ärendet avslutas och räknas som besvarat.",
        "Remittenten meddelas och skickar själv vidare.",
        "Remittenten meddelas och ser skälet.",
    ):
        assert line in words


def test_a_deterioration_stands_first_at_triage_and_is_accepted_with_another_urgency(people: People) -> None:
    waiting = make.submitted(people.database, at=clock.now() - 2 * make.DAY)
    worse = queued(people.database)
    make.report(people.database, worse, "report_deterioration", at=clock.now())
    coordinator = people[COORDINATOR]
    page = coordinator.get("/triage")
    assert page.html.index(worse) < page.html.index(waiting)
    assert "Försämring rapporterad" in page.words
    assert "Bedöm på nytt" in coordinator.get("/").words
    case = coordinator.get(f"/cases/{worse}")
    assert "väntar på ny bedömning" in case.words
    answer = coordinator.send(case, f"/cases/{worse}/accept", urgency="acute")
    assert answer.status == 303
    row = make.case_row(people.database, worse)
    assert (row.state, row.urgency, row.deteriorated_at) == ("accepted", "acute", None)
    assert worse not in coordinator.get("/triage").html


def test_triage_undoes_its_answer(people: People) -> None:
    number = queued(people.database)
    coordinator = people[COORDINATOR]
    answer = coordinator.send(coordinator.get(f"/cases/{number}"), f"/cases/{number}/take-back")
    assert answer.status == 303
    assert "Bedömningen är återtagen." in coordinator.get(answer.to).words
    assert make.state_of(people.database, number) == "submitted"


def test_who_reads_the_case_of_a_patient_who_died_reads_that_first(people: People) -> None:
    number = queued(people.database)
    held = coming(people.database, [number])
    make.report(people.database, number, "report_death", at=clock.now())
    words = people[COORDINATOR].get(f"/cases/{number}").words
    assert "Patienten avled" in words
    assert number not in people[make.CHAIR].get(f"/conferences/{held}").html
