"""Acts on an answer to an invitation: keep it with the times it was given to, and warn of whom the conference loses.

An answer holds while the times are those that it was given to. So a change back brings it back, until its giver has
been told of other times (`mdk_calendar.ledger`).
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import did
from mdk.audit.structs import Actor
from mdk.conferences.answer_structs import GivenAnswer, KeptAnswer, Times
from mdk.conferences.losses import losses
from mdk.conferences.structs import ConferenceState, Loss, LossKind
from mdk.conferences.tables import Conference, Participation
from mdk.conferences.times import own_slots, times_of
from mdk.errors import NotFound, RuleBroken
from mdk.outbox.service import notice
from mdk.people.queries import holders
from mdk.people.structs import Role

UNANSWERED = "NEEDS-ACTION"
_KEPT = 20  # answers of one person that are kept, each to times of its own
_ANSWERABLE = frozenset({ConferenceState.RELEASED, ConferenceState.IN_SESSION})


_given = msgspec.json.Decoder(list[KeptAnswer])


def record(
    session: Session, *, conference_id: str, person_id: int, given: GivenAnswer, by: Actor, at: datetime
) -> Participation:
    """Record what someone invited answered, until the conference is over; a loss is told to those who plan, at once.

    An answer to other times than those that hold is kept for them, should they hold again.
    Raises `NotFound` for someone who is not invited, `RuleBroken("conference.wrong-state")`.
    """
    conference = session.get(Conference, conference_id)
    taking_part = session.get(Participation, (conference_id, person_id), with_for_update=True)
    if conference is None or taking_part is None or not taking_part.active:
        raise NotFound
    if conference.state not in _ANSWERABLE:
        raise RuleBroken("conference.wrong-state", "Konferensen är över eller inställd. Inget svar behövs.")
    before = losses(session, conference)
    answered_before = taking_part.partstat
    now = _now(session, conference, taking_part)
    answer = KeptAnswer(given.to or now, given.partstat, given.comment, at, given.via)
    _keep(taking_part, [answer, *(each for each in _all(taking_part) if each.to != answer.to)][:_KEPT])
    settle(taking_part, now)
    session.flush()
    did(session, "conference.reply", by=by, at=at)
    # The consultant's decline is told also when a deputy stands by: someone has to tell the deputy.
    is_new = taking_part.partstat != answered_before
    told: set[LossKind] = {"consultant"} if is_new and _consultant_declined(conference, taking_part) else set()
    tell_of(session, conference, told | new_kinds(before, losses(session, conference)), at=at)
    return taking_part


def settle_all(session: Session, conference: Conference) -> None:
    """After a change, let of each person's answers the one hold that was given to the times as they now are."""
    slots = own_slots(session, conference)
    for row in session.scalars(select(Participation).where(col(Participation.conference_id) == conference.id)):
        settle(row, times_of(conference, row.role, slots.get(row.person_id, ())))


def settle(taking_part: Participation, now: Times) -> None:
    """Let the answer hold that was given to the times `now`; without one, someone is yet to answer."""
    answer = answer_to(taking_part, now)
    if answer is None:
        taking_part.partstat, taking_part.answered_at, taking_part.answered_via = UNANSWERED, None, ""
    else:
        taking_part.partstat, taking_part.comment = answer.partstat, answer.comment
        taking_part.answered_at, taking_part.answered_via = answer.at, answer.via


def answer_to(taking_part: Participation, times: Times) -> KeptAnswer | None:
    """What someone answered to certain times, as far as it is kept."""
    return next((each for each in _all(taking_part) if each.to == times), None)


def forget(taking_part: Participation, *, but: Times | None, until: datetime) -> None:
    """Drop what was answered until a moment when someone was told something, `but` the answer to what they heard."""
    _keep(taking_part, [each for each in _all(taking_part) if each.to == but or each.at > until])


def new_kinds(before: Iterable[Loss], after: Iterable[Loss]) -> set[LossKind]:
    """As what those are missed who came to be lost between two looks."""
    known = set(before)
    return {loss.kind for loss in after if loss not in known}


def tell_of(session: Session, conference: Conference, kinds: set[LossKind], *, at: datetime) -> None:
    """Owe the coordinators and the chair of a conference one notice for each kind of loss."""
    planners = {line.person_id for line in holders(session, Role.COORDINATOR)} | {conference.chair_id}
    for kind in sorted(kinds):
        for person_id in sorted(planners):
            notice(session, f"{kind}-lost", person_id=person_id, key=conference.id, at=at)


def _all(taking_part: Participation) -> list[KeptAnswer]:
    return _given.decode(taking_part.given)


def _keep(taking_part: Participation, answers: list[KeptAnswer]) -> None:
    taking_part.given = msgspec.json.encode(answers).decode()


def _now(session: Session, conference: Conference, taking_part: Participation) -> Times:
    slots = own_slots(session, conference).get(taking_part.person_id, ())
    return times_of(conference, taking_part.role, slots)


def _consultant_declined(conference: Conference, answer: Participation) -> bool:
    return answer.partstat == "DECLINED" and answer.person_id == conference.consultant_id
