"""The API of answers by mail: what waits for the coordinator, and counting one as looked after."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import get, post
from litestar.params import FromPath, RawBody

from mdk.cases.structs import Nothing
from mdk.people.rules import check_role
from mdk_calendar import mailbox, replies
from mdk_calendar.replies import OpenReply
from mdk_web import openapi
from mdk_web.calls import Paging, paged, query_of
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of


class Mailbox(msgspec.Struct):
    """How the mailbox fares that answers are read from: when it was last read, since when it cannot be, and why."""

    read_at: datetime | None
    failing_since: datetime | None
    fault: str


class Replies(msgspec.Struct):
    """The mails that wait, oldest first, and the mailbox; null where none is read."""

    items: list[OpenReply]
    next_cursor: str | None
    mailbox: Mailbox | None


@get("/replies", opt=openapi.asks(Paging), sync_to_thread=True)
def index_replies(request: PageRequest) -> Replies:
    with api_reading(request) as visit:
        check_role("outbox.read", visit.viewer)
        return _waiting(visit, query_of(request, Paging))


@post("/replies/{reply_id:int}/settle", opt=openapi.takes(Nothing), status_code=200, sync_to_thread=True)
def settle_reply(request: PageRequest, reply_id: FromPath[int], body: RawBody) -> Replies:
    with api_writing(request) as visit:
        replies.load_reply(visit.session, reply_id, by=visit.viewer)
        body_of(Nothing, body)
        replies.settle(visit.session, reply_id=reply_id, by=visit.viewer, at=visit.at)
        return _waiting(visit, Paging())


def _waiting(visit: Visit, query: Paging) -> Replies:
    found = replies.waiting(visit.session, by=visit.viewer, at=visit.at)
    box = mailbox.state(visit.session) if visit.settings["IMAP_URL"] else None
    shown = Mailbox(box.read_at, box.failing_since, box.fault) if box else None
    return Replies(*paged(found, query, lambda one: (f"{one.id:012d}", "")), mailbox=shown)


HANDLERS: list[Any] = [index_replies, settle_reply]
