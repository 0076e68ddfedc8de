"""Intern pump: both conditions permit, none decides; what is asked for names its source."""

from decimal import Decimal

import pytest

from mdk.clinical.pump import Months, contraindications, intern_considered, intern_rules
from mdk.clinical.structs import Ternary


@pytest.mark.parametrize(
    ("months", "mobility", "expected"),
    [
        (3, "yes", "yes"),
        (2, "yes", "no"),
        (Decimal("2.9"), "yes", "no"),
        (3.5, "yes", "yes"),
        (3, "no", "no"),
        (3, "unknown", "unknown"),
        (3, None, "unknown"),
        (None, "yes", "unknown"),
        (None, "no", "no"),
        (2, None, "no"),
    ],
)
def test_three_months_and_mobility_permit_an_intern_pump(
    months: Months | None, mobility: Ternary | None, expected: str
) -> None:
    assert intern_considered(months, mobility) == expected


def test_each_rule_is_shown_with_its_id_and_source() -> None:
    rules = intern_rules(3, "no")
    assert [(rule.id, rule.met) for rule in rules] == [("pump.intern-duration", "yes"), ("pump.intern-mobility", "no")]
    assert all("Metod- och prioriteringsrådet" in rule.source for rule in rules)


def test_each_contraindication_to_ask_for_has_a_code_a_question_and_a_source() -> None:
    asked = contraindications()
    assert [one.what for one in asked] == [
        "infection",
        "coagulation",
        "intraspinal_growth",
        "anatomy",
        "allergy",
        "raised_icp",
        "mri",
        "nutrition",
    ]
    assert all(one.text.endswith("?") and one.why and one.source for one in asked)
