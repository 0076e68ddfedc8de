"""Commands on what is stored: schema, reference data, import, and the settings."""

from math import floor
from typing import TYPE_CHECKING, Any

import click

from mdk_web.cli.lines import FAILED, Failure, say, table
from mdk_web.cli.store import Store, opened

if TYPE_CHECKING:
    from mdk.people.structs import Viewer


@click.command()
@click.option("--check", "is_check", is_flag=True, help="Ändra inget; avsluta med 1 om något behöver göras.")
def migrate(*, is_check: bool) -> None:
    """Ge databasen det nyaste schemat. Ett schema från ett nyare program lämnas som det är."""
    from mdk import db

    with opened(is_new=not is_check) as store:
        if not is_check:
            db.migrate(store.database)
        fault = db.check_schema(store.database)
    if fault == db.NEWER and not is_check:
        say(fault)
        return
    if fault:
        raise Failure(fault, FAILED)
    say("Databasen har det nyaste schemat.")


@click.group()
def seed() -> None:
    """Grunddata."""


@seed.command()
def reference() -> None:
    """Läs in regioner och enheter; kan göras om utan skada."""
    from mdk.journey import reference as data

    with opened() as store, store.database.writing() as session:
        regions, units = data.load(session)
    say(f"{regions} regioner och {units} enheter finns.")


@click.group("import")
def import_() -> None:
    """Läs in från fil."""


@import_.command("cases")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--as", "email", required=True, metavar="EMAIL", help="Remittenten som ärendena läses in för.")
@click.option("--submit", "is_submitted", is_flag=True, help="Skicka in varje ärende till triage.")
def import_cases(file: str, email: str, *, is_submitted: bool) -> None:
    """Läs in ärenden från FILE (- för standard in): en JSON-lista av inskick.

    En rad per ärende: nummer, läge, komplett i procent. Ett ärende med fel läses inte in, och varje fel i det skrivs
    ut; de andra ärendena behålls.
    """
    from mdk.errors import Invalid
    from mdk.parsing import decode_json
    from mdk.people.queries import viewer
    from mdk.people.rules import check_role

    try:
        with click.open_file(file, "rb") as opened_file:
            documents = decode_json(opened_file.read())
    except Invalid as unreadable:
        raise Failure(f"{file}: {unreadable.problems[0].message}") from unreadable
    if not isinstance(documents, list):
        raise Failure(f"{file}: filen ska vara en JSON-lista av ärenden.")
    with opened() as store:
        with store.database.reading() as session:
            by = viewer(session, email=email)
        check_role("case.create", by)
        refused = 0
        for place, document in enumerate(documents, start=1):
            refused += not _import_one(store, place, document, by, is_submitted=is_submitted)
    if refused:
        raise Failure(f"{refused} av {len(documents)} ärenden avvisades; felen står ovan.", FAILED)


@import_.command("prevalence")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--as", "email", required=True, metavar="EMAIL", help="Den som tabellen läses in av.")
@click.option("--year", type=int, required=True, help="Året då patienterna räknades.")
@click.option("--week", type=int, required=True, help="Veckan då patienterna räknades.")
@click.option("--source", required=True, help="Vem som räknade, och hur.")
def import_prevalence(file: str, email: str, year: int, week: int, source: str) -> None:
    """Läs in en punktprevalens från FILE (- för standard in): ort, region, anslutna, hög dos, pågående avancerad.

    Första raden namnger kolumnerna (place;region;patients;high_dose;advanced) och den sista är Summa. Stämmer inte
    summorna, eller är någon rad fel, läses ingenting in och varje fel skrivs ut.
    """
    from mdk import clock
    from mdk.errors import Invalid
    from mdk.figures.service import import_prevalence as taken_in
    from mdk.figures.structs import SurveyBody
    from mdk.parsing import parse
    from mdk.people.queries import viewer

    with click.open_file(file, "rb") as opened_file:
        table = opened_file.read().decode("utf-8", "replace")
    with opened() as store:
        with store.database.reading() as session:
            by = viewer(session, email=email)
        try:
            body = parse(SurveyBody, {"year": year, "week": week, "source": source, "table": table})
            with store.database.writing() as session:
                survey = taken_in(session, body=body, by=by, at=clock.now())
        except Invalid as refusal:
            for problem in refusal.problems:
                say(f"    {problem.field or 'tabellen'}: {problem.message}")
            raise Failure("Ingenting lästes in; felen står ovan.", FAILED) from refusal
    counted = f"{len(survey.lines)} orter, {survey.patients} anslutna, {survey.high_dose} med hög dos"
    say(f"Vecka {week} år {year}: {counted}.")


@click.command()
def config() -> None:
    """Visa varje inställning: värde, källa och betydelse; hemligheter visas inte."""
    from mdk import settings

    table(
        ("Inställning", "Värde", "Källa", "Betydelse"),
        [(one.name, one.value, one.source, one.meaning) for one in settings.load().shown()],
    )


def _import_one(store: Store, place: int, document: Any, by: "Viewer", *, is_submitted: bool) -> bool:
    """Read one case in, in a transaction of its own; whether it was taken."""
    from mdk import clock
    from mdk.cases import rules, service
    from mdk.errors import Invalid, RuleBroken

    at = clock.now()
    try:
        submission = rules.read_submission(document, today=clock.today(at), to_submit=is_submitted)
        with store.database.writing() as session:
            case = service.create(session, submission=submission, by=by, at=at)
            if is_submitted:
                service.submit(session, number=case.number, version=case.version, by=by, at=at)
            line = f"{case.number}  {case.state}  {floor(case.completeness * 100 + 1e-6)} %"
    except (Invalid, RuleBroken) as refusal:
        say(f"ärende {place}  avvisat")
        for problem in refusal.problems:
            say(f"    {problem.field or 'ärendet'}: {problem.message}")
        if not refusal.problems:
            say(f"    {refusal.message}")
        return False
    say(line)
    return True


COMMANDS = (migrate, seed, import_, config)
