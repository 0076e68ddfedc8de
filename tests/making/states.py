"""Owns cases that the acts have brought to any state."""

from datetime import datetime

from making.cases import do, draft, report
from making.conferences import opened, released
from making.minutes import minutes_body, save, sign
from making.world import AT, REFERRER
from mdk.cases.structs import CaseState
from mdk.cases.submission_structs import Submission
from mdk.db import Database

_AT_TRIAGE = {
    CaseState.SUPPLEMENT_REQUESTED: "request_supplement",
    CaseState.ACCEPTED: "accept",
    CaseState.ANSWERED: "answer",
    CaseState.REDIRECTED: "redirect",
    CaseState.DECLINED: "decline",
}

_ENDED_BY = {CaseState.WITHDRAWN: "withdraw", CaseState.DECEASED: "report_death"}


def case_in_state(database: Database, state: str, submission_: Submission | None = None, *, at: datetime = AT) -> str:
    """The number of a case that the acts have brought to `state`; a conference is held when it takes one."""
    number = draft(database, submission_, at=at)
    if state == CaseState.DRAFT:
        return number
    do(database, number, "submit", by=REFERRER, at=at)
    if state in _ENDED_BY:
        report(database, number, _ENDED_BY[CaseState(state)], at=at)
    if state in _AT_TRIAGE:
        do(database, number, _AT_TRIAGE[CaseState(state)], at=at)
    if state in {CaseState.SCHEDULED, CaseState.DISCUSSED, CaseState.DECIDED}:
        do(database, number, "accept", at=at)
        _bring_on(database, number, state)
    return number


def _bring_on(database: Database, number: str, state: str) -> None:
    held = released(database, [number])
    if state != CaseState.SCHEDULED:
        opened(database, held)
        save(database, held, number, minutes_body("optimise_conventional"))
    if state == CaseState.DECIDED:
        sign(database, held, number)
