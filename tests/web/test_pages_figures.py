"""The pages, files and API of the figures: what each role sees, and what the forms refuse."""

from collections.abc import Iterator

import pytest

import make
from mdk.db import Database
from visiting import People, visiting

PAGES = ["/figures", "/figures/goals", "/figures/questions", "/figures/prevalence"]
SHEETS = ["/figures/figures.csv", "/figures/goals.csv", "/figures/places.csv"]
TABLE = "place;region;patients;high_dose;advanced\nVäxjö;kronoberg;30;4;0\nSumma;;30;4;0\n"


@pytest.fixture
def people(embedded: Database) -> Iterator[People]:
    with visiting(embedded) as found:
        yield found


def decide(people: People) -> str:
    number = make.accepted(people.database)
    conference = make.in_session(people.database, [number])
    make.save(people.database, conference, number, make.minutes_body("nerve_block"))
    make.sign(people.database, conference, number)
    return number


@pytest.mark.parametrize("path", PAGES)
def test_the_steering_group_reads_every_page_and_no_case(people: People, path: str) -> None:
    number = decide(people)
    shown = people[make.STEERING].get(path)
    assert shown.status == 200
    for secret in (number, "Elsa Provlund", make.ADULT):
        assert secret not in shown.html


@pytest.mark.parametrize("path", [*PAGES, *SHEETS])
@pytest.mark.parametrize("who", [make.REFERRER, make.SURGEON, make.AUDITOR])
def test_others_are_turned_away(people: People, who: str, path: str) -> None:
    assert people[who].get(path).status == 403


def test_small_counts_are_hidden_from_the_steering_group_and_shown_to_the_coordinator(people: People) -> None:
    decide(people)
    assert "Med rekommendation 0 0 dolt 0 dolt" in people[make.STEERING].get("/figures?year=2026").words
    assert "Med rekommendation 0 0 1 0 1" in people[make.COORDINATOR].get("/figures?year=2026").words


@pytest.mark.parametrize("path", SHEETS)
def test_a_file_hides_small_counts_whoever_asks(people: People, path: str) -> None:
    decide(people)
    answer = people[make.COORDINATOR].raw(f"{path}?year=2026")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].endswith('-2026.csv"')
    assert answer.text.startswith("\ufeff")
    counts = [cell for row in answer.text.splitlines()[1:] for cell in row.split(";")[6:]]
    assert "1" not in counts


def test_the_published_table_is_shown_with_shares_that_are_computed(people: People) -> None:
    words = people[make.STEERING].get("/figures/prevalence").words
    assert "116 av 585 har hög dos" in words
    assert "Lund Skåne 53 11 20,8 % 2" in words
    assert "Kristianstad Skåne 35 4 11,4 % 1" in words
    assert "Summa 585 116 19,8 % 6" in words


def test_a_level_is_decided_on_the_page(people: People) -> None:
    steering = people[make.STEERING]
    page = steering.get("/figures/goals")
    assert steering.send(page, "/figures/goals/implemented", **{"level-implemented": "75 %"}).to == "/figures/goals"
    assert "Det som rekommenderades blev utfört 75 % –" in steering.get("/figures/goals").words


@pytest.mark.parametrize("typed", ["", "101", "-1", "nittio", "9,5"])
def test_a_level_that_is_none_is_refused_with_its_typing_kept(people: People, typed: str) -> None:
    steering = people[make.STEERING]
    page = steering.send(steering.get("/figures/goals"), "/figures/goals/implemented", **{"level-implemented": typed})
    assert page.status == 422
    assert page.links_of_summary() == ["#f-level-implemented"]
    assert ("level-implemented", typed.replace(".", ",")) in page.forms["/figures/goals/implemented"]


def test_a_point_prevalence_is_pasted_and_a_wrong_one_kept_for_mending(people: People) -> None:
    coordinator = people[make.COORDINATOR]
    wrong = coordinator.post(
        "/figures/prevalence", year="2026", week="39", source="", table=TABLE.replace("Summa;;30", "Summa;;31")
    )
    assert wrong.status == 422
    assert "Summa;;31" in wrong.html
    right = coordinator.post("/figures/prevalence", year="2026", week="39", source="Nätverket", table=TABLE)
    assert right.to == "/figures/prevalence"
    assert "Vecka 39, 2026: 4 av 30 har hög dos" in coordinator.get("/figures/prevalence").words


def test_a_year_that_is_none_is_refused(people: People) -> None:
    assert people[make.COORDINATOR].get("/figures?year=19").status == 422
