"""Rules of an attached file: what it may be by its content, how large, how many, and what it is called. Pure."""

import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from mdk.cases.file_structs import AttachmentKind
from mdk.cases.pdfs import rewritten_pdf
from mdk.cases.pictures import rewritten_picture
from mdk.errors import BadFile, FileTooLarge, RuleBroken

MB = 1_000_000
LARGEST_FILE = 10 * MB
LARGEST_CASE = 50 * MB
MOST_FILES = 20
LONGEST_NAME = 120
_PDF, _PNG, _JPEG = b"%PDF-", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_HEAD = 1024
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")
_NEITHER = "Filen är varken PDF, PNG eller JPEG. Spara den som PDF eller ta en bild av den."
# What a doctor may well try: told by its first bytes, with the shortest way to something that can be kept.
_OTHERS: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (
        lambda content: content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS,
        "Bilden är i telefonens eget format HEIC. Dela eller spara den som JPEG, eller ta bilden direkt härifrån.",
    ),
    (
        lambda content: content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")),
        "Filen är ett Office-dokument eller ett zip-arkiv. Spara dokumentet som PDF och bifoga den.",
    ),
    (
        lambda content: b"<svg" in content[:_HEAD].lower(),
        "Bilden är en SVG, som kan bära program. Spara den som PNG eller PDF.",
    ),
    (
        lambda content: content[128:132] == b"DICM",
        "Filen är en DICOM-undersökning. Spara bilden som JPEG eller bifoga utlåtandet som PDF.",
    ),
    (
        lambda content: content.startswith((b"II*\x00", b"MM\x00*", b"GIF8", b"BM")) or content[8:12] == b"WEBP",
        "Bildens format kan inte sparas. Spara den som PNG eller JPEG.",
    ),
)
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

    Raises `FileTooLarge("attachment.too-large")`, `BadFile` with `attachment.empty`, `attachment.unknown-kind`, and
    whatever `rewritten_pdf` and `rewritten_picture` refuse.
    """
    if not content:
        raise BadFile("attachment.empty", "Filen är tom. Välj en fil med innehåll.")
    check_size(len(content))
    kind = kind_of(content)
    written = rewritten_pdf(content) if kind == AttachmentKind.PDF else rewritten_picture(content, kind)
    return CleanFile(shown_name(name), kind, written, hashlib.sha256(written).hexdigest())


def check_size(size: int) -> None:
    """Raises `FileTooLarge("attachment.too-large")` for more bytes than one file may have."""
    if size > LARGEST_FILE:
        message = "Filen är större än 10 MB. Dela upp den eller spara den med lägre upplösning."
        raise FileTooLarge("attachment.too-large", message)


def kind_of(content: bytes) -> AttachmentKind:
    """What the content is, whatever it is called.

    Raises `BadFile("attachment.unknown-kind")` with what it seems to be and the way to a file that can be kept.
    """
    if content.startswith(_PNG):
        return AttachmentKind.PNG
    if content.startswith(_JPEG):
        return AttachmentKind.JPEG
    if content[:_HEAD].lstrip().startswith(_PDF):
        return AttachmentKind.PDF
    seems = next((told for is_like, told in _OTHERS if is_like(content)), _NEITHER)
    raise BadFile("attachment.unknown-kind", seems)


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
