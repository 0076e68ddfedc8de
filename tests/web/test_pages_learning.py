"""The pages of the learning bank."""

from sqlalchemy import update
from sqlmodel import col

import make
from mdk.cases.tables import Case
from mdk.db import Database
from visiting import People


def closed(database: Database) -> str:
    number = make.accepted(database)
    conference = make.in_session(database, [number])
    make.save(database, conference, number, make.minutes_body("nerve_block"))
    make.sign(database, conference, number)
    with database.writing() as session:
        session.execute(update(Case).where(col(Case.number) == number).values(state="closed"))
    return number


def test_a_closed_case_becomes_a_learning_case_that_a_nurse_finds(people: People) -> None:
    number = closed(people.database)
    chair, consultant, nurse = people[make.CHAIR], people[make.CONSULTANT], people[make.NURSE]
    case = chair.get(f"/cases/{number}")
    path = chair.send(case, f"/cases/{number}/learning").to
    draft = chair.get(path)
    refused = chair.send(draft, f"{path}/send", title="Elsa och pumpen", question="Vad göra?", reasoning="Så här.")
    assert (refused.status, refused.links_of_summary()) == (422, ["#f-title"])
    assert "ordet ”elsa”" in refused.words
    assert ("question", "Vad göra?") in refused.forms[f"{path}/send"]
    assert chair.send(refused, f"{path}/send", title="En blockad som räckte").to == path
    assert consultant.send(consultant.get(path), f"{path}/publish").to == path
    assert "En blockad som räckte" in nurse.get("/learning?q=blockad").words
    shown = nurse.get(path)
    assert number not in shown.html
    assert "Så här." in shown.words


def test_a_draft_that_comes_back_with_a_fault_does_not_go_over_another_one_s(people: People) -> None:
    number = closed(people.database)
    chair, consultant = people[make.CHAIR], people[make.CONSULTANT]
    path = chair.send(chair.get(f"/cases/{number}"), f"/cases/{number}/learning").to
    page = chair.get(path)
    written = [("title", "En rubrik"), ("question", "Konsultens fråga"), ("version", page.values["version"])]
    assert consultant.post(f"{path}/write", written).to == path
    back = chair.send(page, f"{path}/send", title="x" * 5000, question="Min fråga", reasoning="Så här.")
    again = chair.send(back, f"{path}/send", title="En blockad som räckte")
    assert (back.status, again.status, "Någon annan hann före" in again.words) == (422, 409, True)
    assert "Konsultens fråga" in chair.get(path).html


def test_the_list_teaches_when_it_is_empty_and_when_nothing_is_found(people: People) -> None:
    nurse = people[make.NURSE]
    assert "Det finns inga lärfall än." in nurse.get("/learning").words
    assert "Inget lärfall innehåller alla de orden." in nurse.get("/learning?q=pump").words


def test_the_steering_group_has_no_learning_bank(people: People) -> None:
    assert people[make.STEERING].get("/learning").status == 403


def test_an_act_that_there_is_not_is_not_found(people: People) -> None:
    assert people[make.CHAIR].post("/learning/abc/burn").status == 404
