"""Pages of a patient's blocks: whom the patient has shut out, recording one, and lifting it."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.cases import blocking
from mdk.cases.block_structs import BlockBody
from mdk.cases.structs import ReasonBody
from mdk.people import queries as people
from mdk.people.rules import CLINICAL_ROLES
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, Visit, go, page, reading, writing

Page = Response[Any]
_PATH = "/cases/{number:str}/blocks"


@get(_PATH, sync_to_thread=True)
def index(request: PageRequest, number: FromPath[str]) -> Page:
    with reading(request) as visit:
        return _shown(visit, number)


def _again(request: PageRequest, number: str, *, refusal: Refusal, body: bytes = b"", **_: object) -> Page:
    with reading(request) as visit:
        return _shown(visit, number, refusal=refusal, typed=Form(body))


@post(_PATH, sync_to_thread=True)
@shown_again(again=_again)
def record(request: PageRequest, number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        blocking.blocks(visit.session, number, by=visit.viewer, at=visit.at)
        said = Form(body).read(BlockBody)
        blocking.block(visit.session, number=number, body=said, by=visit.viewer, at=visit.at)
        return go(f"/cases/{number}/blocks", said="block-recorded")


@post(f"{_PATH}/{{block_id:int}}/lift", sync_to_thread=True)
@shown_again(again=_again)
def lift(request: PageRequest, number: FromPath[str], block_id: FromPath[int], body: RawBody) -> Page:
    with writing(request) as visit:
        blocking.blocks(visit.session, number, by=visit.viewer, at=visit.at)
        reason = Form(body).read(ReasonBody).reason
        blocking.lift(visit.session, number=number, block_id=block_id, reason=reason, by=visit.viewer, at=visit.at)
        return go(f"/cases/{number}/blocks", said="block-lifted")


def _shown(visit: Visit, number: str, *, refusal: Refusal = NO_REFUSAL, typed: Mapping[str, str] | None = None) -> Page:
    session = visit.session
    lines = blocking.blocks(session, number, by=visit.viewer, at=visit.at)
    staff = {each.email: each for each in people.people(session) if each.active and each.role in CLINICAL_ROLES}
    return page(
        visit,
        "blocks/index.html",
        status=refusal.status,
        number=number,
        standing=[line for line in lines if line.lifted_at is None],
        lifted=[line for line in lines if line.lifted_at is not None],
        staff=[(each.email, f"{each.name}, {each.unit_name}") for each in staff.values()],
        units=[(each.id, each.name) for each in people.units(session)],
        refusal=refusal,
        typed=typed or {},
    )


HANDLERS: list[Any] = [index, record, lift]
