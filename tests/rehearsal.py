"""Owns one prepared installation that many tests ask: every act on it is carried out in full and then taken back."""

import os
import shutil
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from litestar.testing import TestClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from sqlmodel import col

import make
import stores
from calling import Callers
from mdk import bearers, clock, settings, tokens
from mdk.cases import attachments, blocking, queries, service
from mdk.cases.block_structs import BlockBody
from mdk.cases.files import clean
from mdk.conferences import repeating
from mdk.db import Database, sqlite_file
from mdk.owed import taken
from mdk.people.service import disable
from mdk.people.sign_ins import end_all
from mdk.people.structs import Viewer
from mdk.people.tables import SignIn
from mdk.settings import Settings
from mdk_web.app import create_app
from paper import pdf
from visiting import SECRET, People, Person

# One of each role, and of each relation that a role can hold.
GLASS_REFERRER, GLASS_FUNCTION, SUPPORTING = "remittent.halmstad", "funktion.halland", "funktion.skane"
UNRELATED = "funktion.blekinge"
PEOPLE = (
    make.REFERRER, make.OTHER_REFERRER, GLASS_REFERRER, make.COORDINATOR, make.CHAIR, make.CONSULTANT, make.NURSE,
    make.PAEDIATRIC, make.SURGEON, make.FUNCTION, GLASS_FUNCTION, SUPPORTING, UNRELATED, make.STEERING, make.AUDITOR,
    make.ADMIN,
)  # fmt: skip
# Whose access is over, or was never any: of page sessions, and of tokens.
OVER_SESSIONS = ("signed out", "run out", "idle", "disabled")
OVER_TOKENS = (
    "run out", "unsigned", "signed with nothing", "another installation's", "an answer link's", "disabled", "ended",
)  # fmt: skip
LEFT = "remittent.karlskrona"
Values = dict[str, str]


class Rehearsal(Database):
    """A database on which every act is carried out in full and then taken back; it counts the refusals that it logs."""

    refusals, kept = 0, 0

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with super().writing() as session:
            yield session
            session.flush()
            for write in taken(session):
                write(session.connection())
            refused = text("SELECT count(*) FROM access_log WHERE NOT allowed AND id > :kept")
            self.refusals += session.execute(refused, {"kept": self.kept}).scalar_one()
            session.rollback()


class World(NamedTuple):
    """The application on the one prepared database, everyone signed in to both its sides, and the ids of its things."""

    client: TestClient[Any]
    database: Rehearsal
    cookies: dict[str, dict[str, str]]
    bearers: dict[str, str]
    values: dict[str, Values]
    viewers: dict[str, Viewer]


@contextmanager
def rehearsing(
    template: Path, folder: Path, prepare: Callable[[Database], dict[str, Values]] | None = None
) -> Iterator[World]:
    """A world of its own in a folder, from an embedded database that is migrated and has no rows."""
    file = folder / "mdk.sqlite"
    shutil.copyfile(template, file)
    real = make.people(stores.made(sqlite_file(file)))
    values = (prepare or prepared)(real)
    with real.writing() as session:
        end_all(session, email=make.email(make.REFERRER), at=clock.now() - make.MINUTE)
    configured = _settings(folder)
    with TestClient(create_app(configured, real), base_url=configured["BASE_URL"]) as client:
        visitors, callers = People(client, real), Callers(client, real, configured)
        cookies = {name: _shown_by(visitors[name]) for name in PEOPLE} | _sessions_over(visitors)
        bearers = {name: callers.token(name) for name in PEOPLE} | _tokens_over(callers)
        with real.writing() as session:
            disable(session, email=make.email(LEFT), at=clock.now())
    real.close()
    with on_stage(file) as (client, rehearsal):
        viewers = {name: make.viewer(rehearsal, name) for name in PEOPLE}
        shown = {name: f"Bearer {token}" for name, token in bearers.items()}
        yield World(client, rehearsal, cookies, shown, values, viewers)


@contextmanager
def on_stage(file: Path) -> Iterator[tuple[TestClient[Any], Rehearsal]]:
    """The application on a prepared database that nothing changes any more."""
    rehearsal, configured = Rehearsal(sqlite_file(file), masters=stores.MASTERS), _settings(file.parent)
    rehearsal.kept = int(first_id(rehearsal, "access_log", "ORDER BY id DESC"))
    with TestClient(create_app(configured, rehearsal), base_url=configured["BASE_URL"]) as client:
        yield client, rehearsal
    rehearsal.close()


def _settings(folder: Path) -> Settings:
    return settings.load({"MDK_SECRET_KEY": SECRET}, dotenv=Path(os.devnull), data_dir=folder, is_demo=True)


def _shown_by(person: Person) -> dict[str, str]:
    return {**person.cookies, "token": person.token}


def _sessions_over(visitors: People) -> dict[str, dict[str, str]]:
    """What the browsers of those still show whose session of the pages is over."""
    names = dict.fromkeys(OVER_SESSIONS, make.REFERRER) | {"disabled": LEFT}
    shown = {}
    for kind, name in names.items():
        person = visitors[name]
        shown[kind] = _shown_by(person)
        if kind == "signed out":
            assert person.post("/sign-out").status == 303
        elif kind != "disabled":
            with visitors.database.writing() as session:
                row = session.scalars(select(SignIn).order_by(col(SignIn.id).desc())).first()
                assert row is not None
                setattr(row, "ends_at" if kind == "run out" else "seen_at", row.created_at - 30 * make.DAY)
    return shown


def _tokens_over(callers: Callers) -> dict[str, str]:
    """Tokens that have run out, prove nothing, or are somebody's whose access has ended."""
    by, now, issuer = make.viewer(callers.database, make.REFERRER), clock.now(), callers.settings["BASE_URL"]
    head, claims, _ = callers.token(make.REFERRER).split(".")
    unsigned = urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    answer = tokens.issue_answer(
        SECRET,
        conference_id="x",
        person_id=by.person_id,
        sequence=0,
        now=now,
        expires_at=now + make.DAY,
        issuer=issuer,
    )
    elsewhere = bearers.issue(
        SECRET[::-1], person_id=by.person_id, assignment_id=by.assignment_id, now=now, minutes=60, issuer=issuer
    )
    return {
        "run out": callers.token(make.REFERRER, minutes=5, ago=make.HOUR),
        "unsigned": f"{unsigned}.{claims}.",
        "signed with nothing": f"{head}.{claims}.",
        "another installation's": elsewhere,
        "an answer link's": answer,
        "disabled": callers.token(LEFT),
        "ended": callers.token(make.REFERRER, minutes=120, ago=make.HOUR),
    }


def prepared(database: Database) -> dict[str, Values]:
    """One of each thing, brought there by the acts; the values that an address about it takes."""
    held, number = make.signed(database, "intern_pump")
    referral = first_id(database, "implant_referral")
    key = make.assignment(database)
    make.assign(database, key, "ask_support")
    action = make.action(database)
    reviewed, waiting = make.submitted(database), make.submitted(database)
    make.urgent(database, reviewed)
    now = clock.now()
    for name in (GLASS_REFERRER, GLASS_FUNCTION):
        make.act(database, name, service.break_glass, number=number, reason="Akut", at=now)
    file = clean("prov.pdf", pdf())
    files: dict[str, str] = {}
    for each in (number, waiting):
        make.act(database, make.REFERRER, attachments.attach, number=each, files=[file])
        files[each] = make.ask(database, make.REFERRER, queries.view, each).attachments[0].id
    body = BlockBody(wish="Vill inte.", person=make.email(LEFT))
    block = make.act(database, make.REFERRER, blocking.block, number=number, body=body)
    series = make.act(database, make.COORDINATOR, repeating.create_series, body=make.series_plan())
    of_case = {"number": number, "conference_id": held, "attachment_id": files[number], "block_id": str(block)}
    usual = {
        "referral_id": referral, "assignment_id": key, "action_id": action, "series_id": series.id, "n": "1",
        "column": "region", "goal": "x", "key": "x", "absence_id": "x",
    }  # fmt: skip
    usual |= dict.fromkeys(
        ("check_id", "log_id", "contact_id", "decision_id", "standing_id", "row_id", "reply_id", "session_id"), "99999"
    )
    return {
        "": of_case | usual,
        "urgent": of_case | usual | {"number": reviewed},
        "waiting": of_case | usual | {"number": waiting, "attachment_id": files[waiting]},
    }


def first_id(database: Database, table: str, order: str = "") -> str:
    with database.reading() as session:
        return str(session.execute(text(f"SELECT id FROM {table} {order} LIMIT 1")).scalar_one())
