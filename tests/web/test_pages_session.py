"""The page of a case under discussion: what stands beside the minutes, how they are saved, and who only reads."""

import re

import pytest

import make
from mdk import clock
from visiting import Page, People, Person, coming, queued, under_way
from web.discussing import DECIDED, stored, write

CHAIR, NURSE, REFERRER = make.CHAIR, make.NURSE, make.REFERRER


def test_the_session_begins_at_the_first_case_that_is_not_decided(people: People) -> None:
    one, two = queued(people.database), queued(people.database)
    conference, person = under_way(people.database, [one, two]), people[CHAIR]
    assert person.get(f"/conferences/{conference}/session").to == f"/conferences/{conference}/session/{one}"
    write(person, f"/conferences/{conference}/session/{one}", **DECIDED)
    make.sign(people.database, conference, one, at=clock.now())
    assert person.get(f"/conferences/{conference}/session").to == f"/conferences/{conference}/session/{two}"


def test_the_page_tells_the_case_s_place_its_time_and_the_next_by_key_n(people: People) -> None:
    one, two = queued(people.database), queued(people.database)
    conference = under_way(people.database, [one, two])
    page = people[CHAIR].get(f"/conferences/{conference}/session/{one}")
    assert "Ärende 1 av 2" in page.words
    assert "Beräknad start" in page.words
    assert re.search(r'type="submit"\s+data-key="n"', page.html)
    reader = people[NURSE].get(f"/conferences/{conference}/session/{one}")
    assert re.search(rf'href="/conferences/{conference}/session/{two}"\s+data-key="n"', reader.html)


def test_the_identity_is_hidden_at_first_and_never_in_the_title(people: People, session: str) -> None:
    page = people[CHAIR].get(session)
    assert 'id="identity-hidden"\n               autocomplete="off"\n               checked' in page.html
    assert "Provlund" not in page.title


def test_every_figure_beside_the_minutes_leads_to_how_it_is_computed(people: People, session: str) -> None:
    html = people[NURSE].get(session).html
    assert [f'href="/help/calculations#{part}"' in html for part in ("omeq", "bilaga1", "intern")] == [True] * 3


def test_beside_the_form_stands_what_the_decision_can_lean_on(people: People) -> None:
    short = {"diagnosis.expected_treatment_months": 1, "patient_view.mobility_benefit": "yes"}
    number = queued(people.database, make.submission(**short, **{"home_care.can_take_extern": "no"}))
    told = people[CHAIR].get(f"/conferences/{under_way(people.database, [number])}/session/{number}").words
    source = "Metod- och prioriteringsrådet, yttrande 2025-02-26"
    for met, rule in (
        ("Inte uppfyllt", "behandlingstid är minst 3 månader"),
        ("Uppfyllt", "möjligheten att röra sig fritt"),
    ):
        assert re.search(rf"{met} [^.]*{rule} {source}", told), rule
    assert "mg peroralt morfin per dygn Tabell för tabell" in told
    assert "Bilaga 1 Uppfyller kriterierna" in told
    assert "Hemregionen kan Extern pump i Region Kronoberg" in told
    assert "Hemsjukvården kan ta emot extern pump Nej" in told
    assert "Misstanke om förhöjt intrakraniellt tryck?" in told


def test_a_draft_is_saved_field_by_field(people: People, session: str) -> None:
    typed = {"dissent.0.who": "Kim", "dissent.0.what": "Hellre epidural.", "contraindications.9.what": "Sår"}
    assert write(people[CHAIR], session, **DECIDED, **typed, **{"contraindications.9.assessment": "relative"}).to == (
        session
    )
    found = stored(people, session)
    assert {name: str(getattr(found, name)) for name in DECIDED} == DECIDED
    assert [(each.who, each.what) for each in found.dissent] == [("Kim", "Hellre epidural.")]
    assert (found.contraindications[-1].what, found.contraindications[-1].assessment) == ("Sår", "relative")
    assert all(row.present for row in found.attendance)


def test_who_is_not_ticked_was_not_present(people: People, session: str) -> None:
    person = people[CHAIR]
    page = person.get(session)
    person.post(session, [(name, value) for name, value in page.forms[session] if value != "yes"], do="save")
    assert [row.present for row in stored(people, session).attendance] == [False] * 5


def test_someone_who_was_not_invited_can_be_added(people: People, session: str) -> None:
    write(people[CHAIR], session, **{"attendance.9.email": "gast@region.example", "attendance.9.profession": "läkare"})
    row = stored(people, session).attendance[-1]
    assert (row.email, row.profession, row.present) == ("gast@region.example", "läkare", True)


def test_what_cannot_be_saved_comes_back_as_typed(people: People, session: str) -> None:
    page = write(people[CHAIR], session, answer="Ja.", due="i morgon", catheter_tip="x" * 301)
    assert (page.status, page.links_of_summary()) == (422, ["#f-catheter_tip", "#f-due"])
    assert (page.values["answer"], page.values["due"]) == ("Ja.", "i morgon")
    assert stored(people, session).version == 0


@pytest.mark.parametrize(("choice", "stands"), [("mine", "Den andra."), ("theirs", "Den första.")])
def test_what_two_typed_in_one_field_is_shown_twice_and_one_is_chosen(
    people: People, session: str, choice: str, stands: str
) -> None:
    person = people[CHAIR]
    page = person.get(session)
    write(people[CHAIR], session, answer="Den första.", motivation="Bara hos den första.")
    late = person.send(page, session, do="save", answer="Den andra.", alternatives="Bara hos den andra.")
    assert (late.status, late.values["answer"]) == (409, "Den andra.")
    assert "Det du skrev står kvar" in late.words
    assert "Behåll det som står här: Den andra." in late.words
    assert "Ta det som är sparat: Den första." in late.words
    assert [name for name in late.values if name.startswith("form.take.")] == ["form.take.answer"]
    assert stored(people, session).answer == "Den första."
    chosen = person.send(late, session, do="settle", **{"form.take.answer": choice})
    found = stored(people, session)
    assert (chosen.to, found.answer) == (session, stands)
    assert (found.motivation, found.alternatives) == ("Bara hos den första.", "Bara hos den andra.")


def test_a_choice_counts_only_against_the_version_that_was_shown(people: People, session: str) -> None:
    person = people[CHAIR]
    page = person.get(session)
    write(people[CHAIR], session, answer="Den första.")
    late = person.send(page, session, answer="Den andra.")
    write(people[CHAIR], session, answer="Den tredje.")
    again = person.send(late, session, do="settle", **{"form.take.answer": "mine"})
    assert again.status == 409
    assert "Ta det som är sparat: Den tredje." in again.words


def autosave(person: Person, page: Page, path: str, **typed: str) -> Page:
    """What htmx sends while the form is typed in, and gets."""
    return person.typing(path, page.forms[path], **typed)


def carried(part: Page) -> str:
    """The version that the open form is made from after a save."""
    found = re.search(r'name="version" value="(\d+)"', part.html)
    return found[1] if found else ""


def test_a_form_that_is_open_on_another_computer_becomes_the_signed_minutes(people: People, session: str) -> None:
    person = people[CHAIR]
    write(person, session, **DECIDED)
    page = person.get(session)
    make.sign(people.database, session.split("/")[2], session.split("/")[4], at=clock.now())
    answer = person.htmx(session, page.forms[session])
    assert (answer.status_code, answer.headers["hx-retarget"]) == (200, "#minutes-form")
    assert "Signerat protokoll" in answer.text
    assert f'action="{session}/addenda"' in answer.text
    assert "Protokollet signerades innan" not in answer.text
    late = Page(person.htmx(session, [*page.forms[session], ("conditions", "Efter MR."), ("due", "2031-01-02")]))
    assert "Protokollet signerades innan det här sparades." in late.words
    assert "Villkor Efter MR." in late.words
    assert "Senast torsdag 2 januari 2031" in late.words
    unread = Page(person.htmx(session, [*page.forms[session], ("answer", "Sent."), ("due", "i morgon")]))
    assert "Svar på frågeställningen Sent." in unread.words
    assert "Senast i morgon" in unread.words
    reloaded = person.post(session, page.forms[session], conditions="Efter MR.", do="save")
    assert (reloaded.status, "Villkor Efter MR." in reloaded.words) == (422, True)


def test_the_draft_saves_itself_and_is_told_to_be_saved(people: People, session: str) -> None:
    person = people[CHAIR]
    page = person.get(session)
    saved = autosave(person, page, session, answer="Ja")
    assert (saved.status, carried(saved), saved.title) == (200, "1", "")
    assert "Sparat" in saved.words
    assert "Inte beslutför: saknar" in saved.words
    assert stored(people, session).answer == "Ja"


def test_a_suggestion_that_nobody_has_touched_is_no_draft_until_it_is_saved(people: People, session: str) -> None:
    person = people[CHAIR]
    page = person.get(session)
    untouched = person.typing(session, [each for each in page.forms[session] if each[0] != "do"])
    assert (untouched.status, carried(untouched), "Förslag ur remissen" in untouched.words) == (200, "0", True)
    assert (stored(people, session).version, make.state_of(people.database, session[-13:])) == (0, "scheduled")
    person.send(page, session, do="save")
    assert (stored(people, session).version, make.state_of(people.database, session[-13:])) == (1, "discussed")


def test_what_is_typed_while_the_save_before_is_under_way_is_no_clash_with_oneself(
    people: People, session: str
) -> None:
    person = people[CHAIR]
    page = person.get(session)
    for said in ("J", "Ja", "Ja, nu."):  # each with the version that the page began with
        assert autosave(person, page, session, answer=said).status == 200
    assert stored(people, session).answer == "Ja, nu."


def test_what_another_typed_in_another_field_comes_into_the_open_form(people: People, session: str) -> None:
    person = people[CHAIR]
    page = person.get(session)
    write(people[CHAIR], session, motivation="Hos den andra.")
    saved = autosave(person, page, session, answer="Hos mig.")
    assert "hämtat från någon annan: Närvaro, Motivering" in saved.words
    assert 'id="at-motivation" hx-swap-oob="true"' in saved.html
    found = stored(people, session)
    assert (found.answer, found.motivation) == ("Hos mig.", "Hos den andra.")


def test_while_two_versions_clash_nothing_is_saved_and_both_are_told(people: People, session: str) -> None:
    person = people[CHAIR]
    page = person.get(session)
    write(people[CHAIR], session, answer="Den första.")
    late = autosave(person, page, session, answer="Den andra.")
    assert (late.status, carried(late), late.title) == (409, "0", "")
    assert "Inte sparat." in late.words
    assert "Ta det som är sparat: Den första." in late.words
    assert stored(people, session).version == 1


def test_a_form_that_saves_itself_chooses_neither_of_two_versions(people: People, session: str) -> None:
    person = people[CHAIR]
    page = person.get(session)
    write(people[CHAIR], session, answer="Den första.")
    first = autosave(person, page, session, answer="Den andra.")
    assert re.search(r'name="form.take.answer" value="mine"[^>]* checked', first.html)
    asked = [*page.forms[session], ("form.settles", "1"), ("form.take.answer", "mine")]
    again = person.typing(session, asked, answer="Den andra.", alternatives="Epidural.")
    assert (first.status, again.status, "Ta det som är sparat: Den första." in again.words) == (409, 409, True)
    assert stored(people, session).answer == "Den första."
    settled = person.post(session, asked, answer="Den andra.", alternatives="Epidural.", do="settle")
    found = stored(people, session)
    assert (settled.status, found.answer, found.alternatives) == (303, "Den andra.", "Epidural.")


def test_a_field_that_is_open_in_another_window_is_told_there(people: People, session: str) -> None:
    person = people[CHAIR]
    page, other = person.get(session), people[CHAIR].get(session)
    told = person.typing(f"{session}/editing", page.forms[session], **{"form.field": "motivation"})
    assert (told.status, told.html) == (204, "")
    seen = person.get(f"{session}/editing?tab={other.values['form.tab']}")
    assert "Du själv, i ett annat fönster, skriver i Motivering" in seen.words
    assert 'data-edits="motivation"' in seen.html
    assert "data-edits" not in person.get(f"{session}/editing?tab={page.values['form.tab']}").html
    assert people[NURSE].get(f"{session}/editing").status == 403


def test_what_cannot_be_read_yet_is_told_while_typing(people: People, session: str) -> None:
    person = people[CHAIR]
    saved = autosave(person, person.get(session), session, due="2030-1")
    assert (saved.status, saved.title) == (422, "")
    assert "Inte sparat." in saved.words


def test_a_region_without_cover_is_not_suggested_as_a_contact(people: People, session: str) -> None:
    page = people[CHAIR].get(session)
    assert page.values["out_of_hours_contact"] == ""
    assert "Hemregionen: Ingen specialiserad palliativ vård på jourtid" in page.words


# ------------------------------------------------------------------------------------------------- the others
def test_members_follow_the_draft_and_change_nothing(people: People, session: str) -> None:
    write(people[CHAIR], session, **DECIDED)
    member = people[NURSE]
    page = member.get(session)
    assert "Protokoll, utkast" in page.words
    assert "Ja, extern pump." in page.words
    assert session not in page.forms
    assert member.post(session, do="save", version="1", answer="Nej.").status == 403
    assert member.get(f"{session}/sign").status == 403


def test_a_member_reads_the_suggestion_of_nobody_before_the_first_save(people: People, session: str) -> None:
    assert "Ordföranden har inte sparat något än" in people[NURSE].get(session).words


def test_the_referrer_follows_the_own_case_and_no_other(people: People) -> None:
    mine, other = queued(people.database), queued(people.database, by=make.OTHER_REFERRER)
    path = f"/conferences/{under_way(people.database, [mine, other])}/session"
    referrer = people[REFERRER]
    assert (referrer.get(f"{path}/{mine}").status, referrer.get(f"{path}/{other}").status) == (200, 404)


def test_before_the_conference_begins_the_chair_reads_the_case_and_writes_nothing(people: People) -> None:
    number = queued(people.database)
    path = f"/conferences/{coming(people.database, [number])}/session/{number}"
    page = people[CHAIR].get(path)
    assert "Protokollet kan skrivas när konferensen har börjat" in page.words
    assert people[CHAIR].post(path, version="0", answer="Ja.").status == 422


@pytest.mark.parametrize("name", [make.STEERING, make.AUDITOR, make.ADMIN])
def test_the_session_is_closed_to_those_without_a_clinical_role(people: People, session: str, name: str) -> None:
    assert people[name].get(session).status == 403


def test_a_case_that_is_not_on_the_agenda_is_not_found(people: People, session: str) -> None:
    other = queued(people.database)
    assert people[CHAIR].get(f"{session.rpartition('/')[0]}/{other}").status == 404
