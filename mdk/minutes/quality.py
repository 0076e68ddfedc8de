"""Reads of how a conference went, computed from what is recorded anyway; nobody fills in a survey."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import seen
from mdk.cases.structs import CaseState
from mdk.cases.submission_structs import given
from mdk.cases.tables import Case
from mdk.conferences.held import discussions, is_passed_over, running_items, seconds_of
from mdk.conferences.queries import load, readable_numbers
from mdk.conferences.tables import AgendaItem, Conference
from mdk.minutes.queries import body_of, lacking
from mdk.minutes.tables import Minutes
from mdk.people.structs import Viewer

ON_TIME = timedelta(minutes=5)
_OWN_WORDS = ("goals", "wanted_care_place", "acceptable")  # what the patient wants, not what was found out or told
_NO_DECISION = frozenset({None, "deferred", "no_recommendation"})


class CaseQuality(msgspec.Struct, frozen=True, kw_only=True):
    """How one case was discussed. `completeness` is a share at the conference's start, `seconds` the time it took.

    None is "not recorded": a case whose discussion was not timed, or that has no minutes to tell a quorum by.
    """

    case: str
    completeness: float | None
    quorum: bool | None
    seconds: int | None
    patient_view: bool
    decided: bool
    signed: bool
    waits_for_signature: bool


class QualityView(msgspec.Struct, frozen=True, kw_only=True):
    """How a conference went: minutes after its planned start (negative: before), and each case that was on it."""

    conference: str
    late_minutes: int | None
    on_time: bool | None
    cases: list[CaseQuality]


def view(session: Session, conference_id: str, *, by: Viewer, at: datetime) -> QualityView:
    """How a conference went, for the cases that the viewer may read; the read is logged.

    Raises `NotFound`, `NotAllowed`.
    """
    conference = load(session, conference_id, act="conference.read", by=by)
    readable = readable_numbers(session, conference, by=by, at=at)
    seen(session, "conference.read", by=by, at=at, cases=tuple(sorted(readable)))
    late = None if conference.opened_at is None else conference.opened_at - conference.starts_at
    return QualityView(
        conference=conference.id,
        late_minutes=None if late is None else int(late.total_seconds() // 60),
        on_time=None if late is None else late <= ON_TIME,
        cases=[each for each in _cases(session, conference, at) if each.case in readable],
    )


def with_patient_view(session: Session, case_ids: Sequence[int]) -> set[int]:
    """Those of some cases in which the patient's own view was told: in the referral, or at a conference."""
    referrals = session.execute(select(col(Case.id), col(Case.submission)).where(col(Case.id).in_(case_ids)))
    told = {case_id or 0 for case_id, submission in referrals if _tells_view(submission)}
    heard = select(col(AgendaItem.case_id)).where(
        col(AgendaItem.case_id).in_(case_ids), col(AgendaItem.patient_heard_at).is_not(None)
    )
    return told | set(session.scalars(heard))


def has_unsigned(session: Session, conference_id: str, *, chair_id: int) -> bool:
    """Whether a case that a conference discussed still waits for the signature of this person, as its chair."""
    conference = session.get_one(Conference, conference_id)
    return conference.chair_id == chair_id and any(
        each.waits_for_signature for each in _cases(session, conference, conference.starts_at)
    )


def _cases(session: Session, conference: Conference, at: datetime) -> Iterator[CaseQuality]:
    spent, written = discussions(session, conference), _minutes(session, conference)
    items = session.scalars(select(AgendaItem).where(col(AgendaItem.conference_id) == conference.id))
    rows = {row.case_id: row for row in items}
    running = running_items(session, conference)
    voiced = with_patient_view(session, [item.case_id for item in running])
    for item in running:
        case, minutes, row = session.get_one(Case, item.case_id), written.get(item.case_id), rows.get(item.case_id)
        signed = minutes is not None and minutes.signed_at is not None
        yield CaseQuality(
            case=item.number,
            completeness=None if row is None else row.completeness,
            quorum=None if minutes is None else not lacking(session, conference, case, body_of(minutes)),
            seconds=seconds_of(spent[item.case_id], at) if item.case_id in spent else None,
            patient_view=item.case_id in voiced,
            decided=signed and minutes is not None and minutes.outcome not in _NO_DECISION,
            signed=signed,
            waits_for_signature=(
                case.state == CaseState.DISCUSSED and not signed and not is_passed_over(conference, spent, item.case_id)
            ),
        )


class _Told(msgspec.Struct):
    """The part of a stored submission that the patient's view stands in; the rest is passed over unread."""

    patient_view: dict[str, Any] | None = None


def _tells_view(submission: str) -> bool:
    said = msgspec.json.decode(submission, type=_Told).patient_view or {}
    return any(given(said.get(name)) for name in _OWN_WORDS)


def _minutes(session: Session, conference: Conference) -> dict[int, Minutes]:
    rows = session.scalars(select(Minutes).where(col(Minutes.conference_id) == conference.id))
    return {row.case_id: row for row in rows}
