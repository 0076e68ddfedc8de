"""The minutes document, and what minutes look like from outside."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from mdk.clinical.structs import RuleVerdict
from mdk.parsing import YesNo

Outcome = Literal[
    "extern_pump",
    "intern_pump",
    "epidural",
    "nerve_block",
    "neurolysis",
    "other_intervention",
    "optimise_conventional",
    "further_workup",
    "deferred",
    "not_suitable",
    "patient_declines",
    "too_late",
    "no_recommendation",
]
CatheterRoute = Literal["intrathecal", "epidural", "other", "not_applicable"]
Assessed = Literal["none", "relative", "absolute", "unknown"]
Line = Annotated[str, Meta(max_length=300)]


class _Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Input that is checked field by field."""


class Attendance(_Body):
    """One person at the discussion of the case."""

    email: Annotated[str, Meta(min_length=3, max_length=200)]
    profession: Line = ""
    present: bool = True
    knows_patient: bool = False


class Contraindication(_Body):
    """One contraindication and how it was assessed."""

    what: Annotated[str, Meta(min_length=1, max_length=200)]
    assessment: Assessed


class Dissent(_Body):
    """Who disagreed, and in what."""

    who: Annotated[str, Meta(min_length=1, max_length=200)]
    what: Annotated[str, Meta(min_length=1)]


class MinutesBody(_Body):
    """The minutes of one case as the chair writes them; what signing needs is checked at signing."""

    attendance: list[Attendance] = []
    quorum_reason: str | None = None
    answer: str | None = None
    refractory: YesNo | None = None
    contraindications: list[Contraindication] = []
    alternatives: str | None = None
    outcome: Outcome | None = None
    motivation: str | None = None
    departure_reason: str | None = None
    conditions: str | None = None
    route: CatheterRoute | None = None
    catheter_tip: Line | None = None
    opioid_plan_owner: Line | None = None
    responsible_unit: Line | None = None
    due: date | None = None
    informs_patient: Line | None = None
    out_of_hours_contact: str | None = None
    follow_up: date | None = None
    dissent: list[Dissent] = []


class AddendumBody(_Body):
    """A correction or addition to signed minutes."""

    text: Annotated[str, Meta(min_length=1)]


class Signed(msgspec.Struct, frozen=True):
    """Who signed and when; `kid` names the key of the signature, `digest` is the SHA-256 of the canonical content."""

    by: str
    at: datetime
    kid: str | None
    digest: str


class Addendum(msgspec.Struct, frozen=True):
    """An addition made after signing."""

    by: str
    at: datetime
    text: str


class MinutesView(MinutesBody, kw_only=True):
    """The minutes as their readers see them; `kind` tells whether the conference met or was held in writing."""

    case: str
    conference: str
    kind: str
    version: int
    signed: Signed | None
    addenda: list[Addendum]
    rules: list[RuleVerdict]
    quorum_lacking: list[str]


class Present(msgspec.Struct, frozen=True):
    """Someone who was there, as the paper names them."""

    name: str
    profession: str
    knows_patient: bool


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What signed minutes say on paper, frozen when they were signed, so that they can be printed alike for ever.

    `survival`, `identification`, `omeq` and the like are codes and figures; whoever prints them finds the words.
    """

    case: str
    conference: str
    held_at: datetime
    signed_at: datetime
    signer: str
    kid: str
    patient: str
    identity_number: str
    home_region: str | None
    unit: str
    referrer: str
    question: str
    diagnosis: str
    identification: str
    omeq_verdict: str
    omeq_low: float | None
    omeq_high: float | None
    minutes: MinutesBody
    present: list[Present]
    rules: list[RuleVerdict]
    addenda: list[Addendum] = []


class Papers(msgspec.Struct, frozen=True):
    """Signed minutes as files: PDF and sheet of one edition, and the JWS of every edition, oldest first."""

    pdf: bytes
    sheet: Sheet
    jws: list[str]
