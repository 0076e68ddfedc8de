"""Owns what the tests of the command line share: whom it acts as, its samples, and how a refusal looks."""

from collections.abc import Callable

from click.testing import Result

import make
from tree import ROOT

VAXJO = make.email(make.REFERRER)
SAMPLES = str(ROOT / "mdk" / "journey" / "data" / "sample_cases.json")
Run = Callable[..., Result]


def is_one_line(result: Result) -> bool:
    return result.stderr.startswith("mdk: ") and result.stderr.count("\n") == 1
