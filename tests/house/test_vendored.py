import tomllib
from hashlib import sha256

import pytest

from tree import VENDORED

LIST = VENDORED / "VENDORED.toml"
TAKEN = tomllib.loads(LIST.read_text(encoding="utf-8"))["file"]


@pytest.mark.parametrize("taken", TAKEN, ids=lambda taken: str(taken["file"]))
def test_the_file_is_the_one_that_was_taken(taken: dict[str, str]) -> None:
    assert sha256((VENDORED / taken["file"]).read_bytes()).hexdigest() == taken["sha256"]


@pytest.mark.parametrize("taken", TAKEN, ids=lambda taken: str(taken["file"]))
def test_its_package_version_and_licence_are_told(taken: dict[str, str]) -> None:
    assert set(taken) == {"package", "version", "licence", "source", "file", "sha256"}
    assert all(taken.values())


def test_every_file_is_listed() -> None:
    there = {path.relative_to(VENDORED).as_posix() for path in VENDORED.rglob("*") if path.is_file() and path != LIST}
    assert there == {taken["file"] for taken in TAKEN}


def test_every_folder_holds_its_licence() -> None:
    assert [path.name for path in VENDORED.iterdir() if path.is_dir() and not (path / "LICENSE").is_file()] == []
