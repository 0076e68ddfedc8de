"""Acts on an answer to an invitation: keep it with the way it came, and warn when the conference loses someone."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from mdk.audit.service import did
from mdk.audit.structs import Actor
from mdk.conferences.losses import losses
from mdk.conferences.structs import ConferenceState, GivenAnswer, Loss, LossKind
from mdk.conferences.tables import Conference, Participation
from mdk.errors import NotFound, RuleBroken
from mdk.outbox.service import notice
from mdk.people.queries import holders
from mdk.people.structs import Role

UNANSWERED = "NEEDS-ACTION"
_ANSWERABLE = frozenset({ConferenceState.RELEASED, ConferenceState.IN_SESSION})


class Aside(msgspec.Struct, frozen=True):
    """An answer that was set aside because the times that it was given to have changed."""

    partstat: str
    answered_at: datetime | None
    via: str


_aside = msgspec.json.Decoder(Aside)


def record(
    session: Session, *, conference_id: str, person_id: int, given: GivenAnswer, by: Actor, at: datetime
) -> Participation:
    """Record what someone invited answered, until the conference is over; a loss is told to those who plan, at once.

    Raises `NotFound` for someone who is not invited, `RuleBroken("conference.wrong-state")`.
    """
    conference = session.get(Conference, conference_id)
    taking_part = session.get(Participation, (conference_id, person_id), with_for_update=True)
    if conference is None or taking_part is None or not taking_part.active:
        raise NotFound
    if conference.state not in _ANSWERABLE:
        raise RuleBroken("conference.wrong-state", "Konferensen är över eller inställd. Inget svar behövs.")
    before = losses(session, conference)
    is_new = taking_part.partstat != given.partstat
    taking_part.partstat, taking_part.comment = given.partstat, given.comment
    taking_part.answered_at, taking_part.answered_via = at, given.via
    session.flush()
    did(session, "conference.reply", by=by, at=at)
    # The consultant's decline is told also when a deputy stands by: someone has to tell the deputy.
    told: set[LossKind] = {"consultant"} if is_new and _consultant_declined(conference, taking_part) else set()
    tell_of(session, conference, told | new_kinds(before, losses(session, conference)), at=at)
    return taking_part


def set_aside(taking_part: Participation) -> None:
    """Ask someone anew whose times have changed; the answer to those that they were told waits beside.

    An answer on the page is to the times as they now are, so the first that was set aside stands before it.
    """
    if taking_part.partstat == UNANSWERED:
        return
    if taking_part.aside is None or taking_part.answered_via != "login":
        given = Aside(taking_part.partstat, taking_part.answered_at, taking_part.answered_via)
        taking_part.aside = msgspec.json.encode(given).decode()
    taking_part.partstat, taking_part.answered_at, taking_part.answered_via = UNANSWERED, None, ""


def take_aside(taking_part: Participation) -> Aside | None:
    """The answer that waits beside, which waits no more."""
    held, taking_part.aside = taking_part.aside, None
    return None if held is None else _aside.decode(held)


def put_back(taking_part: Participation, given: Aside | None) -> None:
    """Let an answer hold again that was set aside for a change of which nobody was told; a newer one goes before."""
    if given is not None and taking_part.partstat == UNANSWERED:
        taking_part.partstat, taking_part.answered_at = given.partstat, given.answered_at
        taking_part.answered_via = given.via


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


def _consultant_declined(conference: Conference, answer: Participation) -> bool:
    return answer.partstat == "DECLINED" and answer.person_id == conference.consultant_id
