"""What an attached file is, and what it looks like from outside."""

from datetime import datetime
from enum import StrEnum

import msgspec


class AttachmentKind(StrEnum):
    """What an attached file is, by its content."""

    PDF = "pdf"
    PNG = "png"
    JPEG = "jpeg"


class AttachmentLine(msgspec.Struct, frozen=True):
    """A file of a case in a list: the name that was typed, its kind, its size in bytes, when and by whom."""

    id: str
    name: str
    kind: str
    size: int
    at: datetime
    by: str


class AttachmentView(msgspec.Struct, frozen=True):
    """A file of a case to read: its content, what that is, and the name that a reader's computer is given."""

    content: bytes
    media_type: str
    file_name: str
