"""The page that signs: what is missing, what was read back, once and for all, and what is added afterwards."""

import make
from mdk import clock
from mdk.people import service as accounts
from visiting import People, queued, under_way
from web.discussing import DECIDED, stored, write

CHAIR = make.CHAIR


def test_the_way_to_signing_names_every_missing_field_with_a_link(people: People, session: str) -> None:
    person = people[CHAIR]
    assert write(person, session, do="review").to == f"{session}/sign"
    page = person.get(f"{session}/sign")
    wanted = {"outcome", "motivation", "answer", "refractory", "out_of_hours_contact"}
    assert page.status == 422
    assert set(page.links_of_summary()) == {f"#f-{name}" for name in wanted}
    assert all(f'id="f-{name}"' in page.html for name in wanted)


def test_minutes_are_read_back_signed_and_set_their_pathway_going(people: People, session: str) -> None:
    person = people[CHAIR]
    write(person, session, do="review", **DECIDED)
    page = person.get(f"{session}/sign")
    assert "intygar du att de närvarande har bekräftat protokollet" in page.words
    assert "Ett uppdrag går till hemregionens funktion" in page.words
    assert person.send(page, f"{session}/sign").to == session
    shown = person.get(session)
    assert "Signerat av Olga Förare" in shown.words
    assert session not in shown.forms
    assert "Ny" in people[make.FUNCTION].get("/assignments-inbox").words


def test_an_intern_pump_off_the_criteria_asks_for_a_reason(people: People) -> None:
    number = queued(people.database, make.submission(**{"diagnosis.expected_treatment_months": 1}))
    path, person = f"/conferences/{under_way(people.database, [number])}/session/{number}", people[CHAIR]
    write(person, path, do="review", **(DECIDED | {"outcome": "intern_pump"}))
    page = person.get(f"{path}/sign")
    assert (page.status, page.links_of_summary()) == (422, ["#f-departure_reason"])


def test_no_quorum_asks_for_a_reason(people: People, session: str) -> None:
    person = people[CHAIR]
    page = person.get(session)
    fields = [(name, value) for name, value in page.forms[session] if not name.endswith(".present")]
    absent = [(f"attendance.{n}.present", "no") for n in range(5)]
    person.post(session, fields + absent, do="review", **DECIDED)
    answer = person.get(f"{session}/sign")
    assert answer.links_of_summary() == ["#f-quorum_reason"]
    assert "Inte beslutför: saknar konsulten eller en ersättare" in answer.words


def test_signing_what_someone_changed_meanwhile_is_refused(people: People, session: str) -> None:
    person = people[CHAIR]
    write(person, session, **DECIDED)
    page = person.get(f"{session}/sign")
    write(people[CHAIR], session, **(DECIDED | {"motivation": "En annan."}))
    assert person.send(page, f"{session}/sign").status == 409
    assert stored(people, session).signed is None


def test_a_double_click_signs_once_and_leads_to_the_same_page(people: People, session: str) -> None:
    person = people[CHAIR]
    write(person, session, **DECIDED)
    page = person.get(f"{session}/sign")
    assert {person.send(page, f"{session}/sign").to for _ in range(3)} == {session}
    found = stored(people, session)
    assert (found.version, found.signed is not None) == (2, True)


def test_a_form_that_shows_something_else_signs_nothing(people: People, session: str) -> None:
    person = people[CHAIR]
    write(person, session, **DECIDED)
    page = person.get(f"{session}/sign")
    assert person.send(page, f"{session}/sign", shown="0" * 64).status == 409
    assert person.post(f"{session}/sign", version="1").status == 409
    assert stored(people, session).signed is None


def test_nothing_is_signed_before_it_is_saved(people: People, session: str) -> None:
    person = people[CHAIR]
    for page in (person.get(f"{session}/sign"), person.post(f"{session}/sign", version="0", shown="0")):
        assert (page.status, "Det finns inget sparat protokoll att signera" in page.words) == (422, True)
    assert stored(people, session).version == 0


def test_another_s_chair_reads_and_signs_nothing(people: People, session: str) -> None:
    write(people[CHAIR], session, **DECIDED)
    unit = make.viewer(people.database, CHAIR).unit_id
    with people.database.writing() as stage:
        accounts.add(stage, email="annan@demo.mdk", name="Annan", role="chair", unit_id=unit, at=clock.now())
    other = people["annan"]
    assert other.get(f"{session}/sign").status == 403
    for act, typed in (("", {"answer": "Nej."}), ("/sign", {"shown": "0"}), ("/addenda", {"text": "Nytt."})):
        assert other.post(session + act, version="1", **typed).status == 403
    assert stored(people, session).signed is None


def test_what_is_not_signed_is_not_added_to(people: People, session: str) -> None:
    write(people[CHAIR], session, **DECIDED)
    refused = people[CHAIR].post(f"{session}/addenda", text="Nivån blir Th9.")
    assert (refused.status, "Protokollet är inte signerat än" in refused.words) == (422, True)
    assert stored(people, session).addenda == []


def test_addenda_follow_signed_minutes(people: People, session: str) -> None:
    person = people[CHAIR]
    write(person, session, **DECIDED)
    person.send(person.get(f"{session}/sign"), f"{session}/sign")
    page = person.send(person.get(session), f"{session}/addenda")
    assert (page.status, page.links_of_summary()) == (422, ["#f-text"])
    person.send(person.get(session), f"{session}/addenda", text="Nivån blir Th9.")
    assert "Olga Förare Nivån blir Th9." in person.get(session).words
