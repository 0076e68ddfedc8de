"""An action from the signature that opens it to its end, and what its end does to the case and the figures."""

from datetime import date
from typing import Any, get_args

import pytest

import make
from make import COORDINATOR, DAY, LATER, OTHER_REFERRER, REFERRER
from mdk.db import Database
from mdk.errors import Invalid, NotAllowed, NotFound, RuleBroken, Stale
from mdk.minutes.structs import Outcome
from mdk.pathways import action_queries, action_rules, rules, service
from mdk.pathways.action_structs import ActionState
from mdk.pathways.ends import PathwayEnd, ends_of
from mdk.pathways.tables import PathwayAction

OTHERS = sorted(set(get_args(Outcome)) - {"intern_pump", "extern_pump", "deferred"})
ENDS: dict[str, str] = {"done": "done", "partly": "partly", "not-done": "not_done"}
WHY: dict[str, dict[str, Any]] = {
    "done": {},
    "partly": {"note": "En av två nivåer."},
    "not-done": {"reason_code": "no_theatre_time"},
}


def seen(database: Database, key: str, name: str = REFERRER, **given: Any) -> Any:
    return make.ask(database, name, action_queries.action, key, **{"at": LATER, **given})


def listed(database: Database, name: str = REFERRER, **given: Any) -> list[str]:
    rows, _ = make.ask(database, name, action_queries.actions, **{"at": LATER, **given})
    return [row.id for row in rows]


def ended(database: Database, key: str) -> PathwayEnd:
    with database.reading() as session:
        case_id = session.get_one(PathwayAction, key).case_id
        return ends_of(session, [case_id])[case_id]


@pytest.mark.parametrize("state", ActionState)
@pytest.mark.parametrize("act", action_rules.ACTION_MOVES)
def test_an_action_ends_once(act: str, state: str) -> None:
    if state == "open":
        assert rules.check_move(action_rules.ACTION_MOVES, act, state) == act.replace("-", "_")
        return
    with pytest.raises(RuleBroken) as refused:
        rules.check_move(action_rules.ACTION_MOVES, act, state)
    assert refused.value.rule == "pathway.wrong-state"


@pytest.mark.parametrize("outcome", OTHERS)
def test_every_outcome_without_a_pump_becomes_an_action(ward: Database, outcome: str) -> None:
    found = seen(ward, make.action(ward, outcome, route="epidural" if outcome == "epidural" else "not_applicable"))
    assert (found.outcome, found.state, found.unit, found.due) == (
        outcome,
        "open",
        "palliativa-vaxjo",
        date(2026, 12, 14),
    )
    assert (found.responsible_unit, found.line.state) == ("Funktionen i Kronoberg", "decided")


def test_what_names_no_day_is_due_in_five_working_days(ward: Database) -> None:
    assert seen(ward, make.action(ward, "not_suitable", due=None)).due == date(2026, 12, 2)


@pytest.mark.parametrize("act", ENDS)
def test_an_end_closes_the_case_and_counts(clinic: Database, act: str) -> None:
    key = make.action(clinic)
    assert ended(clinic, key).result == ""
    make.end_action(clinic, key, act, **WHY[act])
    found = seen(clinic, key)
    assert (found.state, found.line.state, found.ended_at) == (ENDS[act], "closed", LATER)
    assert [step.state for step in found.history] == ["open", ENDS[act]]
    told = ended(clinic, key)
    assert (told.result, told.reason_code) == (ENDS[act], "no_theatre_time" if act == "not-done" else "")


def test_an_end_says_why(ward: Database) -> None:
    key = make.action(ward)
    refused_ends: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("not-done", {}, "reason_code"),
        ("partly", {"note": "  "}, "note"),
        ("done", {"reason_code": "other"}, "reason_code"),
    )
    for act, given, field in refused_ends:
        with pytest.raises(Invalid) as refused:
            make.end_action(ward, key, act, **given)
        assert [problem.field for problem in refused.value.problems] == [field]
    assert seen(ward, key).state == "open"


def test_who_may_see_and_end_an_action(ward: Database) -> None:
    key = make.action(ward)
    with pytest.raises(NotFound):
        seen(ward, key, OTHER_REFERRER)
    with pytest.raises(NotAllowed):
        make.end_action(ward, key, "done", by=make.CHAIR)
    with pytest.raises(NotAllowed):
        seen(ward, key, make.STEERING)
    with pytest.raises(Stale):
        make.end_action(ward, key, "done", version=9)
    assert listed(ward, OTHER_REFERRER) == []
    make.end_action(ward, key, "done", by=COORDINATOR)
    assert seen(ward, key, make.CHAIR).state == "done"


def test_an_action_is_overdue_the_day_after(clinic: Database) -> None:
    late, later = make.action(clinic, due=date(2026, 11, 27)), make.action(clinic, due=date(2026, 12, 1))
    assert listed(clinic, state="overdue") == []
    assert listed(clinic, state="overdue", at=LATER + 2 * DAY) == [late]
    assert listed(clinic, state="open", at=LATER + 2 * DAY) == [late, later]
    assert seen(clinic, late, at=LATER + 2 * DAY).is_overdue
    rows, cursor = make.ask(clinic, COORDINATOR, action_queries.actions, limit=1)
    following, end = make.ask(clinic, COORDINATOR, action_queries.actions, limit=1, cursor=cursor)
    assert ([row.id for row in rows + following], end) == ([late, later], None)


def test_a_death_ends_an_open_action_and_no_other(ward: Database) -> None:
    gone, kept = make.action(ward), make.action(ward)
    make.end_action(ward, kept, "done")
    by = make.viewer(ward, REFERRER)
    with ward.writing() as session:
        for key in (gone, kept):
            case_id = session.get_one(PathwayAction, key).case_id
            service.end_for_case(session, case_id, reason="died", note="Patienten har avlidit", by=by, at=LATER)
    assert (ended(ward, gone).result, ended(ward, gone).reason_code) == ("not_done", "died")
    assert ended(ward, kept).result == "done"
