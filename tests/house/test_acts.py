"""Follows calls by name through the core: an act that reaches neither `did` nor `refused` leaves no trace."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tree import ROOT, code, module_of, name_of, parsed

DID, SEEN = "mdk.audit.service.did", "mdk.audit.service.seen"
# What writes the log and the outbox cannot log itself.
BELOW = {"mdk.audit.service", "mdk.outbox.service"}
# Modules whose functions only answer.
NO_ACTS = {
    "shut",
    "oddities",
    "openings",
    "queries",
    "action_queries",
    "follow_up_queries",
    "after",
    "lists",
    "search",
    "forecast",
    "rules",
    "sheets",
    "tables",
    "structs",
    "work",
}
# What a query gives out to be shown ends so.
SHOWN = re.compile(r"(?:View|Line|Body|Entry|Papers)\b")
# Reads that show no patient and leave no row: {"mdk.….name": "reason"}.
UNSEEN = {
    "mdk.inspection.queries.staff": "names those who work here, and no patient",
    "mdk.conferences.queries.lines": "counts cases and names none",
    "mdk.conferences.series.series_list": "a series has no cases",
    "mdk.pathways.contacts.home_care_lines": "is a part of the case or referral whose reading was logged just before",
    "mdk.minutes.editing.others": "tells which field is open, and nothing that stands in it",
    "mdk.conferences.series.one_series": "a series has no cases",
    "mdk.conferences.absent.absences": "an absence has no cases",
    "mdk.conferences.conflicts.conflicts": "tells whose time is taken, and of no case",
    "mdk.conferences.conflicts.of_plan": "the same",
    "mdk.conferences.conflicts.free": "the same",
}
# What stands among the acts and changes nothing: {"mdk.….name": "reason"}.
UNLOGGED: dict[str, str] = {
    "mdk.minutes.editing.tell": "tells which field is open, many times a minute, and nothing that stands in it",
    "mdk.conferences.absences.load_absence": "looks up what an act is done to",
    "mdk.conferences.series.load_series": "the same",
    "mdk.journey.reviews.ratifying_meeting": "names a meeting, and of the case nothing that its page has not logged",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def imported(path: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
    return names


def dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else None
    return None


def called(function: Function, module: str, names: dict[str, str]) -> set[str]:
    found = set()
    for node in ast.walk(function):
        # A function that is handed on, such as to a table of moves, counts as called.
        name = dotted(node) if isinstance(node, ast.Name | ast.Attribute) else None
        if name:
            first, _, rest = name.partition(".")
            target = names.get(first, f"{module}.{first}")
            found.add(f"{target}.{rest}" if rest else target)
    return found


@cache
def calls() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for path in code():
        module, names = module_of(path), imported(path)
        for node in parsed(path).body:
            if isinstance(node, Function):
                graph[f"{module}.{node.name}"] = called(node, module, names)
    return graph


@cache
def reaching(target: str) -> set[str]:
    reached = {target}
    while True:
        more = {name for name, callees in calls().items() if name not in reached and callees & reached}
        if not more:
            return reached
        reached |= more


@cache
def for_someone() -> dict[str, Function]:
    """The public functions of the core that work for a viewer: `by` is asked for."""
    return {
        f"{module_of(path)}.{node.name}": node
        for path in code()
        if path.is_relative_to(ROOT / "mdk") and module_of(path) not in BELOW
        for node in parsed(path).body
        if isinstance(node, Function) and not node.name.startswith("_")
        if {"session", "by"} <= arguments(node)
    }


def acts() -> dict[str, Function]:
    """Those that stand among the acts."""
    found = {name: node for name, node in for_someone().items() if name.split(".")[-2] not in NO_ACTS}
    return {name: node for name, node in found.items() if name not in reads()}


def reads() -> dict[str, Function]:
    """Those that answer with something to show, and are no acts that show what they did."""
    return {
        name: node
        for name, node in for_someone().items()
        if node.returns is not None and SHOWN.search(ast.unparse(node.returns)) and name not in reaching(DID)
    }


def arguments(function: Function) -> set[str]:
    given = function.args
    return {argument.arg for argument in [*given.posonlyargs, *given.args, *given.kwonlyargs]}


def test_the_log_s_own_functions_are_where_this_test_looks_for_them() -> None:
    assert set(calls()) >= {DID, SEEN}


@pytest.mark.parametrize("act", sorted(acts()))
def test_the_act_takes_the_session_first_and_who_and_when_by_name(act: str) -> None:
    given = acts()[act].args
    positional = [argument.arg for argument in [*given.posonlyargs, *given.args]]
    by_name = {argument.arg for argument in given.kwonlyargs}
    # A step of a larger act takes what was loaded, and its name, without naming them.
    assert positional[:1] == ["session"]
    assert len(positional) <= 3
    assert "by" in by_name
    assert "at" not in positional


@pytest.mark.parametrize("act", sorted(acts()))
def test_the_act_writes_the_access_log(act: str) -> None:
    assert (act in reaching(DID)) is (act not in UNLOGGED), f"{act} reaches no audit.service.did"


@pytest.mark.parametrize("read", sorted(reads()))
def test_the_read_writes_the_access_log(read: str) -> None:
    assert (read in reaching(SEEN)) is (read not in UNSEEN), f"{read} reaches no audit.service.seen"


def test_no_exception_outlives_what_it_was_made_for() -> None:
    assert set(UNLOGGED) - set(acts()) == set()
    assert set(UNSEEN) - set(reads()) == set()


def test_acts_do_not_read_the_clock_themselves() -> None:
    reading = [
        name
        for name, callees in calls().items()
        if name.rpartition(".")[0].endswith((".service", ".rules", ".queries", ".lists"))
        and callees & {"mdk.clock.now", "datetime.datetime.now", "datetime.date.today", "time.time"}
    ]
    assert reading == []


def test_every_file_that_was_read_has_a_module_name() -> None:
    assert all(module_of(path) for path in code()), [name_of(path) for path in code()]
