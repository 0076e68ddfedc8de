"""Owns what the sources say of implanted (intern) pumps: what permits considering one, and what to ask about first."""

from decimal import Decimal
from functools import cache

import msgspec

from mdk.clinical import published
from mdk.clinical.structs import RuleVerdict, Ternary
from mdk.clinical.ternary import all_of, known, said

INTERN_MONTHS = 3
SOURCE = "Metod- och prioriteringsrådet, yttrande 2025-02-26, återgivet i slutrapporten"

Months = int | float | Decimal


class Contraindication(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to ask about before an intrathecal pump: its code, the question, why, and who says so."""

    what: str
    text: str
    why: str
    source: str


class _Contraindications(msgspec.Struct, frozen=True):
    prompts: tuple[Contraindication, ...]


def intern_rules(expected_treatment_months: Months | None, mobility_benefit: Ternary | None) -> list[RuleVerdict]:
    """The two rules that permit considering an intern pump; months are compared as entered, 3 is enough.

    They never decide: a departure needs a written reason and is possible (clinical decision 3).
    """
    return [
        RuleVerdict(
            id="pump.intern-duration",
            met=_long_enough(expected_treatment_months),
            source=f"{SOURCE}: ”först vid förväntat långa behandlingstider om minst 3 månader”",
            text="Förväntad behandlingstid är minst 3 månader",
        ),
        RuleVerdict(
            id="pump.intern-mobility",
            met=known(mobility_benefit),
            source=f"{SOURCE}: ”öka patientens möjligheter att röra sig fritt”",
            text="En intern pump bedöms öka möjligheten att röra sig fritt",
        ),
    ]


def intern_considered(expected_treatment_months: Months | None, mobility_benefit: Ternary | None) -> Ternary:
    """Whether an intern pump may be considered: permission, never a decision.

    Whether the pain is refractory is for the conference to say, in its minutes.
    """
    return all_of(*(rule.met for rule in intern_rules(expected_treatment_months, mobility_benefit)))


@cache
def contraindications() -> tuple[Contraindication, ...]:
    """What the conference is asked to assess before an intrathecal pump, each with its source."""
    return published.load("contraindications", _Contraindications).prompts


def _long_enough(months: Months | None) -> Ternary:
    return "unknown" if months is None else said(holds=months >= INTERN_MONTHS)
