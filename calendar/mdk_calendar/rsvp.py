"""Owns the answer by link: what a link asks at present, and the recording of what its holder says."""

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from mdk import tokens
from mdk.audit.structs import Actor
from mdk.conferences.answer_structs import GivenAnswer
from mdk.conferences.answers import UNANSWERED, answer_to, record
from mdk.conferences.queries import ends_at
from mdk.conferences.structs import ConferenceState, ReplyBody
from mdk.conferences.tables import Conference, Participation
from mdk.errors import MdkError
from mdk.people.tables import Person
from mdk.settings import Settings
from mdk_calendar.events import Event, Language
from mdk_calendar.queries import current_invitation

Reason = Literal["expired", "older", "cancelled", "over", "dropped", "unknown"]


class LinkClosed(MdkError):
    """The link records nothing more; `reason` says why, in the language of whoever holds it when that is known."""

    code = "answer-link.closed"

    def __init__(self, reason: Reason, language: Language | None = None) -> None:
        super().__init__("Svarslänken gäller inte längre.")
        self.reason = reason
        self.language = language


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer link asks: who, when and how, and what they answered to that so far. Nothing is of a patient."""

    conference_id: str
    person_id: int
    name: str
    event: Event
    partstat: str
    comment: str
    answered_at: datetime | None


def asked(session: Session, token: str, *, settings: Settings, at: datetime) -> Asked:
    """What the holder of a link is asked. Raises `LinkClosed` when the link is none of ours or asks nothing more."""
    try:
        answer = tokens.read_answer(settings.secret_key, token, at, issuer=settings["BASE_URL"])
    except tokens.TokenRefused as refusal:
        raise LinkClosed("expired" if refusal.reason == "expired" else "unknown") from refusal
    conference = session.get(Conference, answer.conference_id)
    person = session.get(Person, answer.person_id)
    part = session.get(Participation, (answer.conference_id, answer.person_id))
    event = current_invitation(session, answer.conference_id, answer.person_id)
    if conference is None or person is None or part is None or event is None:
        raise LinkClosed("unknown")
    reason = closed_reason(conference, person, part, at) or ("older" if event.sequence != answer.sequence else None)
    if reason:
        raise LinkClosed(reason, event.language)
    answered = answer_to(part, event.times)
    return Asked(
        conference_id=conference.id,
        person_id=answer.person_id,
        name=person.name,
        event=event,
        partstat=answered.partstat if answered else UNANSWERED,
        comment=answered.comment if answered else "",
        answered_at=answered.at if answered else None,
    )


def answer_by_link(
    session: Session, token: str, *, said: ReplyBody, settings: Settings, by: Actor, at: datetime
) -> Asked:
    """Record what the holder of a link answers; gives what then holds. Raises `LinkClosed`."""
    question = asked(session, token, settings=settings, at=at)
    given = GivenAnswer(partstat=said.partstat, comment=said.comment or "", via="link", to=question.event.times)
    who = msgspec.structs.replace(by, person_id=question.person_id)
    record(session, conference_id=question.conference_id, person_id=question.person_id, given=given, by=who, at=at)
    return asked(session, token, settings=settings, at=at)


def closed_reason(conference: Conference, person: Person, part: Participation, at: datetime) -> Reason | None:
    """Why a conference takes no answer of a person any more; None while it does."""
    if conference.state == ConferenceState.CANCELLED:
        return "cancelled"
    if not part.active or not person.active:
        return "dropped"
    if conference.state == ConferenceState.CLOSED:
        return "over"
    return "over" if conference.state != ConferenceState.IN_SESSION and ends_at(conference) <= at else None
