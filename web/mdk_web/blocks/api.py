"""The API of a patient's blocks."""

from typing import Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, RawBody

from mdk.cases import blocking
from mdk.cases.block_structs import BlockBody, BlockLine
from mdk.cases.queries import load
from mdk.cases.structs import ReasonBody
from mdk_web import openapi
from mdk_web.idempotency import once
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of

_PATH = "/cases/{number:str}/blocks"


class BlockList(msgspec.Struct):
    """Whom the patient of a case has shut out, those that stand first."""

    items: list[BlockLine]


def _listed(visit: Visit, number: str) -> BlockList:
    return BlockList(blocking.blocks(visit.session, number, by=visit.viewer, at=visit.at))


@get(_PATH, sync_to_thread=True)
def show_blocks(request: PageRequest, number: FromPath[str]) -> BlockList:
    with api_reading(request) as visit:
        return _listed(visit, number)


@post(_PATH, opt=openapi.takes(BlockBody, idempotent=True), sync_to_thread=True)
def block(request: PageRequest, number: FromPath[str], body: RawBody) -> BlockList:
    """Record whom the patient shuts out; gives all blocks, as they now are."""
    with api_writing(request) as visit:
        load(visit.session, number, act="case.block", by=visit.viewer, at=visit.at)
        said = body_of(BlockBody, body)

        def make() -> str:
            return str(blocking.block(visit.session, number=number, body=said, by=visit.viewer, at=visit.at))

        once(visit, f"POST {_PATH} {number}", body, make)
        return _listed(visit, number)


@post(f"{_PATH}/{{block_id:int}}/lift", opt=openapi.takes(ReasonBody), status_code=200, sync_to_thread=True)
def lift(request: PageRequest, number: FromPath[str], block_id: FromPath[int], body: RawBody) -> BlockList:
    """Let someone in again, as the patient now wishes; gives all blocks, as they now are."""
    with api_writing(request) as visit:
        load(visit.session, number, act="case.lift-block", by=visit.viewer, at=visit.at)
        reason = body_of(ReasonBody, body).reason
        blocking.lift(visit.session, number=number, block_id=block_id, reason=reason, by=visit.viewer, at=visit.at)
        return _listed(visit, number)


HANDLERS: list[Any] = [show_blocks, block, lift]
