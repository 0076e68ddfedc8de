"""Answers by mail: what each mail program's is recorded as, and that nothing else ever changes an answer."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col

import make
from invites.answering import CAME, NURSE, UID, answer_of, calendar, ingest, kept, mail, sample, told
from invites.post import Post, cancel, change, move, notices
from mdk.audit.tables import AccessLog
from mdk.conferences import service as conferences
from mdk.db import Database
from mdk.errors import NotAllowed, NotFound
from mdk.people import service as people
from mdk_calendar import imip, replies
from mdk_calendar.tables import Fate

SILENT = ("NEEDS-ACTION", "", "")


@pytest.fixture
def one(embedded: Database, tmp_path: Path) -> Post:
    """On SQLite alone, where the store is not what the test is about."""
    return Post(embedded, tmp_path / "outbox")


# ------------------------------------------------------------------------------------------------- mail programs
@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("outlook-accepted", ("ACCEPTED", "Jag kommer, men fem minuter sent.", "mail")),
        ("outlook-declined", ("DECLINED", "Är ledig den dagen.", "mail")),
        ("outlook-secretary", ("ACCEPTED", "", "mail")),
        ("google-accepted", ("ACCEPTED", "Kommer: men fem minuter sent", "mail")),
        ("google-tentative", ("TENTATIVE", "", "mail")),
        ("apple-accepted", ("ACCEPTED", "Via telefon från bilen.", "mail")),
        ("apple-declined", ("DECLINED", "", "mail")),
    ],
)
def test_the_answer_of_each_mail_program_is_recorded_with_its_comment(
    one: Post, name: str, answer: tuple[str, str, str]
) -> None:
    planned = told(one)
    assert ingest(one, sample(name)) == (Fate.RECORDED, "", True)
    assert answer_of(one.database, planned) == answer


@pytest.mark.parametrize("name", ["outlook-counter", "google-counter"])
def test_a_wish_for_another_time_is_a_note_to_the_coordinator_and_no_answer(post: Post, name: str) -> None:
    planned = told(post)
    assert ingest(post, sample(name)) == (Fate.NOTED, "counter", True)
    assert answer_of(post.database, planned) == SILENT
    (line,) = make.act(post.database, make.COORDINATOR, replies.waiting)
    assert line.proposed_at == make.MEETS + 2 * make.HOUR
    assert (line.conference, line.email, line.partstat) == (planned, make.email(NURSE), "TENTATIVE")
    post.work(CAME)
    page = f"https://mdk.example/conferences/{planned}"
    assert {who for who, subject, at in notices(post) if (subject, at) == ("någon föreslår en annan tid", page)} == {
        make.COORDINATOR, make.CHAIR,
    }  # fmt: skip


def test_a_stand_in_is_a_note_to_the_coordinator_and_invites_nobody(one: Post) -> None:
    planned = told(one)
    assert ingest(one, sample("thunderbird-delegated")) == (Fate.NOTED, "delegated", True)
    with one.database.reading() as session:
        (line,) = replies.noted_about(session, planned)
    assert (line.delegate, line.comment) == ("vikarie@demo.mdk", "Vikarien kommer i stället.")
    assert answer_of(one.database, planned) == SILENT


def test_a_decline_by_mail_of_the_only_nurse_warns_at_once(one: Post) -> None:
    told(one)
    ingest(one, sample("outlook-declined"))
    one.work(CAME)
    assert {who for who, subject, _ in notices(one) if subject == "ingen sjuksköterska kommer"} == {
        make.COORDINATOR, make.CHAIR,
    }  # fmt: skip


def test_the_log_says_whose_answer_came_by_mail_and_that_others_were_turned_away(one: Post) -> None:
    told(one)
    ingest(one, sample("outlook-accepted"))
    ingest(one, mail(uid="other@mdk.example"))
    with one.database.reading() as session:
        rows = session.scalars(select(AccessLog).where(col(AccessLog.surface) == "mail").order_by(col(AccessLog.id)))
        found = [(row.act, row.person_id, row.allowed) for row in rows]
    nurse = make.viewer(one.database, NURSE).person_id
    assert found == [
        ("reply.take-in", None, True), ("conference.reply", nurse, True), ("conference.reply", None, False),
    ]  # fmt: skip


# ------------------------------------------------------------------------------------------------- order
def test_the_same_mail_again_changes_nothing_whatever_way_it_took(post: Post) -> None:  # F19
    planned = told(post)
    ingest(post, sample("google-accepted"))
    again = b"Received: by another.way.example\r\n" + sample("google-accepted")
    assert ingest(post, again, CAME + make.HOUR) == (Fate.RECORDED, "", False)
    assert kept(post.database) == [("recorded", "")]
    assert answer_of(post.database, planned)[0] == "ACCEPTED"


def test_a_newer_answer_replaces_an_older_and_an_older_one_that_comes_late_does_not(post: Post) -> None:
    planned = told(post)
    ingest(post, mail(partstat="DECLINED", stamp="20261123T083000Z"))
    assert ingest(post, mail(partstat="ACCEPTED", stamp="20261123T082959Z")) == (Fate.IGNORED, "older", True)
    assert answer_of(post.database, planned)[0] == "DECLINED"
    ingest(post, mail(partstat="TENTATIVE", stamp="20261123T084000Z"))
    assert answer_of(post.database, planned)[0] == "TENTATIVE"


def test_a_mail_that_was_written_before_an_answer_by_another_way_does_not_undo_it(one: Post) -> None:
    planned = told(one)
    answer = {"conference_id": planned, "partstat": "DECLINED", "comment": None}
    make.act(one.database, NURSE, conferences.reply, **answer, at=CAME + make.MINUTE)
    assert ingest(one, sample("outlook-accepted"), CAME + make.HOUR) == (Fate.IGNORED, "older", True)
    assert answer_of(one.database, planned) == ("DECLINED", "", "login")


def test_an_answer_to_an_older_sending_is_ignored_and_one_to_none_that_was_sent_is_refused(post: Post) -> None:  # F19
    planned = told(post)
    move(post.database, planned, make.MEETS + make.DAY)
    post.work(CAME)
    assert ingest(post, mail()) == (Fate.IGNORED, "older", True)
    assert ingest(post, mail(sequence=2)) == (Fate.REFUSED, "not-sent-yet", True)
    assert answer_of(post.database, planned) == SILENT
    assert ingest(post, mail(sequence=1)) == (Fate.RECORDED, "", True)


def test_an_answer_after_a_cancellation_or_to_someone_dropped_or_gone_changes_nothing(post: Post) -> None:
    planned = told(post)
    cancel(post.database, planned)
    assert ingest(post, mail()) == (Fate.IGNORED, "cancelled", True)
    post.work(CAME)
    assert ingest(post, mail(sequence=1)) == (Fate.IGNORED, "cancelled", True)
    assert answer_of(post.database, planned) == SILENT


def test_an_answer_of_someone_who_was_dropped_changes_nothing(one: Post) -> None:
    planned = told(one)
    change(one.database, planned, members=[make.email(make.SURGEON)])
    assert ingest(one, mail()) == (Fate.IGNORED, "dropped", True)
    assert answer_of(one.database, planned) == SILENT


def test_an_answer_of_someone_who_left_changes_nothing(one: Post) -> None:
    planned = told(one)
    with one.database.writing() as session:
        people.disable(session, email=make.email(NURSE), at=make.AT)
    assert ingest(one, mail()) == (Fate.IGNORED, "dropped", True)
    assert answer_of(one.database, planned) == SILENT


def test_an_answer_to_a_conference_that_is_over_changes_nothing(one: Post) -> None:
    told(one)
    late = mail(stamp="20261125T140000Z")
    assert ingest(one, late, make.MEETS + 2 * make.HOUR) == (Fate.IGNORED, "over", True)


# ------------------------------------------------------------------------------------------------- trust
MISTRUSTED = [
    (mail(uid="nonsense"), (Fate.REFUSED, "unknown-uid")),
    (mail(attendee="mailto:konsult@demo.mdk", sender="konsult@demo.mdk"), (Fate.REFUSED, "stranger")),
    (mail(sender="konsult@demo.mdk"), (Fate.REFUSED, "forged")),
    (mail(sender="deltagare@demo.mdk, konsult@demo.mdk"), (Fate.REFUSED, "forged")),
    (mail(sender=""), (Fate.REFUSED, "forged")),
    (mail(extra="From: konsult@demo.mdk\r\n"), (Fate.REFUSED, "forged")),
    (mail(sender='"deltagare@demo.mdk" <konsult@demo.mdk>', partstat="TENTATIVE"), (Fate.REFUSED, "forged")),
    (mail(stamp="20991231T000000Z"), (Fate.QUARANTINED, "clock")),
]


def test_what_cannot_be_the_persons_own_answer_is_refused(one: Post) -> None:  # F19
    planned = told(one)
    assert [ingest(one, raw) for raw, _ in MISTRUSTED] == [(*verdict, True) for _, verdict in MISTRUSTED]
    assert answer_of(one.database, planned) == SILENT
    waiting = make.act(one.database, make.COORDINATOR, replies.waiting)
    assert [(line.fate, line.reason) for line in waiting] == [verdict for _, verdict in MISTRUSTED]


@pytest.mark.parametrize("address", ["MAILTO:DELTAGARE@DEMO.MDK", "mailto:Deltagare@demo.mdk"])
def test_addresses_are_compared_without_regard_to_case(one: Post, address: str) -> None:
    told(one)
    assert ingest(one, mail(attendee=address, sender="DelTagare@Demo.MDK")) == (Fate.RECORDED, "", True)


# ------------------------------------------------------------------------------------------------- bad mails
TWICE = calendar() + calendar(partstat="DECLINED")
NESTED = "BEGIN:VCALENDAR\nMETHOD:REPLY\n" + "BEGIN:A\n" * 5000 + "END:VCALENDAR\n"
MANY_PARTS = b"From: a@b.example\n" + b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1200)
)
ALTERNATIVES = (
    "--x\r\nContent-Type: text/calendar\r\n\r\n{}\r\n--x\r\nContent-Type: text/calendar\r\n\r\n{}\r\n--x--\r\n"
).format(calendar(), calendar(partstat="DECLINED"))
FORWARDED = f"--x\r\nContent-Type: message/rfc822\r\n\r\n{mail().decode()}\r\n--x--\r\n"
BAD = {
    "too-large": (mail(lines=["X-A:" + "a" * 70] * 1000), Fate.QUARANTINED, "too-large"),
    "five megabytes": (mail(lines=["X-A:" + "a" * 70] * 68_000), Fate.QUARANTINED, "too-large"),
    "a hundred thousand properties": (mail(lines=["X-A:b"] * 100_000), Fate.QUARANTINED, "too-large"),
    "two calendars": (mail(TWICE), Fate.QUARANTINED, "several"),
    "two parts that differ": (mail(ALTERNATIVES, kind="multipart/mixed; boundary=x"), Fate.QUARANTINED, "several"),
    "two answers": (mail(partstat="ACCEPTED;PARTSTAT=DECLINED"), Fate.QUARANTINED, "several"),
    "a list of answers": (mail(partstat="ACCEPTED,DECLINED"), Fate.QUARANTINED, "no-answer"),
    "two attendees": (mail(lines=["ATTENDEE:mailto:x@demo.mdk"]), Fate.QUARANTINED, "several"),
    "truncated": (mail(calendar()[:180]), Fate.QUARANTINED, "truncated"),
    "an event without end": (mail(calendar().replace("END:VEVENT\r\n", "")), Fate.QUARANTINED, "broken-calendar"),
    "latin-1": (mail(lines=["COMMENT:Ås"]).decode().encode("latin-1"), Fate.QUARANTINED, "encoding"),
    "utf-7": (mail(kind="text/calendar; charset=utf-7"), Fate.QUARANTINED, "encoding"),
    "NUL": (mail(lines=["COMMENT:a\x00b"]), Fate.QUARANTINED, "encoding"),
    "nested": (mail(NESTED), Fate.QUARANTINED, "broken-calendar"),
    "nested parts": (MANY_PARTS, Fate.QUARANTINED, "broken-mail"),
    "nested mails": (b"From: a@b.example\n" + b"Content-Type: message/rfc822\n\n" * 190, Fate.REFUSED, "no-calendar"),
    "a bad stamp": (mail(stamp="yesterday"), Fate.QUARANTINED, "broken-calendar"),
    "a local stamp": (mail(stamp="20261123T081500"), Fate.QUARANTINED, "broken-calendar"),
    "no stamp": (mail(calendar().replace("DTSTAMP", "X-STAMP")), Fate.QUARANTINED, "broken-calendar"),
    "a bad start": (mail(calendar().replace("20261125T12", "2026")), Fate.QUARANTINED, "broken-calendar"),
    "a bad sequence": (mail(sequence="one"), Fate.QUARANTINED, "broken-calendar"),
    "an open quote": (mail(partstat='"ACCEPTED'), Fate.QUARANTINED, "broken-calendar"),
    "one occurrence": (mail(lines=["RECURRENCE-ID:20261125T120000Z"]), Fate.QUARANTINED, "broken-calendar"),
    "no answer": (mail(partstat="NEEDS-ACTION"), Fate.QUARANTINED, "no-answer"),
    "another method": (mail(kind="text/calendar; method=CANCEL"), Fate.QUARANTINED, "contradiction"),
    "an invitation": (mail(method="REQUEST"), Fate.REFUSED, "not-a-reply"),
    "a forwarded answer": (mail(FORWARDED, kind="multipart/mixed; boundary=x"), Fate.REFUSED, "no-calendar"),
    "words": (mail("Jag kommer inte.", kind="text/plain"), Fate.REFUSED, "no-calendar"),
    "a returned mail": (mail("", kind="multipart/report; boundary=x"), Fate.REFUSED, "returned"),
    "out of office": (
        mail("Ledig", kind="text/plain", extra="Auto-Submitted: auto-replied\r\n"), Fate.IGNORED, "automatic",
    ),
    "nothing": (b"", Fate.REFUSED, "no-calendar"),
    "junk": (b"\x00\xff\n" * 5000, Fate.REFUSED, "no-calendar"),
}  # fmt: skip


def test_a_bad_mail_is_refused_or_set_aside_with_a_reason_and_changes_nothing(one: Post) -> None:  # F20
    planned = told(one)
    first = {name: ingest(one, raw) for name, (raw, _, _) in BAD.items()}
    assert first == {name: (fate, reason, True) for name, (_, fate, reason) in BAD.items()}
    again = {name: ingest(one, raw) for name, (raw, _, _) in BAD.items()}
    assert again == {name: (fate, reason, False) for name, (_, fate, reason) in BAD.items()}
    assert answer_of(one.database, planned) == SILENT
    waiting = make.act(one.database, make.COORDINATOR, replies.waiting)
    assert [line.reason for line in waiting] == [reason for _, fate, reason in BAD.values() if fate != Fate.IGNORED]


def test_declared_latin_1_is_read_as_such(one: Post) -> None:
    planned = told(one)
    raw = mail(lines=["COMMENT:Åsa, fem minuter sen"], kind="text/calendar; charset=iso-8859-1").decode()
    assert ingest(one, raw.encode("latin-1")).fate == Fate.RECORDED
    assert answer_of(one.database, planned)[1] == "Åsa, fem minuter sen"


def test_a_comment_is_kept_as_visible_text_of_a_bounded_length(one: Post) -> None:
    planned = told(one)
    ingest(one, mail(lines=[r"COMMENT:ett\ntvå" + "\x07\x1b" + "å" * 2000]))
    comment = answer_of(one.database, planned)[1]
    assert comment.startswith("ett\ntvå")
    assert (len(comment), re.search(r"[\x07\x1b]", comment)) == (1000, None)


@given(st.binary(max_size=300), st.integers(0, 1500), st.sampled_from(["outlook-accepted", "google-accepted"]))
def test_a_mail_that_was_damaged_anywhere_is_an_answer_or_has_a_reason(junk: bytes, place: int, name: str) -> None:
    raw = sample(name)
    damaged = raw[:place] + junk + raw[place + len(junk) // 2 :]
    try:
        found = imip.read(damaged)
    except (imip.NoAnswer, imip.Unreadable):
        found = None
    assert found is None or (found.stamp.tzinfo is not None and found.partstat in {"", "ACCEPTED"})
    assert len(imip.digest(damaged)) == 64


# ------------------------------------------------------------------------------------------------- the coordinator
def test_only_the_coordinator_looks_and_settles_and_again_changes_nothing(post: Post) -> None:
    told(post)
    ingest(post, mail(uid="nonsense"))
    for name in (make.CHAIR, NURSE, make.ADMIN):
        with pytest.raises(NotAllowed):
            make.act(post.database, name, replies.waiting)
        with pytest.raises(NotAllowed):
            make.act(post.database, name, replies.settle, reply_id=1)
    (line,) = make.act(post.database, make.COORDINATOR, replies.waiting)
    assert line.sender == make.email(NURSE)
    for minute in range(2):
        make.act(post.database, make.COORDINATOR, replies.settle, reply_id=line.id, at=CAME + timedelta(minutes=minute))
    assert make.act(post.database, make.COORDINATOR, replies.waiting) == []
    with post.database.reading() as session:
        assert replies.count_waiting(session) == 0
    with pytest.raises(NotFound):
        make.act(post.database, make.COORDINATOR, replies.settle, reply_id=999)


def test_the_uid_of_the_samples_is_the_one_that_is_answered() -> None:
    names = ["outlook-accepted", "google-counter", "apple-declined", "thunderbird-delegated"]
    assert {imip.read(sample(name)).uid for name in names} == {UID}
