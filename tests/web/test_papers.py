"""Signed minutes as files: what they hold, how they are served, and to whom."""

import io
from pathlib import Path

import msgspec
import pikepdf
import pytest
from click.testing import CliRunner
from pypdf import PdfReader

import make
from calling import Callers
from mdk.db import Database
from mdk.minutes import keys, sheets
from mdk.minutes.structs import Addendum, Sheet
from mdk_web.cli.main import cli
from mdk_web.minutes.paper import WIDTH, paper_of, plain_text, press
from visiting import Person, visiting


@pytest.fixture
def held(embedded: Database) -> tuple[str, str]:
    return make.signed(make.people(embedded), "intern_pump")


def sheet(database: Database, held: tuple[str, str]) -> Sheet:
    return make.ask(database, make.REFERRER, sheets.papers, *held, at=make.MEETS).sheet


def words(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def test_the_pdf_is_tagged_archival_and_swedish(embedded: Database, held: tuple[str, str]) -> None:
    with pikepdf.open(io.BytesIO(press(sheet(embedded, held)))) as pdf:
        assert str(pdf.Root.Lang) == "sv"
        assert pdf.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in pdf.Root
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
            assert metadata["pdfuaid:part"] == "1"
            assert metadata["dc:title"] == f"MDK smärta: protokoll {held[1]}"
        fonts = {str(font.BaseFont) for page in pdf.pages for font in page.Resources.Font.values()}
    assert {font.partition("+")[2].partition("-")[0] for font in fonts} == {"SourceSans3"}


def test_the_pdf_says_what_was_decided_for_whom_and_by_whom(embedded: Database, held: tuple[str, str]) -> None:
    text = words(press(sheet(embedded, held)))
    for expected in (
        held[1], "Elsa Provlund", "19400104-2383", "Intern pump", "Ja, behandlingen rekommenderas.", "Th10",
        "Intratekal", "Smärtjouren", "känner patienten", "onsdag 25 november 2026 kl. 13:00",
    ):  # fmt: skip
        assert expected in text


def test_signs_that_the_font_lacks_and_markup_are_printed_and_never_stop_a_signature(embedded: Database) -> None:
    odd = "Ja 😀 العربية #strong[x] $y$ <b> \\ {{7*7}} \u202e\nny rad\ttabb"
    held = make.signed(make.people(embedded), "nerve_block", answer=odd)
    text = words(press(sheet(embedded, held)))
    assert "#strong[x] $y$ <b>" in text
    assert "{{7*7}}" in text
    assert "□" in text
    assert "😀" in plain_text(sheet(embedded, held))


def test_the_longest_minutes_are_printed(embedded: Database) -> None:
    held = make.signed(make.people(embedded), answer="ord " * 4_999, motivation="x" * 20_000, conditions="å\n" * 9_999)
    assert words(press(sheet(embedded, held))).count("ord") >= 4_999


def test_the_plain_text_holds_all_of_the_paper_in_short_lines(embedded: Database, held: tuple[str, str]) -> None:
    text, paper = plain_text(sheet(embedded, held)), paper_of(sheet(embedded, held))
    assert max(len(line) for line in text.splitlines()) <= WIDTH
    flowing = " ".join(text.split())
    for fact in [*paper.head, paper.lead, *(fact for part in paper.parts for fact in part.facts)]:
        assert " ".join(f"{fact.label}: {fact.text}".split()) in flowing


# What each record system is known or taken to keep of a pasted text: its signs, and how many characters a line shows.
SYSTEMS = {"Cosmic": ("utf-8", 80), "Melior": ("cp1252", 72), "VAS": ("cp1252", 72), "NCS Cross": ("cp1252", 72)}


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_plain_text_can_be_pasted_into_each_record_system(embedded: Database, system: str) -> None:
    signs, width = SYSTEMS[system]
    said = "NRS ≥\u00a07 trots 40 μg/h, 25 °C → MR; kalium −0,5\tmmol/l, e\u0301n gång\nAndra raden – “citat”"
    held = make.signed(make.people(embedded), "intern_pump", answer=said, motivation="ord " * 300)
    text = plain_text(sheet(embedded, held))
    assert text.encode(signs).decode(signs) == text
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= width
    assert [line for line in lines if line != line.rstrip() or "\t" in line] == []
    assert [line for line in lines if line.lstrip()[:1] in {"#", "*", "|", "<", ">", "-", "="}] == []
    assert "  NRS >= 7 trots 40 µg/h, 25 °C -> MR; kalium -0,5 mmol/l, én gång" in lines
    assert "  Andra raden – “citat”" in lines


def test_whoever_opens_the_newest_paper_is_told_of_its_addenda_at_the_top(
    embedded: Database, held: tuple[str, str]
) -> None:
    first = sheet(embedded, held)
    later = msgspec.structs.replace(first, addenda=[Addendum("Olga Förare", make.MEETS, "Rad ett\nRad två")] * 2)
    assert "Tillägg: 2 tillägg finns. Läs dem sist i protokollet." in plain_text(later).splitlines()
    assert ":\n  Rad ett\n  Rad två\n" in plain_text(later)
    assert "tillägg finns" not in plain_text(first)


def test_an_intern_pump_s_criteria_stand_on_the_paper_and_a_block_s_do_not(embedded: Database) -> None:
    make.people(embedded)
    pump, block = make.signed(embedded, "intern_pump"), make.signed(embedded, "nerve_block")
    assert "Kriterium för intern pump" in plain_text(sheet(embedded, pump))
    assert "Kriterium för intern pump" not in plain_text(sheet(embedded, block))


@pytest.mark.parametrize(
    ("kind", "media"), [("pdf", "application/pdf"), ("txt", "text/plain"), ("jws", "application/jose")]
)
def test_the_api_serves_the_files_under_a_name_that_holds_no_patient(api: Callers, kind: str, media: str) -> None:
    held, number = make.signed(api.database)
    answer = api[make.REFERRER].get(f"/conferences/{held}/cases/{number}/minutes.{kind}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media)
    assert answer.headers["content-disposition"] == f'inline; filename="protokoll-{number}.{kind}"'


@pytest.mark.parametrize("kind", ["pdf", "txt", "jws"])
def test_before_the_signature_there_is_nothing_to_fetch(api: Callers, kind: str) -> None:
    number = make.accepted(api.database)
    held = make.in_session(api.database, [number])
    answer = api[make.CHAIR].get(f"/conferences/{held}/cases/{number}/minutes.{kind}")
    assert (answer.status_code, answer.json()["code"]) == (409, "minutes.not-signed")


@pytest.mark.parametrize("kind", ["pdf", "txt", "jws"])
def test_who_may_not_read_the_minutes_gets_no_file(api: Callers, kind: str) -> None:
    held, number = make.signed(api.database)
    path = f"/conferences/{held}/cases/{number}/minutes.{kind}"
    refused = {who: api[who].get(path).status_code for who in (make.OTHER_REFERRER, make.STEERING, make.ADMIN)}
    assert refused == {make.OTHER_REFERRER: 404, make.STEERING: 403, make.ADMIN: 403}


def test_an_older_edition_can_be_asked_for(api: Callers) -> None:
    held, number = make.signed(api.database)
    path = f"/conferences/{held}/cases/{number}/minutes"
    assert api[make.CHAIR].post(f"{path}/addenda", {"text": "Nivårättelse"}).status_code == 201
    newest, first = api[make.CHAIR].get(f"{path}.txt").text, api[make.CHAIR].get(f"{path}.txt", edition=0).text
    assert ("Nivårättelse" in newest, "Nivårättelse" in first) == (True, False)
    assert api[make.CHAIR].get(f"{path}.jws", edition=1).text != api[make.CHAIR].get(f"{path}.jws").text
    assert api[make.CHAIR].get(f"{path}.pdf", edition=2).status_code == 404
    assert api[make.CHAIR].get(f"{path}.pdf", edition="x").status_code == 400


def test_anyone_may_fetch_the_keys_and_no_private_part_is_among_them(api: Callers) -> None:
    make.signed(api.database)
    answer = api.client.get("/.well-known/jwks.json")
    (key,) = answer.json()["keys"]
    assert (answer.status_code, set(key)) == (200, {"kty", "crv", "x", "y", "kid", "alg", "use"})
    with api.database.writing() as session:
        keys.rotate(session, secret=make.SECRET, by=make.viewer(api.database, "admin"), at=make.MEETS)
    kids = [each["kid"] for each in api.client.get("/.well-known/jwks.json").json()["keys"]]
    assert (len(kids), kids[0]) == (2, key["kid"])


def test_the_referrer_finds_the_files_on_the_case_s_page(embedded: Database, held: tuple[str, str]) -> None:
    conference_id, number = held
    with visiting(embedded) as people:
        _find_files(people[make.REFERRER], conference_id, number)


def _find_files(referrer: Person, held: str, number: str) -> None:
    path = f"/conferences/{held}/session/{number}/minutes"
    page = referrer.get(f"/cases/{number}")
    assert [address in page.html for address in (f"{path}.pdf", f"{path}/text", f"{path}.jws")] == [True] * 3
    assert referrer.raw(f"{path}.pdf").content.startswith(b"%PDF-")
    assert "MDK SMÄRTA: PROTOKOLL" in referrer.get(f"{path}/text").html
    assert referrer.raw(f"{path}.jws").text.count(".") == 2


# ------------------------------------------------------------------------------------------------- command line
def test_a_fetched_signature_is_verified_without_the_installation(
    embedded: Database, held: tuple[str, str], tmp_path: Path
) -> None:
    papers = make.ask(embedded, make.REFERRER, sheets.papers, *held, at=make.MEETS)
    with embedded.reading() as session:
        known = {"keys": keys.published(session)}
    (tmp_path / "keys.json").write_bytes(msgspec.json.encode(known))
    (tmp_path / "protokoll.jws").write_text(papers.jws[0])
    (tmp_path / "protokoll.pdf").write_bytes(papers.pdf)
    told = ["minutes", "verify", str(tmp_path / "protokoll.jws"), "--keys", str(tmp_path / "keys.json")]
    verified = CliRunner().invoke(cli, [*told, "--pdf", str(tmp_path / "protokoll.pdf")])
    assert verified.exit_code == 0
    assert f"{held[1]}, {make.email(make.CHAIR)}, {make.MEETS.isoformat()}" in verified.stdout
    assert "PDF:en hör till" in CliRunner().invoke(cli, told).stdout
    (tmp_path / "protokoll.pdf").write_bytes(papers.pdf + b" ")
    assert CliRunner().invoke(cli, [*told, "--pdf", str(tmp_path / "protokoll.pdf")]).exit_code == 1
    assert CliRunner().invoke(cli, told).exit_code == 1
    (tmp_path / "protokoll.pdf").unlink()
    assert CliRunner().invoke(cli, told).exit_code == 0
    (tmp_path / "protokoll.jws").write_text(papers.jws[0][:-4] + "AAAA")
    assert CliRunner().invoke(cli, told).exit_code == 1
    (tmp_path / "keys.json").write_text("[]")
    assert CliRunner().invoke(cli, told).exit_code == 2


def test_keys_are_rotated_and_listed_and_what_the_old_one_signed_is_still_checked(
    embedded: Database, held: tuple[str, str], tmp_path: Path
) -> None:
    given = {"MDK_DATABASE_URL": str(embedded.url), "MDK_SECRET_KEY": make.SECRET}
    rotated = CliRunner().invoke(cli, ["keys", "rotate"], env=given)
    listed = CliRunner().invoke(cli, ["keys", "list"], env=given)
    assert (rotated.exit_code, len(listed.stdout.splitlines())) == (0, 2)
    assert rotated.stdout.split()[-1] == listed.stdout.splitlines()[-1].split("\t")[0]
    papers = make.ask(embedded, make.REFERRER, sheets.papers, *held, at=make.MEETS)
    (tmp_path / "protokoll.jws").write_text(papers.jws[0])
    checked = CliRunner().invoke(cli, ["minutes", "verify", str(tmp_path / "protokoll.jws")], env=given)
    assert (checked.exit_code, checked.stdout.startswith("Signaturen stämmer.")) == (0, True)
