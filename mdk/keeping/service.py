"""Acts of keeping: the month's report, and the decisions to remove, which two people make together."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk import clock
from mdk.audit.service import did
from mdk.audit.structs import Actor
from mdk.errors import Invalid, NotFound, Problem, RuleBroken
from mdk.keeping import passed, rules
from mdk.keeping.structs import DecisionBody, Passed
from mdk.keeping.tables import KeepingReport, RemovalCase, RemovalDecision
from mdk.outbox.service import notice
from mdk.people.queries import holders
from mdk.people.rules import check_role
from mdk.people.structs import Role, Viewer


def report(session: Session, *, found: Passed, by: Actor, at: datetime) -> KeepingReport:
    """Write down what has passed its least time in this month; tell auditors and administrators if anything has.

    It removes nothing. Raises `Stale` when another worker wrote the month's report first.
    """
    month = clock.today(at).replace(day=1)
    row = KeepingReport(
        month=month,
        made_at=at,
        patients=found.patients,
        cases=found.cases,
        oldest_entry=found.oldest_entry,
        log_rows=found.log_rows,
        oldest_row=found.oldest_row,
    )
    session.add(row)
    told = {line.person_id for role in (Role.AUDITOR, Role.ADMIN) for line in holders(session, role)}
    for person_id in sorted(told) if found.patients or found.log_rows else ():
        notice(session, "keeping-passed", person_id=person_id, key=month.isoformat(), at=at)
    did(session, "keeping.report", by=by, at=at)
    return row


def decide(session: Session, *, body: DecisionBody, by: Viewer, at: datetime) -> int:
    """Record a decision to remove; it covers what has passed by now, and nothing before someone else confirms it.

    Gives its id. Raises `NotAllowed`, `Invalid` for a day that would take something before its time, or with nothing
    to remove, `RuleBroken("removal.one-at-a-time")` while another decision is open.
    """
    check_role("removal.decide", by)
    problems = rules.too_late(body.records_before, body.log_before, at=at)
    if problems:
        raise Invalid(problems)
    if open_decision(session) is not None:
        message = "Ett beslut är redan på väg. Genomför det eller dra tillbaka det först."
        raise RuleBroken("removal.one-at-a-time", message)
    old = list(passed.records(session, before=clock.midnight(body.records_before))) if body.records_before else []
    last = passed.log_span(session, before=clock.midnight(body.log_before))[1] if body.log_before else 0
    if not old and not last:
        field = "records_before" if body.records_before else "log_before"
        raise Invalid([Problem(field, "Inget är så gammalt. Det finns inget att gallra.")])
    row = RemovalDecision(
        **{name: getattr(body, name) for name in DecisionBody.__struct_fields__},
        log_last_id=last or None,
        made_at=at,
        made_by=by.person_id,
    )
    session.add(row)
    session.flush()
    covered = [
        {"decision_id": row.id, "number": number, "case_id": key, "state": "listed"}
        for each in old
        for key, number in each.cases
    ]
    if covered:
        session.execute(RemovalCase.__table__.insert(), covered)  # type: ignore[attr-defined]
    did(session, "removal.decide", by=by, at=at, reason=body.reference)
    return row.id or 0


def confirm(session: Session, *, decision_id: int, by: Viewer, at: datetime) -> None:
    """Let a second person confirm a decision; from then on the command may carry it out.

    Raises `NotAllowed`, `NotFound`, `RuleBroken` with `removal.same-person` or `removal.wrong-state`.
    """
    check_role("removal.confirm", by)
    row = load(session, decision_id, wanted=("proposed",))
    if row.made_by == by.person_id:
        raise RuleBroken("removal.same-person", "Du fattade beslutet. Någon annan ska bekräfta det.")
    row.confirmed_at, row.confirmed_by = at, by.person_id
    did(session, "removal.confirm", by=by, at=at, reason=row.reference)


def withdraw(session: Session, *, decision_id: int, by: Viewer, at: datetime) -> None:
    """Take a decision back; what it has not removed stays.

    Raises `NotAllowed`, `NotFound`, `RuleBroken("removal.wrong-state")` once it is carried out or taken back.
    """
    check_role("removal.decide", by)
    row = load(session, decision_id, wanted=("proposed", "confirmed"))
    row.withdrawn_at, row.withdrawn_by = at, by.person_id
    did(session, "removal.withdraw", by=by, at=at, reason=row.reference)


def open_decision(session: Session) -> RemovalDecision | None:
    """The decision that is neither carried out nor taken back, if any."""
    finished = col(RemovalDecision.finished_at).is_(None), col(RemovalDecision.withdrawn_at).is_(None)
    return session.scalar(select(RemovalDecision).where(*finished).with_for_update())


def load(session: Session, decision_id: int, *, wanted: tuple[str, ...]) -> RemovalDecision:
    """A decision that stands in one of some states. Raises `NotFound`, `RuleBroken("removal.wrong-state")`."""
    row = session.get(RemovalDecision, decision_id, with_for_update=True)
    if row is None:
        raise NotFound("Det finns inget sådant gallringsbeslut.")
    if passed.state_of(row) not in wanted:
        raise RuleBroken("removal.wrong-state", "Beslutet är redan bekräftat, genomfört eller tillbakadraget.")
    return row
