"""What those who do not plan a conference see of it: the last release, and nobody's comment but their own."""

import make
from mdk.conferences import queries, service
from mdk.db import Database
from mdk.journey import work


def counts(database: Database, name: str) -> list[tuple[int, int]]:
    by = make.viewer(database, name)
    with database.reading() as session:
        lines, _ = queries.lines(session, by=by)
    return [(line.case_count, line.minutes_booked) for line in lines]


def test_a_list_counts_the_release_for_the_invited_and_the_working_agenda_for_planners(clinic: Database) -> None:
    numbers = [make.accepted(clinic), make.accepted(clinic)]
    held = make.conference(clinic, numbers[:1])
    assert (counts(clinic, make.NURSE), counts(clinic, make.CHAIR)) == ([(0, 0)], [(1, 15)])
    make.release(clinic, held)
    make.put_agenda(clinic, held, numbers)
    assert (counts(clinic, make.NURSE), counts(clinic, make.COORDINATOR)) == ([(1, 15)], [(2, 30)])


def test_the_next_conference_counts_no_case_for_a_member_before_the_release(clinic: Database) -> None:
    make.conference(clinic, [make.accepted(clinic)])
    coming = [make.ask(clinic, name, work.next_conference) for name in (make.NURSE, make.COORDINATOR)]
    assert [each and each.case_count for each in coming] == [0, 1]


def test_a_comment_is_read_by_planners_and_by_who_wrote_it(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    make.act(clinic, make.NURSE, service.reply, conference_id=held, partstat="DECLINED", comment="Ledig")
    readers = [make.COORDINATOR, make.CHAIR, make.NURSE, make.REFERRER, make.CONSULTANT]
    said = [
        "".join(person.comment for person in make.ask(clinic, name, queries.view, conference_id=held).people)
        for name in readers
    ]
    assert said == ["Ledig", "Ledig", "Ledig", "", ""]


def test_moving_to_the_same_time_keeps_the_answers(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    make.act(clinic, make.NURSE, service.reply, conference_id=held, partstat="ACCEPTED", comment=None)
    make.at_conference(clinic, held, service.move, starts_at=make.MEETS)
    view = make.ask(clinic, make.COORDINATOR, queries.view, conference_id=held)
    assert {p.partstat for p in view.people if p.email == make.email(make.NURSE)} == {"ACCEPTED"}


def test_a_case_that_was_deferred_waits_to_be_signed_only_where_it_is_discussed_anew(clinic: Database) -> None:
    _, number = make.signed(clinic, "deferred")
    again = make.released(clinic, [number], starts_at=make.MEETS + 7 * make.DAY)
    make.save(clinic, make.opened(clinic, again), number)
    waiting = make.ask(clinic, make.CHAIR, work.waiting, limit=6)
    assert (waiting.total, [task.key for task in waiting.tasks]) == (1, [again])
