"""Owns the view of the checkout that the house tests share: which files are ours, and what they say."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (ROOT / "mdk", ROOT / "web" / "mdk_web", ROOT / "calendar" / "mdk_calendar")
VENDORED = ROOT / "web" / "mdk_web" / "static" / "vendor"
_NOT_OURS = {
    ".git",
    ".venv",
    "var",
    "dist",
    "node_modules",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    ".import_linter_cache",
}


def name_of(path: Path) -> str:
    """The path as it is written in the project."""
    return path.relative_to(ROOT).as_posix()


@cache
def files() -> tuple[Path, ...]:
    """Every file of the checkout but what tools leave behind and what was taken unchanged from others."""
    return tuple(sorted(_walk(ROOT)))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in _NOT_OURS or path.name.endswith(".egg-info") or path == VENDORED or path.name == ".env":
            continue
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def code() -> list[Path]:
    """The Python files of the three packages."""
    return [path for path in files() if path.suffix == ".py" and any(path.is_relative_to(root) for root in PACKAGES)]


def suites() -> list[Path]:
    """The Python files under tests/."""
    return [path for path in files() if path.suffix == ".py" and path.is_relative_to(ROOT / "tests")]


def templates() -> list[Path]:
    """The HTML templates of the pages."""
    return [path for path in files() if path.suffix == ".html" and path.is_relative_to(ROOT / "web")]


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=name_of(path))


def module_of(path: Path) -> str:
    """The dotted name under which a file of the packages is imported."""
    package = next(root for root in PACKAGES if path.is_relative_to(root))
    return ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
