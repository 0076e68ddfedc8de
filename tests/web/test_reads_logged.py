"""An answer that shows a patient is in the access log, also when a request comes twice or is turned away."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

import lending
import make
from calling import Callers, calling, refusal
from mdk import cursors, settings
from mdk.audit.tables import AccessLog
from mdk.db import Database
from visiting import SECRET, People, visiting


def logged(database: Database) -> list[tuple[str, str, bool]]:
    with database.reading() as session:
        rows = session.execute(
            select(col(AccessLog.act), col(AccessLog.cases), col(AccessLog.allowed)).order_by(col(AccessLog.id))
        )
        return [(act, cases, allowed) for act, cases, allowed in rows]


def test_a_repeated_creation_that_shows_the_case_again_is_logged(api: Callers) -> None:
    number = api[make.REFERRER].post("/cases", make.document(), key="k").json()["number"]
    before = logged(api.database)
    assert api[make.REFERRER].post("/cases", make.document(), key="k").json()["number"] == number
    assert logged(api.database)[len(before) :] == [("case.read", number, True)]


def test_a_repeated_addendum_that_shows_the_minutes_again_is_logged(embedded: Database) -> None:
    with calling(embedded) as api:
        held, number = make.signed(embedded)
        path = f"/conferences/{held}/cases/{number}/minutes/addenda"
        assert api[make.CHAIR].post(path, {"text": "Rättat."}, key="k").status_code == 201
        before = logged(embedded)
        assert api[make.CHAIR].post(path, {"text": "Rättat."}, key="k").status_code == 201
        assert logged(embedded)[len(before) :] == [("minutes.read", number, True)]


def test_a_broken_glass_for_a_number_that_nobody_has_is_logged_as_refused(people: People) -> None:
    surgeon = people[make.SURGEON]
    answer = surgeon.post("/cases/break-glass", number="MDK-2026-9999", reason="Akut")
    assert answer.status == 422
    assert [row for row in logged(people.database) if not row[2]] == [("POST /cases/break-glass", "", False)]


@pytest.mark.parametrize(
    "text", ["Elsa Provlund", "rektalcancer", "19400104-2383", "MDK-2026-0001 Elsa", "MDK-19400104"]
)
def test_only_a_case_number_is_searched_for_through_an_address(people: People, text: str) -> None:
    coordinator = people[make.COORDINATOR]
    answer = coordinator.post("/cases/search", q=text)
    assert (answer.status, answer.to) == (200, "")
    assert coordinator.post("/cases/search", q="mdk-2026-0001").to == "/cases?q=mdk-2026-0001"


def test_a_made_up_place_in_triage_is_refused(people: People) -> None:
    cursor = cursors.pack((datetime(2026, 11, 23, 8, 0), 1))  # noqa: DTZ001 - without a zone, as none of ours
    assert people[make.COORDINATOR].get(f"/triage?cursor={cursor}").status == 422


def test_a_store_that_cannot_be_reached_is_not_ready(tmp_path: Path) -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    configured = settings.load({"MDK_SECRET_KEY": SECRET}, dotenv=Path("/dev/null"), data_dir=tmp_path)
    with lending.lent(configured, database) as client:
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").status_code == 503


def test_a_repeat_with_another_body_shows_nothing(api: Callers) -> None:
    api[make.REFERRER].post("/cases", make.document(), key="k")
    before = logged(api.database)
    other = api[make.REFERRER].post("/cases", make.document(question="Annan?"), key="k")
    assert refusal(other) == (409, "idempotency.other-body")
    assert logged(api.database) == before


@pytest.mark.parametrize("path", ["/cases/{}", "/cases/{}/edit", "/api/v1/cases/{}", "/api/v1/cases/{}/history"])
def test_what_may_not_be_known_of_costs_the_same_work_as_what_is_not_there(
    embedded: Database, path: str
) -> None:  # F29
    with visiting(embedded) as people, calling(embedded) as api:
        number = make.submitted(embedded)
        stranger, caller = people[make.OTHER_REFERRER], api[make.OTHER_REFERRER]
        work = []
        for each in (number, number, "MDK-2099-0001"):
            with people.counting() as asked:
                if path.startswith("/api"):
                    status = caller.get(path.removeprefix("/api/v1").format(each)).status_code
                else:
                    status = stranger.get(path.format(each)).status
            work.append((status, asked))
    assert work[1] == work[2]
    assert work[1][0] == 404
