"""What the treating doctor decides with the patient, as it is given and as it is shown."""

from datetime import datetime
from typing import Literal

import msgspec

Follows = Literal["yes", "partly", "no"]


class TreatmentDecisionBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whether the treating doctor follows the recommendation, and why; a departure needs its reason."""

    follows: Follows
    why: str = ""


class TreatmentDecisionLine(msgspec.Struct, frozen=True):
    """One recorded decision: the newest stands, and those before it are kept."""

    follows: Follows
    why: str
    by: str
    at: datetime
