"""Owns the search for cases: what a case is found by, and which cases a text finds however many there are.

A word is looked for inside the number, the unit's name and the question; a name and an identity number only whole.
"""

import re
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from mdk import clock as time
from mdk.cases.tables import Case
from mdk.clinical.identity import parse_identity
from mdk.errors import RuleBroken
from mdk.keyring import sought
from mdk.sealing import folded

ENOUGH = 2000  # cases that are worth naming one by one; a text that finds more is met by walking from the newest
_TRIGRAM = 3
_INDEXED, _INDEXED_LENGTH = 8, 100  # words, and signs of each, that the index is asked for; the rest is read
_MOST_WORDS = 100
_NUMBER = re.compile(r"mdk-\d{4}-\d{4,}")
_CASE: Any = Case.__table__.c  # type: ignore[attr-defined]


class Wanted(NamedTuple):
    """What is searched for: words that must all be there, or a whole identity number, name or case number."""

    words: tuple[str, ...]
    identity: str | None
    name: str
    number: str | None = None


def text_of(number: str, unit_name: str, question: str) -> str:
    """What the words of a search are looked for in; a word holds no line break, so it never spans two of them."""
    return "\n".join(folded(part) for part in (number, unit_name, question))


def rename(session: Session, unit_id: str, name: str) -> None:
    """Let the cases of a unit be found by its new name."""
    query = select(_CASE.id, _CASE.number, _CASE.question).where(_CASE.unit_id == unit_id)
    rows = [{"key": row[0], "words": text_of(row[1], name, row[2])} for row in session.execute(query)]
    if rows:
        changed = update(Case.__table__).where(_CASE.id == bindparam("key"))  # type: ignore[attr-defined]
        session.connection().execute(changed.values(search_text=bindparam("words")), rows)


def read(text: str, at: datetime) -> Wanted | None:
    """What a typed text searches for; None when it is blank."""
    words = tuple(dict.fromkeys(folded(text).split()))
    if not words:
        return None
    identity = None
    with suppress(RuleBroken):
        identity = parse_identity(text.strip(), today=time.today(at)).value
    number = words[0].upper() if len(words) == 1 and _NUMBER.fullmatch(words[0]) else None
    return Wanted(tuple(sorted(words, key=len, reverse=True)[:_MOST_WORDS]), identity, text, number)


def matches(session: Session, wanted: Wanted) -> ColumnElement[bool]:
    """The condition on a case that a search finds it."""
    inside = func.instr if _is_sqlite(session) else func.strpos
    return or_(and_(*(inside(_CASE.search_text, word) > 0 for word in wanted.words)), _whole(session, wanted))


def candidates(session: Session, wanted: Wanted, *, before: int | None) -> list[int] | None:
    """The cases that `matches` may hold for, found by the index; None when they are too many, or the words too short.

    On PostgreSQL they are read before anything is ordered: "newest first" there walks the whole table when none is.
    """
    words = [word[:_INDEXED_LENGTH] for word in wanted.words if len(word) >= _TRIGRAM][:_INDEXED]
    if not words:
        return None
    earlier = [] if before is None else [_CASE.id < before]
    hits = _by_fts(words, before) if _is_sqlite(session) else _by_trigrams(words, earlier)
    found = list(session.scalars(hits.limit(ENOUGH + 1)))
    found += session.scalars(select(_CASE.id).where(_whole(session, wanted), *earlier).limit(ENOUGH + 1))
    return found if len(found) <= ENOUGH else None


def _whole(session: Session, wanted: Wanted) -> ColumnElement[bool]:
    identity = () if wanted.identity is None else sought(session, "identity", wanted.identity)
    return or_(_CASE.identity_blind.in_(identity), _CASE.name_key.in_(sought(session, "name", wanted.name)))


def _by_fts(words: list[str], before: int | None) -> Any:
    """Each word as an FTS5 string: within quotes no sign has a meaning of its own."""
    quoted = " AND ".join('"' + word.replace('"', '""') + '"' for word in words)
    earlier = "" if before is None else " AND rowid < :before"
    given = {"words": quoted} | ({} if before is None else {"before": before})
    found = sql(f"case_search MATCH :words{earlier}").bindparams(**given)
    return select(sql("rowid")).select_from(sql("case_search")).where(found)


def _by_trigrams(words: list[str], earlier: list[Any]) -> Any:
    held = [_CASE.search_text.contains(word, autoescape=True) for word in words]
    return select(_CASE.id).where(*held, *earlier)


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
