"""Acts on a case's attachments: file, history, access log and what is owed, in one transaction."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did, moved, seen
from mdk.cases import attached, rules
from mdk.cases.file_structs import AttachmentKind, AttachmentLine, AttachmentView
from mdk.cases.files import CleanFile, check_room
from mdk.cases.queries import check_identity, load
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case, CaseAttachment
from mdk.errors import NotFound, RuleBroken
from mdk.outbox.service import notice
from mdk.people.queries import holders
from mdk.people.structs import Role, Viewer

_WORDS = {AttachmentKind.PDF: "PDF", AttachmentKind.PNG: "PNG-bild", AttachmentKind.JPEG: "JPEG-bild"}
# Whoever has the case hears of its submission; what is added later would be missed.
_UNTOLD = frozenset({CaseState.DRAFT, CaseState.SUPPLEMENT_REQUESTED})


def attach(
    session: Session, *, number: str, files: Sequence[CleanFile], by: Viewer, at: datetime
) -> list[AttachmentLine]:
    """Add files to an open case of the viewer's unit, all or none; after submission the coordinators are told.

    The lines come in the order of the files; a file that the case has already is not stored again, and its line is
    the first one's. Raises `NotFound`, `NotAllowed`, `RuleBroken` with `case.wrong-state`, `attachment.too-many`,
    `attachment.case-full`.
    """
    case = load(session, number, act="case.attach", by=by, at=at)
    session.refresh(case, with_for_update=True)  # two who add at once must not both take the last room
    if case.state not in rules.OPEN:
        raise RuleBroken("case.wrong-state", "Ärendet är avslutat och tar inte emot fler uppgifter.")
    before = attached.kept(session, case.id or 0)
    known = {each.sha256: each.id for each in before if each.sha256 is not None}
    new = {file.sha256: file for file in reversed(files) if file.sha256 not in known}
    coming = [file for file in files if new.get(file.sha256) is file]
    check_room([each.size for each in before if each.size is not None], [len(file.content) for file in coming])
    for place, file in enumerate(coming, before[-1].place + 1 if before else 1):
        row = _row(case, file, place, by=by, at=at)
        session.add(row)
        known[file.sha256] = row.id
        _tell_story(session, case, "attach", f"Bilaga {place}, {_WORDS[file.kind]}", by=by, at=at)
    did(session, "case.attach", by=by, at=at, cases=(number,))
    if coming:
        _changed(session, case, at)
        _tell_coordinators(session, case, at)
    session.flush()
    listed = {line.id: line for line in attached.lines(session, case.id or 0)}
    return [listed[known[file.sha256]] for file in files]


def detach(session: Session, *, number: str, attachment_id: str, reason: str, by: Viewer, at: datetime) -> None:
    """Take a file away for good, as long as the case is on no released agenda; the history tells that it was there.

    `reason` is what the history says of it.

    Raises `NotFound`, `NotAllowed`, `RuleBroken("attachment.released")`.
    """
    case = load(session, number, act="case.detach", by=by, at=at)
    place = _place_of(session, case, attachment_id)
    if case.state not in rules.EDITABLE:
        message = "Ärendet är utskickat till konferensen eller avslutat. Bilagan ligger kvar."
        raise RuleBroken("attachment.released", message)
    session.execute(
        update(CaseAttachment)
        .where(col(CaseAttachment.id) == attachment_id)
        .values(content=None, name="", removed_at=at, removed_by=by.person_id)
    )
    _tell_story(session, case, "detach", f"Bilaga {place}: {reason}", by=by, at=at)
    did(session, "case.detach", by=by, at=at, cases=(number,))
    _changed(session, case, at)


def read(session: Session, number: str, attachment_id: str, *, by: Viewer, at: datetime) -> AttachmentView:
    """One file for a reader of its case; logged before it is answered. Raises `NotFound`, `NotAllowed`."""
    case = load(session, number, act="case.read", by=by, at=at)
    check_identity(session, case, by=by, at=at)
    found = attached.found(session, case.id or 0, number, attachment_id)
    if found is None:
        raise NotFound
    place, view = found
    seen(session, "case.attachment", by=by, at=at, cases=(number,), reason=f"Bilaga {place}")
    return view


def _row(case: Case, file: CleanFile, place: int, *, by: Viewer, at: datetime) -> CaseAttachment:
    return CaseAttachment(
        id=uuid.uuid4().hex,
        case_id=case.id or 0,
        place=place,
        name=file.name,
        kind=file.kind,
        size=len(file.content),
        sha256=file.sha256,
        content=file.content,
        at=at,
        person_id=by.person_id,
    )


def _place_of(session: Session, case: Case, attachment_id: str) -> int:
    places = {each.id: each.place for each in attached.kept(session, case.id or 0) if each.sha256 is not None}
    if attachment_id not in places:
        raise NotFound
    return places[attachment_id]


def _tell_story(session: Session, case: Case, act: str, what: str, *, by: Viewer, at: datetime) -> None:
    """The history names the place and kind of a file: its name may name the patient."""
    moved(session, "case", case.number, move=(case.state, case.state), act=act, by=by, at=at, reason=what)


def _changed(session: Session, case: Case, at: datetime) -> None:
    """The case counts as changed, but its version stays: whoever is writing in the form has not missed anything."""
    table = Case.__table__  # type: ignore[attr-defined]
    session.execute(table.update().where(table.c.id == case.id).values(changed_at=at))


def _tell_coordinators(session: Session, case: Case, at: datetime) -> None:
    if case.state not in _UNTOLD:
        for coordinator in holders(session, Role.COORDINATOR):
            notice(session, "case-supplemented", person_id=coordinator.person_id, key=case.number, at=at)
