"""Signed minutes are sealed, kept and checked: by an independent library, and against hands behind the program."""

import base64
import hashlib
import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

import make
from mdk import bearers, tokens
from mdk.audit.structs import SYSTEM
from mdk.db import Database
from mdk.errors import NotFound, RuleBroken
from mdk.minutes import keys, service, sheets
from mdk.minutes.structs import Papers
from mdk.minutes.tables import MinutesSeal, SigningKey

BEHIND = (
    "UPDATE minutes SET document = 'mdk1.'",
    "UPDATE minutes SET signed_at = NULL, signed_by = NULL, digest = NULL",
    "DELETE FROM minutes",
    "UPDATE minutes_seal SET jws = ''",
    "DELETE FROM minutes_seal",
    "UPDATE minutes_addendum SET text = 'mdk1.'",
    "DELETE FROM minutes_addendum",
    # An insert pushes out the row in its place where the store is asked to replace.
    (
        "INSERT INTO minutes (id, conference_id, case_id, document, saved_at, saved_by, version) "
        "SELECT id, conference_id, case_id, 'mdk1.', saved_at, saved_by, 1 FROM minutes"
    ),
    (
        "INSERT INTO minutes_seal (minutes_id, addendum, kid, jws, pdf, pdf_sha256, sheet, at) "
        "SELECT minutes_id, addendum, kid, '', pdf, '', 'mdk1.', at FROM minutes_seal WHERE addendum = 0"
    ),
    (
        "INSERT INTO minutes_addendum (id, minutes_id, text, at, person_id) "
        "SELECT id, minutes_id, 'mdk1.', at, person_id FROM minutes_addendum"
    ),
)
KEYS = (
    "DELETE FROM signing_key",
    "UPDATE signing_key SET public = '{}'",
    (
        "INSERT INTO signing_key (kid, public, private, active, created_at) "
        "SELECT 'x', '{}', '', active, created_at FROM signing_key"
    ),
)


def papers(clinic: Database, held: str, number: str, by: str = make.REFERRER, edition: int | None = None) -> Papers:
    return make.ask(clinic, by, sheets.papers, held, number, at=make.MEETS, edition=edition)


def published(clinic: Database) -> dict[str, dict[str, str]]:
    with clinic.reading() as session:
        return {key["kid"]: dict(key) for key in keys.published(session)}


def checked(token: str, clinic: Database) -> dict[str, Any]:
    """What joserfc reads of a seal by the published keys."""
    header = json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
    key = ECKey.import_key(published(clinic)[header["kid"]])  # type: ignore[arg-type]
    found: dict[str, Any] = json.loads(jws.deserialize_compact(token, key, algorithms=["ES256"]).payload)
    return found


def add(clinic: Database, held: str, number: str, words: str) -> None:
    make.act(
        clinic,
        make.CHAIR,
        service.add,
        conference_id=held,
        number=number,
        text=words,
        sealing=make.SEALING,
        at=make.MEETS + make.HOUR,
    )


def test_another_library_verifies_the_signature_and_finds_the_minutes_and_the_pdf_s_hash(clinic: Database) -> None:
    held, number = make.signed(clinic, "intern_pump")
    found = papers(clinic, held, number)
    content = checked(found.jws[0], clinic)
    assert content["minutes"]["outcome"] == "intern_pump"
    assert (content["case"], content["conference"], content["signer"]) == (number, held, make.email(make.CHAIR))
    assert content["signed_at"] == make.MEETS.isoformat()
    assert content["pdf_sha256"] == hashlib.sha256(found.pdf).hexdigest()


def test_what_is_signed_is_canonical(clinic: Database) -> None:
    held, number = make.signed(clinic)
    payload = tokens.unseal(papers(clinic, held, number).jws[0], published(clinic))
    assert (
        payload == json.dumps(json.loads(payload), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    )


def test_the_digest_of_the_minutes_is_that_of_what_was_signed(clinic: Database) -> None:
    held, number = make.signed(clinic)
    payload = tokens.unseal(papers(clinic, held, number).jws[0], published(clinic))
    signed = make.ask(clinic, make.REFERRER, sheets.papers, held, number, at=make.MEETS)
    assert signed.jws
    with clinic.reading() as session:
        digest, kid = session.execute(text("SELECT digest, kid FROM minutes")).one()
    assert (digest, kid in published(clinic)) == (hashlib.sha256(payload).hexdigest(), True)


@pytest.mark.parametrize("place", [0, 40, 400, -1])
def test_one_changed_byte_is_refused(clinic: Database, place: int) -> None:
    held, number = make.signed(clinic)
    token = papers(clinic, held, number).jws[0]
    header, content, signature = token.split(".")
    changed = bytearray(base64.urlsafe_b64decode(content + "=="))
    changed[place] ^= 1
    other = base64.urlsafe_b64encode(bytes(changed)).rstrip(b"=").decode()
    forged = f"{header}.{other}.{signature}"
    with pytest.raises(tokens.TokenRefused):
        tokens.unseal(forged, published(clinic))
    with pytest.raises(JoseError):
        checked(forged, clinic)


def test_a_seal_of_an_unknown_key_another_algorithm_or_another_purpose_is_refused(clinic: Database) -> None:
    held, number = make.signed(clinic)
    known = published(clinic)
    stranger = tokens.make_seal_key(make.SEALING.secret)
    bearer = bearers.issue(
        make.SEALING.secret, person_id=1, assignment_id=1, now=make.AT, minutes=5, issuer="https://mdk.example"
    )
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"mdk-minutes","kid":"x"}').rstrip(b"=").decode()
    for token in (tokens.seal(make.SEALING.secret, stranger, b"{}"), bearer, f"{header}.e30.AA", "", "a.b", "å.b.c"):
        with pytest.raises(tokens.TokenRefused):
            tokens.unseal(token, known)
    assert tokens.unseal(papers(clinic, held, number).jws[0], known)


def test_the_private_key_is_stored_locked_and_opens_with_this_installation_s_secret_only(clinic: Database) -> None:
    make.signed(clinic)
    with clinic.reading() as session:
        kid, private = session.execute(select(col(SigningKey.kid), col(SigningKey.private))).one()
    assert "ENCRYPTED PRIVATE KEY" in private
    with pytest.raises(ValueError, match=r"[Pp]assword|decrypt|deserialize"):
        tokens.seal("another secret of the same length or more", tokens.SealKey(kid, {}, private), b"{}")


def test_a_rotated_key_signs_no_more_and_still_checks_what_it_signed(clinic: Database) -> None:
    held, number = make.signed(clinic)
    before = papers(clinic, held, number).jws[0]
    with clinic.writing() as session:
        key = keys.rotate(session, secret=make.SEALING.secret, by=SYSTEM, at=make.MEETS)
    add(clinic, held, number, "Rättelse.")
    editions = papers(clinic, held, number).jws
    assert [tokens.sealed_by(token) for token in editions] == [tokens.sealed_by(before), key.kid]
    assert checked(editions[0], clinic)["case"] == number
    assert checked(editions[1], clinic)["addendum"] == "Rättelse."


def test_another_secret_begins_another_key(clinic: Database) -> None:
    held, number = make.signed(clinic)
    with clinic.writing() as session:
        key = keys.at_work(session, secret="another secret of the same length or more", at=make.MEETS)
    assert set(published(clinic)) == {tokens.sealed_by(papers(clinic, held, number).jws[0]), key.kid}


def test_an_addendum_is_signed_and_names_what_it_adds_to(clinic: Database) -> None:
    held, number = make.signed(clinic)
    add(clinic, held, number, "Nivån ska vara L1.")
    first, second = papers(clinic, held, number).jws
    content = checked(second, clinic)
    assert content["minutes_sha256"] == hashlib.sha256(tokens.unseal(first, published(clinic))).hexdigest()
    assert (content["number"], content["addendum"]) == (1, "Nivån ska vara L1.")
    newest, original = papers(clinic, held, number), papers(clinic, held, number, edition=0)
    assert [each.text for each in newest.sheet.addenda] == ["Nivån ska vara L1."]
    assert original.sheet.addenda == []
    assert content["pdf_sha256"] == hashlib.sha256(newest.pdf).hexdigest() != hashlib.sha256(original.pdf).hexdigest()


def test_an_edition_that_is_not_there_is_not_found(clinic: Database) -> None:
    held, number = make.signed(clinic)
    with pytest.raises(NotFound):
        papers(clinic, held, number, edition=1)


def test_there_are_no_papers_before_the_signature(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.in_session(clinic, [number])
    make.save(clinic, held, number)
    with pytest.raises(RuleBroken) as refusal:
        papers(clinic, held, number, by=make.CHAIR)
    assert refusal.value.rule == "minutes.not-signed"


def test_the_pdf_is_the_same_when_it_is_made_again(clinic: Database) -> None:
    held, number = make.signed(clinic)
    found = papers(clinic, held, number)
    assert make.SEALING.press(found.sheet) == found.pdf


@pytest.mark.parametrize("statement", BEHIND)
def test_the_database_itself_refuses_to_change_what_is_signed(clinic: Database, statement: str) -> None:
    held, number = make.signed(clinic)
    add(clinic, held, number, "Rättelse.")
    with pytest.raises(DBAPIError, match="signed minutes never change"), clinic.engine.begin() as connection:
        connection.execute(text(statement))
    assert checked(papers(clinic, held, number).jws[0], clinic)["case"] == number


@pytest.mark.parametrize("table", ["minutes", "minutes_addendum", "minutes_seal", "signing_key", "conference"])
def test_truncating_what_is_signed_is_refused_where_the_store_can(clinic: Database, table: str) -> None:
    held, number = make.signed(clinic)
    add(clinic, held, number, "Rättelse.")
    refusal = "syntax error" if clinic.is_sqlite else "signed minutes never change"
    with pytest.raises(DBAPIError, match=refusal), clinic.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {table} CASCADE"))


@pytest.mark.parametrize("statement", [each for each in BEHIND if each.startswith(("INSERT", "UPDATE"))])
def test_sqlite_s_way_to_replace_a_row_is_refused_too(ward: Database, statement: str) -> None:
    held, number = make.signed(ward)
    add(ward, held, number, "Rättelse.")
    forced = statement.replace("INSERT", "INSERT OR REPLACE").replace("UPDATE", "UPDATE OR REPLACE")
    with pytest.raises(DBAPIError, match="signed minutes never change"), ward.engine.begin() as connection:
        connection.execute(text(forced))


def test_a_draft_cannot_take_the_place_of_signed_minutes(ward: Database) -> None:
    held, number = make.signed(ward)
    other = make.accepted(ward)
    draft = make.in_session(ward, [other])
    make.save(ward, draft, other)
    forced = "UPDATE OR REPLACE minutes SET id = (SELECT min(id) FROM minutes) WHERE signed_at IS NULL"
    with pytest.raises(DBAPIError, match="signed minutes never change"), ward.engine.begin() as connection:
        connection.execute(text(forced))
    assert checked(papers(ward, held, number).jws[0], ward)["case"] == number


def test_minutes_cannot_be_declared_signed_without_a_seal_nor_drafts_be_added_to(clinic: Database) -> None:
    number = make.accepted(clinic)
    make.save(clinic, make.in_session(clinic, [number]), number)
    signed = "UPDATE minutes SET signed_at = saved_at, signed_by = saved_by, digest = 'x'"
    columns = "minutes_id, text, at, person_id"
    inserted = f"INSERT INTO minutes_addendum ({columns}) SELECT id, 'mdk1.', saved_at, saved_by FROM minutes"
    for statement, refusal in ((signed, "signed with their seal only"), (inserted, "only signed minutes are added to")):
        with pytest.raises(DBAPIError, match=refusal), clinic.engine.begin() as connection:
            connection.execute(text(statement))


@pytest.mark.parametrize("statement", KEYS)
def test_a_published_key_is_neither_changed_nor_lost(clinic: Database, statement: str) -> None:
    make.signed(clinic)
    before = published(clinic)
    with pytest.raises(DBAPIError, match="a published key never changes"), clinic.engine.begin() as connection:
        connection.execute(text(statement))
    assert published(clinic) == before


def test_a_retired_key_does_not_come_back(clinic: Database) -> None:
    make.signed(clinic)
    with clinic.writing() as session:
        keys.rotate(session, secret=make.SEALING.secret, by=SYSTEM, at=make.MEETS)
    swap = "UPDATE signing_key SET active = NOT active WHERE retired_at IS NOT NULL"
    with pytest.raises(DBAPIError), clinic.engine.begin() as connection:
        connection.execute(text(swap))


def test_a_draft_can_still_be_changed_in_the_database(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.in_session(clinic, [number])
    make.save(clinic, held, number)
    make.save(clinic, held, number, make.minutes_body("nerve_block"))
    assert make.sign(clinic, held, number).outcome == "nerve_block"


def test_one_seal_and_one_key_come_of_one_signature(clinic: Database) -> None:
    make.signed(clinic)
    with clinic.reading() as session:
        kept = session.execute(select(col(MinutesSeal.addendum), col(MinutesSeal.kid))).all()
        active = session.scalars(select(SigningKey.kid).where(col(SigningKey.active))).all()  # type: ignore[call-overload]
    assert [(number, kid) for number, kid in kept] == [(0, active[0])]
