"""Owns the register beside the access log, by which the rows that show a case are found without reading the others.

A list that is read adds one row to the log and fifty to the register, so the register follows some seconds behind
(infra/decisions/0028): the worker files what is new, and whoever looks meanwhile reads the rows that are not filed yet.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, false, func, or_, select, text, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.tables import AccessLog, AccessLogCase, AccessLogFiled

MOST: Final = 25  # rows of the log that are filed in one unit of work
_TO = select(func.coalesce(func.max(col(AccessLogFiled.last_id)), 0))
_LOOSE = col(AccessLog.id) > _TO.scalar_subquery()
_ALONE = text("LOCK TABLE access_log_filed IN SHARE ROW EXCLUSIVE MODE")  # also while it has no row to lock
_INSERT: Final[Mapping[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def shows(numbers: Sequence[str]) -> ColumnElement[bool]:
    """The condition on a row of the log that it shows one of these cases."""
    filed = select(col(AccessLogCase.log_id)).where(col(AccessLogCase.case_number).in_(numbers))
    names = (" " + col(AccessLog.cases) + " ").contains
    named = or_(false(), *(names(f" {each} ", autoescape=True) for each in numbers))
    loose = select(col(AccessLog.id)).where(_LOOSE, named)
    return col(AccessLog.id).in_(union_all(filed, loose))


def up_to(session: Session) -> int:
    """The row of the log up to which all are filed; 0 before the first."""
    return session.scalar(_TO) or 0


def is_behind(session: Session) -> bool:
    """Whether there are rows to file."""
    return session.scalar(select(col(AccessLog.id)).where(_LOOSE).limit(1)) is not None


def file_next(session: Session, *, most: int = MOST) -> None:
    """File the next rows, at most so many; a row that an earlier release filed by itself stays as it is."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_ALONE)
    mark = session.get(AccessLogFiled, 1) or AccessLogFiled(last_id=0)
    query = select(col(AccessLog.id), col(AccessLog.cases)).where(col(AccessLog.id) > mark.last_id)
    rows = session.execute(query.order_by(col(AccessLog.id)).limit(most)).all()
    found: list[dict[str, Any]] = [
        {"case_number": number, "log_id": log_id} for log_id, cases in rows for number in dict.fromkeys(cases.split())
    ]
    if found:
        insert = _INSERT[session.get_bind().dialect.name]
        session.execute(insert(AccessLogCase).on_conflict_do_nothing(), found)
    if rows:
        mark.last_id = rows[-1][0] or mark.last_id
        session.add(mark)


def pass_over(session: Session, last: int) -> None:
    """Rows up to this one are removed: what of them was not filed needs no filing."""
    passed = update(AccessLogFiled).where(col(AccessLogFiled.last_id) < last).values(last_id=last)
    session.execute(passed.execution_options(synchronize_session=False))
