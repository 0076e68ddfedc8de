"""Whatever is typed in the search, the pages and the API find the case or do not: nothing is read as an operator."""

from typing import Any

import pytest

import make
from calling import Callers, fields, refusal
from mdk import clock
from mdk.db import Database
from visiting import visiting

LUND, COORDINATOR = make.OTHER_REFERRER, make.COORDINATOR
RTL = "\u05db\u05d0\u05d1 \u0623\u0644\u0645"
QUESTION = f'"intratekal" 50% -caine_x* NEAR(5) a:b OR o\'hara {RTL}'
HITS = [
    "%", "50%", "_x", '"', '"intratekal"', "*", "x*", "'", "o'hara", "-caine", ":", "a:b", "NEAR(5)", "NEAR", "OR",
    "OR NEAR", "(", RTL, " ".join(reversed(RTL.split())), "caine " * 30,
]  # fmt: skip
MISSES = [
    "51%", "AND", "NOT", "x* NOT", "^caine", "search_text:caine", "''", '""', "\\", "a:c", "{{7*7}}", "'; DROP",
    "\u202e", "\u202ecaine", "🙂",
]  # fmt: skip


def sent_in(database: Database) -> str:
    return make.submitted(database, make.submission(question=QUESTION), by=LUND, at=clock.now() - make.HOUR)


def test_every_sign_is_searched_for_as_it_stands_over_the_api(stored_api: Callers) -> None:  # F30
    number = sent_in(stored_api.database)

    def found(text: str) -> Any:
        answer = stored_api[COORDINATOR].get("/cases", q=text)
        return answer.status_code, [line["number"] for line in answer.json().get("items", [])]

    assert [text for text in HITS if found(text) != (200, [number])] == []
    assert [text for text in MISSES if found(text) != (200, [])] == []
    assert found("   ") == (200, [number])  # nothing is asked for


@pytest.mark.parametrize("text", ["caine\x00", "\x1b[31m", "x" * 201, "x" * 20_000])
def test_what_is_no_text_or_too_long_is_a_bad_field_over_the_api(api: Callers, text: str) -> None:
    answer = api[COORDINATOR].get("/cases", q=text)
    assert (refusal(answer), fields(answer)) == ((400, "invalid"), {"q"})


def test_the_pages_answer_calmly_and_keep_what_was_typed(embedded: Database) -> None:
    with visiting(embedded) as people:
        number, person = sent_in(embedded), people[COORDINATOR]
        for text in (*HITS, *MISSES):
            page = person.post("/cases/search", q=text)
            assert (page.status, number in page.words) == (200, text in HITS), text
            assert page.values["q"] == text.strip() or text in MISSES, text
        assert "49" not in person.post("/cases/search", q="{{7*7}}").values["q"]
        long = person.post("/cases/search", q="caine " * 4000)
        assert (long.status, number in long.words) == (200, True)
        for text in ("caine\x00", "\x1b"):
            assert person.post("/cases/search", q=text).status in {200, 422}, text
        assert person.raw("/cases?q=%00").status_code == 422
        assert person.raw("/cases?q=%FF%ED%A0%80").status_code in {200, 422}
        assert person.raw("/cases?q=" + "%22" * 2000).status_code == 200
