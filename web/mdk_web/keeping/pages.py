"""Pages of keeping and leaving: how long things are kept, and a patient's whole record for the hospital's archive."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.errors import Invalid, NotFound, Problem, RuleBroken
from mdk.keeping import passed, queries, rules, service
from mdk.keeping.structs import DecisionBody, RecordBody
from mdk.people.rules import check_role, may_ever
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.keeping.archive import packed
from mdk_web.visits import PageRequest, Visit, go, page, reading, writing

Page = Response[Any]
HERE = "/keeping"


@get(HERE, sync_to_thread=True)
def index(request: PageRequest) -> Page:
    return _index(request)


def _again(request: PageRequest, body: bytes, *, refusal: Refusal) -> Page:
    return _index(request, refusal=refusal, typed=Form(body))


@get(f"{HERE}/record", sync_to_thread=True)
def record(request: PageRequest) -> Page:
    return _of_record(request)


def _record_again(request: PageRequest, body: bytes, *, refusal: Refusal) -> Page:
    return _of_record(request, refusal=refusal, typed=Form(body))


@post(f"{HERE}/record", status_code=200, sync_to_thread=True)
@shown_again(again=_record_again)
def export(request: PageRequest, body: RawBody) -> Page:
    """A patient's whole record as a ZIP; its file name says nothing of the patient."""
    with reading(request) as visit:
        check_role("record.export", visit.viewer)
        asked: RecordBody = Form(body).read(RecordBody)
        content = packed(_record(visit, asked))
    headers = {"Content-Disposition": 'attachment; filename="journal.zip"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/zip", headers=headers)


@post(f"{HERE}/decisions", sync_to_thread=True)
@shown_again(again=_again)
def decide(request: PageRequest, body: RawBody) -> Page:
    with writing(request) as visit:
        check_role("removal.decide", visit.viewer)
        service.decide(visit.session, body=Form(body).read(DecisionBody), by=visit.viewer, at=visit.at)
        return go(HERE, said="removal-decided")


def _decision_again(request: PageRequest, *, refusal: Refusal, **_decision: int) -> Page:
    return _index(request, refusal=refusal)


@post(f"{HERE}/decisions/{{decision_id:int}}/confirm", sync_to_thread=True)
@shown_again(again=_decision_again)
def confirm(request: PageRequest, decision_id: FromPath[int]) -> Page:
    with writing(request) as visit:
        service.confirm(visit.session, decision_id=decision_id, by=visit.viewer, at=visit.at)
        return go(HERE, said="removal-confirmed")


@post(f"{HERE}/decisions/{{decision_id:int}}/withdraw", sync_to_thread=True)
@shown_again(again=_decision_again)
def withdraw(request: PageRequest, decision_id: FromPath[int]) -> Page:
    with writing(request) as visit:
        service.withdraw(visit.session, decision_id=decision_id, by=visit.viewer, at=visit.at)
        return go(HERE, said="removal-withdrawn")


def _record(visit: Visit, asked: RecordBody) -> queries.Found:
    try:
        return queries.record(
            visit.session,
            asked.patient,
            reference=asked.reference,
            may_be_protected=asked.protected is not None,
            by=visit.viewer,
            at=visit.at,
        )
    except NotFound as unknown:
        raise Invalid([Problem("patient", unknown.message)]) from unknown
    except RuleBroken as unsaid:
        raise Invalid([Problem("protected", unsaid.message)]) from unsaid


def _of_record(request: PageRequest, *, refusal: Refusal = NO_REFUSAL, typed: Any = None) -> Page:
    with reading(request) as visit:
        check_role("record.export", visit.viewer)
        return page(visit, "keeping/record.html", status=refusal.status, typed=typed or {}, refusal=refusal)


def _index(request: PageRequest, *, refusal: Refusal = NO_REFUSAL, typed: Any = None) -> Page:
    with reading(request) as visit:
        check_role("keeping.read", visit.viewer)
        at, by = visit.at, visit.viewer
        return page(
            visit,
            "keeping/index.html",
            reports=passed.reports(visit.session, by=by, at=at),
            decisions=passed.decisions(visit.session, by=by, at=at),
            limits=(rules.records_limit(at), rules.log_limit(at)),
            is_on=visit.settings["REMOVAL"] == "on",
            me=by.person_id,
            status=refusal.status,
            may_export=may_ever("record.export", visit.viewer),
            typed=typed or {},
            refusal=refusal,
        )


HANDLERS: list[Any] = [index, record, export, decide, confirm, withdraw]
