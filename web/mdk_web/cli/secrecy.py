"""Commands on the keys that patient data are sealed with."""

from typing import TYPE_CHECKING

import click

from mdk_web.cli.lines import FAILED, Failure, say, table
from mdk_web.cli.store import opened

if TYPE_CHECKING:
    from mdk.keyring import Masters
    from mdk.settings import Settings


@click.group("data-key")
def data_key() -> None:
    """Nycklarna som patienternas uppgifter är krypterade med i databasen."""


@data_key.command()
@click.option("--reseal", "is_resealing", is_flag=True, help="Kryptera också om det som finns, med nya nycklar.")
def rotate(*, is_resealing: bool) -> None:
    """Byt till MDK_DATA_KEY från den nyckel som gällde förut (MDK_DATA_KEY_OLD, eller den ur MDK_SECRET_KEY).

    Bytet går på ett ögonblick och kan göras om utan skada. Med --reseal får databasen dessutom nya egna nycklar, och
    allt som får ändras krypteras om medan systemet är i gång; avbryts det fortsätter nästa gång där det slutade.
    Signerade protokoll ändras aldrig och läses med sin gamla nyckel.
    """
    from mdk import clock
    from mdk.audit.structs import Actor
    from mdk.journey import resealing
    from mdk.secrecy import service

    by = Actor(role="system", surface="cli")
    with opened() as store:
        masters = _masters(store.settings)
        with store.database.writing() as session:
            changed = service.rotate(session, masters=masters, by=by, at=clock.now())
            if is_resealing:
                service.renew(session, masters=masters, by=by, at=clock.now())
        say(f"{changed} nycklar låstes om." if changed else "Databasens nycklar hör redan till den nyckel som gäller.")
        if is_resealing:
            say(f"{resealing.reseal(store.database, by=by)} rader krypterades om.")


@data_key.command()
def check() -> None:
    """Pröva att varje krypterad uppgift går att läsa: kolumn, läsbara, oläsbara, med äldre nyckel.

    Utgångskod 1 när någon inte går att läsa.
    """
    from mdk.journey import resealing

    with opened() as store:
        _masters(store.settings)
        found = resealing.tried(store.database)
    shown = [(each.place, *(str(count) for count in (each.good, each.bad, each.earlier))) for each in found]
    table(("Kolumn", "Läsbara", "Oläsbara", "Äldre nyckel"), shown)
    bad = sum(each.bad for each in found)
    if bad:
        raise Failure(f"{bad} uppgifter går inte att läsa. Ändra inget; se runbook.md, A key is lost.", FAILED)
    say(f"Alla {sum(each.good for each in found)} krypterade uppgifter går att läsa.")


def _masters(settings: "Settings") -> "Masters":
    from mdk.journey import start
    from mdk.keyring import NO_KEY, WrongKey

    masters = start.masters(settings)
    if masters is None:
        raise WrongKey(NO_KEY)
    return masters


COMMANDS = (data_key,)
