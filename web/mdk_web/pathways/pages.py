"""Pages of the pathways: the two inboxes, one referral and one assignment with all that can be done to them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody

from mdk.pathways import checklists, queries, referrals
from mdk.pathways.structs import AssignmentView, PrerequisiteBody, ReferralView
from mdk.people.rules import may_ever
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.pathways import shown
from mdk_web.pathways.acts import (
    ASSIGNMENT_ACTS,
    REFERRAL_ACTS,
    Act,
    assignment_offers,
    content_of,
    left_over,
    referral_offers,
)
from mdk_web.visits import PageRequest, Visit, go, page, reading, writing

Page = Response[Any]
_FACT, MOST = "fact:", queries.INBOX_ROWS


@get("/referrals", sync_to_thread=True)
def index_referrals(request: PageRequest) -> Page:
    with reading(request) as visit:
        rows, days = queries.referral_inbox(visit.session, by=visit.viewer, at=visit.at)
        columns, works = shown.columns(rows, shown.REFERRALS), may_ever("referral.work", visit.viewer)
        return page(
            visit, "pathways/referrals.html", columns=columns, count=len(rows), works=works, days=days, most=MOST
        )


@get("/referrals/{referral_id:str}", sync_to_thread=True)
def show_referral(request: PageRequest, referral_id: FromPath[str]) -> Page:
    with writing(request) as visit:  # the first opening by neurosurgery marks it received
        if may_ever("referral.work", visit.viewer):
            referrals.receive(visit.session, referral_id=referral_id, by=visit.viewer, at=visit.at)
        return _referral(visit, referral_id)


@get("/assignments-inbox", sync_to_thread=True)
def index_assignments(request: PageRequest) -> Page:
    with reading(request) as visit:
        rows, days = queries.assignment_inbox(visit.session, by=visit.viewer, at=visit.at)
        columns = shown.columns(rows, shown.ASSIGNMENTS)
        met = {row.id: shown.count_met(row.prerequisites) for row in rows}
        return page(visit, "pathways/assignments.html", columns=columns, count=len(rows), met=met, days=days, most=MOST)


@get("/readiness", sync_to_thread=True)
def readiness(request: PageRequest) -> Page:
    with reading(request) as visit:
        rows, _ = queries.assignment_inbox(visit.session, by=visit.viewer, at=visit.at)
        waiting = shown.in_preparation(rows)
        met = {row.id: shown.count_met(row.prerequisites) for row in waiting}
        return page(visit, "pathways/readiness.html", rows=waiting, met=met)


@get("/assignments-inbox/{assignment_id:str}", sync_to_thread=True)
def show_assignment(request: PageRequest, assignment_id: FromPath[str]) -> Page:
    with reading(request) as visit:
        return _assignment(visit, assignment_id)


@post("/referrals/{referral_id:str}/prerequisites/{n:int}", sync_to_thread=True)
def set_of_referral(request: PageRequest, referral_id: FromPath[str], n: FromPath[int], body: RawBody) -> Page:
    again = partial(_referral_again, act=f"prerequisites/{n}")
    return shown_again(again=again)(_set_of_referral)(request, referral_id, body, n=n)


def _set_of_referral(request: PageRequest, referral_id: str, body: bytes, *, n: int) -> Page:
    with writing(request) as visit:
        queries.load_referral_row(visit.session, referral_id, n, by=visit.viewer, at=visit.at)
        form = Form(body)
        said, version = form.read(PrerequisiteBody), form.version()
        checklists.set_of_referral(
            visit.session, referral_id=referral_id, n=n, version=version, body=said, by=visit.viewer, at=visit.at
        )
        return go(f"/referrals/{referral_id}#row-{n}", said="prerequisite-set")


@post("/assignments-inbox/{assignment_id:str}/prerequisites/{n:int}", sync_to_thread=True)
def set_of_assignment(request: PageRequest, assignment_id: FromPath[str], n: FromPath[int], body: RawBody) -> Page:
    again = partial(_assignment_again, act=f"prerequisites/{n}")
    return shown_again(again=again)(_set_of_assignment)(request, assignment_id, body, n=n)


def _set_of_assignment(request: PageRequest, assignment_id: str, body: bytes, *, n: int) -> Page:
    with writing(request) as visit:
        queries.load_assignment_row(visit.session, assignment_id, n, by=visit.viewer, at=visit.at)
        form = Form(body)
        said, version = form.read(PrerequisiteBody), form.version()
        checklists.set_of_assignment(
            visit.session, assignment_id=assignment_id, n=n, version=version, body=said, by=visit.viewer, at=visit.at
        )
        return go(f"/assignments-inbox/{assignment_id}#row-{n}", said="prerequisite-set")


def _referral(
    visit: Visit,
    referral_id: str,
    *,
    refusal: Refusal = NO_REFUSAL,
    act: str = "",
    typed: Mapping[str, str] | None = None,
) -> Page:
    visit.session.flush()
    row: ReferralView = queries.referral(visit.session, referral_id, by=visit.viewer, at=visit.at)
    papers = shown.papers(visit, row)
    is_referrer = may_ever("referral.supply", visit.viewer) and papers["case"].unit == visit.viewer.unit_id
    offers = referral_offers(row, visit.viewer, is_referrer=is_referrer)
    return page(
        visit,
        "pathways/referral.html",
        status=refusal.status,
        refusal=refusal,
        act=act,
        typed=Form(b"") if typed is None else typed,
        here=f"/referrals/{referral_id}",
        pack=shown.pack(row, papers["case"]),
        offers=offers,
        left_over=left_over(act, typed or {}, REFERRAL_ACTS, offers),
        sets=shown.settable(row, visit.viewer),
        **papers,
    )


def _referral_again(
    request: PageRequest, referral_id: str, body: bytes, *, act: str, refusal: Refusal, **_: object
) -> Page:
    with reading(request) as visit:
        return _referral(visit, referral_id, refusal=refusal, act=act, typed=Form(body))


def _assignment(
    visit: Visit,
    assignment_id: str,
    *,
    refusal: Refusal = NO_REFUSAL,
    act: str = "",
    typed: Mapping[str, str] | None = None,
) -> Page:
    row: AssignmentView = queries.assignment(visit.session, assignment_id, by=visit.viewer, at=visit.at)
    offers = assignment_offers(row, visit.viewer)
    return page(
        visit,
        "pathways/assignment.html",
        status=refusal.status,
        refusal=refusal,
        act=act,
        typed=Form(b"") if typed is None else typed,
        here=f"/assignments-inbox/{assignment_id}",
        capability=shown.lacking_capability(row),
        offers=offers,
        left_over=left_over(act, typed or {}, ASSIGNMENT_ACTS, offers),
        sets=shown.settable(row, visit.viewer),
        **shown.papers(visit, row),
    )


def _assignment_again(
    request: PageRequest, assignment_id: str, body: bytes, *, act: str, refusal: Refusal, **_: object
) -> Page:
    with reading(request) as visit:
        return _assignment(visit, assignment_id, refusal=refusal, act=act, typed=Form(body))


def _referral_act(name: str, act: Act) -> HTTPRouteHandler:
    """The page's handler of one act on a referral; what it refuses is shown with that act's form open."""

    @shown_again(again=partial(_referral_again, act=name))
    def handle(request: PageRequest, referral_id: FromPath[str], body: RawBody) -> Page:
        with writing(request) as visit:
            queries.load_referral(visit.session, referral_id, act=act.needs, by=visit.viewer, at=visit.at)
            form = _with_facts(Form(body))
            content, version = content_of(form.read(act.body)), form.version()
            act.do(visit.session, referral_id=referral_id, version=version, by=visit.viewer, at=visit.at, **content)
            return go(f"/referrals/{referral_id}", said=act.said)

    handle.__name__ = f"{name.replace('-', '_')}_referral"
    return post(f"/referrals/{{referral_id:str}}/{name}", sync_to_thread=True)(handle)


def _assignment_act(name: str, act: Act) -> HTTPRouteHandler:
    @shown_again(again=partial(_assignment_again, act=name))
    def handle(request: PageRequest, assignment_id: FromPath[str], body: RawBody) -> Page:
        with writing(request) as visit:
            queries.load_assignment(visit.session, assignment_id, act=act.needs, by=visit.viewer, at=visit.at)
            form = Form(body)
            content, version = content_of(form.read(act.body)), form.version()
            act.do(visit.session, assignment_id=assignment_id, version=version, by=visit.viewer, at=visit.at, **content)
            return go(f"/assignments-inbox/{assignment_id}", said=act.said)

    handle.__name__ = f"{name.replace('-', '_')}_assignment"
    return post(f"/assignments-inbox/{{assignment_id:str}}/{name}", sync_to_thread=True)(handle)


def _with_facts(form: Form) -> Form:
    """Rows of the pack are asked by their field's name; the core takes those that something was written in."""
    facts = [(name.removeprefix(_FACT), text) for name, text in form.pairs if name.startswith(_FACT) and text]
    form.pairs = [pair for pair in form.pairs if not pair[0].startswith(_FACT)]
    for place, (field, text) in enumerate(facts):
        form.pairs += [(f"facts.{place}.field", field), (f"facts.{place}.text", text)]
    return form


HANDLERS: list[Any] = [
    index_referrals,
    show_referral,
    index_assignments,
    readiness,
    show_assignment,
    set_of_referral,
    set_of_assignment,
    *(_referral_act(name, act) for name, act in REFERRAL_ACTS.items()),
    *(_assignment_act(name, act) for name, act in ASSIGNMENT_ACTS.items()),
]
