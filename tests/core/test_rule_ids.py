"""Every rule id that the core raises stands in a test, and every id is well formed."""

import ast
import re

from tree import ROOT, code, parsed, suites

RULE = re.compile(r"[a-z]+\.[a-z]+(-[a-z]+)*")


def raised() -> set[str]:
    return {
        node.args[0].value
        for path in code()
        if path.is_relative_to(ROOT / "mdk")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "RuleBroken"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_every_rule_that_can_be_broken_is_broken_in_a_test() -> None:
    tested = "".join(path.read_text(encoding="utf-8") for path in suites())
    assert len(raised()) > 15
    assert {rule for rule in raised() if f'"{rule}"' not in tested} == set()


def test_every_rule_id_is_a_thing_and_what_is_wrong_with_it() -> None:
    assert {rule for rule in raised() if not RULE.fullmatch(rule)} == set()
