import ast
import re
from pathlib import Path

import pytest

from tree import ROOT, code, files, name_of, parsed, suites

# Written in two halves, so that this file does not hold what it looks for.
NOT_IN_THE_TREE = {
    "a registry's host": "|".join(
        re.escape(f"{name}.{end}")
        for name, end in [
            ("pypi", "org"),
            ("python" + "hosted", "org"),
            ("npm" + "js", "org"),
            ("npm" + "js", "com"),
            ("deb" + ".debian", "org"),
        ]
    ),
    "a path of someone's machine": r"(?<![\w.])/(?:root|home/\w+|work/(?:main|shared))(?:/|\b)",
    "unfinished work": r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b",
    "a conflict left behind": r"^(?:<{7}|>{7}) ",
}
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".html",
    ".css",
    ".js",
    ".txt",
    ".svg",
    ".json",
    ".ini",
    ".mako",
    ".yml",
    ".yaml",
    ".sh",
    "",
}


def texts() -> list[Path]:
    return [path for path in files() if path.suffix in TEXT and path != Path(__file__).resolve()]


@pytest.mark.parametrize("what", NOT_IN_THE_TREE)
def test_the_tree_holds_none_of(what: str) -> None:
    pattern = re.compile(NOT_IN_THE_TREE[what])
    found = [
        f"{name_of(path)}:{number}: {line.strip()[:120]}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a registry's host", "--index-url https://py" + "pi.org/simple"),
        ("a path of someone's machine", 'open("/ro' + 'ot/x")'),
        ("unfinished work", "# TO" + "DO: later"),
        ("a conflict left behind", "<<<<" + "<<< HEAD"),
    ],
)
def test_what_is_not_wanted_would_be_found(what: str, line: str) -> None:
    assert re.search(NOT_IN_THE_TREE[what], line)


def test_the_folder_calendar_is_no_package_and_does_not_hide_the_standard_library() -> None:
    import calendar

    assert not (ROOT / "calendar" / "__init__.py").exists()
    assert calendar.isleap(2028)
    assert ROOT not in Path(str(calendar.__file__)).resolve().parents


def test_no_folder_under_tests_is_a_package() -> None:
    assert [name_of(path) for path in suites() if path.name == "__init__.py"] == []


def test_annotations_are_not_postponed_where_they_are_read_at_run_time() -> None:
    postponed = [
        name_of(path)
        for path in code()
        for node in parsed(path).body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    assert postponed == []


def test_every_module_says_in_its_docstring_what_it_owns() -> None:
    assert [name_of(path) for path in code() if not ast.get_docstring(parsed(path))] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "manager", "managers", "base", "common", "misc"}
    assert [name_of(path) for path in [*code(), *suites()] if path.stem in empty] == []


def test_no_test_replaces_what_it_tests() -> None:
    mocking = re.compile(r"unittest\.mock|\bMagicMock\b|monkeypatch\.setattr|pytest_mock")
    own = Path(__file__).resolve()
    assert [
        name_of(path) for path in suites() if path != own and mocking.search(path.read_text(encoding="utf-8"))
    ] == []
