"""Who stands on a conference's page: kept when something else is changed, and a new chair once it has begun."""

import pytest

import make
from make import CHAIR, COORDINATOR, NURSE, REFERRER
from mdk import clock
from mdk.conferences import queries, repeating, service
from mdk.conferences import series as series_queries
from mdk.db import Database
from mdk.people import queries as names
from mdk.people import service as staff
from meeting import disable
from visiting import Page, People, Person, coming, queued, soon


def hired(database: Database, name: str, role: str, unit_id: str) -> None:
    with database.writing() as session:
        person = names.viewer(session, email=make.email(name))
        staff.add(session, email=person.email, name=person.name, role=role, unit_id=unit_id, at=make.AT)


def pass_chair(person: Person, conference: str, **typed: str) -> Page:
    return person.send(person.get(f"/conferences/{conference}"), f"/conferences/{conference}/chair", **typed)


def chair_of(people: People, conference: str) -> str:
    return make.ask(people.database, COORDINATOR, queries.view, conference, at=clock.now()).chair


def test_a_change_of_one_field_keeps_everyone_who_stands_there(people: People) -> None:
    held = coming(people.database, [queued(people.database)])
    standing = [make.email(name) for name in (REFERRER, COORDINATOR, make.SURGEON)]
    there = {"deputy": make.email(COORDINATOR), "members": standing}
    make.at_conference(people.database, held, service.change, changes=there, at=clock.now())
    for name in (COORDINATOR, make.SURGEON):
        hired(people.database, name, role="regional_function", unit_id="funktion-halland")
    disable(people.database, make.SURGEON)
    person, path = people[COORDINATOR], f"/conferences/{held}/edit"
    assert person.send(person.get(path), path, video_url="https://video.example/ny").status == 303
    seen = make.ask(people.database, COORDINATOR, queries.view, held, at=clock.now())
    assert (seen.video_url, seen.deputy, sorted(seen.members)) == (
        "https://video.example/ny",
        make.email(COORDINATOR),
        sorted(standing),
    )


def test_a_change_of_a_series_keeps_everyone_who_stands_there(people: People) -> None:
    there = {"deputy": make.email(COORDINATOR), "members": [make.email(REFERRER)]}
    begun = make.series_plan(first_start=soon(), **there)
    series = make.act(people.database, COORDINATOR, repeating.create_series, body=begun, at=clock.now()).id
    person, path = people[COORDINATOR], f"/series/{series}/change"
    day = (clock.today(clock.now()) + make.DAY).isoformat()
    assert person.send(person.get(path), path, from_day=day, name="Nytt namn").status == 303
    with people.database.reading() as session:
        seen = series_queries.one_series(session, series, by=make.viewer(people.database, COORDINATOR))
    assert (seen.name, seen.deputy, seen.members) == ("Nytt namn", there["deputy"], there["members"])


def test_whoever_may_stand_in_can_be_chosen_whatever_else_they_do(people: People) -> None:
    hired(people.database, make.CONSULTANT, role="regional_function", unit_id="funktion-halland")
    page = people[COORDINATOR].get("/conferences/new")
    deputies = page.html.partition('name="deputy"')[2].partition("</select>")[0]
    offered = {name for name in make.EVERYONE if make.email(name) in deputies}
    assert offered == {make.CONSULTANT, make.CHAIR, NURSE, make.PAEDIATRIC, COORDINATOR, make.SURGEON}


@pytest.mark.parametrize("state", ["in_session", "closed"])
def test_a_new_chair_is_named_on_the_page_once_it_has_begun(people: People, state: str) -> None:
    conference = coming(people.database, [queued(people.database)])
    person, path = people[COORDINATOR], f"/conferences/{conference}/chair"
    make.opened(people.database, conference, at=clock.now())
    if state == "closed":
        make.closed(people.database, conference, at=clock.now())
    assert "Ingen annan har uppdraget konferensordförande" in person.get(f"/conferences/{conference}").words
    hired(people.database, make.CONSULTANT, role="chair", unit_id="mdk-samordning")
    assert "Byt ordförande" not in people[NURSE].get(f"/conferences/{conference}").words
    assert pass_chair(person, conference).links_of_summary() == ["#f-chair"]
    late = person.get(f"/conferences/{conference}")
    assert pass_chair(person, conference, chair=make.email(make.CONSULTANT)).status == 303
    seen = person.get(f"/conferences/{conference}")
    assert ("Ordföranden är bytt." in seen.words, chair_of(people, conference)) == (True, make.email(make.CONSULTANT))
    again = person.send(late, path, chair=make.email(CHAIR))
    assert (again.status, "Någon annan hann före" in again.words) == (409, True)


def test_a_new_chair_is_refused_to_those_who_do_not_plan_and_who_cannot_chair(people: People) -> None:
    conference = coming(people.database, [queued(people.database)])
    make.opened(people.database, conference, at=clock.now())
    path = f"/conferences/{conference}/chair"
    assert people[NURSE].post(path, version="1", chair=make.email(make.CONSULTANT)).status == 403
    hired(people.database, NURSE, role="chair", unit_id="mdk-samordning")
    page = pass_chair(people[COORDINATOR], conference, chair=make.email(make.CONSULTANT))
    assert (page.status, page.links_of_summary()) == (422, ["#f-chair"])
    assert "Personen har inte uppdraget konferensordförande" in page.words
    assert chair_of(people, conference) == make.email(CHAIR)
