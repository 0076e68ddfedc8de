"""Commands on people, their assignments and their tokens."""

import click

from mdk_web.cli.lines import say, table
from mdk_web.cli.store import opened

YEAR = 366 * 24 * 60


@click.group()
def user() -> None:
    """Personer och deras uppdrag."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True, help="Personens namn.")
@click.option("--role", required=True, help="Rollen, till exempel referrer eller coordinator.")
@click.option("--unit", required=True, help="Enhetens id, till exempel palliativa-vaxjo.")
@click.option(
    "--language",
    type=click.Choice(["sv", "en"]),
    help="Språket i personens mejl; annars som förut, först MDK_LANGUAGE.",
)
@click.option("--hsa-id", help="Personens HSA-id, när inloggningen känner igen personer så (MDK_OIDC_PERSON_CLAIM).")
@click.option("--commission", help="Uppdragets HSA-id, när inloggningen avgör uppdraget (MDK_OIDC_COMMISSION_CLAIM).")
def add(
    email: str, *, name: str, role: str, unit: str, language: str | None, hsa_id: str | None, commission: str | None
) -> None:
    """Ge en person ett uppdrag; personen läggs till om adressen är ny."""
    from mdk import clock
    from mdk.people import service

    with opened() as store, store.database.writing() as session:
        assignment = service.add(
            session,
            email=email,
            name=name,
            role=role,
            unit_id=unit,
            language=language,
            hsa_id=hsa_id,
            commission=commission,
            at=clock.now(),
        )
    say(f"{email.strip().lower()} har uppdrag {assignment}: {role}, {unit}")


@user.command("list")
def show() -> None:
    """Visa alla personer och uppdrag."""
    from mdk.people import queries

    with opened() as store, store.database.reading() as session:
        lines = queries.people(session)
    heads = ("Adress", "Namn", "Uppdrag", "Roll", "Enhet", "Läge")
    table(
        heads,
        [
            (
                line.email,
                line.name,
                str(line.assignment_id),
                line.role,
                line.unit_id,
                "aktiv" if line.active else "avslutad",
            )
            for line in lines
        ],
    )


@user.command("disable")
@click.argument("email")
def disable(email: str) -> None:
    """Avsluta en persons åtkomst genast; det personen gjort står kvar."""
    from mdk import clock
    from mdk.journey import departures

    with opened() as store, store.database.writing() as session:
        departures.leave(session, email=email, at=clock.now())
    say(f"{email.strip().lower()} har inte längre åtkomst.")


@user.command("sign-out")
@click.argument("email")
def sign_out(email: str) -> None:
    """Avsluta alla en persons inloggningar och åtkomstnycklar genast; personen får logga in igen."""
    from mdk import clock
    from mdk.people import sign_ins

    with opened() as store, store.database.writing() as session:
        ended = sign_ins.end_all(session, email=email, at=clock.now())
    what = "1 inloggning" if ended == 1 else f"{ended} inloggningar"
    say(f"{email.strip().lower()}: {what} avslutades. Åtkomstnycklar som skrivits ut tills nu gäller inte längre.")


@user.command("address")
@click.argument("email")
@click.argument("new")
def address(email: str, new: str) -> None:
    """Byt en persons adress; kallelser som gäller skickas på nytt dit."""
    from mdk import clock
    from mdk.journey import departures

    with opened() as store, store.database.writing() as session:
        departures.readdress(session, email=email, to=new, at=clock.now())
    say(f"{email.strip().lower()} nås nu på {new.strip().lower()}.")


@click.command()
@click.argument("email")
@click.option(
    "--minutes", type=click.IntRange(1, YEAR), default=60, show_default=True, help="Hur länge nyckeln gäller."
)
@click.option("--assignment", type=int, help="Uppdragets nummer, när personen har flera (se mdk user list).")
def token(email: str, minutes: int, assignment: int | None) -> None:
    """Skriv ut en åtkomstnyckel till API:et."""
    from mdk import clock
    from mdk.people import sign_ins

    with opened() as store, store.database.writing() as session:
        given = sign_ins.give_token(
            session,
            email=email,
            assignment_id=assignment,
            minutes=minutes,
            secret=store.settings.secret_key,
            issuer=store.settings["BASE_URL"],
            at=clock.now(),
        )
    say(given)


@click.group()
def unit() -> None:
    """Enheter."""


@unit.command("list")
def list_units() -> None:
    """Visa alla enheter med id och HSA-id."""
    from mdk.people import queries

    with opened() as store, store.database.reading() as session:
        lines = [(each.id, each.name, each.hsa_id or "–") for each in queries.units(session)]
    table(("Id", "Namn", "HSA-id"), lines)


@unit.command("hsa-id")
@click.argument("unit_id", metavar="ENHET")
@click.argument("hsa_id", metavar="HSA-ID")
def name_unit(unit_id: str, hsa_id: str) -> None:
    """Säg vilket HSA-id en enhet har hos inloggningstjänsten (MDK_OIDC_UNIT_CLAIM)."""
    from mdk import clock
    from mdk.people import service

    with opened() as store, store.database.writing() as session:
        service.name_unit(session, unit_id=unit_id, hsa_id=hsa_id, at=clock.now())
    say(f"{unit_id} har HSA-id {hsa_id}.")


COMMANDS = (user, unit, token)
