import pytest
from sqlalchemy import func, select

import make
from mdk import clock
from mdk.conferences import queries
from mdk.conferences.tables import Conference
from mdk_calendar.worker import run_once
from mdk_web.filled import wall_time
from visiting import Page, People, Person, coming, queued, soon

COORDINATOR, CHAIR, NURSE, REFERRER = make.COORDINATOR, make.CHAIR, make.NURSE, make.REFERRER
FRAME = {
    "duration_minutes": "60",
    "chair": make.email(CHAIR),
    "consultant": make.email(make.CONSULTANT),
    "members": make.email(NURSE),
}


def planned(people: People, numbers: list[str] | None = None) -> str:
    return make.conference(people.database, numbers, starts_at=soon())


def agenda(people: People, conference: str) -> list[tuple[str, int]]:
    found = make.ask(people.database, COORDINATOR, queries.view, conference, at=clock.now())
    return [(slot.case, slot.minutes) for slot in found.agenda]


def press(person: Person, conference: str, button: str, **typed: str) -> Page:
    page = person.get(f"/conferences/{conference}")
    assert button == "save" or ("do", button) in page.buttons
    return person.send(page, f"/conferences/{conference}/agenda", do=button, **typed)


def act(person: Person, conference: str, name: str, **typed: str) -> Page:
    path = f"/conferences/{conference}"
    return person.send(person.get(path), f"{path}/{name}", **typed)


# ------------------------------------------------------------------------------------------------- the list
def test_the_list_tells_state_free_minutes_and_my_answer(people: People) -> None:
    coming(people.database, [queued(people.database)])
    assert "Utskickad 1 ärende, 45 av 60 minuter lediga" in people[COORDINATOR].get("/conferences").words
    assert "Ditt svar: Inte svarat" in people[NURSE].get("/conferences").words


def test_the_list_shows_nobody_a_conference_that_is_not_theirs(people: People) -> None:
    planned(people)
    assert "Du är inte kallad till någon kommande konferens" in people[REFERRER].get("/conferences").words


@pytest.mark.parametrize("name", [make.STEERING, make.AUDITOR, make.ADMIN])
def test_the_list_is_closed_to_those_without_a_clinical_role(people: People, name: str) -> None:
    assert people[name].get("/conferences").status == 403


def test_three_conferences_cost_as_many_questions_as_one(people: People) -> None:
    person, counts = people[COORDINATOR], []
    for more in (1, 2):
        for _ in range(more):
            planned(people)
        with people.counting() as asked:
            person.get("/conferences")
        counts.append(len(asked))
    assert counts[0] == counts[1]


# ------------------------------------------------------------------------------------------------- planning
def test_a_conference_is_planned_from_the_form(people: People) -> None:
    person = people[COORDINATOR]
    answer = person.send(person.get("/conferences/new"), "/conferences/new", **FRAME, starts_at=wall_time(soon()))
    assert answer.status == 303
    shown = person.get(answer.to)
    assert "Planeras" in shown.words
    assert "Ingen kallas förrän du skickar ut agendan" in shown.words


def test_a_start_that_has_passed_comes_back_with_all_that_was_typed(people: People) -> None:
    typed = {**FRAME, "starts_at": "2020-01-01T10:00", "duration_minutes": "45", "video_url": "https://video.example/x"}
    page = people[CHAIR].post("/conferences/new", **typed)
    assert (page.status, page.links_of_summary()) == (422, ["#f-starts_at"])
    assert {name: page.values[name] for name in typed} == typed


@pytest.mark.parametrize("path", ["/conferences/new", "/series/new"])
def test_only_coordinator_and_chair_may_plan(people: People, path: str) -> None:
    person = people[NURSE]
    assert (person.get(path).status, person.post(path, **FRAME).status) == (403, 403)


def test_a_series_plans_twelve_weeks(people: People) -> None:
    typed = {**FRAME, "name": "Onsdagar", "every": "2", "weekday": "WE", "first_start": wall_time(soon())}
    answer = people[COORDINATOR].post("/series/new", **typed)
    assert (answer.status, answer.to.rpartition("/")[0]) == (303, "/series")
    with people.database.reading() as session:
        count = session.scalar(select(func.count()).select_from(Conference))
    assert count in {5, 6, 7}


def test_a_series_without_a_name_comes_back(people: People) -> None:
    page = people[COORDINATOR].post("/series/new", **FRAME, every="4", weekday="TU", first_start=wall_time(soon()))
    assert (page.status, page.links_of_summary()) == (422, ["#f-name"])
    assert (page.values["every"], page.values["weekday"]) == ("4", "TU")


def test_a_conference_is_changed_and_what_was_emptied_is_gone(people: People) -> None:
    conference, person = planned(people), people[COORDINATOR]
    path = f"/conferences/{conference}/edit"
    answer = person.send(person.get(path), path, duration_minutes="90", video_url="")
    assert answer.status == 303
    row = make.conference_row(people.database, conference)
    assert (row.duration_minutes, row.video_url) == (90, None)


def test_a_change_with_a_bad_length_keeps_what_was_typed(people: People) -> None:
    conference, person = planned(people), people[COORDINATOR]
    path = f"/conferences/{conference}/edit"
    page = person.send(person.get(path), path, duration_minutes="lång")
    assert (page.status, page.links_of_summary()) == (422, ["#f-duration_minutes"])
    assert page.values["duration_minutes"] == "lång"


def test_a_change_that_comes_back_with_a_fault_does_not_go_over_another_one_s(people: People) -> None:
    conference, person = planned(people), people[COORDINATOR]
    path = f"/conferences/{conference}/edit"
    page = person.get(path)
    assert people[CHAIR].send(page, path, video_url="https://video.region.example/nytt").status == 303
    back = person.send(page, path, duration_minutes="lång")
    again = person.send(back, path, duration_minutes="90")
    assert (back.status, again.status, "Någon annan hann före" in again.words) == (422, 409, True)
    row = make.conference_row(people.database, conference)
    assert (row.duration_minutes, row.video_url) == (60, "https://video.region.example/nytt")


# ------------------------------------------------------------------------------------------------- the agenda
def test_the_agenda_is_built_with_plain_buttons(people: People) -> None:
    one, two = queued(people.database), queued(people.database, make.submission())
    conference, person = planned(people), people[COORDINATOR]
    for button in (f"add:{one}", f"add:{two}", "up:1"):
        assert press(person, conference, button).status == 303
    assert agenda(people, conference) == [(two, 15), (one, 15)]
    press(person, conference, "save", **{"items.0.minutes": "20"})
    press(person, conference, "down:0")
    assert agenda(people, conference) == [(one, 15), (two, 20)]
    press(person, conference, "remove:0")
    assert agenda(people, conference) == [(two, 20)]


def test_too_many_minutes_are_refused_and_stay_in_their_fields(people: People) -> None:
    conference = planned(people, [queued(people.database)])
    page = press(people[COORDINATOR], conference, "save", **{"items.0.minutes": "70"})
    assert (page.status, page.links_of_summary()) == (422, ["#f-items"])
    assert page.values["items.0.minutes"] == "70"


def test_minutes_that_are_no_number_are_named(people: People) -> None:
    conference = planned(people, [queued(people.database)])
    page = press(people[COORDINATOR], conference, "save", **{"items.0.minutes": "tjugo"})
    assert (page.status, page.links_of_summary()) == (422, ["#f-items-0-minutes"])


def test_an_agenda_that_someone_else_changed_meanwhile_keeps_the_typing(people: People) -> None:
    conference, person = planned(people, [queued(people.database)]), people[COORDINATOR]
    path = f"/conferences/{conference}"
    page = person.get(path)
    press(people[CHAIR], conference, "save", **{"items.0.minutes": "20"})
    late = person.send(page, f"{path}/agenda", do="save", **{"items.0.minutes": "25"})
    assert (late.status, late.values["items.0.minutes"]) == (409, "25")
    assert "Någon annan hann före" in late.words


def test_an_agenda_that_comes_back_with_a_fault_does_not_go_over_another_one_s(people: People) -> None:
    conference, person = planned(people, [queued(people.database)]), people[COORDINATOR]
    path = f"/conferences/{conference}/agenda"
    page = person.get(f"/conferences/{conference}")
    press(people[CHAIR], conference, "save", **{"items.0.minutes": "20"})
    back = person.send(page, path, do="save", **{"items.0.minutes": "tjugo"})
    again = person.send(back, path, do="save", **{"items.0.minutes": "25"})
    assert (back.status, again.status, [minutes for _, minutes in agenda(people, conference)]) == (422, 409, [20])


def test_a_member_may_not_build_the_agenda(people: People) -> None:
    conference = coming(people.database, [queued(people.database)])
    assert people[NURSE].post(f"/conferences/{conference}/agenda", do="save", version="1").status == 403


def test_the_page_is_the_same_for_htmx(people: People) -> None:
    conference, person = planned(people, [queued(people.database)]), people[COORDINATOR]
    person.get("/conferences")  # says once that the person is signed in
    plain = person.get(f"/conferences/{conference}").html
    asked = person.get(f"/conferences/{conference}", **{"HX-Request": "true"}).html
    assert plain == asked
    assert 'class="mdk-page"' in plain


# ------------------------------------------------------------------------------------------------- release
def test_the_release_says_by_name_who_will_be_told(people: People) -> None:
    conference, person = planned(people, [queued(people.database)]), people[COORDINATOR]
    page = person.get(f"/conferences/{conference}")
    assert "Vera Remitterius, föredrar ärende: kallas" in page.words
    assert act(person, conference, "release").status == 303
    assert "Kallelserna skickas nu" in person.get(f"/conferences/{conference}").words


def test_a_gap_refuses_the_release_with_a_link_to_each_and_a_reason_passes_it(people: People) -> None:
    number = queued(people.database, make.minimal())
    conference, person = planned(people, [number]), people[COORDINATOR]
    page = act(person, conference, "release")
    links = page.links_of_summary()
    assert (page.status, links[-1]) == (422, "#f-override_reason")
    assert set(links[:-1]) == {f"/cases/{number}"}
    assert f"{number}: Förväntad behandlingstid i månader saknas" in page.words
    answer = person.send(page, f"/conferences/{conference}/release", override_reason="Kompletteras muntligt.")
    assert answer.status == 303
    assert make.state_of(people.database, number) == "scheduled"


def test_a_late_addition_is_shown_as_a_change_and_needs_a_reason(people: People) -> None:
    conference, person = coming(people.database, [queued(people.database)]), people[COORDINATOR]
    late = queued(people.database, by=make.OTHER_REFERRER)
    press(person, conference, f"add:{late}")
    page = person.get(f"/conferences/{conference}")
    assert f"Vad har ändrats sedan utskick 1 {late}: nytt" in page.words
    assert "Meddelas Lena Remitterius, föredrar ärende: kallas" in page.words
    assert act(person, conference, "release").status == 422
    assert act(person, conference, "release", override_reason="Brådskar.").status == 303


# ------------------------------------------------------------------------------------------------- the other acts
def test_a_conference_is_moved(people: People) -> None:
    conference, person = planned(people), people[COORDINATOR]
    moved = soon() + make.DAY
    assert act(person, conference, "move", starts_at=wall_time(moved)).status == 303
    assert make.conference_row(people.database, conference).starts_at == moved


def test_a_move_into_the_past_is_refused_and_the_fold_stands_open(people: People) -> None:
    page = act(people[COORDINATOR], planned(people), "move", starts_at="2020-01-01T10:00")
    assert (page.status, page.links_of_summary()) == (422, ["#f-starts_at"])
    assert page.values["starts_at"] == "2020-01-01T10:00"


def test_a_cancellation_needs_its_reason(people: People) -> None:
    conference, person = planned(people), people[COORDINATOR]
    assert act(person, conference, "cancel").links_of_summary() == ["#f-reason"]
    assert act(person, conference, "cancel", reason="Konsulten är sjuk.").status == 303
    assert "Inställd: Konsulten är sjuk." in person.get(f"/conferences/{conference}").words


def test_an_early_start_is_confirmed(people: People) -> None:
    conference, person = coming(people.database, [queued(people.database)]), people[CHAIR]
    page = act(person, conference, "open")
    assert (page.status, page.links_of_summary()) == (422, ["#f-confirm"])
    assert act(person, conference, "open", confirm="yes").to == f"/conferences/{conference}/session"


def test_only_this_conference_s_chair_begins_and_ends_it(people: People) -> None:
    conference = coming(people.database, [queued(people.database)])
    assert people[COORDINATOR].post(f"/conferences/{conference}/open", version="1", confirm="yes").status == 403


def test_the_chair_ends_the_conference(people: People) -> None:
    number = queued(people.database)
    conference = coming(people.database, [number])
    make.opened(people.database, conference, at=clock.now())
    assert act(people[CHAIR], conference, "close").status == 303
    assert make.state_of(people.database, number) == "discussed"


# ------------------------------------------------------------------------------------------------- the invited
def test_a_member_answers_with_a_comment(people: People) -> None:
    conference, person = coming(people.database, [queued(people.database)]), people[NURSE]
    assert act(person, conference, "reply", partstat="TENTATIVE", comment="Kommer sent").status == 303
    words = people[COORDINATOR].get(f"/conferences/{conference}").words
    told = words[words.index("Disa Deltagare Konferensdeltagare") :][:200]
    assert ("Kanske" in told, "Kommer sent" in told) == (True, True)


def test_an_answer_that_is_none_is_refused(people: People) -> None:
    conference = coming(people.database, [queued(people.database)])
    page = act(people[NURSE], conference, "reply", partstat="MAYBE", comment="Kommer sent")
    assert (page.status, page.values["comment"]) == (422, "Kommer sent")


def test_the_invited_see_the_last_released_agenda(people: People) -> None:
    one, two = queued(people.database), queued(people.database)
    conference = coming(people.database, [one])
    press(people[COORDINATOR], conference, f"add:{two}")
    page = people[NURSE].get(f"/conferences/{conference}")
    assert (one in page.html, two in page.html) == (True, False)


def test_the_referrer_sees_the_own_slot_only(people: People) -> None:
    mine, other = queued(people.database), queued(people.database, by=make.OTHER_REFERRER)
    conference = coming(people.database, [other, mine])
    page = people[REFERRER].get(f"/conferences/{conference}")
    assert (mine in page.html, other in page.html) == (True, False)


def test_a_referrer_who_is_not_invited_finds_nothing(people: People) -> None:
    conference = coming(people.database, [queued(people.database)])
    assert people[make.OTHER_REFERRER].get(f"/conferences/{conference}").status == 404


def test_the_invited_fetch_their_own_invitation_once_it_is_sent(people: People) -> None:
    conference, person = coming(people.database, [queued(people.database)]), people[NURSE]
    path = f"/conferences/{conference}/invitation.ics"
    assert person.get(path).status == 404
    run_once(people.database, people.client.app.state.settings, at=clock.now())
    assert path in person.get(f"/conferences/{conference}").html
    answer = person.raw(path)
    assert answer.headers["content-type"].startswith("text/calendar")
    assert make.email(NURSE) in answer.text.replace("\r\n ", "")


def test_no_page_of_conferences_names_a_patient(people: People) -> None:
    conference = coming(people.database, [queued(people.database)])
    for name in (COORDINATOR, NURSE, REFERRER):
        person = people[name]
        for path in ("/conferences", f"/conferences/{conference}"):
            page = person.get(path)
            assert page.status == 200
            assert "Provlund" not in page.html
            assert make.ADULT[2:] not in page.html


def test_a_reload_of_a_refused_act_comes_to_its_page(people: People) -> None:
    conference = planned(people)
    page = people[COORDINATOR].get(f"/conferences/{conference}/release")
    assert (page.status, page.to) == (303, f"/conferences/{conference}")
