"""Commands that take data out."""

import click

from mdk_web.cli.lines import say
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


COMMANDS = (export,)
