"""The treating doctor's decision over the API and on the page, and the unread answers that a coordinator sees."""

from typing import Any

import make
from calling import Callers, fields, refusal
from mdk.db import Database
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


def test_the_coordinator_sees_what_is_not_read_until_it_is(embedded: Database) -> None:
    with visiting(embedded) as people:
        _, number = make.signed(embedded)
        coordinator, referrer = people[make.COORDINATOR], people[make.REFERRER]
        assert "Inte läst av remittenten (1)" in coordinator.get("/").words
        assert "Inte läst av remittenten" not in referrer.get("/").words
        referrer.send(referrer.get(f"/cases/{number}"), f"/cases/{number}/confirm-read")
        assert "Inte läst av remittenten" not in coordinator.get("/").words
