"""The page of answers by mail: what waits for the coordinator and why, and how the mailbox fares."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from mdk_calendar import mailbox, replies
from mdk_web.visits import PageRequest, go, page, reading, writing

Page = Response[Any]


@get("/replies", sync_to_thread=True)
def index(request: PageRequest) -> Page:
    with reading(request) as visit:
        lines = replies.waiting(visit.session, by=visit.viewer, at=visit.at)
        is_read = bool(visit.settings["IMAP_URL"])
        box = mailbox.state(visit.session) if is_read else None
        return page(visit, "replies/index.html", lines=lines, box=box, is_read=is_read)


@post("/replies/{reply_id:int}/settle", sync_to_thread=True)
def settle(request: PageRequest, reply_id: FromPath[int]) -> Page:
    with writing(request) as visit:
        replies.settle(visit.session, reply_id=reply_id, by=visit.viewer, at=visit.at)
        return go("/replies", said="reply-settled")


HANDLERS: list[Any] = [index, settle]
