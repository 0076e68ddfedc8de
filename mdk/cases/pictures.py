"""Rules of an attached picture: decoded and written anew, so that nothing but its picture is left. Pure."""

import io
import warnings
from typing import Any

from PIL import Image, ImageCms, ImageOps, JpegImagePlugin, UnidentifiedImageError

from mdk.cases.file_structs import AttachmentKind
from mdk.errors import BadFile

MOST_PIXELS = 50_000_000  # the largest phones of today; decoded it is 150 MB
MOST_SCANS = 100  # a progressive JPEG has about ten; each costs a pass over all pixels
_SCAN = b"\xff\xda"
_UNREADABLE = (OSError, ValueError, SyntaxError, UnidentifiedImageError, EOFError, IndexError, KeyError, TypeError)


def rewritten_picture(content: bytes, kind: AttachmentKind) -> bytes:
    """The picture without EXIF, text, thumbnail and colour profile, turned as it is meant to be seen.

    Resolution and, of a JPEG, the original's quality are kept; a colour profile is worked into the colours. Of a JPEG
    that holds several pictures the first is kept: the others are the camera's own. Raises `BadFile` with
    `attachment.too-many-pixels`, `attachment.animated`, `attachment.broken`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a size that Pillow warns of is refused below
            with Image.open(io.BytesIO(content), formats=(kind.name,)) as picture:
                _check_shape(picture, kind, content)
                picture.load()
                return _written(picture, kind)
    except Image.DecompressionBombError as bomb:
        raise _too_many_pixels() from bomb
    except _UNREADABLE as error:
        raise _broken() from error


def _check_shape(picture: Image.Image, kind: AttachmentKind, content: bytes) -> None:
    if picture.width * picture.height > MOST_PIXELS:
        raise _too_many_pixels()
    if kind == AttachmentKind.PNG and getattr(picture, "n_frames", 1) > 1:
        message = "Bilden är rörlig. Spara den ruta som ska visas som en stillbild."
        raise BadFile("attachment.animated", message)
    if kind == AttachmentKind.JPEG and content.count(_SCAN) > MOST_SCANS:
        raise _broken()


def _written(picture: Image.Image, kind: AttachmentKind) -> bytes:
    kept: dict[str, Any] = {"dpi": picture.info["dpi"]} if _is_resolution(picture.info.get("dpi")) else {}
    if kind == AttachmentKind.JPEG:
        kept |= {"qtables": getattr(picture, "quantization", None), "optimize": True}
        sampling = JpegImagePlugin.get_sampling(picture)
        kept |= {"subsampling": sampling} if sampling >= 0 else {}
    elif "transparency" in picture.info:
        kept["transparency"] = picture.info["transparency"]
    upright = ImageOps.exif_transpose(picture)
    shown = _in_common_colours(upright, picture.info.get("icc_profile"))
    shown.info = {}
    written = io.BytesIO()
    shown.save(written, kind.name, **kept)
    return written.getvalue()


def _in_common_colours(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in sRGB, which every screen assumes; one whose profile cannot be read is left as it is."""
    if not profile or picture.mode != "RGB":
        return picture
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return turned or picture


def _is_resolution(dpi: object) -> bool:
    return isinstance(dpi, tuple) and len(dpi) == 2 and all(1 <= float(each) <= 10_000 for each in dpi)


def _too_many_pixels() -> BadFile:
    message = "Bilden har fler än 50 miljoner bildpunkter. Spara den med lägre upplösning."
    return BadFile("attachment.too-many-pixels", message)


def _broken() -> BadFile:
    message = "Bilden är trasig eller ofullständig. Öppna den, spara den på nytt och bifoga den nya filen."
    return BadFile("attachment.broken", message)
