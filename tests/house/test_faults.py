"""The faults that must be survived: each is named at a test that every push runs, as a comment on the line of its def.

F1 to F30 are the numbers of the list that the house was built by; the others are told in words.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tree import ROOT

FAULTS = (
    *(f"F{number}" for number in range(1, 31)),
    "parallel-writers",
    "idle-connections",
    "json-bomb",
    "deep-nesting",
    "pdf-bomb",
    "forged-token",
    "expired-token",
    "swapped-token",
    "other-algorithm",
    "session-fixation",
    "csrf",
    "idor",
    "ssrf",
    "header-injection",
    "csv-injection",
    "restored-elsewhere",
)
_NAMED = re.compile(r"  # (F\d+|[a-z]+-?[a-z]+)((?:, (?:F\d+|[a-z]+-?[a-z]+))*)$")
_RARE = ("pytest.mark.long", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail")


def named_in(file: Path) -> Iterator[str]:
    """The faults that are named at the tests of a file which every push runs."""
    text = file.read_text(encoding="utf-8")
    lines, module = text.splitlines(), ast.parse(text)
    if re.search(r"^pytestmark = .*(long|skip|xfail)", text, re.MULTILINE):
        return
    for test in module.body:
        if isinstance(test, ast.FunctionDef) and test.name.startswith("test_") and not _is_rare(test):
            for line in lines[test.lineno - 1 : test.body[0].lineno - 1]:
                found = _NAMED.search(line)
                yield from (found[1] + found[2]).split(", ") if found else ()


def _is_rare(test: ast.FunctionDef) -> bool:
    return any(ast.unparse(mark).startswith(_RARE) for mark in test.decorator_list)


@pytest.fixture(scope="module")
def named() -> set[str]:
    return {fault for file in sorted((ROOT / "tests").rglob("test_*.py")) for fault in named_in(file)}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_fault_is_named_at_a_test_of_every_push(named: set[str], fault: str) -> None:
    assert fault in named


def test_no_test_names_a_fault_that_is_none(named: set[str]) -> None:
    assert {name for name in named if re.fullmatch(r"F\d+", name)} <= set(FAULTS)


def test_what_is_rare_or_names_nothing_would_be_missed(tmp_path: Path) -> None:
    file = tmp_path / "test_x.py"
    file.write_text(
        "@pytest.mark.long\ndef test_a() -> None:  # F1\n    pass\n\n\n"
        "def test_b(\n    a: int,\n) -> None:  # F2, F3\n    pass  # F4\n\n\n"
        "def helper() -> None:  # F5\n    pass\n",
        encoding="utf-8",
    )
    assert set(named_in(file)) == {"F2", "F3"}
