"""Addresses that no link of ours leads to: not found, or led on safely, and never a fault of ours."""

from collections.abc import Iterator

import pytest

import make
from mdk.db import Database
from visiting import People, visiting

ODD = ["%00", "a%00b", "%F0%9F%92%A9", "%0d%0aX-Evil:1", "%ED%A0%80", "%ff", "%3Cscript%3E", "a" * 5000]
PAGES = [
    "/cases/{}",
    "/cases/{}/edit",
    "/conferences/{}",
    "/conferences/{}/session",
    "/conferences/{}/session/{}",
    "/referrals/{}",
    "/assignments-inbox/{}",
]
ACTS = ["/cases/{}/accept", "/conferences/{}/open", "/referrals/{}/accept"]


@pytest.fixture
def stored_people(database: Database) -> Iterator[People]:
    with visiting(database) as visitors:
        yield visitors


@pytest.mark.parametrize("odd", ODD)
def test_a_page_that_nothing_can_have_is_not_found(stored_people: People, odd: str) -> None:
    chair = stored_people[make.CHAIR]
    found = {page: chair.get(page.replace("{}", odd)).status for page in PAGES}
    assert {page: status for page, status in found.items() if status not in {403, 404}} == {}


@pytest.mark.parametrize("odd", ODD)
def test_an_act_that_is_read_leads_on_within_the_site(stored_people: People, odd: str) -> None:
    chair = stored_people[make.CHAIR]
    for act in ACTS:
        answer = chair.raw(act.replace("{}", odd))
        assert (answer.status_code, "x-evil" in answer.headers) == (303, False)
        assert answer.headers["location"].isascii()
        assert answer.headers["location"].startswith(act.partition("{")[0])
        assert chair.post(act.replace("{}", odd), version="1").status in {403, 404}


def test_an_act_that_is_read_never_leads_to_another_host(stored_people: People) -> None:
    answer = stored_people[make.CHAIR].raw("//cases/x/accept")
    assert not answer.headers.get("location", "/").startswith("//")


@pytest.mark.parametrize("name", [*ODD, "..%2f..%2fapp.py", "%2e%2e/app.py", "mdk.css%00", ""])
def test_a_file_that_is_none_of_ours_is_not_found(stored_people: People, name: str) -> None:
    assert stored_people[make.CHAIR].raw(f"/static/{name}").status_code == 404


def test_our_own_files_are_served(stored_people: People) -> None:
    assert stored_people[make.CHAIR].raw("/static/mdk.css").status_code == 200
    assert stored_people[make.CHAIR].raw("/static/vendor/htmx/htmx.min.js").status_code == 200
