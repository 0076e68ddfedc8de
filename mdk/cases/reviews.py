"""Reads of the urgent review of a case, for readers whose right to the case was already checked."""

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.cases.review_structs import Opinion, ReviewMember, ReviewState, UrgentReviewView
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case, UrgentOpinion, UrgentReview
from mdk.errors import RuleBroken
from mdk.people.queries import names
from mdk.people.tables import Person

_ids = msgspec.json.Decoder(list[int])


def newest(session: Session, case: Case) -> UrgentReview | None:
    """The latest urgent review of a case."""
    return session.scalar(
        select(UrgentReview)
        .where(col(UrgentReview.case_id) == case.id)
        .order_by(col(UrgentReview.opened_at).desc())
        .limit(1)
    )


def current(session: Session, case: Case) -> UrgentReview:
    """The urgent review that the case is in at present. Raises `RuleBroken("urgent.not-open")`."""
    review = newest(session, case)
    if review is None or state_of(review, case) != "open":
        raise RuleBroken("urgent.not-open", "Snabbspåret är inte öppet för ärendet. Läs in sidan igen.")
    return review


def member_ids(review: UrgentReview) -> list[int]:
    """The people who were asked, in the order in which they were named."""
    return _ids.decode(review.member_ids)


def opinions_of(session: Session, review: UrgentReview) -> list[UrgentOpinion]:
    """The opinions given so far, oldest first."""
    query = select(UrgentOpinion).where(col(UrgentOpinion.conference_id) == review.conference_id)
    return list(session.scalars(query.order_by(col(UrgentOpinion.at), col(UrgentOpinion.id))))


def state_of(review: UrgentReview, case: Case) -> ReviewState:
    """Where a review stands; it has ended when its case left the lane without a conclusion."""
    if review.ratified_at is not None:
        return "ratified"
    if review.concluded_at is not None:
        return "concluded"
    return "open" if case.state == CaseState.SCHEDULED and case.urgent_until is not None else "ended"


def shown(session: Session, case: Case, *, may_read: bool) -> UrgentReviewView | None:
    """The latest urgent review of a case; None when there never was one.

    Its opinions are shown from the conclusion on, and before it to someone who `may_read` them.
    """
    review = newest(session, case)
    if review is None:
        return None
    given = opinions_of(session, review)
    called = names(session, {opinion.person_id for opinion in given}) if given else {}
    return UrgentReviewView(
        conference=review.conference_id,
        state=state_of(review, case),
        deadline=review.deadline,
        opened_at=review.opened_at,
        members=_members(session, review, {opinion.person_id for opinion in given}),
        opinions=[
            Opinion(by=called.get(each.person_id, ""), at=each.at, text=each.text, late=each.at > review.deadline)
            for each in given
            if may_read or review.concluded_at is not None
        ],
        concluded_at=review.concluded_at,
        ratified_at=review.ratified_at,
    )


def _members(session: Session, review: UrgentReview, opined: set[int]) -> list[ReviewMember]:
    ids = member_ids(review)
    people = {person.id: person for person in session.scalars(select(Person).where(col(Person.id).in_(ids)))}
    return [
        ReviewMember(people[each].email, people[each].name, people[each].profession, each in opined) for each in ids
    ]
