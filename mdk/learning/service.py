"""Acts on learning cases: written by those who run the conference, published by the consultant."""

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did, moved
from mdk.cases.queries import load, submission_of
from mdk.cases.tables import Case
from mdk.errors import Stale
from mdk.learning import rules
from mdk.learning.queries import names_of, owned
from mdk.learning.structs import LearningBody, LearningState
from mdk.learning.tables import LearningCase
from mdk.minutes.queries import body_of
from mdk.minutes.tables import Minutes
from mdk.outbox.service import notice
from mdk.people.queries import holders
from mdk.people.rules import check_role
from mdk.people.structs import Role, Viewer


def begin(session: Session, *, number: str, by: Viewer, at: datetime) -> LearningCase:
    """Begin a learning case from a closed case, with what the case asked and the minutes reasoned to be rewritten.

    A case has one; the second time gives the one that there is. Raises `NotFound`, `NotAllowed`,
    `RuleBroken("learning.case-open")`.
    """
    check_role("learning.write", by)
    case = load(session, number, act="case.read", by=by, at=at)
    rules.check_closed(case.state, case.outcome)
    found = session.scalar(select(LearningCase).where(col(LearningCase.case_id) == case.id))
    did(session, "learning.begin", by=by, at=at, cases=(number,))
    if found is not None:
        return found
    minutes = session.scalar(
        select(Minutes)
        .where(col(Minutes.case_id) == case.id, col(Minutes.signed_at).is_not(None))
        .order_by(col(Minutes.signed_at).desc())
        .limit(1)
    )
    row = LearningCase(
        id=uuid.uuid4().hex,
        case_id=case.id or 0,
        outcome=case.outcome or "",
        question=case.question,
        reasoning=(body_of(minutes).motivation or "") if minutes is not None else "",
        written_by=by.person_id,
        changed_at=at,
    )
    session.add(row)
    session.flush()
    moved(session, "learning", row.id, move=("", row.state), act="begin", by=by, at=at)
    return row


def write(session: Session, *, key: str, version: int, body: LearningBody, by: Viewer, at: datetime) -> LearningCase:
    """Save the text of a draft. Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("learning.wrong-state")`."""
    row, _ = _found(session, key, "write", version, act_of="learning.write", by=by, at=at)
    for field in rules.FIELDS:
        setattr(row, field, getattr(body, field))
    row.search_text = " ".join(getattr(body, field) for field in rules.FIELDS).casefold()
    row.written_by = by.person_id
    _step(session, row, "write", by=by, at=at)
    return row


def send(session: Session, *, key: str, version: int, by: Viewer, at: datetime) -> LearningCase:
    """Send a draft to the consultant, who is told.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken` of `rules.check_told` and `learning.wrong-state`.
    """
    row, case = _found(session, key, "send", version, act_of="learning.write", by=by, at=at)
    _check_told(session, row, case)
    row.note = ""
    _step(session, row, "send", by=by, at=at)
    for consultant in holders(session, Role.CONSULTANT):
        notice(session, "learning-sent", person_id=consultant.person_id, key=row.id, at=at)
    return row


def give_back(session: Session, *, key: str, version: int, note: str, by: Viewer, at: datetime) -> LearningCase:
    """Return a learning case to its writer, who is told, with what should be changed.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("learning.wrong-state")`.
    """
    row, _ = _found(session, key, "return", version, act_of="learning.review", by=by, at=at)
    row.note = note
    _step(session, row, "return", by=by, at=at)
    notice(session, "learning-returned", person_id=row.written_by, key=row.id, at=at)
    return row


def publish(session: Session, *, key: str, version: int, by: Viewer, at: datetime) -> LearningCase:
    """Let everyone who takes part read it. Raises as `send`."""
    row, case = _found(session, key, "publish", version, act_of="learning.review", by=by, at=at)
    _check_told(session, row, case)
    row.reviewed_by, row.published_at = by.person_id, at
    _step(session, row, "publish", by=by, at=at)
    return row


def withdraw(session: Session, *, key: str, version: int, note: str, by: Viewer, at: datetime) -> LearningCase:
    """Take a learning case out of everyone's sight, with the reason; it can be written anew.

    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken("learning.wrong-state")`.
    """
    row, _ = _found(session, key, "withdraw", version, act_of="learning.review", by=by, at=at)
    row.note, row.published_at = note, None
    _step(session, row, "withdraw", by=by, at=at, reason=note)
    return row


def rewrite(session: Session, *, key: str, version: int, by: Viewer, at: datetime) -> LearningCase:
    """Make a withdrawn learning case a draft again. Raises as `write`."""
    row, _ = _found(session, key, "rewrite", version, act_of="learning.write", by=by, at=at)
    _step(session, row, "rewrite", by=by, at=at)
    return row


def _found(
    session: Session, key: str, act: str, version: int, *, act_of: str, by: Viewer, at: datetime
) -> tuple[LearningCase, Case]:
    row, case = owned(session, key, act=act_of, by=by, at=at)
    if row.version != version:
        raise Stale(row.version)
    rules.check_move(act, row.state)
    return row, case


def _check_told(session: Session, row: LearningCase, case: Case) -> None:
    body = LearningBody(**{field: getattr(row, field) for field in rules.FIELDS})
    rules.check_told(body, submission_of(case), names_of(session, case))


def _step(session: Session, row: LearningCase, act: str, *, by: Viewer, at: datetime, reason: str = "") -> None:
    before, row.state, row.changed_at = row.state, rules.check_move(act, row.state), at
    session.flush()
    moved(session, "learning", row.id, move=(before, LearningState(row.state)), act=act, by=by, at=at, reason=reason)
    did(session, f"learning.{act}", by=by, at=at)
