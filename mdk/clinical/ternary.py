"""Owns three-valued logic (yes, no, unknown) as Kleene defined it: unknown only where the answer depends on it."""

from mdk.clinical.structs import Ternary

_FROM_BOOL: dict[bool, Ternary] = {True: "yes", False: "no"}


def said(*, holds: bool) -> Ternary:
    """Turns a plain truth into yes or no."""
    return _FROM_BOOL[holds]


def known(answer: Ternary | None) -> Ternary:
    """Takes an answer that was not given as unknown."""
    return answer or "unknown"


def all_of(*answers: Ternary) -> Ternary:
    """No as soon as one is no, yes when every one is yes, else unknown."""
    if "no" in answers:
        return "no"
    return "unknown" if "unknown" in answers else "yes"


def any_of(*answers: Ternary) -> Ternary:
    """Yes as soon as one is yes, no when every one is no, else unknown."""
    if "yes" in answers:
        return "yes"
    return "unknown" if "unknown" in answers else "no"
