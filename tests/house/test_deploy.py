"""What runs the program elsewhere calls commands and settings that exist, with few rights and no secret in an image."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from leftout import skip_or_fail
from mdk.settings import SETTINGS, BadSetting, load
from mdk_web.cli.main import cli
from mdk_web.cli.running import LINES
from tree import ROOT

DEPLOY = ROOT / "infra" / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
NAMES = {f"MDK_{setting.name}" for setting in SETTINGS}
OURS = {"migrate", "web", "worker"}


def composed() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def is_known(args: list[str]) -> bool:
    """Whether the command line takes these arguments; nothing is run."""
    command = cli.commands[args[0]]
    if isinstance(command, click.Group):
        return args[1] in command.commands
    with command.make_context(args[0], args[1:], resilient_parsing=False) as context:
        return context.command is command


@pytest.mark.parametrize("service", sorted(OURS))
def test_our_containers_run_known_commands_with_no_rights_to_spare(service: str) -> None:
    one = composed()["services"][service]
    assert is_known(one["command"])
    assert (one["read_only"], one["cap_drop"], one["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert set(one["environment"]) <= NAMES


def test_only_the_edge_is_reached_from_outside() -> None:
    services = composed()["services"]
    assert {name for name, one in services.items() if "ports" in one} == {"edge"}
    assert composed()["networks"]["inside"]["internal"] is True
    assert services["database"]["networks"] == ["inside"]


def test_web_and_worker_reach_out_and_meet_the_edge_where_its_word_is_trusted() -> None:
    services = composed()["services"]
    assert services["web"]["networks"] == services["worker"]["networks"] == ["inside", "outside"]
    assert set(services["edge"]["networks"]) & set(services["web"]["networks"]) == {"inside"}
    trusted = composed()["networks"]["inside"]["ipam"]["config"][0]["subnet"]
    assert services["web"]["environment"]["MDK_PROXIES"] == trusted


def test_the_image_can_copy_the_database_that_stands_beside_it() -> None:
    server = re.match(r"postgres:(\d+)-", composed()["services"]["database"]["image"])
    client = re.search(r"postgresql-client-(\d+)", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    assert server
    assert client
    assert client[1] == server[1]


def test_nobody_serves_before_the_schema_is_there() -> None:
    for name in ("web", "worker"):
        assert composed()["services"][name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"}
        }


def test_the_image_is_no_root_s_and_holds_what_is_locked() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert "USER 10001:10001" in lines
    assert "--require-hashes -r infra/requirements.txt" in lines
    assert re.search(r"^(ADD|ENV .*(SECRET|PASSWORD))", lines, re.MULTILINE) is None
    served = re.search(r'^CMD \["(.*)"\]$', lines, re.MULTILINE)
    assert served
    assert is_known(served[1].split('", "'))


def test_the_sample_settings_are_settings_and_lack_only_what_is_secret(tmp_path: Path) -> None:
    sample = (DEPLOY / "mdk.env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^(?:# )?(MDK_\w+)=", sample, re.MULTILINE)) <= NAMES
    with pytest.raises(BadSetting, match=r"MDK_OIDC_CLIENT_SECRET|MDK_SECRET_KEY"):
        _ = load({}, dotenv=written(tmp_path, sample)).secret_key
    filled = sample.replace("SECRET_KEY=", f"SECRET_KEY={'0f' * 32}").replace("CLIENT_SECRET=", "CLIENT_SECRET=x")
    settings = load({}, dotenv=written(tmp_path, filled))
    assert settings.is_protected
    assert not settings.is_demo
    assert settings.data_dir == Path("/var/lib/mdk"), "what a command keeps lies where the units keep it"


def written(folder: Path, text: str) -> Path:
    (folder / "env").write_text(text, encoding="utf-8")
    return folder / "env"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_each_unit_runs_known_commands_as_nobody_special(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    commands = re.findall(r"/bin/mdk ([a-z][^'\n]*)", text)
    assert commands
    assert "migrate" not in commands, "a schema is renewed by hand, after a copy"
    assert all(is_known(re.sub(r'"[^"]*"', "FILE", command).split()) for command in commands)
    for line in ("User=mdk", "NoNewPrivileges=yes", "ProtectSystem=strict", "EnvironmentFile=/etc/mdk/env"):
        assert line in text.splitlines()


def test_the_web_server_may_keep_as_many_lines_open_as_it_wants() -> None:
    unit = (DEPLOY / "systemd" / "mdk-web.service").read_text(encoding="utf-8")
    assert re.findall(r"^LimitNOFILE=(\d+)$", unit, re.MULTILINE) == [str(2 * LINES)]


def test_systemd_finds_no_fault_in_the_units() -> None:
    if shutil.which("systemd-analyze") is None:
        skip_or_fail("no systemd-analyze here: it comes with the package systemd")
    units = [str(unit) for unit in (DEPLOY / "systemd").iterdir()]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    left = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert left == []


def test_the_edge_passes_streams_and_refusals_on_and_shows_metrics_to_the_monitor_alone() -> None:
    text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert "flush_interval -1" in text
    assert "health_uri" not in text, "the program's own 503 keeps what was typed"
    kept = (
        r"@inside \{\s+path /metrics /health/\*\s+not remote_ip \{\$MDK_MONITOR:127.0.0.1\}\s+\}\s+respond @inside 404"
    )
    assert re.search(kept, text)
    assert text.count("{") == text.count("}")
