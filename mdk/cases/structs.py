"""What a case looks like from outside, and what is told of it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mdk.cases.file_structs import AttachmentLine
from mdk.cases.report_structs import Reported
from mdk.cases.review_structs import UrgentReviewView
from mdk.cases.submission_structs import Submission, Urgency
from mdk.cases.treatment_structs import TreatmentDecisionLine
from mdk.clinical.structs import Assessment, Hint, Identification, Omeq


class CaseState(StrEnum):
    """Where a case stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    DISCUSSED = "discussed"
    DECIDED = "decided"
    CLOSED = "closed"
    ANSWERED = "answered"
    REDIRECTED = "redirected"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    DECEASED = "deceased"


class Missing(msgspec.Struct, frozen=True):
    """A field that was not given: why it matters, and what it is needed for (`submit`, `release` or nothing)."""

    field: str
    why: str
    required_for: Literal["submit", "release"] | None


class Completeness(msgspec.Struct, frozen=True):
    """How much of what is asked for was given, as a share 0–1, and what is not."""

    share: float
    missing: list[Missing]


class Clock(msgspec.Struct, frozen=True, gc=False):
    """Days since first submitted (less those with the referrer), days allowed, their ratio, and whose move it is."""

    days_waiting: float
    days_allowed: int
    share_used: float
    whose_move: str


class OpenCase(msgspec.Struct, frozen=True):
    """Another open case of the same patient."""

    number: str
    state: str


class Supplement(msgspec.Struct, frozen=True):
    """What the referrer was asked to add and until when."""

    what: str
    until: date | None


class Supplemented(msgspec.Struct, frozen=True):
    """What was added to a case after its agenda was released."""

    at: datetime
    by: str
    text: str


class CaseView(Submission, kw_only=True):
    """A case as its readers see it: the submission and what the system adds.

    `identification` and `omeq` are those of the last save (`assessed_at`); `newer_assessment` is given when today's
    policy and tables give another answer.
    """

    number: str
    state: str
    version: int
    unit: str
    unit_name: str
    referrer: str
    created_at: datetime
    submitted_at: datetime | None
    triage_due: date | None
    age: int | None
    sex: Literal["female", "male"] | None
    is_child: bool
    completeness: Completeness
    identification: Identification
    omeq: Omeq
    assessed_at: datetime
    newer_assessment: Assessment | None
    hints: list[Hint]
    clock: Clock
    open_cases: list[OpenCase]
    supplement_request: Supplement | None
    supplements: list[Supplemented]
    attachments: list[AttachmentLine]
    answer: str | None
    outcome: str | None
    read_confirmed_at: datetime | None
    treatment_decisions: list[TreatmentDecisionLine]
    deteriorated_at: datetime | None
    deteriorations: list[Reported]
    died_on: date | None
    urgent_review: UrgentReviewView | None
    identity_hidden: bool


class CaseLine(msgspec.Struct, frozen=True, gc=False):
    """A case in a list: what the case strip shows, and no name or identity number."""

    number: str
    state: str
    age: int | None
    sex: str | None
    is_child: bool
    protected: bool
    home_region: str | None
    unit_name: str
    question: str
    urgency: str | None
    survival: str | None
    completeness: float
    missing: list[str]
    submitted_at: datetime | None
    changed_at: datetime
    clock: Clock
    outcome: str | None
    supplement_what: str
    supplement_until: date | None = None
    triage_due: date | None = None
    deteriorated_at: datetime | None = None
    urgent_until: datetime | None = None


class QueueLine(msgspec.Struct, frozen=True, gc=False):
    """A place in the queue and the reason for it."""

    case: str
    place: int
    reason: str
    clock: Clock
    urgency: str
    home_region: str
    missing: list[str]
    line: CaseLine


class _Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Input that is checked field by field."""


class AcceptBody(_Body):
    """Accepting into the queue, with the urgency that triage decided."""

    urgency: Urgency
    override_reason: str | None = None


class SupplementBody(_Body):
    """Asking the referrer for more."""

    what: Annotated[str, Meta(min_length=1)]
    until: date


class AnswerBody(_Body):
    """A direct answer without conference, or a supplement to a case."""

    text: Annotated[str, Meta(min_length=1)]


class RedirectBody(_Body):
    """Sending the case elsewhere."""

    to: Annotated[str, Meta(min_length=1, max_length=200)]
    reason: Annotated[str, Meta(min_length=1)]


class ReasonBody(_Body):
    """An act that needs nothing but its reason."""

    reason: Annotated[str, Meta(min_length=1)]


class Nothing(_Body):
    """An act without content."""
