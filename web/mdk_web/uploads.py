"""Owns bodies of multipart/form-data: the files that a form or a program sent, held in memory and never on disk."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from litestar.types import Scope
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from mdk.errors import Invalid, Problem
from mdk_web.rendering import CSRF_FIELD

MOST_PARTS = 200
_KIND = "multipart/form-data"
# The token is the first field of every form of ours, so that it is found without reading the files.
_TOKEN = re.compile(rb'name="%b"\r\n\r\n([0-9a-f]{1,200})\r\n' % CSRF_FIELD.encode())
_TOKEN_WITHIN = 4096


class Upload(NamedTuple):
    """One file as it was sent: the name of its field, the name that it had, its bytes."""

    field: str
    name: str
    content: bytes


def files_of(content_type: str, body: bytes) -> list[Upload]:
    """The files of a multipart body, in order; a file field that was left empty is none.

    Raises `Invalid` for a body that is no multipart form, or a broken one.
    """
    kind, options = parse_options_header(content_type)
    if kind != _KIND or not options.get("boundary"):
        raise Invalid([Problem("file", "Skicka filen som multipart/form-data.")])
    try:
        return [upload for upload in _parts(options["boundary"], body) if upload.name or upload.content]
    except (MultipartError, ValueError, LookupError) as broken:
        raise Invalid([Problem("file", "Filen kom inte fram hel. Försök igen.")]) from broken


def token_of(body: bytes) -> str | None:
    """The form guard's token of a multipart form."""
    found = _TOKEN.search(body[:_TOKEN_WITHIN])
    return found[1].decode() if found else None


def is_multipart(scope: Scope) -> bool:
    """Whether a request says that its body is a multipart form."""
    found = [value for name, value in scope["headers"] if name == b"content-type"]
    return bool(found) and found[0].lower().startswith(_KIND.encode())


def _parts(boundary: str, body: bytes) -> Iterator[Upload]:
    with PushMultipartParser(boundary, max_segment_count=MOST_PARTS) as parser:
        segment: MultipartSegment | None = None
        held: list[bytes | bytearray] = []
        for event in (*parser.parse(body), *parser.parse(b"")):
            if isinstance(event, MultipartSegment):
                segment, held = event, []
            elif event:
                held.append(event)
            elif segment is not None and segment.filename is not None:
                yield Upload(segment.name, segment.filename, b"".join(held))
