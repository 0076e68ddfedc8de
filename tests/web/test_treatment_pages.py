"""The treating doctor's decision over the API and on the page, and the unread answers that a coordinator sees."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from calling import Callers, fields, refusal
from mdk import clock
from mdk.cases import treatment
from mdk.cases.tables import Case
from mdk.db import Database
from mdk.minutes.tables import Minutes
from visiting import visiting


def test_a_decision_is_recorded_in_the_order_of_the_contract(api: Callers) -> None:
    _, number = make.signed(api.database)
    path, referrer = f"/cases/{number}/treatment-decision", api[make.REFERRER]
    assert refusal(api[make.CHAIR].post(path, b"{")) == (403, "not-allowed")
    assert refusal(api[make.OTHER_REFERRER].post(path, b"{")) == (404, "not-found")
    assert refusal(referrer.post(path, {"follows": "yes"})) == (428, "version-needed")
    version = make.version_of(api.database, number)
    assert fields(referrer.post(path, {"follows": "maybe", "x": 1}, version=version)) == {"follows", "x"}
    assert fields(referrer.post(path, {"follows": "no", "why": " "}, version=version)) == {"why"}
    assert refusal(referrer.post(path, {"follows": "yes"}, version=version - 1)) == (412, "stale")
    done: dict[str, Any] = referrer.post(path, {"follows": "no", "why": "Vill inte."}, version=version).json()
    told = [(each["follows"], each["why"], each["by"]) for each in done["treatment_decisions"]]
    assert told == [("no", "Vill inte.", "Vera Remitterius")]
    assert (done["outcome"], done["read_confirmed_at"] is None) == ("extern_pump", False)


def test_the_referrer_decides_on_the_page_and_everyone_sees_it_beside_the_recommendation(embedded: Database) -> None:
    with visiting(embedded) as people:
        _, number = make.signed(embedded)
        referrer, path = people[make.REFERRER], f"/cases/{number}/treatment-decision"
        page = referrer.get(f"/cases/{number}")
        bare = referrer.send(page, path, follows="partly")
        assert (bare.status, bare.links_of_summary()) == (422, ["#f-why"])
        done = referrer.send(bare, path, follows="partly", why="Lägre dos först.")
        assert done.to == f"/cases/{number}"
        seen = people[make.CHAIR].get(f"/cases/{number}")
        assert "Behandlande läkares beslut Följer rekommendationen delvis Lägre dos först." in seen.words
        assert path not in seen.forms


@pytest.mark.parametrize(
    ("pathway", "receiver", "inbox"),
    [(make.referral, make.SURGEON, "/referrals"), (make.assignment, make.FUNCTION, "/assignments-inbox")],
)
def test_the_receiver_and_the_conference_see_what_was_decided(
    embedded: Database, pathway: Callable[[Database], str], receiver: str, inbox: str
) -> None:
    with visiting(embedded) as people:
        path = f"{inbox}/{pathway(embedded)}"
        assert "Behandlande läkaren har inte angett sitt beslut än." in people[receiver].get(path).words
        with embedded.reading() as session:
            number, conference = session.execute(
                select(col(Case.number), col(Minutes.conference_id)).join(Minutes, col(Minutes.case_id) == col(Case.id))
            ).one()
        said = {"version": make.version_of(embedded, number), "follows": "no", "why": "Blöder."}
        make.act(embedded, make.REFERRER, treatment.decide, number=number, at=clock.now(), **said)
        told = "Behandlande läkares beslut Följer inte rekommendationen Blöder."
        assert told in people[receiver].get(path).words
        agenda, minutes = f"/conferences/{conference}", f"/conferences/{conference}/session/{number}"
        for name in (make.CHAIR, make.NURSE):
            assert "Behandlande läkare: följer inte rekommendationen. Blöder." in people[name].get(agenda).words
            assert told in people[name].get(minutes).words
        assert told in people[make.NURSE].get(f"{minutes}/read").words


def test_the_coordinator_sees_what_is_not_read_until_it_is(embedded: Database) -> None:
    with visiting(embedded) as people:
        _, number = make.signed(embedded)
        coordinator, referrer = people[make.COORDINATOR], people[make.REFERRER]
        assert "Inte läst av remittenten (1)" in coordinator.get("/").words
        assert "Inte läst av remittenten" not in referrer.get("/").words
        referrer.send(referrer.get(f"/cases/{number}"), f"/cases/{number}/confirm-read")
        assert "Inte läst av remittenten" not in coordinator.get("/").words
