"""Owns the seal of a signature: the paper is printed, its hash goes into the content, and the content is signed."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.orm import Session

from mdk import tokens
from mdk.minutes.structs import Sheet
from mdk.minutes.tables import MinutesSeal


class Sealing(NamedTuple):
    """What a signature needs from outside: the secret that opens the signing key, and the press that prints a PDF.

    The press gives the same bytes for the same sheet, always.
    """

    secret: str
    press: Callable[[Sheet], bytes]


def seal(
    session: Session,
    *,
    minutes_id: int,
    addendum: int,
    sheet: Sheet,
    content: dict[str, Any],
    key: tokens.SealKey,
    sealing: Sealing,
    at: datetime,
) -> str:
    """Print `sheet`, sign `content` with the PDF's SHA-256 in it, and keep all of it; gives the content's SHA-256.

    The content is signed as canonical JSON: UTF-8, keys in order, no spaces.
    """
    pdf = sealing.press(sheet)
    pdf_sha256 = hashlib.sha256(pdf).hexdigest()
    signed = msgspec.json.encode({**content, "pdf_sha256": pdf_sha256}, order="sorted")
    session.add(
        MinutesSeal(
            minutes_id=minutes_id,
            addendum=addendum,
            kid=key.kid,
            jws=tokens.seal(sealing.secret, key, signed),
            pdf=pdf,
            pdf_sha256=pdf_sha256,
            sheet=msgspec.json.encode(sheet).decode(),
            at=at,
        )
    )
    session.flush()
    return hashlib.sha256(signed).hexdigest()
