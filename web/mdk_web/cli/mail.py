"""Commands on mail: taking in the answers that calendars send."""

import click

from mdk_web.cli.lines import FAILED, Failure, ending, say
from mdk_web.cli.store import opened


@click.group()
def mail() -> None:
    """Mejl som kommer in."""


@mail.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True), default="-")
def ingest(file: str) -> None:
    """Ta in ett svar på en kallelse ur FILE (- eller inget: standard in), ett mejl som det kom.

    Ett svar från Outlook, Google eller Apple sparas som personens svar. Samma mejl en gång till ändrar inget, och ett
    äldre svar går aldrig före ett nyare. Utgångskod 2 när mejlet inte är ett svar eller inte kan godtas; koordinatorn
    ser det då på sidan Svar via mejl. Utgångskod 1 när det inte kunde tas emot alls och ska skickas hit igen. En
    e-postserver kan skicka varje mejl hit.
    """
    from mdk import clock
    from mdk_calendar import imip, replies
    from mdk_calendar.tables import Fate
    from mdk_web.words import word

    with ending(FAILED):
        with click.open_file(file, "rb") as opened_file:
            raw = opened_file.read(imip.LONGEST + 1)
        with opened() as store, store.database.writing() as session:
            taken = replies.ingest(session, raw, at=clock.now())
    line = word("reply_fate", taken.fate) + "."
    if taken.reason:
        line += f" {word('reply_reason', taken.reason)}"
    if not taken.is_new:
        line = f"Mejlet har tagits emot förut och ändrar inget. Första gången: {line}"
    if taken.fate in {Fate.REFUSED, Fate.QUARANTINED}:
        raise Failure(line)
    say(line)


COMMANDS = (mail,)
