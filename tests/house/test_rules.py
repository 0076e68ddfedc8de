import ast
import re
from pathlib import Path

import pytest

from tree import ROOT, code, name_of, parsed, suites

ID = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)+")


def raised() -> dict[str, list[str]]:
    """Every rule id that is given to RuleBroken, with the places; one that is no literal stands under ''."""
    found: dict[str, list[str]] = {}
    for path in code():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "RuleBroken":
                first = node.args[0] if node.args else None
                rule = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
                found.setdefault(rule, []).append(f"{name_of(path)}:{node.lineno}")
    return found


def suite_text() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8") for path in suites() if not path.is_relative_to(ROOT / "tests" / "house")
    )


def test_every_rule_is_named_where_it_is_raised() -> None:
    assert raised().get("", []) == []


@pytest.mark.parametrize("rule", sorted(raised()))
def test_the_rule_s_id_is_lower_case_words(rule: str) -> None:
    assert ID.fullmatch(rule), raised()[rule]


def test_every_rule_has_a_test_that_names_it() -> None:
    text = suite_text()
    untested = {
        rule: places for rule, places in raised().items() if not re.search(rf"""["']{re.escape(rule)}["']""", text)
    }
    assert untested == {}


def test_only_rules_services_and_the_edge_raise_rules() -> None:
    homes = {"tables.py", "structs.py"}
    assert [place for places in raised().values() for place in places if Path(place.split(":")[0]).name in homes] == []
