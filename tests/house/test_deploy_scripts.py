"""The scripts that an operator installs do what the runbook says, and the runbook names commands that exist."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

import make
import stores
from invites.answering import mail
from mdk import clock, settings
from mdk_calendar.log_heads import seal
from mdk_web.cli.main import cli
from running import command, environment
from tree import ROOT

DEPLOY = ROOT / "infra" / "deploy"
SCRIPTS = [DEPLOY / "mdk-command", DEPLOY / "take-in-mail"]
PROGRAM = "/opt/mdk/.venv/bin/mdk"


def run(script: str, folder: Path, *args: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script on a machine whose program is this one and whose paths lie in `folder`."""
    mdk = folder / "program"
    mdk.write_text(f'#!/bin/sh\nexec {shlex.join(command())} "$@"\n')
    mdk.chmod(0o755)
    for there, here in ((PROGRAM, mdk), ("/etc/mdk", folder), ("/var/lib", folder)):
        script = script.replace(there, str(here))
    shell = ["sh", "-c", script, "script", *args]
    return subprocess.run(
        shell, input=given, capture_output=True, text=True, check=False, cwd=folder, env=environment(**more)
    )


@pytest.fixture
def machine(_sqlite_template: Path, tmp_path: Path) -> Path:
    """A folder with settings that a shell would not read as they stand, and a store."""
    (tmp_path / "mdk").mkdir()
    (tmp_path / "mdk-backups").mkdir()
    stores.copied(_sqlite_template, tmp_path / "mdk" / "mdk.sqlite")
    return tmp_path


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_each_script_is_one_that_a_plain_shell_runs(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert subprocess.run(["sh", "-n", str(script)], capture_output=True, check=False).stderr == b""


def test_a_command_by_hand_runs_as_the_units_do(tmp_path: Path) -> None:
    shown = tmp_path / "systemd-run"
    shown.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    shown.chmod(0o755)
    script = (DEPLOY / "mdk-command").read_text()
    path = f"{tmp_path}:{os.environ['PATH']}"
    asked = subprocess.run(
        ["sh", "-c", script, "mdk", "user", "add", "--name", "Ann Li"],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
        env={"PATH": path, "MDK_REMOVAL": "on", "PROGRAM": "/opt/mdk-2"},
    ).stdout.splitlines()
    end = asked.index("/opt/mdk-2/.venv/bin/mdk")
    assert asked[end + 1 :] == ["user", "add", "--name", "Ann Li"]
    assert {"--pipe", "--wait", "--uid=mdk", "MDK_REMOVAL=on"} <= set(asked[:end])
    backup = (DEPLOY / "systemd" / "mdk-backup.service").read_text().splitlines()
    given = [each for each in asked[:end] if each.startswith(("Environment", "StateDirectory", "UMask"))]
    assert len(given) == 5
    assert set(given) <= set(backup)


def test_a_mail_is_taken_in_kept_or_asked_for_again(machine: Path) -> None:
    script, no_answer = (DEPLOY / "take-in-mail").read_text(), mail("Hej", kind="text/plain").decode("latin-1")
    lines = [f"MDK_DATA_DIR={machine / 'mdk'}", "MDK_CONTACT=Ann & Bo (dagtid)", f"MDK_SECRET_KEY={stores.SECRET}"]
    assert run(script, machine, given=no_answer).returncode == 75, "no settings"
    (machine / "env").write_text("# kommentar\n" + "\n".join(lines))
    kept = run(script, machine, given=no_answer)
    assert (kept.returncode, kept.stderr.startswith("mdk: ")) == (0, True)
    (machine / "env").write_text("\n".join([*lines, "MDK_TIMEZONE=Mars"]))
    assert run(script, machine, given=no_answer).returncode == 75


def test_a_copy_lies_beside_the_signed_ends_that_it_holds(machine: Path) -> None:
    unit = (DEPLOY / "systemd" / "mdk-backup.service").read_text()
    written = re.search(r"^ExecStart=/bin/sh -ec '(.*)'$", unit, re.MULTILINE)
    assert written
    script = written[1].replace("$$", "$").replace("%%", "%")
    here = {"MDK_DATA_DIR": str(machine / "mdk"), "MDK_SECRET_KEY": stores.SECRET}
    with stores.opened(f"sqlite:///{machine / 'mdk' / 'mdk.sqlite'}") as database:
        make.people(database)
        assert seal(database, settings.load(here), at=clock.now())
    done = run(f"set -e; {script}", machine, **here)
    assert (done.returncode, done.stderr) == (0, "")
    heads, copy = sorted((machine / "mdk-backups").iterdir(), key=lambda file: file.suffix, reverse=True)
    assert re.fullmatch(r"mdk-\d{4}-\d\d-\d\d-\d{4}\.backup", copy.name)
    assert heads.name == copy.name.replace(".backup", ".heads.txt")
    assert heads.read_text() == (machine / "mdk" / "access-log-heads.txt").read_text() != ""


@pytest.mark.parametrize("page", sorted((ROOT / "infra" / "operations").glob("*.md")), ids=lambda page: page.name)
def test_the_runbook_names_commands_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"(?:`|^ *)(?:[A-Z_]+=\S+ )?mdk ([a-z][^`\n]*)", text, re.MULTILINE)
    assert named
    for line in named:
        found: click.Command = cli
        words = line.replace("`", " ").split()
        while isinstance(found, click.Group):
            assert words[0] in found.commands, line
            found = found.commands[words.pop(0)]
        options = {option for parameter in found.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, line
