"""What may be attached: told by content, written anew, and with nothing in it but what a reader sees."""

import io

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import paper
from mdk.cases import files
from mdk.cases.file_structs import AttachmentKind
from mdk.errors import RuleBroken

PDF, PNG, JPEG = AttachmentKind.PDF, AttachmentKind.PNG, AttachmentKind.JPEG
SECRET = paper.SECRET.encode()


def picture_of(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def refusal_of(content: bytes) -> str:
    with pytest.raises(RuleBroken) as refused:
        files.clean("fil.pdf", content)
    assert refused.value.message.endswith(".")
    return refused.value.rule


def is_kept_or_refused(content: bytes) -> bool:
    try:
        return bool(files.clean("x", content).content)
    except RuleBroken as refused:
        return refused.rule.startswith("attachment.")


@pytest.mark.parametrize(
    ("content", "kind"), [(paper.pdf(), PDF), (paper.drawing(), PNG), (paper.photo(), JPEG), (b"\n" + paper.pdf(), PDF)]
)
def test_a_file_is_what_its_content_is_whatever_it_is_called(content: bytes, kind: AttachmentKind) -> None:
    found = files.clean("program.exe", content)
    assert (found.kind, found.name) == (kind, "program.exe")


@pytest.mark.parametrize(
    "content",
    [b"MZ\x90", b"<html>", b"GIF89a", b"%PD", paper.archive(), b"RIFF....WEBP", " %PDF".encode("utf-16"), b"\x00" * 99],
)
def test_what_only_bears_the_right_name_is_refused(content: bytes) -> None:
    assert refusal_of(content) == "attachment.unknown-kind"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"\x00\x00\x00\x20ftypheic" + bytes(40), "HEIC"),
        (paper.archive(), "Office"),
        (b"\xd0\xcf\x11\xe0" + bytes(40), "Office"),
        (b'<?xml version="1.0"?><svg onload="x()"/>', "SVG"),
        (bytes(128) + b"DICM", "DICOM"),
        (b"GIF89a", "PNG eller JPEG"),
        (b"Hej", "varken PDF, PNG eller JPEG"),
    ],
)
def test_a_refused_file_is_named_for_what_it_seems_to_be(content: bytes, named: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        files.clean("bild.jpg", content)
    assert named in refused.value.message


def test_nothing_is_no_file() -> None:
    assert refusal_of(b"") == "attachment.empty"


def test_ten_megabytes_are_the_most() -> None:
    largest = paper.pdf().ljust(files.LARGEST_FILE, b"\n")
    assert refusal_of(largest + b"\n") == "attachment.too-large"
    with pytest.raises(RuleBroken) as refused:
        files.clean("x", largest)  # as large as it may be; what stands after its end makes it broken
    assert refused.value.rule == "attachment.broken"


# ------------------------------------------------------------------------------------------------- pictures
def test_a_photo_tells_neither_where_nor_when_nor_by_whom_it_was_taken() -> None:
    original = paper.photo()
    assert picture_of(original).getexif().get_ifd(paper.GPS)
    kept = files.clean("bild.jpg", original).content
    assert not picture_of(kept).getexif()
    assert set(picture_of(kept).info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}
    assert b"Exif" not in kept
    assert SECRET not in kept


def test_a_drawing_keeps_no_text() -> None:
    kept = files.clean("bild.png", paper.drawing()).content
    assert set(picture_of(kept).info) == {"dpi"}
    assert (SECRET in kept, b"tEXt" in kept, b"iTXt" in kept, b"eXIf" in kept) == (False,) * 4


@pytest.mark.parametrize(
    ("orientation", "size", "top_left"),
    [(1, (40, 20), "red"), (3, (40, 20), "blue"), (6, (20, 40), "red"), (8, (20, 40), "blue")],
)
def test_a_photo_stands_as_it_was_taken(orientation: int, size: tuple[int, int], top_left: str) -> None:
    kept = picture_of(files.clean("bild.jpg", paper.photo(orientation)).content)
    assert kept.size == size
    red, _, blue = kept.convert("RGB").getpixel((2, 2))  # type: ignore[misc]
    assert ("red" if red > blue else "blue") == top_left


def test_the_resolution_is_kept() -> None:
    assert picture_of(files.clean("a", paper.photo()).content).info["dpi"] == (300, 300)
    assert [round(each) for each in picture_of(files.clean("a", paper.drawing()).content).info["dpi"]] == [150, 150]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_a_picture_keeps_its_pixels(mode: str) -> None:
    source = paper.two_coloured().convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        source = Image.new("I;16", (8, 8), 40_000)
    written = io.BytesIO()
    source.save(written, "PNG")
    kept = picture_of(files.clean("a", written.getvalue()).content)
    assert (kept.mode, kept.tobytes()) == (source.mode, source.tobytes())


def test_a_printers_photo_is_kept_as_it_is() -> None:
    written = io.BytesIO()
    Image.new("CMYK", (16, 16), (0, 200, 100, 0)).save(written, "JPEG")
    assert picture_of(files.clean("a", written.getvalue()).content).mode == "CMYK"


def test_a_profile_that_cannot_be_read_does_no_harm() -> None:
    written = io.BytesIO()
    paper.two_coloured().save(written, "JPEG", icc_profile=b"inget profil" * 20)
    assert files.clean("a", written.getvalue()).kind == JPEG


def test_of_a_phone_s_several_pictures_the_first_is_kept() -> None:
    assert picture_of(paper.burst()).format == "MPO"
    kept = picture_of(files.clean("a", paper.burst()).content)
    assert (kept.format, getattr(kept, "n_frames", 1)) == ("JPEG", 1)
    assert kept.getpixel((2, 2))[0] > 200  # type: ignore[index]


def test_a_moving_picture_is_refused() -> None:
    assert refusal_of(paper.moving()) == "attachment.animated"


def test_a_small_file_that_is_a_huge_picture_is_refused() -> None:
    assert len(paper.bomb()) < 100_000
    assert refusal_of(paper.bomb()) == "attachment.too-many-pixels"
    declared = bytearray(paper.drawing())
    declared[16:24] = (60_000).to_bytes(4, "big") * 2
    assert refusal_of(bytes(declared)) in {"attachment.too-many-pixels", "attachment.broken"}


@pytest.mark.parametrize(
    "content", [paper.photo()[:-200], paper.drawing()[:-40], paper.drawing()[:20], b"\xff\xd8\xff"]
)
def test_half_a_picture_is_refused(content: bytes) -> None:
    assert refusal_of(content) == "attachment.broken"


def test_a_photo_of_endless_passes_is_refused() -> None:
    assert refusal_of(paper.photo() + b"\xff\xda" * 200) == "attachment.broken"


# ------------------------------------------------------------------------------------------------- PDF
def test_a_pdf_tells_nothing_of_its_maker() -> None:
    kept = files.clean("a.pdf", paper.pdf(pages=2, text="sidan")).content
    with pikepdf.open(io.BytesIO(kept)) as document:
        assert len(document.pages) == 2
        assert (len(document.docinfo), "/Metadata" in document.Root) == (0, False)
        assert document.pages[0].Contents.read_bytes() == b"% sidan"
    assert SECRET not in kept


def test_what_stands_behind_a_pdf_s_end_is_left_out() -> None:
    assert b"ANNA" not in files.clean("a", paper.pdf() + b"% ANNA ANDERSSON\n").content


def test_nothing_in_a_pdf_acts() -> None:
    kept = files.clean("a.pdf", paper.acting_pdf()).content
    with pikepdf.open(io.BytesIO(kept)) as document:
        plain = b"\n".join(each.unparse(resolved=True) for each in document.objects)
        links = [str(note.A.URI) for note in document.pages[0].Annots if "/A" in note]
        text = document.pages[0].Contents.read_bytes()
    for word in (b"JavaScript", b"/JS", b"/AA", b"/Launch", b"/SubmitForm", b"/OpenAction", b"/XFA", b"evil"):
        assert word not in plain
    assert (links, text) == (["https://example.se/"], b"% sidan")


def test_a_pdf_s_bookmarks_still_lead_on() -> None:
    document = pikepdf.open(io.BytesIO(paper.pdf(pages=2)))
    with document.open_outline() as outline:
        outline.root.extend([pikepdf.OutlineItem("Ett", 0), pikepdf.OutlineItem("Två", 1)])
    kept = files.clean("a.pdf", paper.saved(document)).content
    with pikepdf.open(io.BytesIO(kept)) as again, again.open_outline() as outline:
        assert [item.title for item in outline.root] == ["Ett", "Två"]


@pytest.mark.parametrize("user", ["hemligt", ""])
def test_a_locked_pdf_is_refused_and_the_way_out_is_named(user: str) -> None:
    with pytest.raises(RuleBroken, match="skriv ut den till en ny PDF") as refused:
        files.clean("a.pdf", paper.locked_pdf(user=user))
    assert refused.value.rule == "attachment.encrypted"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_half_a_pdf_is_refused(share: float) -> None:
    whole = paper.pdf(pages=3, text="x" * 2000)
    assert refusal_of(whole[: int(len(whole) * share)]) == "attachment.broken"


def test_a_pdf_without_pages_is_refused() -> None:
    assert refusal_of(paper.saved(pikepdf.new())) == "attachment.broken"


def test_a_pdf_that_carries_files_is_refused() -> None:
    assert refusal_of(paper.pdf_with_file()) == "attachment.holds-files"


def test_a_pdf_that_only_a_script_can_draw_is_refused() -> None:
    assert refusal_of(paper.pdf(NeedsRendering=True)) == "attachment.dynamic-form"


def test_an_archive_behind_a_pdf_is_left_out() -> None:
    content = paper.pdf() + paper.archive()
    kept = files.clean("a.pdf", content).content
    assert (b"PK\x03\x04" in content, b"PK\x03\x04" in kept, b"ont.exe" in kept) == (True, False, False)


def test_an_archive_that_calls_itself_a_pdf_is_refused() -> None:  # pdf-bomb
    assert refusal_of(b"%PDF-1.7\n" + paper.archive()) == "attachment.broken"


def test_a_pdf_that_unpacks_without_end_is_refused() -> None:  # pdf-bomb
    content = paper.inflating_pdf(120_000_000)
    assert len(content) < 200_000
    assert files.clean("a", paper.inflating_pdf(1000)).kind == PDF
    assert refusal_of(content) == "attachment.broken"


@given(st.binary(max_size=400), st.sampled_from([b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b""]))
def test_any_bytes_are_kept_or_refused(tail: bytes, head: bytes) -> None:
    assert is_kept_or_refused(head + tail)


@given(st.data())
def test_a_whole_file_with_any_bytes_changed_is_kept_or_refused(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([paper.acting_pdf(), paper.drawing(), paper.photo()])))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert is_kept_or_refused(bytes(content))


# ------------------------------------------------------------------------------------------------- names and room
@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("MR rygg.pdf", "MR rygg.pdf"),
        ("C:\\Mina bilder\\MR.png", "MR.png"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x=y.pdf", "a Set-Cookie: x=y.pdf"),
        ('"citat" & <b>.pdf', '"citat" & <b>.pdf'),
        ("😀 svar.pdf", "😀 svar.pdf"),
        ("\u202egpj.exe", "gpj.exe"),
        ("a\x00\x1b[31mb\u200f.pdf", "a[31mb.pdf"),
        ("", "Namnlös fil"),
        (" \t", "Namnlös fil"),
        ("å" * 500, "å" * 120),
        ("\ud800.pdf", ".pdf"),
    ],
)
def test_a_name_is_shown_as_one_plain_line(typed: str, shown: str) -> None:
    assert files.shown_name(typed) == shown


@pytest.mark.parametrize(("kind", "name"), [(PDF, "MDK-2026-0001-bilaga-1.pdf"), (JPEG, "MDK-2026-0001-bilaga-1.jpg")])
def test_the_name_that_leaves_the_house_is_ours(kind: AttachmentKind, name: str) -> None:
    assert files.served_name("MDK-2026-0001", 1, kind) == name


@pytest.mark.parametrize(
    ("kept", "coming", "rule"),
    [
        ([1] * 19, [1], ""),
        ([1] * 19, [1, 1], "attachment.too-many"),
        ([1] * 20, [1], "attachment.too-many"),
        ([10 * files.MB] * 4, [10 * files.MB], ""),
        ([10 * files.MB] * 4, [10 * files.MB, 1], "attachment.case-full"),
        ([1] * 20, [], ""),
    ],
)
def test_a_case_has_room_for_twenty_files_and_fifty_megabytes(kept: list[int], coming: list[int], rule: str) -> None:
    if not rule:
        files.check_room(kept, coming)
        return
    with pytest.raises(RuleBroken) as refused:
        files.check_room(kept, coming)
    assert refused.value.rule == rule
