"""A conference: planned, seen and listed, and its agenda put together."""

from datetime import timedelta
from typing import Any

import pytest

import make
from mdk.conferences import agenda, queries, service
from mdk.conferences.structs import AgendaItemBody
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound
from meeting import IN_PAST, broken, owed, view


# ------------------------------------------------------------------------------------------------- planning
def test_a_planned_conference_tells_nobody_and_shows_what_was_planned(clinic: Database) -> None:
    planned = make.conference(clinic)
    seen = view(clinic, planned)
    assert (seen.state, seen.release, seen.version, seen.minutes_free) == ("planned", 0, 1, 60)
    assert (seen.starts_at, seen.ends_at) == (make.MEETS, make.MEETS + make.HOUR)
    assert (seen.chair, seen.consultant, seen.deputy) == (make.email(make.CHAIR), make.email(make.CONSULTANT), None)
    assert sorted(seen.members) == sorted([make.email(make.NURSE), make.email(make.SURGEON)])
    assert owed(clinic, planned) == 0


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"starts_at": IN_PAST}, ["starts_at"]),
        ({"starts_at": make.AT}, ["starts_at"]),
        ({"chair": "nobody@demo.mdk"}, ["chair"]),
        ({"chair": make.email(make.NURSE)}, ["chair"]),
        ({"consultant": make.email(make.CHAIR)}, ["consultant"]),
        ({"deputy": make.email(make.ADMIN)}, ["deputy"]),
        ({"deputy": make.email(make.REFERRER)}, ["deputy"]),
        ({"members": [make.email(make.NURSE), "nobody@demo.mdk"]}, ["members.1"]),
        ({"video_url": "javascript:alert(1)"}, ["video_url"]),
        (
            {"starts_at": IN_PAST, "chair": "x@y.z", "consultant": make.email(make.NURSE), "members": ["u@v.w"]},
            ["chair", "consultant", "members.0", "starts_at"],
        ),
    ],
)
def test_a_plan_that_cannot_be_is_refused_with_everything_that_is_wrong(
    ward: Database, changes: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(Invalid) as refused:
        make.conference(ward, **changes)
    assert sorted(problem.field for problem in refused.value.problems) == fields


@pytest.mark.parametrize("name", [make.REFERRER, make.CONSULTANT, make.NURSE, make.SURGEON, make.ADMIN, make.AUDITOR])
def test_only_coordinator_and_chair_plan(ward_once: Database, name: str) -> None:
    with pytest.raises(NotAllowed):
        make.act(ward_once, name, service.plan, body=make.plan())


def test_people_are_found_however_their_address_is_written(clinic: Database) -> None:
    planned = make.conference(
        clinic, chair="Ordforande@Demo.mdk", members=[make.email(make.NURSE), "DELTAGARE@demo.mdk"]
    )
    assert (view(clinic, planned).chair, view(clinic, planned).members) == (
        make.email(make.CHAIR),
        [make.email(make.NURSE)],
    )


def test_who_may_see_a_conference(clinic: Database) -> None:
    numbers = [make.accepted(clinic), make.accepted(clinic, by=make.OTHER_REFERRER)]
    planned = make.conference(clinic, numbers)
    known = {make.COORDINATOR, make.CHAIR, make.CONSULTANT, make.NURSE, make.SURGEON}

    def seers() -> dict[str, int]:
        seen = {}
        for name in make.EVERYONE:
            try:
                seen[name] = len(view(clinic, planned, name).agenda)
            except (NotFound, NotAllowed):
                listed = name in make.EVERYONE[:14] and make.ask(clinic, name, _lines)[0]
                assert not listed
        return seen

    assert seers() == {name: 2 if name in {make.COORDINATOR, make.CHAIR} else 0 for name in known}
    make.release(clinic, planned)
    assert seers() == {**dict.fromkeys(known, 2), make.REFERRER: 1, make.OTHER_REFERRER: 1}


def _lines(session: Any, *, by: Any, at: Any) -> Any:
    return queries.lines(session, by=by)


def test_a_list_of_conferences_is_narrowed_and_paged_by_start(clinic: Database) -> None:
    ids = [make.conference(clinic, starts_at=make.MEETS + days * make.DAY) for days in (7, 0, 14)]
    ordered = [ids[1], ids[0], ids[2]]
    by = make.viewer(clinic, make.COORDINATOR)
    with clinic.reading() as session:
        first, cursor = queries.lines(session, by=by, limit=2)
        rest, end = queries.lines(session, by=by, limit=2, cursor=cursor)
        assert ([line.id for line in first + rest], end) == (ordered, None)
        later, _ = queries.lines(session, by=by, since=make.MEETS + make.DAY, until=make.MEETS + 14 * make.DAY)
        assert [line.id for line in later] == [ids[0]]


# ------------------------------------------------------------------------------------------------- the agenda
def test_slots_follow_in_order_from_the_start_without_gaps(clinic: Database) -> None:
    numbers = [make.accepted(clinic) for _ in range(3)]
    planned = make.conference(clinic)
    items = [AgendaItemBody(case=number, minutes=length) for number, length in zip(numbers, (10, 30, 20), strict=True)]
    make.at_conference(clinic, planned, agenda.put, items=items)
    seen = view(clinic, planned)
    assert [(slot.case, slot.starts_at - make.MEETS, slot.minutes) for slot in seen.agenda] == [
        (numbers[0], timedelta(0), 10),
        (numbers[1], timedelta(minutes=10), 30),
        (numbers[2], timedelta(minutes=40), 20),
    ]
    assert (seen.minutes_free, seen.agenda[0].presenter, seen.version) == (0, make.email(make.REFERRER), 2)


def test_an_agenda_that_cannot_be_is_refused_and_nothing_changed(clinic: Database) -> None:
    queued, submitted = make.accepted(clinic), make.submitted(clinic)
    elsewhere = make.accepted(clinic)
    make.conference(clinic, [elsewhere])
    planned = make.conference(clinic, [queued])

    def put(*numbers: str, minutes_each: int = 15) -> Any:
        return lambda: make.put_agenda(clinic, planned, list(numbers), minutes_each=minutes_each)

    assert broken(clinic, put(queued, queued)) == ("conference.case-twice", ["items.1.case"])
    assert broken(clinic, put(queued, minutes_each=61)) == ("conference.too-long", ["items"])
    assert broken(clinic, put(queued, submitted, "MDK-2026-9999")) == (
        "conference.case-not-queued",
        ["items.1.case", "items.2.case"],
    )
    assert broken(clinic, put(queued, elsewhere)) == ("conference.case-elsewhere", ["items.1.case"])
    assert [slot.case for slot in view(clinic, planned).agenda] == [queued]
    assert make.conference_row(clinic, planned).version == 2


def test_an_agenda_may_be_full_to_the_minute_and_emptied_again(clinic: Database) -> None:
    numbers = [make.accepted(clinic) for _ in range(2)]
    planned = make.conference(clinic, numbers, minutes_each=30)
    assert view(clinic, planned).minutes_free == 0
    make.put_agenda(clinic, planned, [])
    assert view(clinic, planned).minutes_free == 60
    assert make.conference(clinic, numbers)
