"""A conference: planned, put together, released, changed, moved, cancelled, held and closed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.conferences import agenda, queries, rules, service
from mdk.conferences.structs import AgendaItemBody, ConferenceState
from mdk.conferences.tables import AgendaItem, AgendaRelease, Participation
from mdk.db import Database
from mdk.errors import Invalid, MdkError, NotAllowed, NotFound, RuleBroken, Stale
from mdk.outbox.tables import OutboxRow
from mdk.people import service as people

IN_PAST = make.AT - make.MINUTE


def view(database: Database, conference_id: str, name: str = make.COORDINATOR, **given: Any) -> Any:
    return make.ask(database, name, queries.view, conference_id, **given)


def broken(database: Database, act: Any) -> tuple[str, list[str]]:
    with pytest.raises(RuleBroken) as refused:
        act()
    return refused.value.rule, [problem.field for problem in refused.value.problems]


def taking_part(database: Database, conference_id: str) -> dict[str, str]:
    """Who is invited, by local part, and as what."""
    return {
        person.email.partition("@")[0]: person.role
        for person in view(database, conference_id).people
        if person.email.endswith("@demo.mdk")
    }


def owed(database: Database, conference_id: str) -> int:
    with database.reading() as session:
        query = select(OutboxRow).where(
            col(OutboxRow.topic) == "conference.changed", col(OutboxRow.key) == conference_id
        )
        return len(session.scalars(query).all())


def disable(database: Database, name: str) -> None:
    with database.writing() as session:
        people.disable(session, email=make.email(name), at=make.AT)


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


# ------------------------------------------------------------------------------------------------- release
def test_a_release_schedules_its_cases_invites_those_concerned_and_owes_one_mail_round(clinic: Database) -> None:
    numbers = [make.accepted(clinic), make.accepted(clinic, by=make.OTHER_REFERRER)]
    planned = make.conference(clinic, numbers)
    make.release(clinic, planned)
    assert [make.state_of(clinic, number) for number in numbers] == ["scheduled", "scheduled"]
    assert taking_part(clinic, planned) == {
        make.CHAIR: "chair",
        make.CONSULTANT: "consultant",
        make.NURSE: "member",
        make.SURGEON: "member",
        make.REFERRER: "presenter",
        make.OTHER_REFERRER: "presenter",
    }
    assert (view(clinic, planned).state, view(clinic, planned).release, owed(clinic, planned)) == ("released", 1, 1)


def test_a_later_release_sends_dropped_cases_back_and_needs_a_reason_only_for_new_ones(clinic: Database) -> None:
    first, second, late = (make.accepted(clinic) for _ in range(3))
    held = make.released(clinic, [first, second])
    make.put_agenda(clinic, held, [second])
    assert view(clinic, held).unreleased_changes
    assert [slot.case for slot in view(clinic, held, make.NURSE).agenda] == [first, second]
    make.release(clinic, held)
    assert [make.state_of(clinic, number) for number in (first, second)] == ["accepted", "scheduled"]
    assert make.case_row(clinic, first).waiting_from == make.AT
    make.put_agenda(clinic, held, [second, late])
    assert broken(clinic, lambda: make.release(clinic, held))[0] == "conference.late-addition"
    assert broken(clinic, lambda: make.release(clinic, held, reason="  "))[0] == "conference.late-addition"
    make.release(clinic, held, reason="Snabb försämring")
    with clinic.reading() as session:
        reasons = session.scalars(select(AgendaRelease.override_reason).order_by(col(AgendaRelease.number)))  # type: ignore[call-overload]
        assert list(reasons) == ["", "", "Snabb försämring"]
    assert (view(clinic, held).release, make.state_of(clinic, late)) == (3, "scheduled")


def test_a_gap_holds_a_release_back_unless_someone_gave_a_reason(clinic: Database) -> None:
    gappy = make.submission(**{"safety.infection": make.LEFT_OUT, "pain": make.LEFT_OUT})
    number = make.accepted(clinic, gappy)
    planned = make.conference(clinic, [number])
    assert broken(clinic, lambda: make.release(clinic, planned)) == (
        "conference.incomplete",
        [f"{number}.pain.nrs", f"{number}.safety.infection"],
    )
    assert make.state_of(clinic, number) == "accepted"
    make.release(clinic, planned, reason="Tas muntligt")
    excused = make.submitted(clinic, gappy)
    make.do(clinic, excused, "accept", override_reason="Tas muntligt")
    make.released(clinic, [excused])


def test_a_release_without_a_consultant_or_deputy_is_refused_until_a_deputy_is_named(clinic: Database) -> None:
    planned = make.conference(clinic, [make.accepted(clinic)])
    disable(clinic, make.CONSULTANT)
    assert broken(clinic, lambda: make.release(clinic, planned))[0] == "conference.no-consultant"
    make.at_conference(clinic, planned, service.change, changes={"deputy": make.email(make.NURSE)})
    make.release(clinic, planned)
    assert view(clinic, planned).state == "released"


def test_a_conference_whose_time_has_passed_is_not_released(clinic: Database) -> None:
    planned = make.conference(clinic, [make.accepted(clinic)])
    assert broken(clinic, lambda: make.release(clinic, planned, at=make.MEETS))[0] == "conference.in-past"


@pytest.mark.parametrize("name", ["decline", "answer", "redirect", "request_supplement"])
def test_a_case_that_left_the_queue_meanwhile_holds_the_release_back(clinic: Database, name: str) -> None:
    number, other = make.accepted(clinic), make.accepted(clinic)
    planned = make.conference(clinic, [other, number])
    make.do(clinic, number, name)
    assert broken(clinic, lambda: make.release(clinic, planned, reason="Ändå")) == (
        "conference.case-not-queued",
        ["items.1.case"],
    )
    make.put_agenda(clinic, planned, [other])
    make.release(clinic, planned)


def test_a_release_on_an_older_version_is_stale(clinic: Database) -> None:
    planned = make.conference(clinic, [make.accepted(clinic)])
    with pytest.raises(Stale):
        make.at_conference(clinic, planned, agenda.release, version=1, override_reason=None)


def test_the_paediatric_team_is_invited_for_a_child(clinic: Database) -> None:
    child = make.accepted(clinic, make.submission(**{"patient.identity_number": make.CHILD}))
    held = make.released(clinic, [child])
    assert taking_part(clinic, held)[make.PAEDIATRIC] == "member"
    assert view(clinic, held).quorum.cases[0].lacking == []


# ------------------------------------------------------------------------------------------------- change, move, cancel
def test_a_change_touches_what_it_names_and_tells_once_it_was_released(clinic: Database) -> None:
    planned = make.conference(clinic)
    make.at_conference(clinic, planned, service.change, changes={"video_url": "https://video.example/x"})
    assert owed(clinic, planned) == 0
    assert (view(clinic, planned).video_url, view(clinic, planned).chair) == (
        "https://video.example/x",
        make.email(make.CHAIR),
    )
    make.at_conference(clinic, planned, service.change, changes={"video_url": None, "members": []})
    assert (view(clinic, planned).video_url, view(clinic, planned).members) == (None, [])
    make.release(clinic, planned)
    make.at_conference(clinic, planned, service.change, changes={"deputy": make.email(make.SURGEON)})
    assert taking_part(clinic, planned)[make.SURGEON] == "deputy"
    assert owed(clinic, planned) == 1


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"chair": None}, ["chair"]),
        ({"starts_at": "2020-01-01T12:00:00Z"}, ["starts_at"]),
        ({"colour": "red"}, ["colour"]),
        ({"duration_minutes": 0}, ["duration_minutes"]),
        ({"consultant": make.email(make.NURSE)}, ["consultant"]),
    ],
)
def test_a_bad_change_is_refused(ward: Database, changes: dict[str, Any], fields: list[str]) -> None:
    planned = make.conference(ward)
    with pytest.raises(Invalid) as refused:
        make.at_conference(ward, planned, service.change, changes=changes)
    assert [problem.field for problem in refused.value.problems] == fields


def test_a_conference_is_not_made_shorter_than_its_agenda(clinic: Database) -> None:
    planned = make.conference(clinic, [make.accepted(clinic)], minutes_each=30)
    shorter = lambda: make.at_conference(clinic, planned, service.change, changes={"duration_minutes": 29})  # noqa: E731
    assert broken(clinic, shorter) == ("conference.too-long", ["duration_minutes"])


@pytest.mark.parametrize("way", ["patch", "move"])
def test_a_moved_conference_asks_everyone_anew(clinic: Database, way: str) -> None:
    number = make.accepted(clinic)
    held = make.released(clinic, [number])
    make.act(clinic, make.NURSE, service.reply, conference_id=held, partstat="ACCEPTED", comment="Gärna")
    start = make.MEETS + make.DAY
    if way == "patch":
        make.at_conference(clinic, held, service.change, changes={"starts_at": start.isoformat()})
    else:
        make.at_conference(clinic, held, service.move, starts_at=start)
    assert {person.partstat for person in view(clinic, held).people} == {"NEEDS-ACTION"}
    assert (view(clinic, held).starts_at, view(clinic, held).agenda[0].starts_at) == (start, start)
    assert (make.state_of(clinic, number), owed(clinic, held)) == ("scheduled", 1)


def test_a_conference_is_not_moved_into_the_past(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    with pytest.raises(Invalid):
        make.at_conference(clinic, held, service.move, starts_at=make.AT)
    assert view(clinic, held).starts_at == make.MEETS


def test_a_cancelled_conference_gives_its_cases_back_with_their_place_kept(clinic: Database) -> None:
    scheduled, planned_only = make.accepted(clinic), make.accepted(clinic)
    held = make.released(clinic, [scheduled])
    make.put_agenda(clinic, held, [scheduled, planned_only])
    make.at_conference(clinic, held, service.cancel, reason="Konsulten är sjuk", at=make.AT + make.DAY)
    assert [make.state_of(clinic, number) for number in (scheduled, planned_only)] == ["accepted", "accepted"]
    assert make.case_row(clinic, scheduled).waiting_from == make.AT
    assert (view(clinic, held).state, view(clinic, held).cancel_reason) == ("cancelled", "Konsulten är sjuk")
    assert owed(clinic, held) == 1
    make.released(clinic, [scheduled, planned_only])


def test_a_cancelled_plan_tells_nobody(clinic: Database) -> None:
    planned = make.conference(clinic)
    make.at_conference(clinic, planned, service.cancel, reason="Helgdag")
    assert owed(clinic, planned) == 0


# ------------------------------------------------------------------------------------------------- session
def test_closing_counts_every_case_as_discussed_and_frees_what_was_only_planned(clinic: Database) -> None:
    numbers = [make.accepted(clinic) for _ in range(3)]
    held = make.released(clinic, numbers[:2])
    make.put_agenda(clinic, held, numbers)
    make.closed(clinic, make.opened(clinic, held))
    assert [make.state_of(clinic, number) for number in numbers] == ["discussed", "discussed", "accepted"]
    make.released(clinic, numbers[2:])
    with clinic.reading() as session:
        assert len(session.scalars(select(AgendaItem).where(col(AgendaItem.open).is_(True))).all()) == 1


def test_only_this_conference_s_chair_opens_and_closes(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    with clinic.writing() as session:
        people.add(session, email="annan@demo.mdk", name="Annan", role="chair", unit_id="mdk-samordning", at=make.AT)
    for name in (make.COORDINATOR, make.CONSULTANT, "annan"):
        with pytest.raises(NotAllowed):
            make.at_conference(clinic, held, service.open_session, by=name)
    make.opened(clinic, held, at=make.AT)
    with pytest.raises(NotAllowed):
        make.at_conference(clinic, held, service.close_session, by="annan")


CONFERENCE_ACTS: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "put": (make.COORDINATOR, {"items": []}, {"planned", "released"}),
    "release": (make.COORDINATOR, {"override_reason": None}, {"planned", "released"}),
    "change": (make.COORDINATOR, {"changes": {"deputy": None}}, {"planned", "released"}),
    "move": (make.COORDINATOR, {"starts_at": make.MEETS + make.DAY}, {"planned", "released"}),
    "cancel": (make.COORDINATOR, {"reason": "Sjukdom"}, {"planned", "released"}),
    "open_session": (make.CHAIR, {}, {"released"}),
    "close_session": (make.CHAIR, {}, {"in_session"}),
}


@pytest.mark.parametrize("state", ConferenceState)
@pytest.mark.parametrize("name", CONFERENCE_ACTS)
def test_each_act_is_done_in_its_states_only(ward: Database, name: str, state: str) -> None:
    held = _in_state(ward, state)
    who, given, allowed = CONFERENCE_ACTS[name]
    act: Callable[[], Any] = lambda: make.at_conference(  # noqa: E731
        ward, held, getattr(agenda if name in {"put", "release"} else service, name), by=who, **given
    )
    if state in allowed:
        act()
    else:
        assert broken(ward, act)[0] == "conference.wrong-state"
        assert make.conference_row(ward, held).state == state


def _in_state(database: Database, state: str) -> str:
    held = make.conference(database)
    if state == "cancelled":
        make.at_conference(database, held, service.cancel, reason="Sjukdom")
    if state in {"released", "in_session", "closed"}:
        make.release(database, held)
    if state in {"in_session", "closed"}:
        make.opened(database, held, at=make.AT)
    if state == "closed":
        make.closed(database, held, at=make.AT)
    return held


@pytest.mark.parametrize("state", ["in_session", "closed"])
def test_a_new_chair_can_be_named_after_the_start_and_nothing_else(clinic: Database, state: str) -> None:
    held = _in_state(clinic, state)
    with clinic.writing() as session:
        people.add(session, email="annan@demo.mdk", name="Annan", role="chair", unit_id="mdk-samordning", at=make.AT)
    before = owed(clinic, held)
    make.at_conference(clinic, held, service.change, changes={"chair": "annan@demo.mdk"})
    assert (view(clinic, held).chair, owed(clinic, held)) == ("annan@demo.mdk", before)
    both = {"chair": make.email(make.CHAIR), "duration_minutes": 90}
    assert broken(clinic, lambda: make.at_conference(clinic, held, service.change, changes=both))[0] == (
        "conference.wrong-state"
    )


# ------------------------------------------------------------------------------------------------- answers
def test_an_answer_is_the_invited_person_s_own_and_may_be_changed(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    for partstat, comment in (("ACCEPTED", "Gärna"), ("DECLINED", None)):
        make.act(clinic, make.NURSE, service.reply, conference_id=held, partstat=partstat, comment=comment)
    answers = {person.email: (person.partstat, person.comment) for person in view(clinic, held).people}
    assert answers[make.email(make.NURSE)] == ("DECLINED", "")
    assert answers[make.email(make.SURGEON)] == ("NEEDS-ACTION", "")
    for name in (make.OTHER_REFERRER, make.PAEDIATRIC):
        with pytest.raises(NotFound):
            make.act(clinic, name, service.reply, conference_id=held, partstat="ACCEPTED", comment=None)
    with pytest.raises(MdkError):
        make.act(clinic, make.COORDINATOR, service.reply, conference_id=held, partstat="ACCEPTED", comment=None)


def test_whoever_drops_off_and_comes_back_before_that_was_told_keeps_the_answer(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    make.act(clinic, make.NURSE, service.reply, conference_id=held, partstat="ACCEPTED", comment=None)
    for members in ([make.SURGEON], [make.SURGEON, make.NURSE]):
        changes = {"members": [make.email(name) for name in members]}
        make.at_conference(clinic, held, service.change, changes=changes)
    answers = {person.email: person.partstat for person in view(clinic, held).people}
    assert answers[make.email(make.NURSE)] == "ACCEPTED"


def test_whoever_dropped_off_neither_answers_nor_sees(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    make.at_conference(clinic, held, service.change, changes={"members": []})
    with pytest.raises(NotFound):
        view(clinic, held, make.NURSE)
    with pytest.raises(NotFound):
        make.act(clinic, make.NURSE, service.reply, conference_id=held, partstat="ACCEPTED", comment=None)
    with clinic.reading() as session:
        inactive = session.scalars(select(Participation).where(col(Participation.active).is_(False))).all()
        assert len(inactive) == 2


# ------------------------------------------------------------------------------------------------- quorum
def person(number: int, **given: Any) -> rules.Attending:
    return rules.Attending(person_id=number, **given)


IMPLANT_IN_A_CHILD = {"implant": True, "child": True}
FULL_TABLE = [
    person(1, profession="läkare"),
    person(2, profession="Specialistsjuksköterska", knows_patient=True),
    person(3, is_neurosurgery=True),
    person(4, is_paediatric=True),
]


@pytest.mark.parametrize(
    ("present", "question", "lacking"),
    [
        (FULL_TABLE, IMPLANT_IN_A_CHILD, []),
        (FULL_TABLE[:2], {}, []),
        (FULL_TABLE[:2], IMPLANT_IN_A_CHILD, ["neurokirurgi", "barnkonsultteamet"]),
        (FULL_TABLE[1:], IMPLANT_IN_A_CHILD, ["konsulten eller en ersättare"]),
        (FULL_TABLE[:1], {}, ["någon som känner patienten", "en sjuksköterska"]),
        ([], {}, ["konsulten eller en ersättare", "någon som känner patienten", "en sjuksköterska"]),
    ],
)
def test_a_quorum_lacks_whom_it_lacks(
    present: list[rules.Attending], question: dict[str, bool], lacking: list[str]
) -> None:
    found = rules.lacking_for_quorum(present, consultant_ids={1, 9}, **({"implant": False, "child": False} | question))
    assert found == lacking


def test_a_deputy_stands_for_the_consultant_and_who_declined_is_not_counted(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    assert view(clinic, held).quorum.met
    for name in (make.CONSULTANT, make.NURSE):
        make.act(clinic, name, service.reply, conference_id=held, partstat="DECLINED", comment=None)
    assert view(clinic, held).quorum.cases[0].lacking == ["konsulten eller en ersättare", "en sjuksköterska"]
    make.at_conference(clinic, held, service.change, changes={"deputy": make.email(make.SURGEON)})
    assert view(clinic, held).quorum.cases[0].lacking == ["en sjuksköterska"]


def test_starts_are_kept_apart_by_their_lengths() -> None:
    assert rules.starts(make.MEETS, []) == []
    assert rules.starts(make.MEETS, [5, 10]) == [make.MEETS, make.MEETS + timedelta(minutes=5)]


def test_unknown_conferences_are_not_found(clinic: Database) -> None:
    for key in ("", "x", "å" * 100):
        with pytest.raises(NotFound):
            view(clinic, key)


def test_a_consultant_who_declined_needs_a_deputy_before_the_next_release(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.released(clinic, [number])
    make.act(clinic, make.CONSULTANT, service.reply, conference_id=held, partstat="DECLINED", comment=None)
    with pytest.raises(RuleBroken) as refused:
        make.release(clinic, held)
    assert refused.value.rule == "conference.no-consultant"
    make.at_conference(clinic, held, service.change, changes={"deputy": make.email(make.CHAIR)})
    make.release(clinic, held)


def test_a_conference_that_is_over_takes_no_answers(clinic: Database) -> None:
    held = make.released(clinic, [make.accepted(clinic)])
    make.at_conference(clinic, held, service.cancel, reason="Sjukdom")
    with pytest.raises(RuleBroken) as refused:
        make.act(clinic, make.CONSULTANT, service.reply, conference_id=held, partstat="ACCEPTED", comment=None)
    assert refused.value.rule == "conference.wrong-state"


def test_a_member_needs_a_clinical_role(ward: Database) -> None:
    with pytest.raises(Invalid) as refused:
        make.conference(ward, members=[make.email(make.NURSE), make.email("chefsamrad"), make.email("admin")])
    assert [problem.field for problem in refused.value.problems] == ["members.1", "members.2"]
