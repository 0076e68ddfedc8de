"""Commands on signatures: the keys that sign minutes, and checking what they signed."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mdk_web.cli.lines import FAILED, Failure, say, table
from mdk_web.cli.store import opened

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.group()
def keys() -> None:
    """Nycklarna som protokoll signeras med."""


@keys.command("list")
def list_keys() -> None:
    """Visa nycklarna, äldst först; den sista signerar."""
    from mdk.minutes import keys as stored

    with opened() as store, store.database.reading() as session:
        known = stored.published(session)
    table(("Nyckel", "Algoritm"), [(key["kid"], key["alg"]) for key in known])


@keys.command()
def rotate() -> None:
    """Börja signera med en ny nyckel; de gamla finns kvar för kontroll."""
    from mdk import clock
    from mdk.audit.structs import Actor
    from mdk.minutes import keys as stored

    with opened() as store, store.database.writing() as session:
        by = Actor(role="system", surface="cli")
        key = stored.rotate(session, secret=store.settings.secret_key, by=by, at=clock.now())
    say(f"Ny nyckel: {key.kid}")


@click.group()
def minutes() -> None:
    """Signerade protokoll."""


@minutes.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option("--keys", "keys_file", type=click.Path(exists=True, dir_okay=False), help="Publicerade nycklar (JWKS).")
@click.option("--pdf", type=click.Path(exists=True, dir_okay=False), help="PDF som ska höra till signaturen.")
def verify(file: str, keys_file: str | None, pdf: str | None) -> None:
    """Kontrollera signaturen i FILE (.jws; - för standard in), utan nätverk.

    Nycklarna tas ur --keys eller ur databasen. Ligger en PDF med samma namn bredvid kontrolleras den också.
    Utgångskod 1 när något inte stämmer.
    """
    beside = Path(file).with_suffix(".pdf")
    pdf = pdf or (str(beside) if file != "-" and beside.is_file() else None)
    from mdk import tokens

    with click.open_file(file, "rb") as opened_file:
        token = opened_file.read(tokens.LONGEST_SEAL + 1).decode("ascii", "replace").strip()
    known = _keys_in(Path(keys_file)) if keys_file else _stored_keys()
    try:
        content = tokens.unseal(token, known)
    except tokens.TokenRefused as refusal:
        raise Failure(f"{file}: {refusal.message}", FAILED) from refusal
    signed = _content(content)
    if "case" not in signed:
        raise Failure(f"{file}: signaturen hör inte till något protokoll.", FAILED)
    if pdf and hashlib.sha256(Path(pdf).read_bytes()).hexdigest() != signed.get("pdf_sha256"):
        raise Failure(f"{pdf}: PDF:en hör inte till signaturen, eller är ändrad.", FAILED)
    say(f"Signaturen stämmer. {signed.get('case')}, {signed.get('signer')}, {signed.get('signed_at')}.")
    say(f"Nyckel {tokens.sealed_by(token)}" + (", PDF:en hör till." if pdf else "."))


def _stored_keys() -> "Mapping[str, Mapping[str, str]]":
    from mdk.minutes import keys as stored

    with opened() as store, store.database.reading() as session:
        return {key["kid"]: key for key in stored.published(session)}


def _keys_in(file: Path) -> "Mapping[str, Mapping[str, str]]":
    import msgspec

    class Published(msgspec.Struct):
        keys: list[dict[str, str]]

    try:
        found = msgspec.json.decode(file.read_bytes(), type=Published).keys
    except msgspec.MsgspecError as unreadable:
        raise Failure(f"{file}: filen är inga publicerade nycklar (JWKS).") from unreadable
    return {key["kid"]: key for key in found if "kid" in key}


def _content(content: bytes) -> dict[str, Any]:
    import msgspec

    return msgspec.json.decode(content, type=dict[str, Any])


COMMANDS = (keys, minutes)
