"""Owns how commands speak: lines on standard output, refusals as one line on standard error, and exit codes."""

import errno
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from mdk.errors import NO_RIGHTS, NOT_OWNER, MdkError, Unavailable

FAILED, REFUSED = 1, 2


class Failure(click.ClickException):
    """The end of a command: one line for people, and the exit code."""

    def __init__(self, message: str, exit_code: int = REFUSED) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]


class Commands(click.Group):
    """The group of all commands: whatever goes wrong in one becomes one line and an exit code, never a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as fault:
            raise _as_failure(fault) from fault

    def main(self, *args: Any, **extra: Any) -> Any:
        extra["standalone_mode"] = False
        try:
            code = super().main(*args, **extra)
        except click.Abort:
            code = _end("Avbrutet.", FAILED)
        except click.ClickException as refusal:
            code = _end(refusal.format_message(), refusal.exit_code)
        _close_output()
        sys.exit(code if isinstance(code, int) else 0)


@contextmanager
def ending(code: int) -> Iterator[None]:
    """Whatever goes wrong in the block ends the command with this exit code."""
    try:
        yield
    except Exception as fault:
        known = fault if isinstance(fault, Failure) else _as_failure(fault)
        raise Failure(known.message, code) from fault


def say(*parts: str) -> None:
    """Write one line; when nobody reads any more, the work goes on without lines."""
    try:
        click.echo(" ".join(parts))
    except OSError as fault:
        if fault.errno != errno.EPIPE:
            raise
        _close_output()


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Show rows: as a table to people at a terminal, else one line each with tabs between, for programs."""
    if sys.stdout is None or not sys.stdout.isatty():
        for row in rows:
            say("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    shown = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        shown.add_row(*row)
    Console().print(shown)


def _as_failure(fault: Exception) -> Failure:
    if _sqlstate(fault) == NO_RIGHTS:
        return Failure(NOT_OWNER, FAILED)
    if isinstance(fault, Unavailable):
        return Failure(fault.message, FAILED)
    if isinstance(fault, MdkError):
        return Failure(" ".join([fault.message, *_named(fault)]))
    if isinstance(fault, OSError):
        return Failure(f"{fault.filename or 'Systemet'}: {fault.strerror or fault}")
    if type(fault).__module__.startswith("sqlalchemy"):
        return Failure("Databasen kan inte användas. Kontrollera MDK_DATABASE_URL och kör: mdk migrate", FAILED)
    return Failure(f"Oväntat fel ({type(fault).__name__}). Inget mer har ändrats.", FAILED)


def _sqlstate(fault: BaseException | None) -> str:
    """PostgreSQL's own code for what went wrong, or for what caused that."""
    while fault is not None:
        code = getattr(getattr(fault, "orig", None), "sqlstate", None)
        if code:
            return str(code)
        fault = fault.__cause__
    return ""


def _named(fault: MdkError) -> list[str]:
    return [f"{problem.field}: {problem.message}" for problem in getattr(fault, "problems", ())]


def _end(message: str, code: int) -> int:
    try:
        click.echo("mdk: " + " ".join(message.split()), err=True)
    except OSError:
        return code
    return code


def _close_output() -> None:
    """Flush what was said; where nobody listens, keep the interpreter from complaining at its end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
