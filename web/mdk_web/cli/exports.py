"""Commands that take data out."""

import os
from pathlib import Path

import click

from mdk_web.cli.lines import Failure, say
from mdk_web.cli.store import opened


@click.group()
def export() -> None:
    """Ta ut uppgifter."""


@export.command("register")
@click.argument("year", type=click.IntRange(2020, 2100))
@click.option("--as", "email", required=True, metavar="EMAIL", help="Den som exporten görs av; den loggas.")
@click.option(
    "--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True, help="Filens form."
)
def export_register(year: int, email: str, form: str) -> None:
    """Skriv årets ärenden till standard ut, pseudonymiserade: utan namn, nummer, fritext och exakta datum.

    Raderna är fortfarande personuppgifter. Exporten loggas med ärendenas nummer.
    """
    import msgspec

    from mdk import clock
    from mdk.figures import register
    from mdk.people.queries import viewer
    from mdk_web.figures.register_sheets import as_csv, table_of

    with opened() as store, store.database.reading() as session:
        by = viewer(session, email=email)
        found = register.export(session, year=year, secret=store.settings.secret_key, by=by, at=clock.now())
    say(msgspec.json.encode(found).decode() if form == "json" else as_csv(table_of(found)).rstrip("\n"))


@export.command("record")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--as", "email", required=True, metavar="EMAIL", help="Logggranskaren som tar ut journalen; det loggas.")
@click.option("--reference", required=True, metavar="DNR", help="Diarienumret som uttaget görs på.")
@click.option(
    "--protected", "may_be_protected", is_flag=True, help="Ta ut journalen fast personuppgifterna är skyddade."
)
def export_record(file: Path, email: str, reference: str, *, may_be_protected: bool) -> None:
    """Skriv en patients hela journal till FILE, en zip-fil: record.json, en sammanfattning som PDF, och alla filer.

    Ärendenumret eller personnumret läses från standard in, så att det aldrig står i kommandohistoriken. Namnge FILE
    efter diarienumret, inte efter patienten. Filen läses bara av den som kör kommandot; en som finns skrivs inte över.
    """
    from mdk import clock
    from mdk.keeping.queries import record
    from mdk.people.queries import viewer
    from mdk_web.keeping.archive import packed

    if file.exists():
        raise Failure(f"{file} finns redan. Ange en annan fil.")
    patient = click.prompt("Ärendenummer eller personnummer", err=True)
    with opened() as store, store.database.reading() as session:
        by = viewer(session, email=email)
        found = record(session, patient, reference=reference, may_be_protected=may_be_protected, by=by, at=clock.now())
        content = packed(found)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
    say(f"{file} är klar. Ärenden: {len(found.record.cases)}, filer: {len(found.record.files)}.")


COMMANDS = (export,)
