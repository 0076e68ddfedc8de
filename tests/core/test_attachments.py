"""Attachments on a case: who may add, read and remove, when, how many, and what of it is told and logged."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlmodel import col

import make
import paper
import stores
from mdk.audit.tables import AccessLog, StateMove
from mdk.cases import attachments, files, queries
from mdk.cases.file_structs import AttachmentKind, AttachmentLine
from mdk.cases.files import CleanFile
from mdk.cases.tables import CaseAttachment
from mdk.db import Database
from mdk.errors import MdkError, NotAllowed, NotFound, RuleBroken, Unavailable
from mdk.outbox.tables import OutboxRow

READERS = {make.REFERRER, make.COORDINATOR, make.CHAIR, make.CONSULTANT}
NO_PATIENTS = {make.STEERING, make.AUDITOR, make.ADMIN}
LATER = make.AT + make.HOUR
WHY = "Fel patient."


def some(name: str = "Elsa Provlund MR.pdf", text: str = "", size: int = 0) -> CleanFile:
    """A file as `clean` gives it; with a size, of that many bytes."""
    if not size:
        return files.clean(name, paper.pdf(text=text))
    return CleanFile(name, AttachmentKind.PDF, bytes(size), f"{size}-{text}")


def attach(database: Database, number: str, *given: CleanFile, by: str = make.REFERRER) -> list[AttachmentLine]:
    return make.act(database, by, attachments.attach, number=number, files=given or [some()], at=LATER)


def listed(database: Database, number: str, by: str = make.REFERRER) -> list[AttachmentLine]:
    return make.ask(database, by, queries.view, number, at=LATER).attachments


def rule_of(act: Callable[..., Any], *args: Any, **given: Any) -> str:
    with pytest.raises(RuleBroken) as refused:
        act(*args, **given)
    return refused.value.rule


def story(database: Database, number: str) -> list[tuple[str, str, str, str]]:
    with database.reading() as session:
        rows = session.execute(
            select(col(StateMove.act), col(StateMove.from_state), col(StateMove.to_state), col(StateMove.reason))
            .where(col(StateMove.subject) == number)
            .order_by(col(StateMove.id))
        )
        return [(act, before, after, why) for act, before, after, why in rows if act in {"attach", "detach"}]


def logged(database: Database) -> list[tuple[str, str, str]]:
    with database.reading() as session:
        rows = session.execute(
            select(col(AccessLog.act), col(AccessLog.cases), col(AccessLog.reason)).order_by(col(AccessLog.id))
        )
        return [(act, cases, why) for act, cases, why in rows if act.startswith(("case.attach", "case.detach"))]


def told(database: Database) -> int:
    with database.reading() as session:
        query = select(func.count()).where(col(OutboxRow.topic) == "notice.case-supplemented")
        return session.scalar(query) or 0


def test_a_file_that_was_attached_is_listed_and_read_as_it_was_kept(clinic: Database) -> None:
    number, file = make.draft(clinic), some()
    (line,) = attach(clinic, number, file)
    expected = AttachmentLine(line.id, file.name, "pdf", len(file.content), LATER, "Vera Remitterius")
    assert listed(clinic, number) == [line] == [expected]
    found = make.ask(clinic, make.REFERRER, attachments.read, number, line.id)
    assert (found.content, found.media_type, found.file_name) == (
        file.content,
        "application/pdf",
        f"{number}-bilaga-1.pdf",
    )


def test_the_history_and_the_log_tell_of_it_and_neither_names_the_file(clinic: Database) -> None:
    number = make.draft(clinic)
    one, _ = attach(clinic, number, some(), files.clean("Elsa.jpg", paper.photo()))
    make.ask(clinic, make.REFERRER, attachments.read, number, one.id)
    make.act(clinic, make.REFERRER, attachments.detach, number=number, attachment_id=one.id, reason=WHY)
    assert story(clinic, number) == [
        ("attach", "draft", "draft", "Bilaga 1, PDF"),
        ("attach", "draft", "draft", "Bilaga 2, JPEG-bild"),
        ("detach", "draft", "draft", f"Bilaga 1: {WHY}"),
    ]
    assert logged(clinic) == [
        ("case.attach", number, ""),
        ("case.attachment", number, "Bilaga 1"),
        ("case.detach", number, ""),
    ]


def test_the_same_file_twice_is_the_first_one(clinic: Database) -> None:
    number = make.draft(clinic)
    (first,) = attach(clinic, number, some("a.pdf"))
    again = attach(clinic, number, some("b.pdf"), some("c.pdf", text="annan"), some("d.pdf", text="annan"))
    assert [line.name for line in again] == ["a.pdf", "c.pdf", "c.pdf"]
    assert again[0] == first
    assert [line.name for line in listed(clinic, number)] == ["a.pdf", "c.pdf"]
    other = make.draft(clinic)
    assert attach(clinic, other, some("b.pdf"))[0].name == "b.pdf"


def test_a_removed_file_is_gone_and_its_place_is_given_to_no_other(clinic: Database) -> None:
    number = make.draft(clinic)
    (line,) = attach(clinic, number)
    make.act(clinic, make.REFERRER, attachments.detach, number=number, attachment_id=line.id, reason=WHY)
    assert listed(clinic, number) == []
    with pytest.raises(NotFound):
        make.ask(clinic, make.REFERRER, attachments.read, number, line.id)
    with pytest.raises(NotFound):
        make.act(clinic, make.REFERRER, attachments.detach, number=number, attachment_id=line.id, reason=WHY)
    with clinic.reading() as session:
        row = session.get_one(CaseAttachment, line.id)
        assert (row.content, row.name, row.removed_at) == (None, "", make.AT)
    (second,) = attach(clinic, number)
    assert make.ask(clinic, make.REFERRER, attachments.read, number, second.id).file_name.endswith("bilaga-2.pdf")


def test_who_writes_in_the_form_meanwhile_is_not_refused(clinic: Database) -> None:
    number = make.draft(clinic)
    before = make.case_row(clinic, number)
    attach(clinic, number)
    after = make.case_row(clinic, number)
    assert (after.version, after.changed_at, after.completeness) == (before.version, LATER, before.completeness)


@pytest.mark.parametrize("state", ["draft", "submitted", "supplement_requested", "accepted", "scheduled", "decided"])
def test_files_are_added_to_any_open_case_and_the_coordinator_hears_of_late_ones(ward: Database, state: str) -> None:
    number = make.case_in_state(ward, state)
    attach(ward, number, some(), some(text="två"))
    assert told(ward) == (state not in {"draft", "supplement_requested"})
    attach(ward, number)
    assert told(ward) == (state not in {"draft", "supplement_requested"})


@pytest.mark.parametrize("state", ["answered", "redirected", "declined"])
def test_no_file_is_added_to_a_case_that_has_ended(ward: Database, state: str) -> None:
    assert rule_of(attach, ward, make.case_in_state(ward, state)) == "case.wrong-state"


@pytest.mark.parametrize(("state", "goes"), [("accepted", True), ("scheduled", False), ("answered", False)])
def test_a_file_is_removed_only_until_the_agenda_is_released(ward: Database, state: str, goes: bool) -> None:  # noqa: FBT001
    number = make.submitted(ward)
    (line,) = attach(ward, number)
    if state == "answered":
        make.do(ward, number, "answer")
    else:
        make.do(ward, number, "accept")
    if state == "scheduled":
        make.release(ward, make.conference(ward, [number]))
    given = {"number": number, "attachment_id": line.id, "reason": WHY}
    if goes:
        make.act(ward, make.REFERRER, attachments.detach, **given)
    else:
        assert rule_of(make.act, ward, make.REFERRER, attachments.detach, **given) == "attachment.released"
    assert len(listed(ward, number)) == (not goes)


def test_a_case_takes_twenty_files_and_no_more(clinic: Database) -> None:
    number = make.draft(clinic)
    attach(clinic, number, *(some(size=1, text=str(place)) for place in range(20)))
    assert rule_of(attach, clinic, number, some()) == "attachment.too-many"
    make.act(
        clinic, make.REFERRER, attachments.detach, number=number, attachment_id=listed(clinic, number)[0].id, reason=WHY
    )
    assert len(attach(clinic, number)) == 1
    assert len(listed(clinic, number)) == 20


def test_a_case_takes_fifty_megabytes_and_no_more(ward: Database) -> None:
    number = make.draft(ward)
    attach(ward, number, *(some(size=files.LARGEST_FILE, text=str(place)) for place in range(5)))
    assert rule_of(attach, ward, number, some()) == "attachment.case-full"
    assert len(listed(ward, number)) == 5


def test_each_role_reads_what_it_may_and_only_the_own_unit_writes(ward: Database) -> None:
    number = make.submitted(ward)
    (line,) = attach(ward, number)
    for name in make.EVERYONE:
        answers = {}
        for act in ("read", "attach", "detach"):
            try:
                if act == "read":
                    make.ask(ward, name, attachments.read, number, line.id)
                elif act == "attach":
                    attach(ward, number, by=name)
                elif name != make.REFERRER:
                    make.act(ward, name, attachments.detach, number=number, attachment_id=line.id, reason=WHY)
                answers[act] = "yes"
            except MdkError as refused:
                answers[act] = type(refused).__name__
        writes = "yes" if name == make.REFERRER else "NotFound" if name.startswith("remittent") else "NotAllowed"
        reads = "yes" if name in READERS else "NotAllowed" if name in NO_PATIENTS else "NotFound"
        assert answers == {"read": reads, "attach": writes, "detach": writes}, name


def test_a_file_is_found_through_its_own_case_only(clinic: Database) -> None:  # idor
    number, other = make.draft(clinic), make.draft(clinic)
    theirs = make.draft(clinic, by=make.OTHER_REFERRER)
    (line,) = attach(clinic, number)
    for by, through in ((make.REFERRER, other), (make.OTHER_REFERRER, theirs), (make.OTHER_REFERRER, number)):
        with pytest.raises(NotFound):
            make.ask(clinic, by, attachments.read, through, line.id)
        with pytest.raises(NotFound):
            make.act(clinic, by, attachments.detach, number=through, attachment_id=line.id, reason=WHY)
    assert listed(clinic, number) == [line]


def test_a_member_reads_the_files_from_the_release_on(clinic: Database) -> None:
    number = make.accepted(clinic)
    (line,) = attach(clinic, number)
    with pytest.raises(NotFound):
        make.ask(clinic, make.NURSE, attachments.read, number, line.id)
    make.release(clinic, make.conference(clinic, [number]))
    assert make.ask(clinic, make.NURSE, attachments.read, number, line.id).content
    with pytest.raises(NotAllowed):
        attach(clinic, number, by=make.NURSE)


def test_a_list_of_cases_never_asks_for_content(ward: Database) -> None:
    number = make.draft(ward)
    attach(ward, number)
    asked: list[str] = []
    with ward.reading() as session:
        connection: Any = session.connection().connection.dbapi_connection
        connection.set_trace_callback(asked.append)
        queries.view(session, number, by=make.viewer(ward, make.REFERRER), at=LATER)
        connection.set_trace_callback(None)
    asked_of = [statement for statement in asked if "case_attachment" in statement]
    assert len(asked_of) == 1
    assert "content" not in asked_of[0]


def test_a_full_disk_leaves_nothing_half_and_heals(ward: Database) -> None:  # F7
    number = make.draft(ward)
    with ward.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    full, file = stores.made(str(ward.url)), some(size=2_000_000)
    limit = f"PRAGMA max_page_count={pages + 20}"
    event.listen(full.engine, "connect", lambda connection, _: connection.execute(limit))
    before = (story(ward, number), logged(ward))
    with pytest.raises(Unavailable, match="Inget har ändrats"):
        attach(full, number, file)
    assert listed(ward, number) == []
    assert (story(ward, number), logged(ward)) == before
    assert attach(full, number)[0].kind == "pdf"  # what fits is taken
    full.close()
    attach(ward, number, file)
    assert [line.size for line in listed(ward, number)][-1] == 2_000_000
    with sqlite3.connect(ward.url.database or "") as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()


def test_a_file_whose_reading_cannot_be_logged_is_not_given(clinic: Database) -> None:
    number = make.draft(clinic)
    (line,) = attach(clinic, number)
    with clinic.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE access_log RENAME TO moved_away")
    with pytest.raises(Unavailable):
        make.ask(clinic, make.REFERRER, attachments.read, number, line.id, at=LATER + timedelta(hours=1))
