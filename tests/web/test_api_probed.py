"""Every operation of the served document, called as each role with what schemathesis makes up of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from probing import DONE, ROWS, Prober, filled
from rehearsal import rehearsing

FEW, MANY = 2, 150  # examples of good and of bad values, for each operation
HANDFUL = 19
# What needs more: a file, an invitation that was sent, an inserted pump, a pack that lacks something.
OUT_OF_REACH = {
    "POST /api/v1/cases/{number}/attachments",
    "GET /api/v1/conferences/{conference_id}/invitation.ics",
    "GET /api/v1/cases/{number}/follow-ups",
    "POST /api/v1/implant-referrals/{referral_id}/complete-pack",
}


@pytest.fixture(scope="module")
def prober(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prober]:
    with rehearsing(_sqlite_template, tmp_path_factory.mktemp("probed"), filled) as world:
        yield Prober(world)


def test_the_document_describes_every_route_of_the_api(prober: Prober) -> None:
    assert set(prober.operations) == set(ROWS)


@pytest.mark.parametrize("first", range(0, len(ROWS), HANDFUL))
def test_each_answer_is_one_that_the_document_describes(prober: Prober, first: int) -> None:  # F30
    unreached = []
    for row in ROWS[first : first + HANDFUL]:
        reached = DONE if row.startswith("GET") else {*DONE, 409}
        if not prober.call_well(row) & reached and row not in OUT_OF_REACH:
            unreached.append(row)
        prober.probe(row, examples=FEW)
    assert unreached == []


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("first", range(0, len(ROWS), HANDFUL))
def test_so_is_each_of_very_many(prober: Prober, first: int) -> None:  # F30
    for row in ROWS[first : first + HANDFUL]:
        prober.probe(row, examples=MANY)
