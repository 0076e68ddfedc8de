"""Rules of actions: how they move, what must be told of their end, and which of them are interventions. Pure."""

from collections.abc import Mapping

from mdk.errors import Invalid, Problem
from mdk.minutes.rules import INTERVENTIONS
from mdk.pathways.action_structs import ActionState

_OPEN = frozenset({ActionState.OPEN})
ACTION_MOVES: Mapping[str, tuple[frozenset[ActionState], ActionState]] = {
    "done": (_OPEN, ActionState.DONE),
    "partly": (_OPEN, ActionState.PARTLY),
    "not-done": (_OPEN, ActionState.NOT_DONE),
}
# Pumps have pathways of their own, and what is deferred is decided another day: see infra/decisions/.
WITHOUT_ACTION = frozenset({"intern_pump", "extern_pump", "deferred"})
FOLLOWED = frozenset(INTERVENTIONS) - WITHOUT_ACTION  # what is followed up once it was done
USUAL_DAYS = 5  # working days, for a recommendation whose minutes name no day


def check_reason(act: str, reason_code: str | None, note: str) -> None:
    """What is told of how an action ended. Raises `Invalid` at the field that lacks, or holds too much."""
    if act == "done" and reason_code is not None:
        raise Invalid([Problem("reason_code", "Ange ett skäl bara om åtgärden inte blev av, eller blev av delvis.")])
    if act == "not-done" and reason_code is None:
        raise Invalid([Problem("reason_code", "Välj varför åtgärden inte blev av.")])
    if act == "partly" and reason_code is None and not note.strip():
        raise Invalid([Problem("note", "Skriv vad som blev gjort, eller välj ett skäl.")])
