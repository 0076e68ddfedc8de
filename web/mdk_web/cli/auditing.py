"""Commands on the access log: whether it is whole, and its signed ends."""

from pathlib import Path

import click

from mdk_web.cli.lines import FAILED, Failure, say
from mdk_web.cli.store import opened

_WHAT = {
    "changed": "Åtkomstloggens kedja brister vid rad {row}.",
    "missing": "Åtkomstloggen saknar rad {row} och det som följde: den är avkortad, eller en äldre kopia.",
    "index": "Åtkomstloggens register över ärenden stämmer inte med rad {row}.",
    "removal": "Gallringen vid rad {row} stämmer inte: dess signerade kvitto saknas, är ändrat eller hör inte hit.",
    "seal": "Signaturen av åtkomstloggens slut vid rad {row} stämmer inte.",
}


@click.group()
def audit() -> None:
    """Åtkomstloggen."""


@audit.command()
@click.option(
    "--heads",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Signerade kedjeslut som sparats någon annanstans; annars datakatalogens egna.",
)
def verify(file: Path | None) -> None:
    """Kontrollera att ingen rad i åtkomstloggen har ändrats, flyttats eller tagits bort.

    Kedjan gås igenom från början, eller från det signerade kvittot på vad som gallrats, och jämförs med de signerade
    kedjeslut som finns i databasen och utanför den. Utgångskod 1 och radens nummer när något inte stämmer.
    """
    from mdk.inspection.heads import first_fault, removed
    from mdk_calendar.log_heads import kept_in, outside

    with opened() as store, store.database.reading() as session:
        fault = first_fault(session, outside(file or kept_in(store.settings)))
        gone = removed(session)
    if fault is not None:
        raise Failure(_WHAT[fault.what].format(row=fault.row), FAILED)
    say("Åtkomstloggens kedja håller.")
    if gone is not None:
        say(f"Rad 1–{gone.last_id} är gallrade enligt beslut {gone.decision}, {gone.reference}.")


@audit.command()
def heads() -> None:
    """Skriv ut de signerade kedjesluten, äldst först, att spara någon annanstans."""
    from mdk.audit.queries import heads as stored

    with opened() as store, store.database.reading() as session:
        signed = [head.jws for head in stored(session)]
    for token in signed:
        say(token)


COMMANDS = (audit,)
