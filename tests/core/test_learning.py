"""The learning bank: what a closed case teaches, and nobody in it."""

from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

import make
from mdk.cases import blocking
from mdk.cases.block_structs import BlockBody
from mdk.cases.tables import Case
from mdk.db import Database
from mdk.errors import NotAllowed, NotFound, RuleBroken, Stale
from mdk.learning import queries, rules, service
from mdk.learning.structs import LearningBody, LearningView
from mdk.learning.tables import LearningCase

TOLD = {
    "title": "Sakral smärta och kort tid kvar",
    "question": "Är intratekal behandling rimlig när tiden är kort?",
    "reasoning": "Smärtan var segmentell och patienten ville vara hemma.",
    "six_weeks": "Smärtan var lindrad till sist.",
}


def closed(database: Database, state: str = "closed") -> str:
    number = make.accepted(database)
    conference = make.in_session(database, [number])
    make.save(database, conference, number, make.minutes_body("nerve_block"))
    make.sign(database, conference, number)
    with database.writing() as session:
        session.execute(update(Case).where(col(Case.number) == number).values(state=state))
    return number


def test_whom_the_patient_has_shut_out_reads_no_draft_and_is_told_no_case(clinic: Database) -> None:
    number = closed(clinic)
    key = act(clinic, "begin", number=number).id
    body = BlockBody(wish="Nej.", person=make.email(make.COORDINATOR))
    make.act(clinic, make.REFERRER, blocking.block, number=number, body=body)
    assert make.ask(clinic, make.COORDINATOR, queries.unpublished) == []
    assert [line.id for line in make.ask(clinic, make.CONSULTANT, queries.unpublished)] == [key]
    with pytest.raises(NotFound):
        make.ask(clinic, make.COORDINATOR, queries.view, key)
    with clinic.writing() as session:
        session.execute(update(LearningCase).values(state="published", published_at=make.MEETS))
    for name, named in ((make.COORDINATOR, None), (make.CONSULTANT, number)):
        assert make.ask(clinic, name, queries.view, key).case == named


def act(database: Database, name: str, key: str = "", *, by: str = make.CHAIR, **given: Any) -> LearningCase:
    if key:
        with database.reading() as session:
            given = {"key": key, "version": session.get_one(LearningCase, key).version} | given
    with database.writing() as session:
        row: LearningCase = getattr(service, name)(session, by=make.viewer(database, by), at=make.MEETS, **given)
        session.flush()
        session.expunge(row)
    return row


def written(database: Database, **changes: str) -> str:
    key = act(database, "begin", number=closed(database)).id
    act(database, "write", key, body=LearningBody(**{**TOLD, **changes}))
    return key


def published(database: Database) -> str:
    key = written(database)
    act(database, "send", key)
    act(database, "publish", key, by=make.CONSULTANT)
    return key


def titles(database: Database, by: str, text: str = "") -> list[str]:
    with database.reading() as session:
        lines, _ = queries.published(session, by=make.viewer(database, by), at=make.MEETS, text=text)
        return [line.title for line in lines]


def read(database: Database, key: str, by: str) -> LearningView:
    with database.reading() as session:
        return queries.view(session, key, by=make.viewer(database, by), at=make.MEETS)


def test_a_closed_case_is_written_reviewed_and_read_by_all_who_take_part(clinic: Database) -> None:
    key = published(clinic)
    found = read(clinic, key, make.NURSE)
    assert (found.title, found.outcome, found.case, found.note) == (TOLD["title"], "nerve_block", None, "")
    assert titles(clinic, make.REFERRER) == [TOLD["title"]]
    assert read(clinic, key, make.CONSULTANT).case is not None


def test_it_is_found_by_all_of_its_words_in_any_order_and_letter_case(clinic: Database) -> None:
    published(clinic)
    assert [titles(clinic, make.NURSE, text) for text in ("hemma SMÄRTAN", "hemma pump", "%", "_")] == [
        [TOLD["title"]], [], [], [],
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["decided", "accepted", "withdrawn"])
def test_a_case_that_is_not_over_teaches_nothing_yet(ward: Database, state: str) -> None:
    number = closed(ward, state)
    with pytest.raises(RuleBroken) as refusal:
        act(ward, "begin", number=number)
    assert refusal.value.rule == "learning.case-open"


def test_a_case_has_one_learning_case(ward: Database) -> None:
    number = closed(ward)
    assert act(ward, "begin", number=number).id == act(ward, "begin", number=number).id


def test_what_is_not_whole_is_not_sent(ward: Database) -> None:
    key = written(ward, title="", reasoning=" ")
    with pytest.raises(RuleBroken) as refusal:
        act(ward, "send", key)
    assert refusal.value.rule == "learning.incomplete"
    assert [problem.field for problem in refusal.value.problems] == ["title", "reasoning"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Elsa hade ont.", "ordet ”elsa”"),
        ("Fru PROVLUND hade ont.", "ordet ”provlund”"),
        ("Hon bodde i Växjö.", "ordet ”växjö”"),
        ("Vera ringde.", "ordet ”vera”"),
        ("Numret var 19400104-2383.", "ett identitetsnummer"),
        ("Numret var 400104-2383.", "ett identitetsnummer"),
        ("Pumpen kom 2026-11-23.", "ett datum"),
        ("Pumpen kom 23 november.", "ett datum"),
        ("Se mdk-2026-0001.", "ett ärendenummer"),
        ("Ring 046-12 34 56.", "ett telefonnummer"),
        ("Skriv till nagon@example.org.", "en e-postadress"),
        (f"{'@' * 20_000} nagon@example.org", "en e-postadress"),
        ("En 86-årig kvinna.", "en exakt ålder"),
    ],
)
def test_a_text_that_tells_who_it_was_is_not_sent(ward_once: Database, text: str, found: str) -> None:
    said = rules.telling(text, make.submission(), ["Palliativa teamet Växjö", "Vera Remitterius"])
    assert said == [found]


@pytest.mark.parametrize(
    "text", ["NRS 7 av 10, 200 mg per dygn.", "Smärta vid S2–S4 hos en äldre kvinna.", "Efter 6 veckor 2/10."]
)
def test_clinical_figures_are_no_telling(text: str) -> None:
    assert [word for word in rules.telling(text, make.submission(), ["ASIH Lund"]) if word != "ett datum"] == []


def test_the_whole_refusal_names_each_field(ward: Database) -> None:
    key = written(ward, title="Elsas pump", question="Vad sade Elsa 2026-11-01?")
    with pytest.raises(RuleBroken) as refusal:
        act(ward, "send", key)
    assert refusal.value.rule == "learning.identifying"
    assert [problem.field for problem in refusal.value.problems] == ["question", "question"]


def test_the_consultant_returns_and_withdraws_and_the_writer_begins_anew(clinic: Database) -> None:
    key = written(clinic)
    act(clinic, "send", key)
    assert act(clinic, "give_back", key, by=make.CONSULTANT, note="Ta bort orten.").state == "draft"
    assert read(clinic, key, make.CHAIR).note == "Ta bort orten."
    act(clinic, "send", key)
    act(clinic, "publish", key, by=make.CONSULTANT)
    act(clinic, "withdraw", key, by=make.CONSULTANT, note="Kan kännas igen.")
    assert titles(clinic, make.NURSE) == []
    with pytest.raises(NotFound):
        read(clinic, key, make.NURSE)
    assert act(clinic, "rewrite", key).state == "draft"


@pytest.mark.parametrize("name", ["publish", "give_back", "withdraw"])
def test_only_the_consultant_reviews(ward: Database, name: str) -> None:
    key = written(ward)
    act(ward, "send", key)
    more = {} if name == "publish" else {"note": "Nej."}
    with pytest.raises(NotAllowed):
        act(ward, name, key, by=make.CHAIR, **more)


def test_states_out_of_order_and_an_old_version_change_nothing(ward: Database) -> None:
    key = written(ward)
    with pytest.raises(RuleBroken) as refusal:
        act(ward, "publish", key, by=make.CONSULTANT)
    assert refusal.value.rule == "learning.wrong-state"
    with pytest.raises(Stale):
        act(ward, "write", key, version=1, body=LearningBody(title="Gammal"))
    assert read(ward, key, make.CHAIR).title == TOLD["title"]


@pytest.mark.parametrize("by", [make.REFERRER, make.NURSE, make.SURGEON])
def test_others_write_none_and_see_no_draft(ward: Database, by: str) -> None:
    key = written(ward)
    with pytest.raises(NotFound):
        read(ward, key, by)
    with pytest.raises(NotAllowed):
        act(ward, "write", key, by=by, body=LearningBody())


@pytest.mark.parametrize("by", [make.STEERING, make.AUDITOR, make.ADMIN])
def test_who_takes_no_part_reads_none(ward: Database, by: str) -> None:
    with pytest.raises(NotAllowed):
        titles(ward, by)
