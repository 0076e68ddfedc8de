"""The API of absences."""

from typing import Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, RawBody

from mdk.cases.structs import Nothing
from mdk.conferences import absences, absent
from mdk.conferences.structs import AbsenceBody, AbsenceView
from mdk.errors import NotFound
from mdk.people.rules import check_role
from mdk.people.tables import Absence
from mdk_web import openapi
from mdk_web.calls import Paging, paged, query_of
from mdk_web.idempotency import once
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of


class Absences(msgspec.Struct):
    """The absences that are not over, by first day."""

    items: list[AbsenceView]
    next_cursor: str | None


@get("/absences", opt=openapi.asks(Paging), sync_to_thread=True)
def index_absences(request: PageRequest) -> Absences:
    with api_reading(request) as visit:
        check_role("absence.read", visit.viewer)
        return _left(visit, query_of(request, Paging))


@post("/absences", opt=openapi.takes(AbsenceBody, idempotent=True), sync_to_thread=True)
def record_absence(request: PageRequest, body: RawBody) -> AbsenceView:
    with api_writing(request) as visit:
        check_role("absence.record", visit.viewer)
        given = body_of(AbsenceBody, body)

        def make() -> str:
            return absences.record(visit.session, body=given, by=visit.viewer, at=visit.at).id

        made = visit.session.get(Absence, once(visit, "absences", body, make))
        if made is None:
            raise NotFound
        return absent.absence_view(visit.session, made, at=visit.at)


@post("/absences/{absence_id:str}/remove", opt=openapi.takes(Nothing), status_code=200, sync_to_thread=True)
def remove_absence(request: PageRequest, absence_id: FromPath[str], body: RawBody) -> Absences:
    with api_writing(request) as visit:
        absences.load_absence(visit.session, absence_id, by=visit.viewer)
        body_of(Nothing, body)
        absences.remove(visit.session, absence_id=absence_id, by=visit.viewer, at=visit.at)
        return _left(visit, Paging())


def _left(visit: Visit, query: Paging) -> Absences:
    found = absent.absences(visit.session, by=visit.viewer, at=visit.at)
    return Absences(*paged(found, query, lambda one: (one.first_day.isoformat(), one.id)))


HANDLERS: list[Any] = [index_absences, record_absence, remove_absence]
