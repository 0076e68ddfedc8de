"""The page of the outbox: what was mailed to whom, and the second try of what failed."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from mdk.journey import mail
from mdk.outbox.queries import stuck_since
from mdk_calendar.replies import count_waiting
from mdk_web.formkit import NO_REFUSAL, Refusal, shown_again
from mdk_web.visits import PageRequest, go, page, reading, writing

Page = Response[Any]


def _list(request: PageRequest, *, refusal: Refusal = NO_REFUSAL, **_: object) -> Page:
    with reading(request) as visit:
        lines = mail.outbox(visit.session, by=visit.viewer, at=visit.at)
        failed = sum(line.state == "failed" for line in lines)
        return page(
            visit,
            "outbox/index.html",
            status=refusal.status,
            lines=lines,
            failed=failed,
            stuck=stuck_since(visit.session, at=visit.at),
            replies=count_waiting(visit.session),
            refusal=refusal,
        )


@get("/outbox", sync_to_thread=True)
def index(request: PageRequest) -> Page:
    return _list(request)


@post("/outbox/{row_id:int}/again", sync_to_thread=True)
@shown_again(again=_list)
def send_again(request: PageRequest, row_id: FromPath[int]) -> Page:
    with writing(request) as visit:
        mail.send_again(visit.session, row_id=row_id, by=visit.viewer, at=visit.at)
        return go("/outbox", said="mail-again")


HANDLERS: list[Any] = [index, send_again]
