"""Pages of the access log: per patient, per person, what is odd in it, and the patient's own extract."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import RawBody
from msgspec import Meta

from mdk import clock
from mdk.audit import queries as audit
from mdk.errors import Invalid, NotFound, Problem
from mdk.inspection import oddities, queries
from mdk.inspection.structs import ExtractBody, Wanted
from mdk.people.rules import check_role
from mdk_web.auditing import paper
from mdk_web.calls import query_of
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import CASE_NUMBER, PageRequest, Visit, go, page, reading

Page = Response[Any]
PER_PAGE, MOST = 50, 200


class LogQuery(msgspec.Struct, kw_only=True):
    """Which part of the log to show; a patient is asked for by a form, never by an address."""

    case: Annotated[str, Meta(max_length=30)] | None = None
    person: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    since: date | None = None
    until: date | None = None
    cursor: Annotated[str, Meta(max_length=4000)] | None = None


class PatientBody(msgspec.Struct):
    """A patient, by a case's number or the identity number, and which days."""

    patient: Annotated[str, Meta(min_length=1, max_length=30)]
    since: date | None = None
    until: date | None = None


@get("/log", sync_to_thread=True)
def index(request: PageRequest) -> Page:
    with reading(request) as visit:
        check_role("log.read", visit.viewer)
        asked = query_of(request, LogQuery)
        cases = None if asked.case is None else _cases(visit, asked.case)
        return _log(visit, asked, cases)


def _again(request: PageRequest, body: bytes, *, refusal: Refusal) -> Page:
    with reading(request) as visit:
        check_role("log.read", visit.viewer)
        return _log(visit, LogQuery(), None, refusal=refusal, typed=Form(body))


@post("/log/patient", status_code=200, sync_to_thread=True)
@shown_again(again=_again)
def of_patient(request: PageRequest, body: RawBody) -> Page:
    with reading(request) as visit:
        check_role("log.read", visit.viewer)
        asked: PatientBody = Form(body).read(PatientBody)
        if CASE_NUMBER.fullmatch(asked.patient.upper()):
            days = "".join(f"&{name}={day}" for name in ("since", "until") if (day := getattr(asked, name)))
            return go(f"/log?case={asked.patient.upper()}{days}")
        cases = _cases(visit, asked.patient)
        return _log(visit, LogQuery(since=asked.since, until=asked.until), cases, typed=Form(body), limit=MOST)


@post("/log/extract", status_code=200, sync_to_thread=True)
@shown_again(again=_again)
def extract(request: PageRequest, body: RawBody) -> Page:
    """The patient's own extract as a PDF; its file name says nothing of the patient."""
    with reading(request) as visit:
        check_role("log.extract", visit.viewer)
        asked: ExtractBody = Form(body).read(ExtractBody)
        _cases(visit, asked.patient)
        found = queries.extract(visit.session, asked, by=visit.viewer, at=visit.at)
        headers = {"Content-Disposition": 'attachment; filename="logguttag.pdf"', "Cache-Control": "no-store"}
        return Response(paper.press(found), media_type="application/pdf", headers=headers)


@get("/log/oddities", sync_to_thread=True)
def odd(request: PageRequest) -> Page:
    with reading(request) as visit:
        check_role("log.read", visit.viewer)
        asked = query_of(request, LogQuery)
        since, until = queries.whole_days(asked.since, asked.until, visit.at)
        found = oddities.oddities(visit.session, since=since, until=until, by=visit.viewer, at=visit.at)
        return page(visit, "auditing/oddities.html", found=found, asked=asked, since=since, many=oddities.SHOWN)


def _cases(visit: Visit, text: str) -> tuple[str, ...]:
    try:
        return queries.cases_of(visit.session, text, by=visit.viewer, at=visit.at)
    except NotFound as unknown:
        raise Invalid([Problem("patient", unknown.message)]) from unknown


def _log(
    visit: Visit,
    asked: LogQuery,
    cases: tuple[str, ...] | None,
    *,
    refusal: Refusal = NO_REFUSAL,
    typed: Any = None,
    limit: int = PER_PAGE,
) -> Page:
    since, until = queries.whole_days(asked.since, asked.until, visit.at)
    if (cases or asked.person) and asked.since is None:
        since = clock.midnight(date(2000, 1, 1))
    wanted = Wanted(since=since, until=until, cases=cases, person_id=asked.person)
    lines, following = queries.lines(
        visit.session, wanted, by=visit.viewer, at=visit.at, limit=limit, cursor=asked.cursor
    )
    heads = audit.heads(visit.session, limit=1)
    return page(
        visit,
        "auditing/index.html",
        status=refusal.status,
        lines=lines,
        following=following,
        asked=asked,
        cases=cases,
        since=since,
        staff=queries.staff(visit.session, by=visit.viewer),
        head=heads[-1] if heads else None,
        typed=typed or {"patient": asked.case or ""},
        refusal=refusal,
    )


HANDLERS: list[Any] = [index, of_patient, extract, odd]
