import pytest

import make
from make import CHAIR, CONSULTANT, COORDINATOR, NURSE, OTHER_REFERRER, REFERRER
from mdk import clock
from mdk.conferences import held
from mdk.conferences import sitting as sitting_acts
from mdk.conferences.sitting_structs import SittingView
from mdk.minutes import queries
from mdk.minutes.structs import MinutesView
from visiting import People, coming, queued, under_way


def room(people: People, count: int = 2) -> tuple[str, list[str]]:
    numbers = [queued(people.database) for _ in range(count)]
    return f"/conferences/{under_way(people.database, numbers)}", numbers


def sitting(people: People, conference: str) -> SittingView:
    return make.ask(people.database, CHAIR, held.view, conference.rpartition("/")[2], at=clock.now())


def written(people: People, conference: str, number: str) -> MinutesView:
    return make.ask(people.database, CHAIR, queries.view, conference.rpartition("/")[2], number, at=clock.now())


def case(conference: str, number: str) -> str:
    return f"{conference}/session/{number}"


def test_the_chair_takes_up_case_after_case_and_the_others_follow(people: People) -> None:
    conference, (one, two) = room(people)
    chair, nurse = people[CHAIR], people[NURSE]
    page = chair.get(case(conference, one))
    assert f"{case(conference, one)}/turn" in page.forms
    assert chair.send(page, f"{case(conference, one)}/turn").to == case(conference, one)
    page = chair.get(case(conference, one))
    assert "Tas upp nu" in page.words
    assert nurse.get(f"{conference}/session").to == f"{case(conference, one)}?follow=yes"
    assert chair.send(page, f"{case(conference, two)}/turn").status == 303
    assert chair.get(f"{conference}/session").to == case(conference, two)
    head = f"{case(conference, one)}/head"
    assert nurse.raw(f"{head}?follow=yes").headers["hx-redirect"] == f"{case(conference, two)}?follow=yes"
    assert f"Nu tas {two} upp" in nurse.get(head).words
    page = chair.get(case(conference, two))
    assert chair.send(page, f"{case(conference, two)}/end").status == 303
    assert sitting(people, conference).current is None


def test_a_turn_that_someone_else_took_first_is_refused_and_the_page_shown_as_it_is(people: People) -> None:
    conference, (one,) = room(people, 1)
    first, second = people[CHAIR], people[CHAIR]
    page = first.get(case(conference, one))
    assert second.send(page, f"{case(conference, one)}/turn").status == 303
    answer = first.send(page, f"{case(conference, one)}/turn")
    assert (answer.status, "Tas upp nu" in answer.words) == (409, True)
    assert sitting(people, conference).current == one


def test_who_came_is_ticked_with_one_press_and_tells_the_quorum(people: People) -> None:
    conference, (one, _) = room(people)
    chair, path = people[CHAIR], case(conference, one)
    chair.send(chair.get(path), f"{path}/turn")
    for name in (CONSULTANT, NURSE):
        answer = chair.post(f"{path}/attendance", do=f"in:{make.email(name)}")
        assert (answer.status, answer.to) == (303, path)
    assert "saknar någon som känner patienten" in chair.get(path).words
    part = people[NURSE].get(f"{path}/head")
    assert "Disa Deltagare är här" in part.words
    assert "Nora Kirurg är inte här" in part.words
    assert chair.post(f"{path}/attendance", do="in:ingen@demo.mdk").status == 422
    beside = chair.htmx(f"{path}/attendance", [("do", "in:ingen@demo.mdk")])
    assert (beside.status_code, beside.headers["hx-retarget"]) == (422, "#notice")
    assert "Personen är inte kallad" in beside.text


def test_order_and_times_are_changed_during_the_conference(people: People) -> None:
    conference, (one, two) = room(people)
    chair, path = people[CHAIR], case(conference, one)
    page = chair.get(path)
    assert chair.send(page, f"{path}/order", do="down:0", **{"items.0.minutes": "5"}).to == path
    assert [(slot.case, slot.minutes) for slot in sitting(people, conference).agenda] == [(two, 15), (one, 5)]
    left_out = [pair for pair in page.forms[f"{path}/order"] if not pair[0].startswith("items.1")]
    version = str(sitting(people, conference).version)
    answer = chair.post(f"{path}/order", left_out, do="save", **{"form.order": version})
    assert (answer.status, "inga ärenden läggas till" in answer.words) == (422, True)


def test_a_case_is_put_off_with_a_reason(people: People) -> None:
    conference, (one, _) = room(people)
    chair, path = people[CHAIR], case(conference, one)
    page = chair.get(path)
    assert chair.send(page, f"{path}/defer").status == 422
    assert chair.send(page, f"{path}/defer", reason="Tiden räcker inte.").to == path
    assert make.state_of(people.database, one) == "accepted"
    assert "uppskjutet" in chair.get(path).words


def test_the_patient_s_view_is_marked_as_heard(people: People) -> None:
    conference, (one, _) = room(people)
    chair, path = people[CHAIR], case(conference, one)
    chair.send(chair.get(path), f"{path}/patient")
    assert "Patientens röst har fått sin tur" in people[NURSE].get(path).words
    chair.send(chair.get(path), f"{path}/patient")
    assert "Patientens röst har fått sin tur" not in chair.get(path).words


def test_what_changed_since_the_referral_is_told(people: People) -> None:
    number = queued(people.database)
    make.do(people.database, number, "patch", by=REFERRER, at=clock.now(), changes={"pain": {"nrs_now": 9}})
    conference = f"/conferences/{under_way(people.database, [number])}"
    assert "Ändrat sedan remissen skickades in" in people[NURSE].get(case(conference, number)).words
    conference, (other, _) = room(people)
    assert "Ändrat sedan remissen" not in people[NURSE].get(case(conference, other)).words


SAID = "Skrivet och inte sparat."


def acts(people: People, conference: str, one: str, two: str) -> dict[str, dict[str, str]]:
    """Each act of the room by its path, with what its button or fold sends beside the minutes' form."""
    version = str(sitting(people, conference).version)
    return {
        f"{case(conference, one)}/attendance": {"do": f"in:{make.email(NURSE)}"},
        f"{case(conference, one)}/patient": {"heard": "yes"},
        f"{case(conference, one)}/order": {"do": "down:0", "form.order": version} | items(one, two),
        f"{case(conference, two)}/turn": {"form.sitting": version},
        f"{case(conference, one)}/end": {"form.sitting": version},
        f"{case(conference, one)}/defer": {"reason": "Tiden räcker inte."},
    }


def items(*numbers: str) -> dict[str, str]:
    rows = [(f"items.{n}.case", number) for n, number in enumerate(numbers)]
    return dict(rows + [(f"items.{n}.minutes", "10") for n, _ in enumerate(numbers)])


def test_no_act_of_the_room_loses_what_is_typed_in_the_minutes(people: People) -> None:
    conference, (one, two) = room(people)
    chair, path = people[CHAIR], case(conference, one)
    for act in acts(people, conference, one, two):
        page, said = chair.get(path), f"{SAID} {act}"
        answer = chair.post(act, page.forms[path], answer=said, **acts(people, conference, one, two)[act])
        assert answer.status == 303, (act, answer.words)
        assert written(people, conference, one).answer == said, act
    assert written(people, conference, one).outcome == "deferred"


def test_an_act_that_is_refused_gives_the_page_back_as_it_was_typed(people: People) -> None:
    conference, (one, two) = room(people)
    chair, path = people[CHAIR], case(conference, one)
    page = chair.get(path)
    make.at_conference(
        people.database, conference.rpartition("/")[2], sitting_acts.turn, by=CHAIR, number=one, at=clock.now()
    )
    late = chair.post(f"{case(conference, two)}/turn", page.forms[path], answer=SAID, **{"form.sitting": "1"})
    assert (late.status, late.values["answer"], f"{path}/turn" in late.forms) == (409, SAID, False)
    bad = chair.post(f"{path}/attendance", page.forms[path], due="i morgon", do=f"in:{make.email(NURSE)}")
    assert (bad.status, bad.values["due"]) == (422, "i morgon")
    unsaid = chair.post(f"{path}/defer", page.forms[path], answer=SAID, reason="")
    assert (unsaid.status, unsaid.values["answer"], unsaid.links_of_summary()) == (422, SAID, ["#f-reason"])
    stale = chair.post(f"{path}/defer", page.forms[path], reason="Sent.", **{"form.base": "", "version": "7"})
    assert (stale.status, stale.values["reason"]) == (409, "Sent.")
    assert not [each for each in sitting(people, conference).people if each.present]
    assert written(people, conference, one).version == 0


def test_a_form_that_is_still_open_after_the_signature_hinders_nothing(people: People) -> None:
    conference, (one, two) = room(people)
    chair, path = people[CHAIR], case(conference, one)
    page = chair.get(path)
    make.save(people.database, conference.rpartition("/")[2], one, at=clock.now())
    opened = chair.get(path)
    make.sign(people.database, conference.rpartition("/")[2], one, at=clock.now())
    version = {"form.sitting": str(sitting(people, conference).version)}
    assert chair.post(f"{case(conference, two)}/turn", opened.forms[path], **version).status == 303
    version = {"form.sitting": str(sitting(people, conference).version)}
    late = chair.post(f"{path}/end", page.forms[path], motivation=SAID, **version)
    assert (late.status, "Protokollet signerades innan det här sparades." in late.words) == (409, True)
    assert f"Motivering {SAID}" in late.words


@pytest.mark.parametrize("act", ["turn", "end", "order", "attendance", "patient", "defer"])
@pytest.mark.parametrize("who", [NURSE, COORDINATOR, REFERRER])
def test_only_the_chair_runs_the_room(people: People, act: str, who: str) -> None:
    conference, (one, _) = room(people, 2)
    assert people[who].post(f"{case(conference, one)}/{act}", version="1", heard="yes", reason="x").status == 403


def test_a_referrer_sees_that_another_case_is_on_and_nothing_of_it(people: People) -> None:
    theirs, mine = queued(people.database, by=OTHER_REFERRER), queued(people.database)
    conference = f"/conferences/{under_way(people.database, [theirs, mine])}"
    chair, referrer = people[CHAIR], people[REFERRER]
    chair.send(chair.get(case(conference, theirs)), f"{case(conference, theirs)}/turn")
    page = referrer.get(case(conference, mine))
    assert "Nu tas ett annat ärende upp" in page.words
    assert "följer nu" in page.words
    assert ("Ditt ärende" in page.words, "Ärende 1 av" in page.words) == (True, False)
    assert theirs not in page.html
    assert referrer.get(f"{case(conference, theirs)}/head").status == 404


def test_after_the_closing_the_page_tells_how_it_went(people: People) -> None:
    conference, (one, two) = room(people)
    chair, path = people[CHAIR], case(conference, one)
    assert "Så gick konferensen" not in chair.get(conference).words
    chair.send(chair.get(path), f"{path}/turn")
    chair.send(chair.get(path), path)
    chair.send(chair.get(conference), f"{conference}/close")
    told = people[COORDINATOR].get(conference).words
    assert "Så gick konferensen 1 protokoll är inte signerat" in told
    assert "Började i tid" in told
    assert make.state_of(people.database, two) == "accepted"
    assert "Så gick konferensen" not in people[REFERRER].get(conference).words
    passed_over = chair.get(case(conference, two))
    assert "Ärendet hann inte tas upp på konferensen." in passed_over.words
    assert case(conference, two) not in passed_over.forms
    refused = chair.post(case(conference, two), answer="Ja.", do="save")
    assert (refused.status, "togs inte upp på den här konferensen" in refused.words) == (422, True)
    assert "Det finns inget sparat protokoll att signera" in chair.get(f"{case(conference, two)}/sign").words
    assert "Ordföranden har inte signerat protokollet" in people[COORDINATOR].get("/").words


def test_nothing_is_run_before_the_conference_has_begun(people: People) -> None:
    number = queued(people.database)
    path = f"/conferences/{coming(people.database, [number])}/session/{number}"
    page = people[CHAIR].get(path)
    assert f"{path}/turn" not in page.forms
    assert people[CHAIR].post(f"{path}/turn", version="9").status in {409, 422}
