"""Owns the removal that a confirmed decision asks for: patient by patient, then the log batch by batch.

Each step is a transaction of its own that leaves everything whole: a run that is cut short goes on where it stopped.
"""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock, tokens
from mdk.audit import filed
from mdk.audit import queries as audit
from mdk.audit.service import did
from mdk.audit.structs import Removal
from mdk.audit.tables import AccessLog, AccessLogCase, AccessLogRemoval, StateMove
from mdk.cases.patients import is_block_of, is_of
from mdk.cases.tables import Case, PatientBlock
from mdk.errors import RuleBroken
from mdk.keeping import parts, passed, rules
from mdk.keeping.service import load
from mdk.keeping.tables import RemovalCase, RemovalDecision
from mdk.minutes import keys
from mdk.people.rules import check_role
from mdk.people.structs import Viewer

LOG_BATCH: Final = 2000


def check_on(*, is_on: bool, by: Viewer) -> None:
    """Whether anything may be removed here at all. Raises `NotAllowed`, `RuleBroken("removal.off")`."""
    check_role("removal.execute", by)
    if not is_on:
        message = "Gallring är avstängd i den här installationen. Sätt MDK_REMOVAL=on för att genomföra beslutet."
        raise RuleBroken("removal.off", message)


def remove_patient(session: Session, *, decision_id: int, is_on: bool, by: Viewer, at: datetime) -> int | None:
    """Remove the next patient's whole record that the decision covers; gives how many cases went, None at the end.

    A patient of whom something was written since the decision, or who has a case that it does not cover, is kept: 0.
    Raises `NotAllowed`, `NotFound`, `RuleBroken` with `removal.off` or `removal.wrong-state`.
    """
    check_on(is_on=is_on, by=by)
    decision = load(session, decision_id, wanted=("confirmed",))
    waiting = col(RemovalCase.decision_id) == decision_id, col(RemovalCase.state) == "listed"
    listed = session.scalar(select(RemovalCase).where(*waiting).order_by(col(RemovalCase.case_id)).limit(1))
    if listed is None:
        return None
    case = session.get(Case, listed.case_id, with_for_update=True)
    if case is None:
        _settle(session, decision_id, [listed.case_id], "kept", at=None)
        return 0
    cases = list(session.scalars(select(Case).where(is_of(session, case.identity_number)).with_for_update()))
    ids = [each.id or 0 for each in cases]
    if not _is_covered(session, decision, ids, at=at):
        _settle(session, decision_id, ids, "kept", at=None)
        return 0
    _settle(session, decision_id, ids, "in_hand", at=None)
    session.execute(delete(StateMove).where(parts.moves(session, cases)).execution_options(synchronize_session=False))
    for part in parts.PARTS:
        session.execute(delete(part.table).where(parts.is_of(part, ids)).execution_options(synchronize_session=False))
    session.execute(delete(PatientBlock).where(is_block_of(session, case.identity_number)))
    _settle(session, decision_id, ids, "removed", at=at)
    did(session, "record.remove", by=by, at=at, reason=f"{decision.reference}, ärenden: {len(ids)}")
    return len(ids)


def remove_log(
    session: Session, *, decision_id: int, is_on: bool, secret: str, by: Viewer, at: datetime, batch: int = LOG_BATCH
) -> int:
    """Remove the oldest rows of the log that the decision covers, at most `batch`; gives how many, 0 at the end.

    A signed checkpoint stands in their place: their first and last id, how many they were, and the last one's digest,
    from which the chain goes on. Raises `NotAllowed`, `NotFound`, `RuleBroken` with `removal.off`,
    `removal.wrong-state`, or `removal.chain-broken` when the rows are not what they were: then they are evidence.
    """
    check_on(is_on=is_on, by=by)
    decision = load(session, decision_id, wanted=("confirmed",))
    since, digest = audit.beginning(session)
    last = min(decision.log_last_id or 0, since + batch)
    if last <= since:
        return 0
    newest = session.scalar(select(func.max(col(AccessLog.at))).where(col(AccessLog.id) <= last))
    if newest is None or newest >= clock.midnight(rules.log_limit(at)):
        raise RuleBroken("removal.wrong-state", "Beslutet täcker loggrader som ska sparas längre.")
    end = audit.digest_at(session, last, since=since, digest=digest)
    if end is None:
        message = "Åtkomstloggens kedja brister. Gallra inget: kör mdk audit verify och kontakta dataskyddsombudet."
        raise RuleBroken("removal.chain-broken", message)
    removal = Removal(
        decision=decision_id,
        reference=decision.reference,
        first_id=since + 1,
        last_id=last,
        count=last - since,
        digest=end,
        at=at,
    )
    key = keys.at_work(session, secret=secret, at=at)
    signed = tokens.seal(secret, key, msgspec.json.encode(removal, order="sorted"))
    session.add(
        AccessLogRemoval(
            decision_id=decision_id, first_id=removal.first_id, last_id=last, digest=end, at=at, jws=signed
        )
    )
    session.flush()
    filed.pass_over(session, last)
    for table, row in ((AccessLogCase, col(AccessLogCase.log_id)), (AccessLog, col(AccessLog.id))):
        session.execute(delete(table).where(row <= last).execution_options(synchronize_session=False))
    did(session, "log.remove", by=by, at=at, reason=f"{decision.reference}: rad {removal.first_id}–{last}")
    return removal.count


def finish(session: Session, *, decision_id: int, is_on: bool, by: Viewer, at: datetime) -> None:
    """Write down that a decision is carried out; from then on nothing more may be removed by it.

    Raises `NotAllowed`, `NotFound`, `RuleBroken` with `removal.off` or `removal.wrong-state`.
    """
    check_on(is_on=is_on, by=by)
    decision = load(session, decision_id, wanted=("confirmed",))
    decision.finished_at = at
    did(session, "removal.finish", by=by, at=at, reason=decision.reference)


def _is_covered(session: Session, decision: RemovalDecision, ids: list[int], *, at: datetime) -> bool:
    """Whether the decision lists every case of a patient, and nothing has been written in any since."""
    listed = select(func.count()).where(
        col(RemovalCase.decision_id) == decision.id,
        col(RemovalCase.case_id).in_(ids),
        col(RemovalCase.state) == "listed",
    )
    before = decision.records_before
    if before is None or session.scalar(listed) != len(ids):
        return False
    limit = clock.midnight(min(before, rules.records_limit(at)))
    return max(passed.last_entries(session, ids).values()) < limit


def _settle(session: Session, decision_id: int, ids: list[int], state: str, *, at: datetime | None) -> None:
    these = col(RemovalCase.decision_id) == decision_id, col(RemovalCase.case_id).in_(ids)
    session.execute(update(RemovalCase).where(*these).values(state=state, removed_at=at))
