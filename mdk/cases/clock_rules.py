"""Rules of a case's clock: how long it may wait, how long it has waited, and who must act next. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from mdk import clock as time
from mdk.cases.rules import value_at
from mdk.cases.structs import CaseState, Clock
from mdk.cases.submission_structs import Submission, given

TRIAGE_WORKING_DAYS = 1
URGENCY_DAYS = {"acute": 2, "high": 7, "normal": 14}
SURVIVAL_DAYS = {"under_6_weeks": 5, "6w_3_months": 10}
ALLOWANCES = tuple(sorted({*URGENCY_DAYS.values(), *SURVIVAL_DAYS.values()}))
_DAY = timedelta(days=1)
_MOVER: Mapping[str, str] = {
    CaseState.DRAFT: "referrer",
    CaseState.SUBMITTED: "coordinator",
    CaseState.SUPPLEMENT_REQUESTED: "referrer",
    CaseState.ACCEPTED: "coordinator",
    CaseState.SCHEDULED: "conference",
    CaseState.DISCUSSED: "conference",
}
_AFTER_DECISION = {"intern_pump": "neurosurgery", "extern_pump": "regional_function"}


def triage_due(since: datetime) -> date:
    """The day on which a case that reached triage at `since` should have its answer: one working day later."""
    return time.today(time.add_working_days(since, TRIAGE_WORKING_DAYS))


def days_allowed(urgency: str | None, survival: str | None) -> int:
    """Days that a case may wait, by urgency and by expected survival, the shorter of the two."""
    return min(URGENCY_DAYS.get(urgency or "normal", 14), SURVIVAL_DAYS.get(survival or "unknown", 14))


def days_allowed_of(submission: Submission) -> int:
    """Days that a case may wait, by its submission."""
    urgency, survival = value_at(submission, "urgency"), value_at(submission, "diagnosis.expected_survival")
    return days_allowed(urgency if given(urgency) else None, survival if given(survival) else None)


def allowances_of(urgency: str | None) -> tuple[int, ...]:
    """Every number of days that cases of an urgency (None: of any) can be allowed."""
    if urgency is None:
        return ALLOWANCES
    return tuple(sorted({days_allowed(urgency, band) for band in (None, *SURVIVAL_DAYS)}))


def clock(
    *,
    state: str,
    waiting_from: datetime | None,
    stopped_at: datetime | None,
    allowed: int,
    whose_move: str,
    at: datetime,
) -> Clock:
    """The clock of a case: it starts at `waiting_from` (None: not yet) and stands still from `stopped_at`."""
    if waiting_from is None or state == CaseState.DRAFT:
        return Clock(days_waiting=0.0, days_allowed=allowed, share_used=0.0, whose_move=whose_move)
    days = max(((stopped_at or at) - waiting_from) / _DAY, 0.0)
    return Clock(
        days_waiting=round(days, 2), days_allowed=allowed, share_used=round(days / allowed, 4), whose_move=whose_move
    )


def whose_move(state: str, outcome: str | None, *, is_urgent: bool = False, waits_for: str | None = None) -> str:
    """Who must act next for the case to go on; in the urgent lane it is the consultant, who concludes.

    After the decision it is the receiver of the pathway, or whom the pathway `waits_for`.
    """
    if is_urgent and state == CaseState.SCHEDULED:
        return "consultant"
    if state == CaseState.DECIDED:
        return waits_for or _AFTER_DECISION.get(outcome or "", "referrer")
    return _MOVER.get(state, "nobody")
