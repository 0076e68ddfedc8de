"""What leaves with a patient's record, and what is told of how long things are kept."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

SCHEMA: Final = "mdk-record/1"
RemovalState = Literal["listed", "in_hand", "removed", "kept"]
DecisionState = Literal["proposed", "confirmed", "withdrawn", "finished"]


class RecordFile(msgspec.Struct, frozen=True):
    """A file of the record: its path in the archive, what it is, of which case, and what its bytes come to."""

    path: str
    what: Literal["attachment", "minutes", "signature", "summary"]
    case: str
    sha256: str
    size: int


class RecordPatient(msgspec.Struct, frozen=True):
    """Whose record it is; `protected` when the identity is protected in any of the cases."""

    identity_number: str
    name: str
    protected: bool


class RecordMade(msgspec.Struct, frozen=True):
    """When the record was taken out, by whom, and what that was for (a reference number)."""

    at: datetime
    by: str
    role: str
    unit: str
    reference: str


class Record(msgspec.Struct, frozen=True):
    """One patient's whole record, as `record.json` holds it; infra/docs/record.md describes it.

    A case holds its row (`case`) and a list of rows for each part of `mdk.keeping.parts`, columns by name; documents
    stand as JSON. Times are in UTC (RFC 3339). People and units are named by their ids, and told once.
    """

    schema: str
    made: RecordMade
    patient: RecordPatient
    cases: list[dict[str, Any]]
    conferences: list[dict[str, Any]]
    moves: list[dict[str, Any]]
    blocks: list[dict[str, Any]]
    access_log: list[dict[str, Any]]
    people: dict[str, dict[str, str]]
    units: dict[str, dict[str, str | None]]
    keys: list[dict[str, str]]
    files: list[RecordFile]


class RecordBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whose record is taken out, for what, and that a protected identity is dealt with as such."""

    patient: Annotated[str, Meta(min_length=1, max_length=30)]
    reference: Annotated[str, Meta(min_length=1, max_length=100)]
    protected: Literal["yes"] | None = None


class Passed(msgspec.Struct, frozen=True):
    """What has passed its least time: patients and their cases, rows of the log, and since when the oldest of each."""

    patients: int
    cases: int
    oldest_entry: date | None
    log_rows: int
    oldest_row: date | None


class ReportLine(Passed, frozen=True):
    """The same, as it was when a month began."""

    month: date
    made_at: datetime


class DecisionLine(msgspec.Struct, frozen=True, kw_only=True):
    """A decision to remove as those who answer for it see it; counts and case numbers' states, never a patient."""

    id: int
    reference: str
    reason: str
    records_before: date | None
    log_before: date | None
    state: DecisionState
    made_at: datetime
    made_by: str
    made_by_id: int
    confirmed_at: datetime | None
    confirmed_by: str
    finished_at: datetime | None
    cases: int
    removed: int
    left: int
    log_last_id: int | None


class DecisionBody(msgspec.Struct, forbid_unknown_fields=True):
    """A decision to remove: its reference number and reason, and up to which day what is removed."""

    reference: Annotated[str, Meta(min_length=1, max_length=100)]
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    records_before: date | None = None
    log_before: date | None = None
