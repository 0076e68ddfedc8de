"""Pages of the two inboxes: implant referrals at neurosurgery, pump assignments at a region's function."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.pathways import assignments as assignment_acts
from mdk.pathways import queries
from mdk.pathways import referrals as referral_acts
from mdk.people.rules import may_ever
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.pathways import shown
from mdk_web.visits import PageRequest, Visit, go, page, reading, writing

Page = Response[Any]


@get("/referrals", sync_to_thread=True)
def referrals(request: PageRequest) -> Page:
    with reading(request) as visit:
        rows, _ = queries.referrals(visit.session, by=visit.viewer, at=visit.at, limit=200)
        columns = shown.columns(rows, shown.REFERRALS)
        works = may_ever("referral.work", visit.viewer)
        return page(visit, "pathways/referrals.html", columns=columns, count=len(rows), works=works)


def _referral(visit: Visit, referral_id: str, refusal: Refusal) -> Page:
    row = queries.referral(visit.session, referral_id, by=visit.viewer, at=visit.at)
    works = may_ever("referral.work", visit.viewer)
    papers = shown.papers(visit, row)
    return page(visit, "pathways/referral.html", status=refusal.status, refusal=refusal, works=works, **papers)


def _referral_again(request: PageRequest, referral_id: str, *, refusal: Refusal, **_: object) -> Page:
    with reading(request) as visit:
        return _referral(visit, referral_id, refusal)


@get("/referrals/{referral_id:str}", sync_to_thread=True)
def referral(request: PageRequest, referral_id: FromPath[str]) -> Page:
    with writing(request) as visit:  # the first opening by neurosurgery marks it received
        if may_ever("referral.work", visit.viewer):
            referral_acts.receive(visit.session, referral_id=referral_id, by=visit.viewer, at=visit.at)
        return _referral(visit, referral_id, NO_REFUSAL)


@post("/referrals/{referral_id:str}/accept", sync_to_thread=True)
@shown_again(again=_referral_again)
def accept_referral(request: PageRequest, referral_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        version = Form(body).version()
        referral_acts.accept(visit.session, referral_id=referral_id, version=version, by=visit.viewer, at=visit.at)
        return go(f"/referrals/{referral_id}", said="referral-accepted")


@get("/assignments-inbox", sync_to_thread=True)
def assignments(request: PageRequest) -> Page:
    with reading(request) as visit:
        rows, _ = queries.assignments(visit.session, by=visit.viewer, at=visit.at, limit=200)
        columns = shown.columns(rows, shown.ASSIGNMENTS)
        met = {row.id: shown.count_met(row.prerequisites) for row in rows}
        return page(visit, "pathways/assignments.html", columns=columns, count=len(rows), met=met)


def _assignment(visit: Visit, assignment_id: str, refusal: Refusal) -> Page:
    row = queries.assignment(visit.session, assignment_id, by=visit.viewer, at=visit.at)
    works = may_ever("assignment.work", visit.viewer)
    papers = shown.papers(visit, row)
    return page(visit, "pathways/assignment.html", status=refusal.status, refusal=refusal, works=works, **papers)


def _assignment_again(request: PageRequest, assignment_id: str, *, refusal: Refusal, **_: object) -> Page:
    with reading(request) as visit:
        return _assignment(visit, assignment_id, refusal)


@get("/assignments-inbox/{assignment_id:str}", sync_to_thread=True)
def assignment(request: PageRequest, assignment_id: FromPath[str]) -> Page:
    with reading(request) as visit:
        return _assignment(visit, assignment_id, NO_REFUSAL)


@post("/assignments-inbox/{assignment_id:str}/accept", sync_to_thread=True)
@shown_again(again=_assignment_again)
def accept_assignment(request: PageRequest, assignment_id: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        version = Form(body).version()
        assignment_acts.accept(
            visit.session, assignment_id=assignment_id, version=version, by=visit.viewer, at=visit.at
        )
        return go(f"/assignments-inbox/{assignment_id}", said="assignment-accepted")


HANDLERS: list[Any] = [
    referrals, referral, accept_referral, assignments, assignment, accept_assignment,
]  # fmt: skip
