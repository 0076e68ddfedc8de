"""What the papers promise exists: commands in README, names in the glossary, folders on the map."""

import re

import click

from tree import ROOT, code

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
GLOSSARY = ROOT / "mdk" / "GLOSSARY.md"


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, flags=re.MULTILINE))


def command_names(command: click.Command, before: str = "") -> set[str]:
    names = {f"{before}{name}" for name in getattr(command, "commands", {})}
    for name, inner in getattr(command, "commands", {}).items():
        names |= command_names(inner, f"{before}{name} ")
    return names


def test_the_only_commands_anyone_needs_are_there() -> None:
    assert {"demo", "test", "test-long", "check", "lock", "bench"} <= targets()


def test_every_make_command_of_the_readme_exists() -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, flags=re.MULTILINE))
    assert named >= {"demo", "test"}
    assert named - targets() == set()


def test_every_mdk_command_of_the_readme_and_the_makefile_exists() -> None:
    from mdk_web.cli.main import cli

    named = set(re.findall(r"(?:`|bin/)mdk ([a-z]+)", README + MAKEFILE))
    assert "demo" in named
    assert named - command_names(cli) == set()


def test_the_readme_is_one_screen() -> None:
    assert len(README.splitlines()) <= 80


def test_every_folder_and_file_on_the_map_exists() -> None:
    named = set(re.findall(r"`((?:mdk|web|calendar|tests|infra)/[\w./]*)`", README))
    assert named
    assert {path for path in named if not (ROOT / path).exists()} == set()


def test_every_name_of_the_glossary_exists_in_the_code() -> None:
    named = set(re.findall(r"`([A-Za-z_][A-Za-z0-9_]*)`", GLOSSARY.read_text(encoding="utf-8")))
    assert named
    written = {
        word for path in code() for word in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", path.read_text(encoding="utf-8"))
    }
    folders = {path.parent.name for path in code()}
    assert named - written - folders == set()
