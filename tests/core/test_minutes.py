"""Minutes: suggested and saved, by whom, and who may read them when."""

from datetime import timedelta
from typing import Any

import pytest

import make
from core.minuting import add_to, broken, view
from mdk.db import Database
from mdk.errors import NotAllowed, NotFound, Stale
from mdk.minutes import queries, service
from mdk.minutes.structs import MinutesBody
from mdk.people import service as people

SEE_ALL = {make.COORDINATOR, make.CHAIR, make.CONSULTANT}


def readers(database: Database, conference_id: str, number: str, at: Any) -> set[str]:
    seeing = set()
    for name in make.EVERYONE:
        try:
            view(database, conference_id, number, name, at=at)
            seeing.add(name)
        except (NotFound, NotAllowed):
            continue
    return seeing


def test_before_the_first_save_content_is_suggested_as_version_0(held: tuple[Database, str, str]) -> None:
    clinic, conference_id, number = held
    seen = view(clinic, conference_id, number)
    assert (seen.version, seen.signed, seen.addenda, seen.outcome) == (0, None, [], None)
    attending = {row.email: (row.present, row.knows_patient) for row in seen.attendance}
    assert attending[make.email(make.REFERRER)] == (False, True)
    assert make.email(make.CONSULTANT) in attending
    assert {row.what: row.assessment for row in seen.contraindications} == {
        "infection": "none",
        "coagulation": "none",
        "intraspinal_growth": "none",
        "raised_icp": "none",
    }
    assert seen.informs_patient == "Vera Remitterius"
    assert not seen.out_of_hours_contact  # Kronoberg has no cover: the chair must name someone
    assert [(verdict.id, verdict.met) for verdict in seen.rules] == [
        ("pump.intern-duration", "yes"),
        ("pump.intern-mobility", "yes"),
    ]
    assert make.minutes_version(clinic, conference_id, number) == 0


def test_the_first_save_makes_the_case_discussed_and_each_save_raises_the_version(
    held: tuple[Database, str, str],
) -> None:
    clinic, conference_id, number = held
    make.save(clinic, conference_id, number, MinutesBody())
    assert (make.state_of(clinic, number), make.minutes_version(clinic, conference_id, number)) == ("discussed", 1)
    make.save(clinic, conference_id, number, make.minutes_body(answer="Nej"))
    seen = view(clinic, conference_id, number)
    assert (seen.version, seen.answer, seen.outcome) == (2, "Nej", "extern_pump")
    for version in (0, 1, 3):
        with pytest.raises(Stale) as stale:
            make.act(
                clinic,
                make.CHAIR,
                service.save,
                conference_id=conference_id,
                number=number,
                version=version,
                body=make.minutes_body(answer="Annat"),
            )
        assert stale.value.current == 2
    assert view(clinic, conference_id, number).answer == "Nej"


def test_minutes_are_not_written_before_the_conference_began_but_also_after_it_closed(clinic: Database) -> None:
    number = make.accepted(clinic)
    conference_id = make.released(clinic, [number])
    assert broken(lambda: make.save(clinic, conference_id, number))[0] == "minutes.not-in-session"
    assert view(clinic, conference_id, number).version == 0
    make.closed(clinic, make.opened(clinic, conference_id))
    make.save(clinic, conference_id, number, at=make.MEETS + make.DAY)
    make.sign(clinic, conference_id, number, at=make.MEETS + make.DAY)
    assert make.state_of(clinic, number) == "decided"


def test_a_case_that_is_not_on_the_released_agenda_has_no_minutes(held: tuple[Database, str, str]) -> None:
    clinic, conference_id, _ = held
    other = make.accepted(clinic)
    for number in (other, "MDK-2026-9999", ""):
        with pytest.raises(NotFound):
            view(clinic, conference_id, number)
        with pytest.raises(NotFound):
            make.save(clinic, conference_id, number)
    planned = make.conference(clinic, [other])
    with pytest.raises(NotFound):
        view(clinic, planned, other)


def test_only_this_conference_s_chair_writes_signs_and_adds(held: tuple[Database, str, str]) -> None:
    clinic, conference_id, number = held
    with clinic.writing() as session:
        people.add(session, email="annan@demo.mdk", name="Annan", role="chair", unit_id="mdk-samordning", at=make.AT)
    make.save(clinic, conference_id, number)
    for name in ("annan", make.COORDINATOR, make.CONSULTANT, make.NURSE, make.REFERRER):
        with pytest.raises(NotAllowed):
            make.save(clinic, conference_id, number, by=name)
        with pytest.raises(NotAllowed):
            make.sign(clinic, conference_id, number, by=name)
        with pytest.raises(NotAllowed):
            add_to(clinic, conference_id, number, by=name)


# ------------------------------------------------------------------------------------------------- who may read
def test_a_draft_is_read_by_those_who_lead_and_in_session_by_the_invited(clinic: Database) -> None:
    numbers = [make.accepted(clinic), make.accepted(clinic, by=make.OTHER_REFERRER)]
    conference_id = make.released(clinic, numbers)
    assert readers(clinic, conference_id, numbers[0], make.AT) == SEE_ALL
    make.opened(clinic, conference_id)
    make.save(clinic, conference_id, numbers[0])
    invited = {make.NURSE, make.SURGEON}
    assert readers(clinic, conference_id, numbers[0], make.MEETS) == {make.REFERRER, *SEE_ALL, *invited}
    assert readers(clinic, conference_id, numbers[1], make.MEETS) == {make.OTHER_REFERRER, *SEE_ALL, *invited}
    make.closed(clinic, conference_id)
    assert readers(clinic, conference_id, numbers[0], make.MEETS + make.HOUR) == SEE_ALL


def test_signed_minutes_are_read_by_the_referring_and_the_receiving_unit_and_for_a_while_by_the_members(
    clinic: Database,
) -> None:
    conference_id, number = make.signed(clinic, "extern_pump")
    make.closed(clinic, conference_id)
    lasting = {make.REFERRER, make.FUNCTION, *SEE_ALL}
    end = make.MEETS + make.HOUR + 30 * make.DAY
    assert readers(clinic, conference_id, number, end - timedelta(seconds=1)) == {*lasting, make.NURSE, make.SURGEON}
    assert readers(clinic, conference_id, number, end) == lasting
    for name in lasting:
        (seen,) = make.ask(clinic, name, queries.of_case, number, at=end)
        assert (seen.outcome, seen.conference) == ("extern_pump", conference_id)
    with pytest.raises(NotFound):
        make.ask(clinic, make.NURSE, queries.of_case, number, at=end)


def test_drafts_are_not_among_a_case_s_minutes(held: tuple[Database, str, str]) -> None:
    clinic, conference_id, number = held
    make.save(clinic, conference_id, number)
    assert make.ask(clinic, make.CHAIR, queries.of_case, number) == []
    with clinic.reading() as session:
        case_id = make.case_row(clinic, number).id
        assert queries.states(session, conference_id) == {case_id: (False, "extern_pump")}
