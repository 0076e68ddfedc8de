"""Pages of the urgent lane: opened with suggestions, found on Mitt arbete, concluded with a read-back, ratified."""

import pytest

import make
from mdk import clock
from mdk.journey.urgent_rules import LONGEST
from mdk_web.urgent.shown import deadline_word
from visiting import People, Person, coming, queued

COORDINATOR, CONSULTANT, CHAIR, NURSE, SURGEON = (
    make.COORDINATOR,
    make.CONSULTANT,
    make.CHAIR,
    make.NURSE,
    make.SURGEON,
)


def lane(number: str, act: str = "") -> str:
    return f"/cases/{number}/urgent-review{act}"


def opened(people: People, number: str = "") -> str:
    """The number of a case whose lane was opened just now."""
    number = number or make.submitted(people.database, at=clock.now() - make.HOUR)
    make.urgent(people.database, number, at=clock.now())
    return number


def written(person: Person, number: str, **more: str) -> dict[str, str]:
    """What the consultant types into the form of a conclusion."""
    usual = {
        "answer": "Ja.",
        "refractory": "yes",
        "alternatives": "Fortsatt systemisk behandling.",
        "outcome": "optimise_conventional",
        "motivation": "Refraktär smärta.",
        "responsible_unit": "Palliativa teamet Växjö",
        "due": "2099-04-14",
        "informs_patient": "Vera Remitterius",
        "out_of_hours_contact": "Smärtjouren",
    }
    return usual | more


def test_the_coordinator_opens_it_from_triage_with_what_is_suggested(people: People) -> None:
    number = make.submitted(people.database, at=clock.now() - make.HOUR)
    person = people[COORDINATOR]
    assert f'href="{lane(number)}"' in person.get(f"/cases/{number}").html
    page = person.get(lane(number))
    suggested = [value for name, value in page.forms[lane(number)] if name == "members"]
    assert set(suggested) == {make.email(name) for name in (NURSE, SURGEON, make.FUNCTION)}
    sent = person.send(page, lane(number))
    assert (sent.status, sent.to) == (303, lane(number))
    shown = person.get(lane(number))
    assert "Inget yttrande än" in shown.words
    assert ("timmar kvar" in shown.words, make.state_of(people.database, number)) == (True, "scheduled")


def test_what_is_wrong_is_said_beside_its_field_and_the_choice_is_kept(people: People) -> None:
    number = make.submitted(people.database, at=clock.now() - make.HOUR)
    person = people[CONSULTANT]
    page = person.get(lane(number))
    late = clock.local(clock.now() + LONGEST + make.HOUR).strftime("%Y-%m-%dT%H:%M")
    fields = [pair for pair in page.forms[lane(number)] if pair[0] not in {"members", "deadline"}]
    refused = person.post(lane(number), [*fields, ("deadline", late)])
    assert (refused.status, refused.links_of_summary()) == (422, ["#f-deadline", "#f-members"])
    assert refused.values["deadline"] == late


def test_a_member_finds_it_on_the_own_page_and_gives_an_opinion(people: People) -> None:
    number, person = opened(people), people[NURSE]
    home = person.get("/")
    assert "Ditt yttrande saknas." in home.words
    assert f'href="{lane(number)}"' in home.html
    page = person.get(lane(number))
    assert "Är intratekal behandling aktuell" in page.words
    empty = person.send(page, lane(number, "/opinions"), text="")
    assert (empty.status, empty.links_of_summary()) == (422, ["#f-text"])
    assert person.send(page, lane(number, "/opinions"), text="Jag förordar extern pump.").to == lane(number)
    assert "Jag förordar extern pump." in person.get(lane(number)).words
    assert "Ditt yttrande saknas." not in person.get("/").words


def test_whoever_was_not_asked_sees_no_opinion_and_gives_none(people: People) -> None:
    number = opened(people)
    make.opine(people.database, number, NURSE, "Jag förordar extern pump.", at=clock.now())
    page = people[make.REFERRER].get(lane(number))
    assert (page.status, "förordar" in page.words, lane(number, "/opinions") in page.forms) == (200, False, False)
    assert people[CHAIR].post(lane(number, "/opinions"), text="x").status == 403
    assert people[make.OTHER_REFERRER].get(lane(number)).status == 404
    assert people[make.STEERING].get(lane(number)).status == 403


def test_the_consultant_reads_the_conclusion_back_changes_it_and_signs(people: People) -> None:
    number, person = opened(people), people[CONSULTANT]
    make.opine(people.database, number, NURSE, at=clock.now())
    assert lane(number, "/conclude") in person.get(lane(number)).html
    form, act = person.get(lane(number, "/conclude")), lane(number, "/conclude")
    bare = person.send(form, act, do="review", outcome="optimise_conventional")
    assert bare.status == 422
    assert "#f-motivation" in bare.links_of_summary()
    read = person.send(form, act, do="review", **written(person, number))
    assert ("Granska och signera" in read.words, "Refraktär smärta." in read.words) == (True, True)
    again = person.send(read, act, do="edit")
    assert again.values["motivation"] == "Refraktär smärta."
    read = person.send(again, act, do="review", motivation="Mycket svår smärta.")
    signed = person.send(read, act, do="sign")
    assert (signed.status, signed.to) == (303, f"/cases/{number}")
    shown = person.get(f"/cases/{number}")
    assert "Mycket svår smärta." in shown.words
    assert make.state_of(people.database, number) == "decided"
    assert person.get(act).to == lane(number)


def test_the_strip_says_that_the_case_is_in_the_urgent_lane_until_it_is_concluded(people: People) -> None:
    number = opened(people)
    for path in (f"/cases/{number}", lane(number), "/cases"):
        page = people[COORDINATOR].get(path)
        assert ("I snabbspår" in page.words, "På agenda" in page.words) == (True, False), path
    make.opine(people.database, number, NURSE, at=clock.now())
    make.conclude(people.database, number, at=clock.now())
    assert "I snabbspår" not in people[COORDINATOR].get(f"/cases/{number}").words


def test_an_opinion_that_comes_while_the_consultant_writes_is_not_passed_over(people: People) -> None:
    number, person = opened(people), people[CONSULTANT]
    make.opine(people.database, number, NURSE, at=clock.now())
    act = lane(number, "/conclude")
    read = person.send(person.get(act), act, do="review", **written(person, number))
    make.opine(people.database, number, SURGEON, "Jag avråder.", at=clock.now())
    late = person.send(read, act, do="sign")
    assert late.status == 409
    assert "Jag avråder." in late.words
    assert late.values["motivation"] == "Refraktär smärta."
    read = person.send(late, act, do="review")
    assert read.status == 200
    assert person.send(read, act, do="sign").status == 303


def test_the_chair_ratifies_at_the_next_conference(people: People) -> None:
    number = opened(people)
    make.opine(people.database, number, NURSE, at=clock.now())
    make.conclude(people.database, number, at=clock.now())
    chair = people[CHAIR]
    assert "väntar på att en konferens ratificerar" in chair.get("/").words
    held = coming(people.database, [queued(people.database)])
    assert lane(number, "/ratify") not in chair.get(lane(number)).forms
    make.opened(people.database, held, at=clock.now())
    assert f'href="{lane(number)}#ratify"' in chair.get(f"/conferences/{held}").html
    done = chair.send(chair.get(lane(number)), lane(number, "/ratify"), remark="Enigt.")
    assert (done.status, done.to) == (303, f"/conferences/{held}")
    assert f'href="{lane(number)}#ratify"' not in chair.get(f"/conferences/{held}").html
    assert "Enigt." in chair.get(f"/cases/{number}").words
    assert "väntar på att en konferens ratificerar" not in chair.get("/").words


def test_what_is_over_its_deadline_stands_with_coordinator_and_consultant(people: People) -> None:
    number = make.submitted(people.database, at=clock.now() - 2 * make.DAY)
    make.urgent(people.database, number, deadline=clock.now() - make.HOUR, at=clock.now() - make.DAY)
    for name in (COORDINATOR, CONSULTANT):
        home = people[name].get("/")
        assert ("Över svarstiden" in home.words, f'href="{lane(number)}"' in home.html) == (True, True), name
    assert "över tiden" in people[CONSULTANT].get(lane(number)).words


def test_a_case_without_a_lane_says_so_to_whoever_cannot_open_one(people: People) -> None:
    number = make.submitted(people.database, at=clock.now() - make.HOUR)
    page = people[make.REFERRER].get(lane(number))
    assert (page.status, "har inget snabbspår" in page.words, lane(number) in page.forms) == (200, True, False)
    assert people[make.REFERRER].post(lane(number), version="1").status == 403


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(1439, "23 timmar kvar"), (119, "119 minuter kvar"), (-5, "5 minuter över tiden"), (-300, "5 timmar över tiden")],
)
def test_the_time_left_is_told_in_hours_until_the_last_two(minutes: int, told: str) -> None:
    assert deadline_word(make.AT + minutes * make.MINUTE, make.AT) == told
