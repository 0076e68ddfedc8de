"""The command `mdk`: what it can do, each command with the module that does it."""

import click

from mdk_web.cli import (
    auditing,
    data,
    exports,
    keeping,
    mail,
    people,
    retention,
    running,
    secrecy,
    signatures,
    times,
)
from mdk_web.cli.lines import Commands


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="mdk-smarta", prog_name="mdk", message="%(prog)s %(version)s")
def cli() -> None:
    """MDK smärta: konferensen för svår cancersmärta, från remiss till åtgärd.

    Börja med `mdk demo`. Inställningar är miljövariabler med prefixet MDK_; `mdk config` visar dem alla. Utgångskoder:
    0 klart, 1 kontrollen eller en del av arbetet misslyckades, 2 fel i kommandot eller dess indata.
    """


def main() -> None:
    """Run the command line and end the process with its exit code."""
    cli(prog_name="mdk")


for module in (running, data, keeping, auditing, exports, retention, people, times, mail, signatures, secrecy):
    for command in module.COMMANDS:
        cli.add_command(command)
