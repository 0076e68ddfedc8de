"""Owns the quick loading of many cases: a thousand by one statement, and then each of them again and again."""

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, text

from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.db import SEARCH_INDEX, Database
from mdk.journey import demo
from mdk.journey.demo_earlier import DOMAIN
from mdk.people.queries import viewer

SEEDS = 1000
_TABLE: Any = Case.__table__  # type: ignore[attr-defined]
_QUESTIONS = (
    "Är intratekal behandling aktuell vid svår sakral smärta?",
    "Kan en nervblockad lindra bensmärtan?",
    "Extern pump hemma, går det?",
    "Behandling av genombrott trots höga doser?",
)
_SHARES = {"accepted": 45, "submitted": 10, "supplement_requested": 3, "draft": 2, "decided": 2, "closed": 38}
_STATES = tuple(state for state, share in _SHARES.items() for _ in range(share))
_URGENCIES = (("acute", 2), ("high", 7), ("high", 5), ("normal", 14), ("normal", 10))
_REGIONS = {
    "kronoberg": "remittent.vaxjo",
    "halland": "remittent.halmstad",
    "blekinge": "remittent.karlskrona",
    "skane": "remittent.lund",
}


def seed(database: Database, *, at: datetime) -> None:
    """The demo's people and `SEEDS` cases in every state, of every region and urgency, one in fifty a child."""
    with database.writing() as session:
        demo.load_people(session, at=at)
        senders = {region: viewer(session, email=f"{name}@{DOMAIN}") for region, name in _REGIONS.items()}
    dice = random.Random(7)
    rows = [_row(place, senders, dice, at) for place in range(1, SEEDS + 1)]
    with database.engine.begin() as connection:
        connection.execute(insert(_TABLE), rows)


def grow(database: Database, times: int) -> None:
    """As many cases as `times` thousand: the seeds again under other numbers; search is indexed once, at the end."""
    with database.engine.begin() as connection:
        if not database.is_sqlite:  # one long statement, whose rows point where their seeds do
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        put_back = _without_search(connection, database)
        if times > 1:
            connection.execute(text(_copy(is_sqlite=database.is_sqlite)), {"times": times - 1})
        for statement in put_back:
            connection.execute(text(statement))
        connection.execute(text("ANALYZE"))


def _row(place: int, senders: dict[str, Any], dice: random.Random, at: datetime) -> dict[str, Any]:
    region = tuple(senders)[place % len(senders)]
    sender, state = senders[region], _STATES[place * 37 % len(_STATES)]
    urgency, allowed = _URGENCIES[place % len(_URGENCIES)]
    number, question = f"MDK-2020-{place:06d}", _QUESTIONS[place % len(_QUESTIONS)]
    since = at - timedelta(minutes=dice.randrange(60 * 24 * 30))
    sent_in = None if state == CaseState.DRAFT else since
    case = Case(
        number=number,
        state=state,
        unit_id=sender.unit_id,
        created_by=sender.person_id,
        created_at=since,
        changed_at=since,
        submitted_at=sent_in,
        waiting_from=sent_in,
        triage_from=sent_in,
        supplement_since=since if state == CaseState.SUPPLEMENT_REQUESTED else None,
        decided_at=since if state in {"decided", "closed"} else None,
        ended_at=since if state == CaseState.CLOSED else None,
        read_confirmed_at=since if state == CaseState.CLOSED else None,
        days_allowed=allowed,
        urgency=urgency,
        home_region=region,
        question=question,
        search_text=f"{number}\n{sender.unit_name}\n{question}".casefold(),
        identity_number=f"{place:012d}",
        identity_blind=f"bench.{place}",
        patient_name=f"Prov {place}",
        name_key=f"bench.{place}",
        birth_date=at.date() - timedelta(days=365 * (10 if place % 50 == 0 else 70)),
        submission="{}",
        version=1,
    )
    return {name: value for name, value in case.model_dump().items() if name != "id"}


def _without_search(connection: Connection, database: Database) -> list[str]:
    """Take the search index away, and give the statements that bring it back filled."""
    if database.is_sqlite:
        kept = connection.execute(
            text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'case_search%'")
        ).all()
        for name, _ in kept:
            connection.execute(text(f"DROP TRIGGER {name}"))
        return [f"INSERT INTO {SEARCH_INDEX}({SEARCH_INDEX}) VALUES ('rebuild')", *(sql for _, sql in kept)]
    kept = connection.execute(
        text("SELECT indexdef FROM pg_indexes WHERE indexname = :name"), {"name": SEARCH_INDEX}
    ).scalar_one()
    connection.execute(text(f"DROP INDEX {SEARCH_INDEX}"))
    return [kept]


def _copy(*, is_sqlite: bool) -> str:
    """One statement that puts each seed in again, `:times` times, with what tells cases apart made anew."""
    key = f"(n.k * {SEEDS} + c.id)"
    last = "substr({}, -{})" if is_sqlite else "right({}, {})"
    digits = last.format(f"'000000' || ({key} % 500000)", 6)
    number = f"'MDK-' || (2020 + {key} / 500000) || '-' || {digits}"
    rest = "substr(c.search_text, instr(c.search_text, char(10)))"
    if not is_sqlite:
        rest = "substr(c.search_text, strpos(c.search_text, chr(10)))"
    made = {
        "id": key,
        "number": number,
        "search_text": f"lower({number}) || {rest}",
        "identity_blind": f"'bench.' || {key}",
        "name_key": f"'bench.' || {key}",
    }
    names = [column.name for column in _TABLE.columns]
    series = "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < :times)"
    columns = ", ".join(f"{made.get(name, f'c.{name}')}" for name in names)
    source = f"SELECT {columns} FROM n CROSS JOIN case_file c WHERE c.id <= {SEEDS}"
    if is_sqlite:
        return f"INSERT INTO case_file ({', '.join(names)}) {series} {source}"
    return f"{series} INSERT INTO case_file ({', '.join(names)}) {source}"
