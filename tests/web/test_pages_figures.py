"""The pages, files and API of the figures: what each role sees, and what the forms refuse."""

import pytest

import make
from mdk_web.figures.register_sheets import as_csv
from mdk_web.figures.sheets import download, plain
from visiting import People

PAGES = ["/figures", "/figures/goals", "/figures/questions", "/figures/prevalence"]
SHEETS = ["/figures/figures.csv", "/figures/goals.csv", "/figures/places.csv"]
TABLE = "place;region;patients;high_dose;advanced\nVäxjö;kronoberg;30;4;0\nSumma;;30;4;0\n"


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


def test_a_level_that_someone_else_decided_first_is_told_of(people: People) -> None:
    steering, goal = people[make.STEERING], "/figures/goals/implemented"
    page = steering.get("/figures/goals")
    steering.send(page, goal, **{"level-implemented": "75"})
    late = steering.send(page, goal, **{"level-implemented": "80"})
    assert (late.status, "Någon annan hann före" in late.words) == (409, True)


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


def test_the_register_is_fetched_as_csv_and_json_and_never_names_a_patient(people: People) -> None:
    number = decide(people)
    coordinator = people[make.COORDINATOR]
    for path in ("/register/rows.csv?year=2026", "/register/rows.json?year=2026"):
        answer = coordinator.raw(path)
        assert answer.status_code == 200
        assert "nerve_block" in answer.text
        assert not any(secret in answer.text for secret in (number, "Provlund", make.ADULT))
    assert "nerve_block = Nervblockad" in coordinator.raw("/register/dictionary.csv").text


def test_the_administrator_maps_a_code_and_sees_no_row(people: People) -> None:
    admin = people[make.ADMIN]
    path = "/register/codes/outcome"
    refused = admin.send(admin.get(path), path, **{"target-nerve_block": "XX1"})
    assert (refused.status, refused.links_of_summary()) == (422, ["#f-system-nerve_block"])
    assert ("target-nerve_block", "XX1") in refused.forms[path]
    assert admin.send(refused, path, **{"system-nerve_block": "KVÅ"}).to == "/register"
    assert admin.get("/register/rows.csv").status == 403
    decide(people)
    text = people[make.COORDINATOR].raw("/register/rows.csv?year=2026").text
    assert text.splitlines()[0].endswith(";outcome_mapped")
    assert text.splitlines()[1].endswith(";XX1")


def test_a_cell_that_a_spreadsheet_would_run_is_told_as_text() -> None:  # csv-injection
    assert [plain(text) for text in ("=1+1", "@cmd", "-2", 3.5, None)] == ["'=1+1", "'@cmd", "'-2", "3,5", "dolt"]
    assert as_csv([["=1+1", "a"]]) == "'=1+1;a\n"
    assert download("x", [["=1+1", "a"]]).content == "\ufeff'=1+1;a\r\n".encode()


def test_a_column_of_two_words_has_its_page_too(people: People) -> None:
    page = people[make.ADMIN].get("/register/codes/home-region")
    assert (page.status, "/register/codes/home-region" in page.forms) == (200, True)
