"""The start page, Mitt arbete, and the help."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get

from mdk import clock
from mdk.cases.rules import FIELDS
from mdk.clinical.bilaga1 import POLICY
from mdk.clinical.factor_sets import factor_sets
from mdk.clinical.pump import contraindications, intern_rules
from mdk.clinical.reference import regions
from mdk.conferences import conflicts
from mdk.db import choices
from mdk.inspection import openings
from mdk.journey import readings, reviews, work
from mdk.outbox.queries import count_failed, stuck_since
from mdk.people.rules import may_ever
from mdk_calendar import busy, mailbox
from mdk_calendar.replies import count_waiting
from mdk_web.conflicts.pages import AHEAD
from mdk_web.home import examples
from mdk_web.visits import PageRequest, Visit, page, reading

MOST = 6


@get("/", sync_to_thread=True)
def mine(request: PageRequest) -> Response[str]:
    with reading(request) as visit:
        session, by, at = visit.session, visit.viewer, visit.at
        unread = readings.unread(session, by=by, at=at, limit=MOST) if may_ever("answer.unread", by) else ([], 0)
        waiting = work.waiting(session, by=by, at=at, limit=MOST)
        return page(
            visit,
            "home/index.html",
            waiting=waiting,
            now=at,
            today=clock.today(at),
            role=str(by.role),
            conference=work.next_conference(session, by=by, at=at) if may_ever("conference.read", by) else None,
            tallies=work.tallies(session, by=by, at=at) if may_ever("case.read", by) else None,
            post=_post(visit) if may_ever("outbox.read", by) else None,
            clashing=_clashing(visit),
            calendar=busy.mine(session, by=by) if may_ever("calendar.keep", by) else None,
            awaited=openings.awaited(session, by=by, at=at) if may_ever("log.check", by) else None,
            lanes=reviews.waiting(session, by=by, at=at),
            unread=unread[0],
            unread_total=unread[1],
            may_create=may_ever("case.create", by),
            may_queue=may_ever("queue.read", by),
        )


def _post(visit: Visit) -> Mapping[str, Any]:
    """What is wrong with the mails: given up, waiting too long, answers to look at, a mailbox that cannot be read."""
    box = mailbox.state(visit.session) if visit.settings["IMAP_URL"] else None
    return {
        "failed": count_failed(visit.session),
        "stuck": stuck_since(visit.session, at=visit.at),
        "replies": count_waiting(visit.session),
        "deaf": box.failing_since if box else None,
    }


def _clashing(visit: Visit) -> int:
    """How many of the conferences ahead have people who are taken elsewhere, for those who plan."""
    if not may_ever("conference.conflicts", visit.viewer):
        return 0
    return len(conflicts.conflicts(visit.session, by=visit.viewer, since=visit.at, until=visit.at + AHEAD))


@get("/help", sync_to_thread=True)
def explain(request: PageRequest) -> Response[str]:
    with reading(request) as visit:
        may_break = may_ever("case.break-glass", visit.viewer)
        fast = [path for path, need, _ in FIELDS if need == "submit" and not path.endswith("reason")]
        return page(visit, "home/help.html", fast=fast, tables=factor_sets(), may_break=may_break)


@get("/help/calculations", sync_to_thread=True)
def calculate(request: PageRequest) -> Response[str]:
    with reading(request) as visit:
        return page(
            visit,
            "home/calculations.html",
            tables=factor_sets(),
            policy=POLICY,
            pinned=choices(visit.session).omeq_table or "",
            explained=True,
            dosed=examples.dosed(),
            judged=examples.judged(),
            rules=intern_rules(None, None),
            prompts=contraindications(),
            regions=regions(),
        )


HANDLERS: list[Any] = [mine, explain, calculate]
