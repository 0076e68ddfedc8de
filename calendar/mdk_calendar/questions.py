"""Owns the mail that asks home care whether it can take an extern pump, and what its answer link opens."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from mdk import tokens
from mdk.audit.structs import Actor
from mdk.errors import MdkError, RuleBroken
from mdk.outbox import service as outbox
from mdk.outbox.tables import OutboxRow
from mdk.pathways import home_care
from mdk.pathways.structs import AnswerBody
from mdk.pathways.tables import HomeCareQuestion
from mdk.settings import Settings
from mdk_calendar import safe
from mdk_calendar.ics import SUMMARY
from mdk_calendar.mail import Notice, notice_message_id, notice_subject, to_notice

TOPIC: Final = "question.home-care"


class QuestionClosed(MdkError):
    """The link asks nothing more: it is none of ours, has expired, or the question is settled."""

    code = "home-care.closed"


class AskedOfHomeCare(msgspec.Struct, frozen=True):
    """What the holder of a link is asked, and has answered so far; it tells nothing of a patient."""

    number: int
    name: str
    answer: str | None
    comment: str
    answered_by: str


def write(session: Session, row: OutboxRow, *, settings: Settings, at: datetime) -> None:
    """Turn a claimed question into the mail that it owes; one that cannot be sent is given up with the reason."""
    asked = session.get_one(HomeCareQuestion, int(row.key))
    token = tokens.issue_question(
        settings.secret_key,
        question_id=asked.id or 0,
        now=asked.asked_at,
        expires_at=asked.closes_at,
        issuer=settings["BASE_URL"],
    )
    notice = Notice(
        kind="home-care-asked",
        key=row.key,
        to_email=asked.recipient,
        to_name=asked.name,
        organizer_email=settings["ORGANIZER"],
        organizer_name=SUMMARY,
        page_url=f"{settings['BASE_URL'].rstrip('/')}/home-care/{token}",
        created_at=row.created_at,
        number=asked.id,
    )
    try:
        mail_id, message = notice_message_id(notice), to_notice(notice).decode("ascii")
    except safe.Unsendable as fault:
        outbox.given_up(session, row.id or 0, error=fault.message)
        return
    outbox.mail(
        session,
        key=f"{TOPIC} {row.key}",
        person_id=None,
        recipient=asked.recipient,
        subject=notice_subject(notice),
        message_id=mail_id,
        message=message,
        at=at,
    )
    outbox.settled(session, row.id or 0, at=at)


def asked_by_link(session: Session, token: str, *, settings: Settings, at: datetime) -> AskedOfHomeCare:
    """What the holder of a link is asked. Raises `QuestionClosed`."""
    asked = session.get(HomeCareQuestion, _question_id(token, settings, at))
    if asked is None:
        raise QuestionClosed("Länken kan inte läsas.")
    return AskedOfHomeCare(asked.id or 0, asked.name, asked.answer, asked.comment, asked.answered_by)


def answer_by_link(
    session: Session, token: str, *, said: AnswerBody, settings: Settings, by: Actor, at: datetime
) -> AskedOfHomeCare:
    """Record what the holder of a link answers; gives what then holds. Raises `QuestionClosed`."""
    question_id = _question_id(token, settings, at)
    try:
        home_care.answer(session, question_id=question_id, said=said, by=by, at=at)
    except RuleBroken as closed:
        raise QuestionClosed(closed.message) from closed
    return asked_by_link(session, token, settings=settings, at=at)


def _question_id(token: str, settings: Settings, at: datetime) -> int:
    try:
        return tokens.read_question(settings.secret_key, token, at, issuer=settings["BASE_URL"])
    except tokens.TokenRefused as refusal:
        raise QuestionClosed(refusal.message) from refusal
