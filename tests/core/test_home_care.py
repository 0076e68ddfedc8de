"""The question to home care: asked early, told outside by its number only, answered by a link, taken into the case."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from make import DAY, FUNCTION
from mdk.audit.structs import Actor
from mdk.cases import queries as cases
from mdk.db import Database
from mdk.errors import NotAllowed, NotFound, RuleBroken
from mdk.journey import triage
from mdk.outbox.tables import OutboxRow
from mdk.pathways import contacts, home_care
from mdk.pathways.structs import AnswerBody, ContactBody
from mdk.pathways.tables import HomeCareQuestion

LINK = Actor(surface="link")
UNKNOWN = make.submission(**{"home_care.can_take_extern": "unknown"})


def keep(database: Database, *, by: str = FUNCTION, **said: Any) -> None:
    body = ContactBody(**{"name": "MAS-funktionen", "email": "MAS@kommun.example", "municipality": "Växjö", **said})
    make.act(database, by, home_care.keep_contact, body=body)


def accept(database: Database, number: str) -> None:
    version = make.version_of(database, number)
    given = {"number": number, "version": version, "urgency": "normal", "override_reason": None}
    make.act(database, make.COORDINATOR, triage.accept, **given)


def asked(database: Database) -> list[HomeCareQuestion]:
    with database.reading() as session:
        rows = list(session.scalars(select(HomeCareQuestion)))
        session.expunge_all()
        return rows


def answer(database: Database, question_id: int, code: Any = "yes", **given: Any) -> None:
    said = AnswerBody(answer=code, name="Maj MAS", comment=given.pop("comment", ""))
    with database.writing() as session:
        home_care.answer(session, question_id=question_id, said=said, by=LINK, at=given.pop("at", make.AT))


def test_accepting_a_case_asks_the_municipality_at_once(clinic: Database) -> None:
    keep(clinic)
    number = make.submitted(clinic, UNKNOWN)
    accept(clinic, number)
    (question,) = asked(clinic)
    assert (question.recipient, question.name, question.answer) == ("mas@kommun.example", "MAS-funktionen", None)
    with clinic.reading() as session:
        owed = session.scalars(select(OutboxRow).where(col(OutboxRow.topic) == "question.home-care")).one()
        assert (owed.key, owed.person_id) == (str(question.id), None)
    answer(clinic, question.id or 0, "after_training", comment="Från den 1 december")
    case = make.ask(clinic, make.REFERRER, cases.view, number)
    assert case.home_care.can_take_extern == "yes"
    (line,) = make.ask(clinic, make.REFERRER, contacts.questions, number)
    assert (line.answer, line.comment, line.answered_by) == ("after_training", "Från den 1 december", "Maj MAS")


def test_nobody_is_asked_without_an_address_or_when_it_is_known(ward: Database) -> None:
    accept(ward, make.submitted(ward, UNKNOWN))
    keep(ward)
    accept(ward, make.submitted(ward, make.submission(**{"patient.identity_number": make.OTHER_ADULT})))
    assert asked(ward) == []


def test_the_whole_region_answers_where_the_municipality_has_no_address(ward: Database) -> None:
    keep(ward, municipality="", name="Kommunernas jour", email="jour@kommun.example")
    keep(ward, municipality="Älmhult")
    accept(ward, make.submitted(ward, UNKNOWN))
    assert [row.recipient for row in asked(ward)] == ["jour@kommun.example"]


def test_the_referrer_asks_once_and_again_when_it_was_answered(clinic: Database) -> None:
    number = make.submitted(clinic)

    def ask(name: str = make.REFERRER) -> None:
        make.act(clinic, name, home_care.ask, number=number)

    with pytest.raises(RuleBroken) as nowhere:
        ask()
    assert nowhere.value.rule == "case.no-home-care-contact"
    keep(clinic)
    ask()
    with pytest.raises(RuleBroken) as twice:
        ask()
    assert twice.value.rule == "case.home-care-asked"
    for name, error in ((make.OTHER_REFERRER, NotFound), (make.NURSE, NotAllowed)):
        with pytest.raises(error):
            ask(name)
    answer(clinic, asked(clinic)[0].id or 0, "no")
    ask(make.COORDINATOR)
    assert len(asked(clinic)) == 2


def test_a_draft_is_not_asked_about(ward: Database) -> None:
    with pytest.raises(RuleBroken) as refused:
        make.act(ward, make.REFERRER, home_care.ask, number=make.draft(ward))
    assert refused.value.rule == "case.wrong-state"


def test_an_answer_after_the_decision_is_shown_and_leaves_the_case_as_it_was_decided(ward: Database) -> None:
    keep(ward)
    _, number = make.signed(ward, "extern_pump")
    make.act(ward, FUNCTION, home_care.ask, number=number, at=make.LATER)
    answer(ward, asked(ward)[0].id or 0, "yes", at=make.LATER)
    assert make.ask(ward, make.REFERRER, cases.view, number).home_care.can_take_extern == "no"
    assert make.ask(ward, make.REFERRER, contacts.questions, number)[0].answer == "yes"


def test_a_closed_question_takes_no_answer(ward: Database) -> None:
    keep(ward)
    accept(ward, make.submitted(ward, UNKNOWN))
    with pytest.raises(RuleBroken) as refused:
        answer(ward, asked(ward)[0].id or 0, at=make.AT + 61 * DAY)
    assert refused.value.rule == "homecare.closed"
    with pytest.raises(NotFound):
        answer(ward, 999)


def test_addresses_are_kept_replaced_and_ended_by_their_region(clinic: Database) -> None:
    keep(clinic)
    keep(clinic, municipality="växjö", email="ny@kommun.example")
    (line,) = make.ask(clinic, FUNCTION, contacts.kept)
    assert (line.municipality, line.email) == ("växjö", "ny@kommun.example")
    for name, error in (("funktion.skane", NotFound), (make.COORDINATOR, NotAllowed)):
        with pytest.raises(error):
            make.act(clinic, name, home_care.end_contact, contact_id=line.id)
    make.act(clinic, FUNCTION, home_care.end_contact, contact_id=line.id)
    assert make.ask(clinic, FUNCTION, contacts.kept) == []
