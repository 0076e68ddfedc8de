"""The project file, the locks and the arrows: each entry has its reason and its place."""

import re
import tomllib

import pytest

from tree import ROOT

PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
SETTINGS = tomllib.loads(PROJECT)
LOCKS = ["infra/requirements.txt", "infra/requirements-dev.txt"]
AGGREGATE_FILES = {"tables.py", "rules.py", "queries.py", "service.py"}


def package(requirement: str) -> str:
    return re.split(r"[\[<>=;~! ]", requirement, maxsplit=1)[0].lower()


def locked(name: str) -> set[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {package(line) for line in text.splitlines() if re.match(r"[a-z0-9]", line)}


def contract(name: str) -> dict[str, list[str]]:
    found = [each for each in SETTINGS["tool"]["importlinter"]["contracts"] if each["name"] == name]
    assert len(found) == 1
    contract: dict[str, list[str]] = found[0]
    return contract


def test_every_dependency_and_every_lint_exception_has_its_reason() -> None:
    listed = re.compile(r'^    "[^"]+",(.*)$')
    start, end = PROJECT.index("dependencies = ["), PROJECT.index("[tool.hatch.build]")
    lint = PROJECT[PROJECT.index("ignore = [") : PROJECT.index("[tool.ruff.lint.pydocstyle]")]
    entries = [listed.match(line) for line in (PROJECT[start:end] + lint).splitlines()]
    assert [entry[0] for entry in entries if entry and "# " not in entry[1]] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_a_version_and_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert [block for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []


def test_the_locks_hold_every_dependency() -> None:
    needed = {package(each) for each in SETTINGS["project"]["dependencies"]}
    groups = SETTINGS["dependency-groups"]
    build = {package(each) for each in groups["build"]}
    development = {package(each) for each in groups["dev"] if isinstance(each, str)}
    assert (needed | build) - locked(LOCKS[0]) == set()
    assert (needed | build | development) - locked(LOCKS[1]) == set()


def test_both_locks_agree() -> None:
    pins = [set(re.findall(r"^([a-z0-9-]+==[^ ;]+)", (ROOT / lock).read_text(), flags=re.MULTILINE)) for lock in LOCKS]
    assert pins[0] - pins[1] == set()


def test_every_aggregate_is_under_the_contract_of_its_files() -> None:
    aggregates = {
        f"mdk.{folder.name}"
        for folder in (ROOT / "mdk").iterdir()
        if folder.is_dir() and len(AGGREGATE_FILES & {path.name for path in folder.iterdir()}) > 1
    }
    assert aggregates
    assert aggregates - set(contract("Inside an aggregate the act reads downwards")["containers"]) == set()


def test_no_arrow_may_be_bent_in_silence() -> None:
    allowed = {"mdk.tokens -> jose", "mdk.tokens -> jose.**"}
    bent = {each for one in SETTINGS["tool"]["importlinter"]["contracts"] for each in one.get("ignore_imports", [])}
    assert bent - allowed == set()
