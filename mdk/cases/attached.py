"""Reads of a case's attachments; who may see the case sees them, and content is asked for one file at a time."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.cases.file_structs import AttachmentKind, AttachmentLine, AttachmentView
from mdk.cases.files import MEDIA_TYPES, served_name
from mdk.cases.tables import CaseAttachment
from mdk.people.queries import names


class Kept(NamedTuple):
    """What a case holds already, oldest first; `size` and `sha256` of what was removed are None."""

    id: str
    place: int
    size: int | None
    sha256: str | None


def lines(session: Session, case_id: int) -> list[AttachmentLine]:
    """The files of a case that its caller may read, oldest first."""
    table = CaseAttachment
    rows = session.execute(
        select(col(table.id), col(table.name), col(table.kind), col(table.size), col(table.at), col(table.person_id))
        .where(col(table.case_id) == case_id, col(table.removed_at).is_(None))
        .order_by(col(table.place))
    ).all()
    people = names(session, {row.person_id for row in rows}) if rows else {}
    return [AttachmentLine(row.id, row.name, row.kind, row.size, row.at, people.get(row.person_id, "")) for row in rows]


def kept(session: Session, case_id: int) -> list[Kept]:
    """Every file that the case has or had."""
    table = CaseAttachment
    rows = session.execute(
        select(col(table.id), col(table.place), col(table.size), col(table.sha256), col(table.removed_at))
        .where(col(table.case_id) == case_id)
        .order_by(col(table.place))
    )
    return [Kept(row.id, row.place, *((None, None) if row.removed_at else (row.size, row.sha256))) for row in rows]


def found(session: Session, case_id: int, number: str, attachment_id: str) -> tuple[int, AttachmentView] | None:
    """The place and content of a file of this case; None when the case has no such file."""
    table = CaseAttachment
    row = session.execute(
        select(col(table.place), col(table.kind), col(table.content)).where(
            col(table.id) == attachment_id, col(table.case_id) == case_id, col(table.removed_at).is_(None)
        )
    ).one_or_none()
    if row is None:
        return None
    kind = AttachmentKind(row.kind)
    return row.place, AttachmentView(row.content, MEDIA_TYPES[kind], served_name(number, row.place, kind))
