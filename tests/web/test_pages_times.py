"""Pages of series, busy times, absences, conflicts and free times."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk import clock
from mdk.clock import today
from mdk.conferences import absences, repeating
from mdk.conferences.structs import AbsenceBody
from mdk.conferences.tables import Conference
from mdk.people import service as people_acts
from mdk_calendar import busy
from mdk_calendar.reading import Reading
from mdk_web.filled import wall_time
from mdk_web.series.forms import rule_words
from visiting import People, coming, queued, soon

COORDINATOR, CHAIR, NURSE, CONSULTANT = make.COORDINATOR, make.CHAIR, make.NURSE, make.CONSULTANT
FRAME = {
    "duration_minutes": "60",
    "chair": make.email(CHAIR),
    "consultant": make.email(CONSULTANT),
    "members": make.email(NURSE),
}


def begun(people: People) -> str:
    body = make.series_plan(first_start=soon())
    return make.act(people.database, COORDINATOR, repeating.create_series, body=body, at=clock.now()).id


def conferences(people: People, series: str) -> list[Conference]:
    with people.database.reading() as session:
        rows = session.scalars(
            select(Conference).where(col(Conference.series_id) == series).order_by(col(Conference.starts_at))
        ).all()
        session.expunge_all()
        return list(rows)


def away(people: People, name: str = CONSULTANT, days: int = 2, deputy: str | None = None) -> str:
    day = today(clock.now()) + timedelta(days=days)
    body = AbsenceBody(first_day=day - timedelta(days=1), last_day=day + timedelta(days=1), deputy=deputy)
    return make.act(people.database, name, absences.record, body=body, at=clock.now()).id


# ------------------------------------------------------------------------------------------------- series
def test_a_series_is_begun_seen_and_found_again(people: People) -> None:
    person = people[COORDINATOR]
    typed = {**FRAME, "name": "Onsdagar", "every": "2", "weekday": "WE", "first_start": wall_time(soon())}
    answer = person.post("/series/new", **typed)
    shown = person.get(answer.to)
    assert (answer.status, shown.status, shown.title.partition(" ")[0]) == (303, 200, "Onsdagar")
    assert "Kommande konferenser" in shown.words
    assert "Onsdagar" in person.get("/series").words
    assert 'href="/series"' in person.get("/conferences").html


def test_weeks_are_skipped_from_the_page_of_the_series(people: People) -> None:
    series, person = begun(people), people[COORDINATOR]
    _, second, *_ = conferences(people, series)
    day = today(second.starts_at).isoformat()
    path = f"/series/{series}"
    answer = person.send(person.get(path), f"{path}/skip", first_day=day, last_day=day, reason="Kongress")
    assert (answer.status, answer.to) == (303, path)
    assert "Inställd: Kongress" in person.get(f"/conferences/{second.id}").words


@pytest.mark.parametrize(
    ("act", "typed", "field"),
    [
        ("skip", {"first_day": "2020-01-01", "last_day": "2020-01-01", "reason": "x"}, "#f-first_day"),
        ("skip", {"first_day": "2099-01-01"}, "#f-last_day"),
        ("end", {"from_day": "2020-01-01", "reason": "x"}, "#f-from_day"),
    ],
)
def test_days_that_cannot_be_come_back_with_what_was_typed(
    people: People, act: str, typed: dict[str, str], field: str
) -> None:
    series, person = begun(people), people[COORDINATOR]
    page = person.send(person.get(f"/series/{series}"), f"/series/{series}/{act}", **typed)
    assert page.status == 422
    assert page.links_of_summary()[0] == field
    assert typed.items() <= {**page.values, **typed}.items()


def test_a_series_is_changed_from_a_day_on_and_ended(people: People) -> None:
    series, person = begun(people), people[COORDINATOR]
    path = f"/series/{series}"
    day = (today(clock.now()) + timedelta(days=1)).isoformat()
    change = person.get(f"{path}/change")
    assert person.send(change, f"{path}/change", from_day=day, time="02:15").links_of_summary() == ["#f-time"]
    assert person.send(change, f"{path}/change", from_day=day, time="09:15").status == 303
    assert {f"{clock.local(row.starts_at):%H:%M}" for row in conferences(people, series)} == {"09:15"}
    assert person.send(change, f"{path}/change", from_day=day).status == 409
    answer = person.send(person.get(path), f"{path}/end", from_day=day, reason="Ny dag")
    assert answer.status == 303
    assert "Avslutad från och med" in person.get(path).words
    assert {row.state for row in conferences(people, series)} == {"cancelled"}


def test_a_series_that_comes_back_with_a_fault_does_not_go_over_another_one_s(people: People) -> None:
    series, person = begun(people), people[COORDINATOR]
    path = f"/series/{series}/change"
    typed = {"from_day": (today(clock.now()) + timedelta(days=1)).isoformat()}
    page = person.get(path)
    assert people[CHAIR].send(page, path, **typed, name="Chefens namn").status == 303
    back = person.send(page, path, **typed, time="02:15")
    assert (back.status, person.send(back, path, **typed, time="09:15").status) == (422, 409)
    assert "Chefens namn" in person.get(f"/series/{series}").words


def test_series_are_for_those_who_plan(people: People) -> None:
    series, person = begun(people), people[NURSE]
    paths = ["/series", f"/series/{series}", f"/series/{series}/change", "/conflicts"]
    assert [person.get(path).status for path in paths] == [403] * 4
    acts = [f"/series/{series}/{act}" for act in ("skip", "end", "change")]
    assert [person.post(path, **FRAME).status for path in acts] == [403] * 3
    assert people[CHAIR].get("/series/nothing").status == 404


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("FREQ=WEEKLY;BYDAY=WE", "Onsdag varje vecka, kl. 13:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "Tisdag varannan vecka, kl. 13:00"),
        ("FREQ=MONTHLY;BYDAY=1WE", "FREQ=MONTHLY;BYDAY=1WE, kl. 13:00"),
    ],
)
def test_a_rule_is_told_in_words_as_far_as_there_are_any(rule: str, said: str) -> None:
    assert rule_words(rule, make.MEETS) == said


# ------------------------------------------------------------------------------------------------- the clocks change
@pytest.mark.parametrize(("wall", "field"), [("2027-03-28T02:30", "#f-starts_at"), ("2027-10-31T02:30", "#f-fold")])
def test_an_hour_that_is_missing_is_refused_and_one_that_comes_twice_is_asked_about(
    people: People, wall: str, field: str
) -> None:
    person = people[COORDINATOR]
    page = person.post("/conferences/new", **FRAME, starts_at=wall)
    assert (page.status, page.links_of_summary()) == (422, [field])
    assert page.values["starts_at"] == wall
    assert ('name="fold"' in page.html) is (field == "#f-fold")


@pytest.mark.parametrize(("fold", "utc"), [("first", "00:30"), ("second", "01:30")])
def test_the_chosen_one_of_the_two_hours_is_planned(people: People, fold: str, utc: str) -> None:
    person = people[COORDINATOR]
    answer = person.post("/conferences/new", **FRAME, starts_at="2027-10-31T02:30", fold=fold)
    assert answer.status == 303
    row = make.conference_row(people.database, answer.to.rpartition("/")[2])
    assert f"{row.starts_at:%H:%M}" == utc


def test_moving_asks_in_the_same_way(people: People) -> None:
    held, person = make.conference(people.database, starts_at=soon()), people[COORDINATOR]
    path = f"/conferences/{held}"
    page = person.send(person.get(path), f"{path}/move", starts_at="2027-10-31T02:30")
    assert page.links_of_summary() == ["#f-fold"]
    assert person.send(page, f"{path}/move", fold="second").status == 303


# ------------------------------------------------------------------------------------------------- whose time is taken
def test_a_new_conference_shows_clashes_and_free_times_before_it_is_planned(people: People) -> None:
    make.conference(people.database, starts_at=soon())
    person = people[COORDINATOR]
    typed = {**FRAME, "starts_at": wall_time(soon())}
    page = person.post("/conferences/new", **typed, do="look")
    assert page.status == 200
    assert "Olga Förare på en annan konferens" in page.words
    pick = next(value for name, value in page.buttons if name == "do" and value.startswith("pick:"))
    picked = person.send(page, "/conferences/new", do=pick)
    assert picked.values["starts_at"] == pick.removeprefix("pick:")
    assert "Ingen är upptagen" in picked.words
    assert person.send(picked, "/conferences/new").status == 303


def test_the_conference_and_the_list_of_conflicts_name_who_is_taken(people: People) -> None:
    held = make.conference(people.database, starts_at=soon())
    by = make.viewer(people.database, NURSE)
    with people.database.writing() as session:
        times = [(soon() - make.HOUR, soon() + make.HOUR)]
        people_acts.note_busy(session, person_id=by.person_id, times=times, by=by, at=clock.now())
    person = people[COORDINATOR]
    for path in (f"/conferences/{held}", "/conflicts", f"/conferences/{held}/times"):
        words = person.get(path).words
        assert "Disa Deltagare" in words
        assert "enligt egen kalender" in words
    assert "enligt egen kalender" not in people[NURSE].get(f"/conferences/{held}").words
    assert "1 konferens har krockar" in person.get("/").words


def test_a_conference_is_moved_to_a_free_time_with_one_press(people: People) -> None:
    held, person = make.conference(people.database, starts_at=soon()), people[COORDINATOR]
    page = person.get(f"/conferences/{held}/times")
    assert person.send(page, f"/conferences/{held}/move").status == 303
    assert make.conference_row(people.database, held).starts_at.minute in {0, 15, 30, 45}
    assert people[NURSE].get(f"/conferences/{held}/times").status == 403


# ------------------------------------------------------------------------------------------------- absences
def test_the_consultant_records_an_absence_and_takes_it_back(people: People) -> None:
    held, person = make.conference(people.database, starts_at=soon()), people[CONSULTANT]
    day = today(soon()).isoformat()
    page = person.get("/calendar")
    answer = person.send(page, "/absences", first_day=day, last_day=day)
    assert (answer.status, answer.to) == (303, "/calendar")
    page = person.get("/calendar")
    assert "Ingen ersättare" in page.words
    assert f"/conferences/{held}" in page.html
    (remove,) = [action for action in page.forms if action.endswith("/remove")]
    assert person.send(page, remove).status == 303
    assert "Ingen ersättare" not in person.get("/calendar").words


def test_an_absence_that_is_over_comes_back_with_what_was_typed(people: People) -> None:
    typed = {"first_day": "2020-01-01", "last_day": "2020-01-02", "deputy": make.email(CHAIR)}
    page = people[CONSULTANT].post("/absences", **typed)
    assert (page.status, page.links_of_summary()) == (422, ["#f-last_day"])
    assert typed.items() <= page.values.items()


def test_the_coordinator_records_for_others_and_steering_for_nobody(people: People) -> None:
    day = today(soon()).isoformat()
    typed = {"first_day": day, "last_day": day, "person": make.email(CONSULTANT)}
    person = people[COORDINATOR]
    assert person.send(person.get("/calendar"), "/absences", **typed).status == 303
    assert "Kim Smärtgren" in person.get("/conflicts").words
    assert people[make.STEERING].post("/absences", **typed).status == 403
    assert people[make.STEERING].get("/calendar").status == 403


def test_a_release_without_a_consultant_is_refused_and_one_press_moves_the_cases(people: People) -> None:
    number = queued(people.database)
    held = make.conference(people.database, [number], starts_at=soon())
    later = make.conference(people.database, starts_at=soon() + 7 * make.DAY)
    away(people)
    person, path = people[COORDINATOR], f"/conferences/{held}"
    page = person.send(person.get(path), f"{path}/release")
    assert page.status == 422
    assert "Konsulten är frånvarande" in page.words
    assert f"{path}/postpone" in page.html
    offer = person.get(f"{path}/postpone")
    assert number in offer.words
    answer = person.send(offer, f"{path}/postpone")
    assert (answer.status, answer.to) == (303, f"/conferences/{later}")
    assert number in person.get(answer.to).words
    assert "Inget ärende väntar här" in person.get(f"{path}/postpone").words
    assert person.post(f"{path}/postpone", version="99").status == 409
    assert people[NURSE].get(f"{path}/postpone").status == 403


def test_a_released_conference_without_its_consultant_is_mended_by_one_press(people: People) -> None:
    number = queued(people.database)
    held = coming(people.database, [number])
    later = make.conference(people.database, starts_at=soon() + 7 * make.DAY)
    person, path = people[COORDINATOR], f"/conferences/{held}"
    assert f"{path}/postpone" not in person.get(path).html
    away(people)
    assert "Konsulten är borta: ställ in och flytta ärendena" in person.get(path).words
    offer = person.get(f"{path}/postpone")
    assert "de kallade får återbud" in offer.words
    assert person.send(offer, f"{path}/postpone").to == f"/conferences/{later}"
    assert "Inställd, med återbud till de kallade." in person.get(f"/conferences/{later}").words
    assert "Inställd: Konsulten kan inte komma" in person.get(path).words
    assert number in person.get(f"/conferences/{later}").words


def test_a_cancelled_conference_offers_its_cases_onward(people: People) -> None:
    number = queued(people.database)
    held = make.conference(people.database, [number], starts_at=soon())
    person, path = people[COORDINATOR], f"/conferences/{held}"
    assert person.send(person.get(path), f"{path}/cancel", reason="Sjukdom").status == 303
    assert f"{path}/postpone" in person.get(path).html
    refused = person.send(person.get(f"{path}/postpone"), f"{path}/postpone")
    assert refused.status == 422
    assert "Planera en konferens först" in refused.words


# ------------------------------------------------------------------------------------------------- busy calendars
def test_an_address_is_kept_shown_without_its_secret_and_forgotten(people: People) -> None:
    person = people[CONSULTANT]
    url = "https://kalender.example/hemlig/me.ics"
    assert person.send(person.get("/calendar"), "/calendar/busy", url=url).status == 303
    page = person.get("/calendar")
    assert "kalender.example, inte läst än" in page.words
    assert "hemlig" not in page.html
    assert person.send(page, "/calendar/busy/stop").status == 303
    assert "kalender.example" not in person.get("/calendar").words


def test_the_coordinator_keeps_and_ends_the_calendar_of_someone_else(people: People) -> None:
    person, url = people[COORDINATOR], "https://kalender.example/me.ics"
    owner = make.email(CONSULTANT)
    answer = person.send(person.get("/calendar"), "/calendar/busy", url=url, owner=owner)
    assert (answer.status, answer.to) == (303, "/conflicts")
    page = person.get(answer.to)
    assert "Kim Smärtgren kalender.example" in page.words
    assert people[NURSE].post("/calendar/busy", url=url, owner=owner).status == 404
    assert people[NURSE].post("/calendar/busy", url=url, owner="x@y.z").links_of_summary() == ["#f-owner"]
    assert person.send(page, "/calendar/busy/stop").status == 303
    assert "kalender.example" not in person.get("/conflicts").words


def test_no_address_comes_back_with_what_was_typed(people: People) -> None:
    page = people[CONSULTANT].post("/calendar/busy", url="min kalender")
    assert (page.status, page.links_of_summary()) == (422, ["#f-url"])
    assert page.values["url"] == "min kalender"


def test_a_calendar_that_cannot_be_read_warns_its_owner_and_the_coordinator(people: People) -> None:
    person_id = make.viewer(people.database, CONSULTANT).person_id
    url = "https://kalender.example/me.ics"
    make.act(people.database, CONSULTANT, busy.keep, person_id=person_id, url=url)
    with people.database.writing() as session:
        reading = Reading(failure="refused")
        busy.settle(session, person_id=person_id, url=url, reading=reading, at=clock.now())
    for name, path in ((CONSULTANT, "/calendar"), (COORDINATOR, "/conflicts")):
        words = people[name].get(path).words
        assert "Kan inte läsas" in words
        assert "Adressen svarar inte med en kalender" in words
    assert "Din kalender kan inte läsas" in people[CONSULTANT].get("/").words
