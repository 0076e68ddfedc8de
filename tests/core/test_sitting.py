from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from make import CHAIR, CHILD, CONSULTANT, COORDINATOR, DAY, HOUR, MEETS, MINUTE, NURSE, OTHER_REFERRER, REFERRER
from mdk import clock
from mdk.cases import queries as cases
from mdk.conferences import held, presence, service, sitting
from mdk.conferences.sitting_structs import HeldSlot, SittingView
from mdk.conferences.structs import AgendaItemBody
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, RuleBroken, Stale
from mdk.journey import room, work
from mdk.minutes import quality
from mdk.minutes.queries import view as minutes_view
from mdk.minutes.structs import MinutesView
from mdk.outbox.tables import OutboxRow
from mdk.people import service as people


@pytest.fixture
def stored(database: Database) -> Database:
    return make.people(database)


def a_conference(database: Database, count: int = 3) -> tuple[str, list[str]]:
    numbers = [make.accepted(database) for _ in range(count)]
    return make.in_session(database, numbers), numbers


def sit(database: Database, conference: str, act: Any, *, by: str = CHAIR, at: Any = MEETS, **given: Any) -> Any:
    return make.act(database, by, act, conference_id=conference, at=at, **given)


def turn(database: Database, conference: str, number: str | None, at: Any = MEETS, *, by: str = CHAIR) -> Any:
    return make.at_conference(database, conference, sitting.turn, by=by, number=number, at=at)


def look(database: Database, conference: str, *, by: str = NURSE, at: Any = MEETS) -> SittingView:
    return make.ask(database, by, held.view, conference, at=at)


def slot(database: Database, conference: str, number: str, **given: Any) -> HeldSlot:
    return next(each for each in look(database, conference, **given).agenda if each.case == number)


def written(database: Database, conference: str, number: str) -> MinutesView:
    return make.ask(database, CHAIR, minutes_view, conference, number, at=MEETS)


def test_whose_turn_it_is_is_kept_and_each_case_s_minutes_are_counted(stored: Database) -> None:
    conference, (one, two, three) = a_conference(stored)
    assert look(stored, conference).current is None
    turn(stored, conference, one)
    turn(stored, conference, two, MEETS + 9 * MINUTE)
    seen = look(stored, conference, at=MEETS + 11 * MINUTE)
    assert (seen.current, seen.is_other) == (two, False)
    assert [(each.seconds, each.is_done) for each in seen.agenda] == [(540, True), (120, False), (0, False)]
    assert seen.agenda[2].starts_at == MEETS + 24 * MINUTE
    turn(stored, conference, one, MEETS + 12 * MINUTE)
    turn(stored, conference, None, MEETS + 15 * MINUTE)
    assert slot(stored, conference, one).seconds == 720
    assert look(stored, conference).current is None
    assert slot(stored, conference, three).is_done is False


def test_a_case_that_runs_over_moves_what_comes_after_it(stored: Database) -> None:
    conference, (one, two, _) = a_conference(stored)
    turn(stored, conference, one)
    assert slot(stored, conference, two, at=MEETS + 20 * MINUTE).starts_at == MEETS + 20 * MINUTE


def test_another_chair_goes_on_where_the_first_one_was(stored: Database) -> None:
    conference, (one, two, _) = a_conference(stored)
    turn(stored, conference, one)
    another_chair(stored, "ny")
    make.at_conference(stored, conference, service.change, by=COORDINATOR, changes={"chair": "ny@demo.mdk"})
    with pytest.raises(NotAllowed):
        turn(stored, conference, two)
    turn(stored, conference, two, MEETS + MINUTE, by="ny")
    assert look(stored, conference).current == two


@pytest.mark.parametrize("who", [COORDINATOR, CONSULTANT, NURSE, REFERRER])
def test_only_the_conference_s_chair_decides_whose_turn_it_is(stored: Database, who: str) -> None:
    conference, (one, *_) = a_conference(stored)
    with pytest.raises(NotAllowed):
        turn(stored, conference, one, by=who)


def test_two_who_take_up_a_case_at_once_are_told(stored: Database) -> None:
    conference, (one, two, _) = a_conference(stored)
    seen = make.conference_row(stored, conference).version
    turn(stored, conference, one)
    with pytest.raises(Stale):
        sit(stored, conference, sitting.turn, version=seen, number=two)
    assert look(stored, conference).current == one


def test_nothing_is_taken_up_before_the_opening_nor_what_is_not_on_the_agenda(stored: Database) -> None:
    waiting, number = make.accepted(stored), make.accepted(stored)
    conference = make.released(stored, [number])
    with pytest.raises(RuleBroken) as broken:
        turn(stored, conference, number)
    assert broken.value.rule == "conference.wrong-state"
    with pytest.raises(NotFound):
        turn(stored, make.opened(stored, conference), waiting)


def test_the_order_and_the_lengths_can_be_changed_but_not_the_cases(stored: Database) -> None:
    conference, (one, two, three) = a_conference(stored)
    items = [AgendaItemBody(case=number, minutes=minutes) for number, minutes in ((three, 5), (one, 10), (two, 15))]
    make.at_conference(stored, conference, sitting.arrange, by=CHAIR, items=items, at=MEETS)
    seen = look(stored, conference)
    assert [(each.case, each.starts_at - MEETS) for each in seen.agenda] == [
        (three, timedelta(0)),
        (one, 5 * MINUTE),
        (two, 15 * MINUTE),
    ]
    for wrong, rule in ((items[:2], "conference.other-cases"), ([*items, items[0]], "conference.case-twice")):
        with pytest.raises(RuleBroken) as broken:
            make.at_conference(stored, conference, sitting.arrange, by=CHAIR, items=wrong, at=MEETS)
        assert broken.value.rule == rule


def test_the_conference_begins_with_what_was_released_whatever_was_planned_since(stored: Database) -> None:
    one, two, other = (make.accepted(stored) for _ in range(3))
    conference = make.released(stored, [one, two])
    make.put_agenda(stored, conference, [two, other], minutes_each=20)
    make.opened(stored, conference)
    assert [(each.case, each.minutes) for each in look(stored, conference, by=CHAIR).agenda] == [(one, 15), (two, 15)]


def test_who_came_makes_the_quorum_of_each_case_with_its_reason(stored: Database) -> None:
    adult, child = (
        make.accepted(stored),
        make.accepted(stored, make.submission(**{"patient.identity_number": CHILD})),
    )
    conference = make.in_session(stored, [adult, child])
    assert slot(stored, conference, adult).lacking is None
    for name in (CONSULTANT, REFERRER):
        sit(stored, conference, sitting.attend, email=make.email(name), present=True)
    assert slot(stored, conference, adult).lacking == ["en sjuksköterska"]
    sit(stored, conference, sitting.attend, email=make.email(NURSE), present=True, at=MEETS + 5 * MINUTE)
    assert slot(stored, conference, adult).lacking == []
    assert slot(stored, conference, child).lacking == ["barnkonsultteamet"]
    late = next(each for each in look(stored, conference).people if each.email == make.email(NURSE))
    assert (late.present, late.arrived_at) == (True, MEETS + 5 * MINUTE)
    sit(stored, conference, sitting.attend, email=make.email(NURSE), present=False)
    assert slot(stored, conference, adult).lacking == ["en sjuksköterska"]


def test_only_the_invited_can_be_ticked_off(stored: Database) -> None:
    conference, _ = a_conference(stored, 1)
    for email in (make.email(OTHER_REFERRER), "ingen@demo.mdk"):
        with pytest.raises(Invalid):
            sit(stored, conference, sitting.attend, email=email, present=True)


def test_new_minutes_begin_with_who_came_and_a_late_arrival_reaches_those_begun(stored: Database) -> None:
    conference, (one,) = a_conference(stored, 1)
    turn(stored, conference, one)
    sit(stored, conference, room.attend, email=make.email(CONSULTANT), present=True)
    there = [row.email for row in written(stored, conference, one).attendance if row.present]
    assert there == [make.email(CONSULTANT)]
    make.save(
        stored, conference, one, make.minutes_body(attendance=[make.present(CONSULTANT)], quorum_reason="Brådskar")
    )
    sit(stored, conference, room.attend, email=make.email(NURSE), present=True)
    rows = {row.email: (row.profession, row.present) for row in written(stored, conference, one).attendance}
    assert rows == {make.email(CONSULTANT): ("läkare", True), make.email(NURSE): ("sjuksköterska", True)}
    sit(stored, conference, room.attend, email=make.email(CONSULTANT), present=False)
    assert [row.present for row in written(stored, conference, one).attendance] == [False, True]
    make.sign(stored, conference, one)
    sit(stored, conference, room.attend, email=make.email(CONSULTANT), present=True)
    assert [row.present for row in written(stored, conference, one).attendance] == [False, True]


def test_a_deferred_case_is_signed_as_such_and_stands_in_the_queue_where_it_stood(stored: Database) -> None:
    conference, (one, *_) = a_conference(stored)
    before = make.case_row(stored, one).waiting_from
    turn(stored, conference, one)
    named: dict[str, Any] = {"number": one, "version": 0, "reason": "Konsulten måste gå.", "sealing": make.SEALING}
    sit(stored, conference, room.defer, **named)
    row = make.case_row(stored, one)
    assert (row.state, row.waiting_from) == ("accepted", before)
    assert written(stored, conference, one).motivation == "Konsulten måste gå."
    assert look(stored, conference, by=CHAIR).current is None
    assert slot(stored, conference, one, by=CHAIR).is_done


def test_cases_whose_turn_never_came_go_back_to_the_queue_at_the_closing(stored: Database) -> None:
    conference, (one, two, three) = a_conference(stored)
    before = make.case_row(stored, two).waiting_from
    turn(stored, conference, one)
    make.save(stored, conference, three)
    make.closed(stored, conference)
    assert [make.state_of(stored, number) for number in (one, two, three)] == ["discussed", "accepted", "discussed"]
    assert make.case_row(stored, two).waiting_from == before
    assert slot(stored, conference, one, by=CHAIR, at=MEETS + DAY).seconds == 3600
    assert [slot(stored, conference, number, by=CHAIR).passed_over for number in (one, two)] == [False, True]
    for scheduled in (False, True):
        if scheduled:
            assert make.released(stored, [two], starts_at=MEETS + 7 * DAY)
        with pytest.raises(RuleBroken) as refused:
            make.save(stored, conference, two)
        assert refused.value.rule == "minutes.not-discussed"
    assert make.state_of(stored, two) == "scheduled"


def test_where_no_turn_was_noted_every_case_counts_as_discussed(stored: Database) -> None:
    conference, (one, two, three) = a_conference(stored)
    make.closed(stored, conference)
    assert [make.state_of(stored, number) for number in (one, two, three)] == ["discussed"] * 3
    make.save(stored, conference, two)
    assert not slot(stored, conference, two, by=CHAIR).passed_over


def test_a_closed_conference_keeps_its_planned_times_where_no_turn_was_noted(stored: Database) -> None:
    conference, _ = a_conference(stored)
    make.closed(stored, conference)
    later = look(stored, conference, by=CHAIR, at=MEETS + 2 * DAY)
    planned = [MEETS + minutes * MINUTE for minutes in (0, 15, 30)]
    assert [each.starts_at for each in later.agenda] == planned


def test_the_patient_s_view_has_its_turn(stored: Database) -> None:
    conference, (one, *_) = a_conference(stored)
    sit(stored, conference, sitting.hear, number=one, heard=True)
    assert slot(stored, conference, one).patient_heard
    sit(stored, conference, sitting.hear, number=one, heard=False)
    assert not slot(stored, conference, one).patient_heard


def test_a_referrer_follows_the_own_case_only_and_is_not_told_who_watches(stored: Database) -> None:
    mine, theirs = make.accepted(stored), make.accepted(stored, by=OTHER_REFERRER)
    conference = make.in_session(stored, [theirs, mine])
    watch(stored, conference, NURSE)
    turn(stored, conference, theirs)
    seen = look(stored, conference, by=REFERRER, at=MEETS + MINUTE)
    assert (seen.current, seen.is_other, [each.case for each in seen.agenda]) == (None, True, [mine])
    assert seen.agenda[0].starts_at == MEETS + 15 * MINUTE
    assert (seen.connected, [each.email for each in seen.people if each.connected]) == (0, [])
    assert look(stored, conference, by=CHAIR).connected == 1


def test_who_watches_is_known_until_they_leave_or_their_stream_dies(stored: Database) -> None:
    conference, _ = a_conference(stored, 1)
    watch(stored, conference, NURSE, "a")
    watch(stored, conference, NURSE, "b")
    assert connected(stored, conference) == [make.email(NURSE)]
    with stored.writing() as session:
        presence.leave(session, stream_id="a", conference_id=conference)
        presence.stay(session, stream_id="b", conference_id=conference, at=MEETS + MINUTE / 3)
    assert connected(stored, conference, MEETS + MINUTE / 2) == [make.email(NURSE)]
    assert connected(stored, conference, MEETS + MINUTE) == []
    watch(stored, conference, CONSULTANT, "c", MEETS + 5 * MINUTE)
    with stored.writing() as session:
        presence.stay(session, stream_id="c", conference_id=conference, at=MEETS + 6 * MINUTE)
        assert presence.connected(session, conference, at=MEETS) == {make.viewer(stored, CONSULTANT).person_id}


def test_how_a_conference_went_is_computed(stored: Database) -> None:
    full = make.accepted(stored)
    bare = make.accepted(stored, make.minimal())
    conference = make.conference(stored, [full, bare])
    make.release(stored, conference, reason="Brådskar")
    make.opened(stored, conference, at=MEETS + 7 * MINUTE)
    turn(stored, conference, full, MEETS + 8 * MINUTE)
    turn(stored, conference, bare, MEETS + 20 * MINUTE)
    make.save(stored, conference, full)
    make.sign(stored, conference, full)
    make.save(stored, conference, bare, make.minutes_body(attendance=[make.present(CONSULTANT)]))
    make.closed(stored, conference)
    told = make.ask(stored, COORDINATOR, quality.view, conference, at=MEETS + HOUR)
    assert (told.late_minutes, told.on_time) == (7, False)
    first, second = told.cases
    assert (first.case, first.seconds, first.quorum, first.patient_view) == (full, 720, True, True)
    assert (first.decided, first.signed, first.waits_for_signature) == (True, True, False)
    assert (second.seconds, second.quorum, second.patient_view, second.decided) == (2400, False, False, False)
    assert second.waits_for_signature
    assert first.completeness is not None
    assert second.completeness is not None
    assert first.completeness > second.completeness
    assert [each.case for each in make.ask(stored, REFERRER, quality.view, conference, at=MEETS).cases] == [full, bare]


def test_the_coordinator_sees_what_is_unsigned_after_the_closing(stored: Database) -> None:
    conference, (one, two, _) = a_conference(stored)
    for number in (one, two):
        make.save(stored, conference, number)
    make.sign(stored, conference, one)

    def waits(who: str) -> list[tuple[str, str]]:
        tasks = make.ask(stored, who, work.waiting, limit=9, at=MEETS).tasks
        return [(task.kind, task.line.number) for task in tasks]

    assert waits(COORDINATOR) == []
    assert waits(CHAIR) == [("sign", two)]
    make.closed(stored, conference)
    assert ("unsigned", two) in waits(COORDINATOR)
    assert ("unsigned", one) not in waits(COORDINATOR)


def test_a_case_passed_over_waits_for_a_signature_where_it_was_discussed_and_nowhere_else(stored: Database) -> None:
    first, (one, two, _) = a_conference(stored)
    turn(stored, first, one)
    make.closed(stored, first)
    second = make.released(stored, [two], starts_at=MEETS + 7 * DAY)
    make.closed(stored, make.opened(stored, second, at=MEETS + 7 * DAY), at=MEETS + 7 * DAY + HOUR)

    def waits(who: str) -> set[tuple[str, str, str]]:
        tasks = make.ask(stored, who, work.waiting, limit=9, at=MEETS + 8 * DAY).tasks
        return {(task.kind, task.key, task.line.number) for task in tasks if task.kind in {"sign", "unsigned"}}

    assert waits(CHAIR) == {("sign", first, one), ("sign", second, two)}
    assert waits(COORDINATOR) == {("unsigned", first, one), ("unsigned", second, two)}
    told = [make.ask(stored, CHAIR, quality.view, held_then, at=MEETS + 8 * DAY) for held_then in (first, second)]
    assert [[each.case for each in meeting.cases if each.waits_for_signature] for meeting in told] == [[one], [two]]


def test_a_new_chair_of_lengthened_cases_reads_them_and_is_the_one_reminded(stored: Database) -> None:
    number = make.accepted(stored, make.submission(**{"patient.protected_identity": "yes"}))
    conference = make.in_session(stored, [number])
    items = [AgendaItemBody(case=number, minutes=75)]
    make.at_conference(stored, conference, sitting.arrange, by=CHAIR, items=items, at=MEETS)
    new = [another_chair(stored, name) for name in ("ny", "nyare")]
    for state, name in (("in_session", "ny"), ("closed", "nyare")):
        if state == "closed":
            make.at_conference(stored, conference, service.close_session, by="ny", at=MEETS + HOUR)
        change = {"chair": f"{name}@demo.mdk"}
        make.at_conference(stored, conference, service.change, changes=change, at=MEETS + HOUR)
        assert not make.ask(stored, name, cases.view, number, at=MEETS + HOUR).identity_hidden
    assert reminders(stored) == [(new[0], MEETS + 5 * HOUR), (new[1], MEETS + 5 * HOUR)]
    with stored.reading() as session:
        told = [quality.has_unsigned(session, conference, chair_id=person) for person in new]
    assert told == [False, True]


def another_chair(database: Database, name: str) -> int:
    with database.writing() as session:
        unit, address = make.viewer(database, CHAIR).unit_id, f"{name}@demo.mdk"
        people.add(session, email=address, name="Ny Förare", role="chair", unit_id=unit, at=MEETS)
    return make.viewer(database, name).person_id


def reminders(database: Database) -> list[tuple[int | None, Any]]:
    with database.reading() as session:
        query = select(OutboxRow).where(col(OutboxRow.topic) == "notice.minutes-unsigned").order_by(col(OutboxRow.id))
        return [(row.person_id, row.due_at) for row in session.scalars(query)]


def test_the_reminder_comes_at_six_or_in_an_hour() -> None:
    assert clock.evening(MEETS) == MEETS + 5 * HOUR
    assert clock.evening(MEETS + 8 * HOUR) == MEETS + 9 * HOUR


def watch(database: Database, conference: str, name: str, stream: str = "s", at: Any = MEETS) -> None:
    with database.writing() as session:
        person = make.viewer(database, name).person_id
        presence.join(session, stream_id=stream, conference_id=conference, person_id=person, at=at)


def connected(database: Database, conference: str, at: Any = MEETS) -> list[str]:
    return [each.email for each in look(database, conference, by=CHAIR, at=at).people if each.connected]
