"""Commands on how long things are kept: what has passed its time, and the decisions that let it be removed."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from mdk_web.cli.lines import FAILED, Failure, say, table
from mdk_web.cli.store import Store, opened

if TYPE_CHECKING:
    from mdk.people.structs import Viewer

_as = click.option("--as", "email", required=True, metavar="EMAIL", help="Den som gör det; det loggas.")
_day = click.DateTime(["%Y-%m-%d"])
_STATES = {"proposed": "väntar", "confirmed": "bekräftat", "withdrawn": "tillbakadraget", "finished": "genomfört"}


@click.group()
def retention() -> None:
    """Bevarande och gallring."""


@retention.command()
def report() -> None:
    """Visa hur mycket som har sparats så länge som lagen kräver. Inget namnges, och inget tas bort."""
    from mdk import clock
    from mdk.keeping import passed, rules

    at = clock.now()
    with opened() as store, store.database.reading() as session:
        found = passed.now(session, at=at)
    table(
        ("Vad", "Äldre än", "Antal", "Äldst"),
        [
            ("patienter", f"{rules.records_limit(at)}", str(found.patients), str(found.oldest_entry or "–")),
            ("ärenden", f"{rules.records_limit(at)}", str(found.cases), str(found.oldest_entry or "–")),
            ("loggrader", f"{rules.log_limit(at)}", str(found.log_rows), str(found.oldest_row or "–")),
        ],
    )


@retention.command()
@_as
def decisions(email: str) -> None:
    """Visa gallringsbesluten, nyast först."""
    from mdk import clock
    from mdk.keeping import passed

    with opened() as store, store.database.reading() as session:
        found = passed.decisions(session, by=_viewer(session, email), at=clock.now())
    table(
        ("Beslut", "Diarienummer", "Läge", "Journaler före", "Logg före", "Ärenden", "Gallrade"),
        [
            (
                str(line.id),
                line.reference,
                _STATES[line.state],
                str(line.records_before or "–"),
                str(line.log_before or "–"),
                str(line.cases),
                str(line.removed),
            )
            for line in found
        ],
    )


@retention.command()
@_as
@click.option("--reference", required=True, metavar="DNR", help="Beslutets diarienummer.")
@click.option("--reason", required=True, help="Varför det gallras, och vem som har beslutat det.")
@click.option("--records-before", type=_day, help="Journaler vars sista uppgift är äldre än dagen (minst tio år).")
@click.option("--log-before", type=_day, help="Loggrader äldre än dagen (minst fem år).")
def decide(
    email: str, reference: str, reason: str, records_before: datetime | None, log_before: datetime | None
) -> None:
    """Lägg in ett gallringsbeslut. Inget tas bort innan någon annan har bekräftat det."""
    from mdk import clock
    from mdk.keeping import service
    from mdk.keeping.structs import DecisionBody
    from mdk.parsing import parse

    told = {"reference": reference, "reason": reason, "records_before": records_before, "log_before": log_before}
    body = parse(
        DecisionBody,
        {name: f"{value:%Y-%m-%d}" if isinstance(value, datetime) else value for name, value in told.items()},
    )
    with opened() as store, store.database.writing() as session:
        made = service.decide(session, body=body, by=_viewer(session, email), at=clock.now())
    say(f"Beslut {made} är inlagt och väntar på att någon annan bekräftar det.")


@retention.command()
@click.argument("decision", type=int)
@_as
def confirm(decision: int, email: str) -> None:
    """Bekräfta gallringsbeslutet DECISION, som någon annan har lagt in."""
    from mdk import clock
    from mdk.keeping import service

    with opened() as store, store.database.writing() as session:
        service.confirm(session, decision_id=decision, by=_viewer(session, email), at=clock.now())
    say(f"Beslut {decision} är bekräftat. Det genomförs med: mdk retention remove --decision {decision}")


@retention.command()
@click.argument("decision", type=int)
@_as
def withdraw(decision: int, email: str) -> None:
    """Dra tillbaka gallringsbeslutet DECISION; det som inte är gallrat ligger kvar."""
    from mdk import clock
    from mdk.keeping import service

    with opened() as store, store.database.writing() as session:
        service.withdraw(session, decision_id=decision, by=_viewer(session, email), at=clock.now())
    say(f"Beslut {decision} är tillbakadraget.")


@retention.command()
@click.option("--decision", type=int, required=True, metavar="N", help="Det bekräftade beslut som genomförs.")
@_as
def remove(decision: int, email: str) -> None:
    """Genomför ett bekräftat gallringsbeslut: journaler patient för patient, sedan loggrader i omgångar.

    Kräver MDK_REMOVAL=on. Går inte att ångra: ta en säkerhetskopia först, och tänk på att gallra äldre kopior också.
    Avbryts det fortsätter nästa körning där det slutade. För loggrader lämnas ett signerat kvitto i kedjan.
    """
    from mdk_calendar.log_heads import keep_checkpoints

    with opened() as store:
        with store.database.reading() as session:
            by = _viewer(session, email)
        told = {"decision_id": decision, "is_on": store.settings["REMOVAL"] == "on", "by": by}
        _check_whole(store, told)
        cases, kept = _remove_records(store, told)
        rows = _remove_log(store, told)
        keep_checkpoints(store.database, store.settings)
        _finish(store, told)
    say(f"Beslut {decision} är genomfört. Gallrat: ärenden {cases}, loggrader {rows}.")
    if kept:
        say(f"{kept} patienter har fått nya uppgifter sedan beslutet och ligger kvar.")


def _check_whole(store: Store, told: dict[str, Any]) -> None:
    """Nothing is removed from a log that is not what it was: it is evidence."""
    from mdk.inspection.heads import first_fault
    from mdk.keeping.removing import check_on
    from mdk_calendar.log_heads import kept_in, outside

    check_on(is_on=told["is_on"], by=told["by"])
    with store.database.reading() as session:
        fault = first_fault(session, outside(kept_in(store.settings)))
    if fault is not None:
        raise Failure(f"Åtkomstloggen brister vid rad {fault.row}, så inget gallras. Kör: mdk audit verify", FAILED)


def _remove_records(store: Store, told: dict[str, Any]) -> tuple[int, int]:
    """How many cases went, and how many patients were kept."""
    from mdk import clock
    from mdk.keeping import removing

    cases = kept = 0
    while True:
        with store.database.writing() as session:
            gone = removing.remove_patient(session, **told, at=clock.now())
        if gone is None:
            return cases, kept
        cases, kept = cases + gone, kept + (gone == 0)


def _remove_log(store: Store, told: dict[str, Any]) -> int:
    from mdk import clock
    from mdk.keeping import removing

    rows = 0
    while True:
        with store.database.writing() as session:
            gone = removing.remove_log(session, **told, secret=store.settings.secret_key, at=clock.now())
        if not gone:
            return rows
        rows += gone


def _finish(store: Store, told: dict[str, Any]) -> None:
    from mdk import clock
    from mdk.keeping import removing

    with store.database.writing() as session:
        removing.finish(session, **told, at=clock.now())


def _viewer(session: Any, email: str) -> "Viewer":
    from mdk.people.queries import viewer

    return viewer(session, email=email)


COMMANDS = (retention,)
