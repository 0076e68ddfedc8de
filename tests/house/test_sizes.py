import ast
from pathlib import Path

import pytest

from tree import ROOT, code, name_of, parsed, suites, templates

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
LONGEST_TEMPLATE = 150

# What is longer, and why it reads better whole: {"mdk/…/file.py": "reason"}, of the program and of its tests.
LONG_FILES: dict[str, str] = {}
# The same for functions: {"mdk/…/file.py:name": "reason"}.
LONG_FUNCTIONS: dict[str, str] = {}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def long_functions() -> dict[str, int]:
    found = {}
    for path in code():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    found[f"{name_of(path)}:{node.name}"] = length
    return found


def test_the_files_to_measure_are_found() -> None:
    assert ROOT / "mdk" / "errors.py" in code()
    assert Path(__file__).resolve() in suites()
    assert templates()


def test_no_file_is_too_long_but_those_listed_with_a_reason() -> None:
    long = {name_of(path): length for path in [*code(), *suites()] if (length := lines(path)) > LONGEST_FILE}
    assert set(long) == set(LONG_FILES), long


def test_no_function_is_too_long_but_those_listed_with_a_reason() -> None:
    long = long_functions()
    assert set(long) == set(LONG_FUNCTIONS), long


@pytest.mark.parametrize("template", templates(), ids=name_of)
def test_no_template_is_too_long(template: Path) -> None:
    assert lines(template) <= LONGEST_TEMPLATE
