"""Owns the opaque marks by which a list is read page by page."""

import base64
from datetime import datetime
from typing import Annotated, Any

import msgspec

from mdk.errors import Invalid, Problem

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
RowId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


def pack(value: Any) -> str:
    """An opaque, URL-safe cursor that holds `value` (plain JSON, no patient data)."""
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


def unpack(cursor: str, kind: type[Any]) -> Any:
    """What `pack` put in. Raises `Invalid` when the cursor is not one of ours."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError) as error:
        raise Invalid([Problem("cursor", "Sidmärket är inte giltigt. Börja om från första sidan.")]) from error
