"""Acts on a patient's blocks (spärr): recorded and lifted as the patient wishes, and listed to those who keep them."""

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did, seen
from mdk.cases.block_structs import BlockBody, BlockLine
from mdk.cases.patients import is_block_of, is_of
from mdk.cases.queries import load
from mdk.cases.tables import Case, CaseRelation, PatientBlock
from mdk.errors import Invalid, NotFound, Problem
from mdk.keyring import kept
from mdk.people.queries import names
from mdk.people.structs import Viewer
from mdk.people.tables import Assignment, Person, Unit


def block(session: Session, *, number: str, body: BlockBody, by: Viewer, at: datetime) -> int:
    """Shut a person or a unit out of all cases of this case's patient, from now on; gives the block's id.

    A glass that they have broken is closed with it. One that stands already is left as it is.
    Raises `NotFound`, `NotAllowed`, and `Invalid` unless exactly one active person or unit is named, or for the unit
    that has the patient in its care and for whoever records it.
    """
    case = load(session, number, act="case.block", by=by, at=at)
    person_id, unit_id = _whom(session, case, body, by)
    identity_blind = kept(session, "identity", case.identity_number)
    standing = session.scalar(
        select(PatientBlock).where(
            col(PatientBlock.identity_blind) == identity_blind,
            col(PatientBlock.lifted_at).is_(None),
            col(PatientBlock.person_id) == person_id if unit_id is None else col(PatientBlock.unit_id) == unit_id,
        )
    )
    if standing is None:
        standing = PatientBlock(
            identity_number=case.identity_number,
            identity_blind=identity_blind,
            person_id=person_id,
            unit_id=unit_id,
            wish=body.wish,
            recorded_by=by.person_id,
            recorded_at=at,
        )
        session.add(standing)
        _close_glass(session, case, person_id, unit_id, at)
        session.flush()
    did(session, "case.block", by=by, at=at, cases=(number,))
    return standing.id or 0


def lift(session: Session, *, number: str, block_id: int, reason: str, by: Viewer, at: datetime) -> None:
    """Let someone in again, as the patient now wishes; twice changes nothing. Raises `NotFound`, `NotAllowed`."""
    case = load(session, number, act="case.lift-block", by=by, at=at)
    row = session.get(PatientBlock, block_id)
    if row is None or row.identity_number != case.identity_number:
        raise NotFound
    if row.lifted_at is None:
        row.lifted_at, row.lifted_by, row.lift_reason = at, by.person_id, reason
    did(session, "case.lift-block", by=by, at=at, cases=(number,))


def follow(session: Session, case: Case, before: str, *, by: Viewer, at: datetime) -> None:
    """Let whom the patient has shut out stay so under the number to which a case's identity number was corrected.

    The blocks under the number `before` stay too: other cases may have it.
    """
    if before == case.identity_number:
        return
    query = select(PatientBlock).where(col(PatientBlock.lifted_at).is_(None))
    here = session.scalars(query.where(is_block_of(session, case.identity_number)))
    shut_out = {(row.person_id, row.unit_id) for row in here}
    there = session.scalars(query.where(is_block_of(session, before)).order_by(col(PatientBlock.id)))
    missing = [row for row in there if (row.person_id, row.unit_id) not in shut_out]
    session.add_all(
        PatientBlock(
            identity_number=case.identity_number,
            identity_blind=kept(session, "identity", case.identity_number),
            person_id=row.person_id,
            unit_id=row.unit_id,
            wish=row.wish,
            recorded_by=row.recorded_by,
            recorded_at=row.recorded_at,
        )
        for row in missing
    )
    if missing:
        did(
            session,
            "case.block",
            by=by,
            at=at,
            cases=(case.number,),
            reason="Personnumret rättades; spärren följer med.",
        )


def blocks(session: Session, number: str, *, by: Viewer, at: datetime) -> list[BlockLine]:
    """Whom the case's patient has shut out, the standing first; the read is logged. Raises `NotFound`, `NotAllowed`."""
    case = load(session, number, act="case.read-blocks", by=by, at=at)
    seen(session, "case.read-blocks", by=by, at=at, cases=(number,))
    rows = list(
        session.scalars(
            select(PatientBlock)
            .where(is_block_of(session, case.identity_number))
            .order_by(col(PatientBlock.lifted_at).is_not(None), col(PatientBlock.id).desc())
        )
    )
    people = names(session, {each for row in rows for each in (row.person_id, row.recorded_by, row.lifted_by)})
    return [_line(session, row, people) for row in rows]


def _line(session: Session, row: PatientBlock, people: dict[int | None, str]) -> BlockLine:
    return BlockLine(
        id=row.id or 0,
        whom=people[row.person_id] if row.unit_id is None else session.get_one(Unit, row.unit_id).name,
        is_unit=row.unit_id is not None,
        wish=row.wish,
        recorded_by=people[row.recorded_by],
        recorded_at=row.recorded_at,
        lifted_by=None if row.lifted_at is None else people[row.lifted_by],
        lifted_at=row.lifted_at,
        lift_reason=row.lift_reason,
    )


def _whom(session: Session, case: Case, body: BlockBody, by: Viewer) -> tuple[int | None, str | None]:
    """The person or the unit that is named. Raises `Invalid`."""
    email, unit_id = (body.person or "").strip().lower(), (body.unit or "").strip()
    if bool(email) == bool(unit_id):
        raise Invalid([Problem("person", "Ange antingen en person eller en enhet.")])
    if unit_id:
        return None, _unit(session, case, unit_id)
    person = session.scalar(select(Person).where(col(Person.email) == email, col(Person.active).is_(True)))
    if person is None:
        raise Invalid([Problem("person", "Ingen aktiv person har den adressen.")])
    if person.id == by.person_id:
        raise Invalid([Problem("person", "Be någon annan registrera en spärr som gäller dig själv.")])
    return person.id, None


def _unit(session: Session, case: Case, unit_id: str) -> str:
    unit = session.get(Unit, unit_id)
    if unit is None or not unit.active:
        raise Invalid([Problem("unit", "Enheten finns inte.")])
    if unit.id == case.unit_id:
        message = "Enheten vårdar patienten i det här ärendet. Spärra enskilda personer, eller återta ärendet."
        raise Invalid([Problem("unit", message)])
    return unit.id


def _close_glass(session: Session, case: Case, person_id: int | None, unit_id: str | None, at: datetime) -> None:
    """End what was opened in an emergency before the block; what is opened after it is by a new decision."""
    there = select(col(Assignment.person_id)).where(col(Assignment.unit_id) == unit_id)
    cases = select(col(Case.id)).where(is_of(session, case.identity_number))
    session.execute(
        update(CaseRelation)
        .where(
            col(CaseRelation.kind) == "glass",
            col(CaseRelation.case_id).in_(cases),
            col(CaseRelation.until) > at,
            or_(col(CaseRelation.person_id) == person_id, col(CaseRelation.person_id).in_(there)),
        )
        .values(until=at)
        .execution_options(synchronize_session=False)
    )
