"""Owns what the system says of a submission while it is written: what is missing, equivalents, criteria and hints."""

from contextlib import suppress
from datetime import date
from typing import NamedTuple

import msgspec

from mdk.cases import rules
from mdk.cases.hints import hints_of
from mdk.cases.structs import Completeness, Missing
from mdk.cases.submission_structs import Submission
from mdk.clinical.identity import age_on, parse_identity
from mdk.clinical.structs import Hint, Identification, Omeq
from mdk.errors import RuleBroken
from mdk_web import words
from mdk_web.cases.sections import SECTIONS, section_of

UNKNOWN_NUMBER = "?"


class Progress(NamedTuple):
    """How far one section has come: how many of the fields that are asked for it still lacks, None where none is."""

    href: str
    label: str
    missing: int | None
    current: bool = False


class Working(msgspec.Struct, frozen=True):
    """What the system says of a submission as it stands: what is missing, the equivalents, Bilaga 1 and hints."""

    completeness: Completeness
    omeq: Omeq
    identification: Identification
    hints: list[Hint]
    sections: list[Progress]
    needed: list[Missing]
    before_release: list[Missing]
    wished: list[Missing]


def working(submission: Submission, today: date, table_of_record: str | None) -> Working:
    """What the system says of a submission as it stands."""
    born = None
    with suppress(RuleBroken):
        born = parse_identity(submission.patient.identity_number, today=today).birth_date
    child = rules.is_child(born, today)
    found = rules.completeness(submission, is_child=child)
    equivalents = rules.opioid_equivalents(submission, table_of_record)
    return Working(
        completeness=found,
        omeq=equivalents,
        identification=rules.identification(submission, equivalents, age_on(born, today)),
        hints=hints_of(submission, today=today, is_child=child),
        sections=_progress(found, submission),
        needed=[gap for gap in found.missing if gap.required_for == "submit"],
        before_release=[gap for gap in found.missing if gap.required_for == "release"],
        wished=[gap for gap in found.missing if gap.required_for is None],
    )


def _progress(found: Completeness, submission: Submission) -> list[Progress]:
    counts: dict[str, int] = {}
    for gap in found.missing:
        counts[section_of(gap.field)] = counts.get(section_of(gap.field), 0) + 1
    if submission.patient.identity_number == UNKNOWN_NUMBER:
        counts["patient"] = counts.get("patient", 0) + 1
    progress = [Progress(f"#{each.id}", words.SECTIONS[each.id], counts.get(each.id, 0)) for each in SECTIONS]
    return [*progress, Progress("#attachments", words.SECTIONS["attachments"], None)]
