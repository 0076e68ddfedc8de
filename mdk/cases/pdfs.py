"""Rules of an attached PDF: whole, open and without files of its own; written anew without what acts. Pure."""

import io
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from mdk.errors import BadFile

MOST_PAGES = 2000
_INFLATED = 100_000_000  # bytes that one packed list of objects may become
pikepdf.settings.set_qpdf_limits(flate_max_memory=_INFLATED, run_length_max_memory=_INFLATED, png_max_memory=_INFLATED)

# What acts by itself, plays, fetches or tells of the maker. A page reads the same without it.
_DROPPED = (
    "/AA", "/JS", "/JavaScript", "/EmbeddedFiles", "/Collection", "/XFA", "/Renditions", "/Perms", "/RichMediaContent",
    "/RichMediaSettings", "/Movie", "/Sound", "/3DD", "/Metadata", "/PieceInfo",
)  # fmt: skip
_ACTIONS = ("/A", "/PA", "/OpenAction")
_HARMLESS = frozenset({"/GoTo", "/Named", "/URI"})
_ACTIVE = frozenset(
    {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/GoToR", "/Rendition", "/RichMediaExecute"}
)
_OUTSIDE = ("/F", "/FFilter", "/FDecodeParms")
_LINKS = (b"https://", b"http://", b"mailto:", b"tel:")


def rewritten_pdf(content: bytes) -> bytes:
    """The PDF's own pages without scripts, actions, media, metadata and earlier revisions.

    Files inside it and forms that only a script can draw are refused and not removed: the reader would miss them
    without knowing. Raises `BadFile` with `attachment.encrypted`, `attachment.holds-files`,
    `attachment.dynamic-form`, `attachment.broken`.
    """
    try:
        with pikepdf.open(io.BytesIO(content), attempt_recovery=False) as pdf:
            _check_open(pdf)
            for each in _dictionaries(pdf):
                _check_holds_no_file(each)
                _strip(each)
            for key in ("/Info", "/ID"):
                if key in pdf.trailer:
                    del pdf.trailer[key]
            written = io.BytesIO()
            pdf.save(written, preserve_pdfa=False, fix_metadata_version=False, deterministic_id=True)
            return written.getvalue()
    except pikepdf.PasswordError as locked:
        raise _encrypted() from locked
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, RuntimeError, RecursionError) as error:
        raise _broken() from error


def _check_open(pdf: pikepdf.Pdf) -> None:
    if pdf.is_encrypted:
        raise _encrypted()
    if not 1 <= len(pdf.pages) <= MOST_PAGES:
        raise _broken()
    if bool(pdf.Root.get("/NeedsRendering", False)):
        message = "PDF:en är ett formulär som bara visas i vissa program. Skriv ut den till en ny PDF och bifoga den."
        raise BadFile("attachment.dynamic-form", message)


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Every dictionary and stream of the file, also those that no page leads to."""
    for top in pdf.objects:
        waiting: list[Any] = [top]
        while waiting:
            each = waiting.pop()
            if isinstance(each, Dictionary | Stream):
                yield each
                inner: list[Any] = [each[key] for key in each.keys()]  # noqa: SIM118 - a stream is no mapping
            else:
                inner = list(each) if isinstance(each, Array) else []
            waiting += [child for child in inner if isinstance(child, pikepdf.Object) and not child.is_indirect]


def _check_holds_no_file(each: Any) -> None:
    if "/EF" in each or each.get("/Subtype") == Name.FileAttachment:
        message = "PDF:en har andra filer inuti sig. Spara ut dem och bifoga varje fil för sig."
        raise BadFile("attachment.holds-files", message)


def _strip(each: Any) -> None:
    present = frozenset(each.keys())
    gone = set(_DROPPED)
    gone |= {key for key in _ACTIONS if isinstance(each.get(key), Dictionary) and not _is_harmless(each[key])}
    if isinstance(each, Stream):
        gone |= set(_OUTSIDE)
    if "/S" in present:  # an action, or it may be: a bookmark has a next one, too
        gone |= present if str(each["/S"]) in _ACTIVE else {"/Next"}
    for key in gone & present:
        del each[key]


def _is_harmless(action: Any) -> bool:
    """Whether following it only moves the reader or opens a plain link; what has no kind is no action."""
    kind = str(action.get("/S", ""))
    if kind == "/URI":
        return bytes(action.get("/URI", b"")).strip().lower().startswith(_LINKS)
    return not kind or kind in _HARMLESS


def _encrypted() -> BadFile:
    message = "PDF:en är krypterad eller lösenordsskyddad. Öppna den, skriv ut den till en ny PDF och bifoga den."
    return BadFile("attachment.encrypted", message)


def _broken() -> BadFile:
    message = "PDF:en är trasig eller ofullständig. Öppna den, skriv ut den till en ny PDF och bifoga den."
    return BadFile("attachment.broken", message)
