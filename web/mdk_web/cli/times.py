"""Commands on when conferences are held and who is away: series and absences."""

import click

from mdk_web.cli.lines import Failure, say, table
from mdk_web.cli.store import opened

AS = click.option("--as", "email", required=True, metavar="EMAIL", help="Den som gör det, med ett uppdrag som får.")


@click.group()
def series() -> None:
    """Serier av konferenser."""


@series.command("list")
@AS
def list_series(email: str) -> None:
    """Visa alla serier: namn, regel, första start, längd, hur många konferenser som står planerade, och seriens id."""
    from mdk.conferences.series import series_list
    from mdk.people.queries import viewer
    from mdk_web.rendering import full_when

    with opened() as store, store.database.reading() as session:
        found = series_list(session, by=viewer(session, email=email))
        rows = [
            (
                each.name,
                each.rrule,
                full_when(each.first_start),
                f"{each.duration_minutes} min",
                str(each.planned),
                each.id,
            )
            for each in found
        ]
    table(("Serie", "Regel", "Första start", "Längd", "Planerade", "Id"), rows)


@series.command("add")
@click.argument("name")
@AS
@click.option("--rrule", required=True, help="Regeln enligt RFC 5545, till exempel FREQ=WEEKLY;BYDAY=WE.")
@click.option("--first-start", "start", required=True, type=click.DateTime(["%Y-%m-%dT%H:%M"]), help="Svensk tid.")
@click.option("--minutes", type=int, default=60, show_default=True, help="Hur länge varje konferens varar.")
@click.option("--chair", required=True, help="Ordförandens adress.")
@click.option("--consultant", required=True, help="Konsultens adress.")
@click.option("--deputy", help="Adressen till den som ersätter konsulten.")
@click.option("--member", "members", multiple=True, help="En deltagares adress; ange flera gånger för flera.")
@click.option("--video-url", help="Videolänken; annars en egen för varje konferens, om MDK_VIDEO_URL_TEMPLATE finns.")
def add_series(
    *,
    name: str,
    email: str,
    rrule: str,
    start: object,
    minutes: int,
    chair: str,
    consultant: str,
    deputy: str | None,
    members: tuple[str, ...],
    video_url: str | None,
) -> None:
    """Planera en serie NAME: konferenser tolv veckor framåt. Ingen kallas förrän en agenda skickas ut."""
    from mdk import clock
    from mdk.conferences import repeating
    from mdk.conferences.series import series_view
    from mdk.conferences.series_structs import SeriesBody
    from mdk.parsing import parse
    from mdk.people.queries import viewer

    given = {"name": name, "rrule": rrule, "first_start": _instant(start), "duration_minutes": minutes}
    people = {"chair": chair, "consultant": consultant, "deputy": deputy, "members": list(members)}
    with opened() as store, store.database.writing() as session:
        body = parse(SeriesBody, {**given, **people, "video_url": video_url})
        made = repeating.create_series(session, body=body, by=viewer(session, email=email), at=clock.now())
        planned = series_view(session, made).planned
    say(f"{name}: {planned} konferenser är planerade.")


@series.command("end")
@click.argument("series_id", metavar="ID")
@AS
@click.option("--from", "first_day", required=True, metavar="ÅÅÅÅ-MM-DD", help="Första dagen utan konferens.")
@click.option("--reason", required=True, help="Varför; det står i kallelserna som avbokas.")
def end_series(series_id: str, *, email: str, first_day: str, reason: str) -> None:
    """Avsluta serien ID: dess konferenser från och med dagen ställs in, och de som var kallade får veta."""
    from mdk import clock
    from mdk.conferences import repeating
    from mdk.conferences.series import load_series
    from mdk.conferences.series_structs import EndBody
    from mdk.parsing import parse
    from mdk.people.queries import viewer

    with opened() as store, store.database.writing() as session:
        body = parse(EndBody, {"from_day": first_day, "reason": reason})
        by, at = viewer(session, email=email), clock.now()
        version = load_series(session, series_id, act="series.end", by=by).version
        day, why = body.from_day, body.reason
        ended = repeating.end_series(
            session, series_id=series_id, version=version, from_day=day, reason=why, by=by, at=at
        )
        name = ended.name
    say(f"{name} är avslutad från {first_day}.")


@click.group()
def absence() -> None:
    """Frånvaro."""


@absence.command("list")
@AS
def list_absences(email: str) -> None:
    """Visa frånvaro som inte är över: vem, dagar, ersättare, hur många konferenser som berörs, och frånvarons id."""
    from mdk import clock
    from mdk.conferences.absent import absences
    from mdk.people.queries import viewer

    with opened() as store, store.database.reading() as session:
        found = absences(session, by=viewer(session, email=email), at=clock.now())
    rows = [
        (each.person, str(each.first_day), str(each.last_day), each.deputy or "–", str(len(each.conferences)), each.id)
        for each in found
    ]
    table(("Vem", "Från", "Till", "Ersättare", "Konferenser", "Id"), rows)


@absence.command("add")
@click.argument("first_day", metavar="FÖRSTA-DAGEN")
@click.argument("last_day", metavar="SISTA-DAGEN")
@AS
@click.option("--person", help="Vem som är borta, när det är en annan (koordinatorn får).")
@click.option("--deputy", help="Adressen till den som ersätter konsulten de dagarna.")
def add_absence(first_day: str, last_day: str, *, email: str, person: str | None, deputy: str | None) -> None:
    """Anmäl frånvaro från FÖRSTA-DAGEN till SISTA-DAGEN (ÅÅÅÅ-MM-DD); den som berörs av en kallelse får veta."""
    from mdk import clock
    from mdk.conferences import absences
    from mdk.conferences.absent import absence_view
    from mdk.conferences.structs import AbsenceBody
    from mdk.parsing import parse
    from mdk.people.queries import viewer

    with opened() as store, store.database.writing() as session:
        given = {"first_day": first_day, "last_day": last_day, "person": person, "deputy": deputy}
        by, at = viewer(session, email=email), clock.now()
        made = absences.record(session, body=parse(AbsenceBody, given), by=by, at=at)
        session.flush()
        shown = absence_view(session, made, at=at)
    say(
        f"{shown.person} är borta {shown.first_day} till {shown.last_day}; {len(shown.conferences)} konferenser berörs."
    )


@absence.command("remove")
@click.argument("absence_id", metavar="ID")
@AS
def remove_absence(absence_id: str, *, email: str) -> None:
    """Ta tillbaka frånvaron ID, och med den ersättaren där ingen annan har utsetts sedan dess."""
    from mdk import clock
    from mdk.conferences import absences
    from mdk.people.queries import viewer

    with opened() as store, store.database.writing() as session:
        absences.remove(session, absence_id=absence_id, by=viewer(session, email=email), at=clock.now())
    say("Frånvaron är borttagen.")


def _instant(wall: object) -> str:
    """The one instant at which Swedish clocks show a time. Raises `Failure` where they never do, or do twice."""
    from datetime import datetime

    from mdk import clock

    found = clock.readings(wall) if isinstance(wall, datetime) else []
    if len(found) != 1:
        raise Failure("--first-start: klockan ställs om då; ange en annan tid.")
    return found[0].isoformat()


COMMANDS = (series, absence)
