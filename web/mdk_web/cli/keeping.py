"""Commands on copies of the whole store."""

from pathlib import Path

import click

from mdk_web.cli.lines import FAILED, Failure, say, table
from mdk_web.cli.store import opened


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Spara hela databasen i FILE medan allt är i gång.

    Kopian är från ett enda ögonblick. Installationens nycklar (MDK_DATA_KEY och MDK_SECRET_KEY) ingår inte: spara dem
    för sig.
    """
    from mdk import backups

    with opened(may_be_behind=True) as store:
        size = backups.save(store.database, file)
    say(f"Säkerhetskopian {file} är klar ({size / 1e6:.1f} MB).")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", "replaces", is_flag=True, help="Ersätt allt som finns i databasen.")
def restore(file: Path, *, replaces: bool) -> None:
    """Återställ databasen från säkerhetskopian FILE, helt eller inte alls.

    Efteråt prövas åtkomstloggens kedja, och varje tabells antal rader skrivs ut.
    """
    from mdk import backups
    from mdk.db import check_revision
    from mdk.inspection.heads import first_fault

    with opened(is_new=True, may_be_damaged=True) as store:
        backups.restore(store.database, file, replaces=replaces)
        found = backups.counts(store.database)
        table(("Tabell", "Rader"), [(name, str(count)) for name, count in found.items()])
        fault = check_revision(store.database)
        if fault:
            raise Failure(f"Databasen är återställd. {fault}", FAILED)
        with store.database.reading() as session:
            broken = first_fault(session, ())
    if broken is not None:
        raise Failure(f"Databasen är återställd, men åtkomstloggens kedja brister vid rad {broken.row}.", FAILED)
    say(f"Databasen är återställd: {sum(found.values())} rader, och åtkomstloggens kedja håller.")


COMMANDS = (backup, restore)
