"""Owns what happens to a test whose tool is not on this machine: left out aloud, or failed where all must run."""

import os
from typing import NoReturn

import pytest

REQUIRE_ALL = "MDK_REQUIRE_ALL"


def skip_or_fail(reason: str) -> NoReturn:
    """Skip the test with `reason`; fail it when MDK_REQUIRE_ALL=1, as in .ci/run."""
    if os.environ.get(REQUIRE_ALL) == "1":
        pytest.fail(f"{reason} ({REQUIRE_ALL}=1: nothing may be left out)", pytrace=False)
    pytest.skip(reason)
