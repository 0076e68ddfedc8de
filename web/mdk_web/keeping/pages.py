"""Pages of keeping and leaving: how long things are kept, and a patient's whole record for the hospital's archive."""

from typing import Any

from litestar import Response, get, post
from litestar.params import RawBody

from mdk.errors import Invalid, NotFound, Problem, RuleBroken
from mdk.keeping import queries
from mdk.keeping.structs import RecordBody
from mdk.people.rules import check_role, may_ever
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.keeping.archive import packed
from mdk_web.visits import PageRequest, Visit, page, reading

Page = Response[Any]
HERE = "/keeping"


@get(HERE, sync_to_thread=True)
def index(request: PageRequest) -> Page:
    return _index(request)


def _again(request: PageRequest, body: bytes, *, refusal: Refusal) -> Page:
    return _index(request, refusal=refusal, typed=Form(body))


@post(f"{HERE}/record", status_code=200, sync_to_thread=True)
@shown_again(again=_again)
def export(request: PageRequest, body: RawBody) -> Page:
    """A patient's whole record as a ZIP; its file name says nothing of the patient."""
    with reading(request) as visit:
        check_role("record.export", visit.viewer)
        asked: RecordBody = Form(body).read(RecordBody)
        content = packed(_record(visit, asked))
    headers = {"Content-Disposition": 'attachment; filename="journal.zip"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/zip", headers=headers)


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


def _index(request: PageRequest, *, refusal: Refusal = NO_REFUSAL, typed: Any = None) -> Page:
    with reading(request) as visit:
        check_role("keeping.read", visit.viewer)
        return page(
            visit,
            "keeping/index.html",
            status=refusal.status,
            may_export=may_ever("record.export", visit.viewer),
            typed=typed or {},
            refusal=refusal,
        )


HANDLERS: list[Any] = [index, export]
