"""Rules of an attached file: what it may be by its content, how large, how many, and what it is called. Pure."""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mdk.cases.file_structs import AttachmentKind
from mdk.cases.pdfs import rewritten_pdf
from mdk.cases.pictures import rewritten_picture
from mdk.errors import RuleBroken

MB = 1_000_000
LARGEST_FILE = 10 * MB
LARGEST_CASE = 50 * MB
MOST_FILES = 20
LONGEST_NAME = 120
_PDF, _PNG, _JPEG = b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_HEAD = 1024
_JOINER = "\u200d"  # holds an emoji of several together; every other invisible sign may disguise a name

MEDIA_TYPES: Mapping[AttachmentKind, str] = {
    AttachmentKind.PDF: "application/pdf",
    AttachmentKind.PNG: "image/png",
    AttachmentKind.JPEG: "image/jpeg",
}
_ENDINGS = {AttachmentKind.PDF: "pdf", AttachmentKind.PNG: "png", AttachmentKind.JPEG: "jpg"}


class CleanFile(NamedTuple):
    """A file that may be kept: the name to show, its kind, its content written anew, and that content's SHA-256."""

    name: str
    kind: AttachmentKind
    content: bytes
    sha256: str


def clean(name: str, content: bytes) -> CleanFile:
    """The file as it is kept, told by its content alone and written anew without what it says of its maker.

    Raises `RuleBroken` with `attachment.empty`, `attachment.too-large`, `attachment.unknown-kind`, and whatever
    `rewritten_pdf` and `rewritten_picture` refuse.
    """
    if not content:
        raise RuleBroken("attachment.empty", "Filen är tom. Välj en fil med innehåll.")
    check_size(len(content))
    kind = kind_of(content)
    written = rewritten_pdf(content) if kind == AttachmentKind.PDF else rewritten_picture(content, kind)
    return CleanFile(shown_name(name), kind, written, hashlib.sha256(written).hexdigest())


def check_size(size: int) -> None:
    """Raises `RuleBroken("attachment.too-large")` for more bytes than one file may have."""
    if size > LARGEST_FILE:
        message = "Filen är större än 10 MB. Dela upp den eller spara den med lägre upplösning."
        raise RuleBroken("attachment.too-large", message)


def kind_of(content: bytes) -> AttachmentKind:
    """What the content is, whatever it is called. Raises `RuleBroken("attachment.unknown-kind")`."""
    if content.startswith(_PNG):
        return AttachmentKind.PNG
    if content.startswith(_JPEG):
        return AttachmentKind.JPEG
    if content[:_HEAD].lstrip().startswith(_PDF):
        return AttachmentKind.PDF
    message = "Filen är varken PDF, PNG eller JPEG. Spara den som PDF eller ta en bild av den."
    raise RuleBroken("attachment.unknown-kind", message)


def check_room(kept: Sequence[int], coming: Sequence[int]) -> None:
    """Whether files of these sizes fit beside those that the case has.

    Raises `RuleBroken("attachment.too-many")`, `RuleBroken("attachment.case-full")`.
    """
    fitting = how_many_fit(kept, coming)
    if fitting == len(coming):
        return
    if len(kept) + fitting == MOST_FILES:
        message = f"Ett ärende har högst {MOST_FILES} bilagor. Ta bort någon eller slå ihop dem till en PDF."
        raise RuleBroken("attachment.too-many", message)
    message = "Ärendets bilagor får vara högst 50 MB tillsammans. Ta bort någon eller spara dem mindre."
    raise RuleBroken("attachment.case-full", message)


def how_many_fit(kept: Sequence[int], coming: Sequence[int]) -> int:
    """How many of the coming files, from the first, have room beside those that the case has."""
    total = sum(kept)
    for place, size in enumerate(coming):
        total += size
        if total > LARGEST_CASE or len(kept) + place + 1 > MOST_FILES:
            return place
    return len(coming)


def shown_name(name: str) -> str:
    """The name as it may be shown: one line without folders or signs that hide or turn the text."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    seen = "".join(" " if each.isspace() else each for each in last if each.isspace() or _is_visible(each))
    return " ".join(seen.split())[:LONGEST_NAME].strip() or "Namnlös fil"


def served_name(number: str, place: int, kind: str) -> str:
    """The name that a reader's computer is given: never the typed one, which may name the patient."""
    return f"{number}-bilaga-{place}.{_ENDINGS[AttachmentKind(kind)]}"


def _is_visible(sign: str) -> bool:
    return sign == _JOINER or not unicodedata.category(sign).startswith("C")
