"""Owns signed minutes on paper: the words of a sheet, printed as a PDF or set as plain text for a record system."""

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import typst
from fontTools.ttLib import TTFont

from mdk.clinical.structs import RuleVerdict
from mdk.minutes.rules import PUMPS
from mdk.minutes.seals import Sealing
from mdk.minutes.structs import MinutesBody, Present, Sheet
from mdk.settings import Settings
from mdk_web.rendering import STATIC, full_day, full_when, identity_number, local, number
from mdk_web.words import WORDS, word

FONTS = STATIC / "vendor" / "source-sans"
WIDTH = 72  # characters a line, which every record system shows without breaking it anew
_TEMPLATE = Path(__file__).resolve().parent / "minutes.typ"
# What Melior, VAS and NCS Cross keep in Windows-1252 have no place for, and what it is written as there.
_SPELLED = str.maketrans(
    {
        "≥": ">=",
        "≤": "<=",
        "≠": "<>",
        "≈": "ca ",
        "→": "->",
        "←": "<-",
        "↑": "ökad ",
        "↓": "minskad ",
        "−": "-",
        "μ": "µ",
        "α": "alfa",
        "β": "beta",
        "γ": "gamma",
        "δ": "delta",
        "Δ": "delta ",
        "√": "rot ",
        "∞": "oändligt",
        "‐": "-",
        "‑": "-",
        "′": "'",
        "″": '"',
        "⁄": "/",
        "⅓": "1/3",
        "⅔": "2/3",
        "☐": "[ ]",
        "☑": "[x]",
        "✓": "ja",
        **dict.fromkeys("\u00a0\u2007\u2009\u202f\u2003\u2002\t", " "),
        **dict.fromkeys("\u200b\u2060\ufeff\u00ad", ""),
    }
)
_NO_GLYPH = "□"
_MAY_BREAK = "\u200b"
_ENDLESS = re.compile(r"\S{40}")  # a word that no line may hold, and that PDF/A forbids to be drawn at once
_MET = {"yes": "uppfyllt", "no": "inte uppfyllt", "unknown": "oklart"}


class Fact(NamedTuple):
    """One label and what stands beside it."""

    label: str
    text: str


class Part(NamedTuple):
    """One section of the paper."""

    title: str
    facts: list[Fact]


class Paper(NamedTuple):
    """A sheet in words: the same for print and for plain text."""

    title: str
    head: list[Fact]
    lead: Fact
    parts: list[Part]
    footer: str


def sealing(settings: Settings) -> Sealing:
    """What a signature needs here: the installation's secret, and this press."""
    return Sealing(settings.secret_key, press)


def press(sheet: Sheet) -> bytes:
    """The sheet as a tagged PDF in Swedish (PDF/A-2a and PDF/UA-1); the same bytes for the same sheet."""
    return printed(paper_of(sheet), author=sheet.signer, on=sheet.signed_at)


def printed(paper: Paper, *, author: str, on: datetime) -> bytes:
    """A paper as a tagged PDF in Swedish (PDF/A-2a and PDF/UA-1); the same bytes for the same paper and instant."""
    day = local(on)
    data = {
        "title": _printable(paper.title),
        "author": _printable(author),
        "date": [day.year, day.month, day.day],
        "footer": _printable(paper.footer),
        "head": _plain(paper.head),
        "lead": _plain([paper.lead])[0],
        "sections": [{"title": _printable(part.title), "facts": _plain(part.facts)} for part in paper.parts],
    }
    return typst.compile(
        _TEMPLATE,
        sys_inputs={"sheet": msgspec.json.encode(data).decode()},
        font_paths=[FONTS],
        ignore_system_fonts=True,
        pdf_standards=["a-2a", "ua-1"],
    )


def plain_text(sheet: Sheet) -> str:
    """The sheet as plain text to paste into a record: no markup, at most `WIDTH` characters a line.

    Signs that mean something and that a record system of Windows-1252 would show as a question mark are written out.
    """
    paper = paper_of(sheet)
    lines = [paper.title.upper(), "", *_set(paper.head), "", *_set([paper.lead])]
    for part in paper.parts:
        lines += ["", part.title.upper(), *_set(part.facts)]
    return "\n".join([*lines, "", *_wrapped(paper.footer, ""), ""])


def _spelled(text: str) -> str:
    return unicodedata.normalize("NFC", text).translate(_SPELLED)


def paper_of(sheet: Sheet) -> Paper:
    """The sheet in words."""
    minutes = sheet.minutes
    return Paper(
        title=f"MDK smärta: protokoll {sheet.case}",
        head=list(_head(sheet)),
        lead=Fact("Konferensens rekommendation", word("outcome", minutes.outcome)),
        parts=[
            Part(title, facts)
            for title, facts in (
                ("Svar", list(_answer(minutes))),
                ("Åtgärd", list(_plan(minutes))),
                ("Bedömning", list(_assessment(sheet))),
                ("Deltagare", list(_people(sheet))),
                ("Tillägg", [Fact(f"{full_when(each.at)}, {each.by}", each.text) for each in sheet.addenda]),
            )
            if facts
        ],
        footer=(
            f"{sheet.case} · signerat av {sheet.signer} {full_when(sheet.signed_at)} · nyckel {sheet.kid[:12]} · "
            "konferensen rekommenderar, behandlande läkare beslutar med patienten"
        ),
    )


def _head(sheet: Sheet) -> Iterator[Fact]:
    yield Fact("Patient", f"{sheet.patient}, {identity_number(sheet.identity_number)}")
    if sheet.addenda:
        yield Fact("Tillägg", f"{len(sheet.addenda)} tillägg finns. Läs dem sist i protokollet.")
    yield Fact("Konferens", full_when(sheet.held_at))
    yield Fact("Remitterande enhet", f"{sheet.unit} ({sheet.referrer})")
    if sheet.home_region:
        yield Fact("Hemregion", word("region", sheet.home_region))
    if sheet.diagnosis:
        yield Fact("Diagnos", sheet.diagnosis)
    yield Fact("Frågeställning", sheet.question)


def _answer(minutes: MinutesBody) -> Iterator[Fact]:
    yield from _given(
        ("Svar på frågeställningen", minutes.answer),
        ("Motivering", minutes.motivation),
        ("Skäl till avsteg", minutes.departure_reason),
        ("Villkor", minutes.conditions),
        ("Övervägda alternativ", minutes.alternatives),
    )
    for each in minutes.dissent:
        yield Fact(f"Avvikande mening, {each.who}", each.what)


def _plan(minutes: MinutesBody) -> Iterator[Fact]:
    yield from _given(
        ("Kateterväg", word("catheter_route", minutes.route) if minutes.route else None),
        ("Kateterspets, nivå", minutes.catheter_tip),
        ("Ansvarig enhet", minutes.responsible_unit),
        ("Senast", _date(minutes.due)),
        ("Ansvarig för opioidplanen", minutes.opioid_plan_owner),
        ("Informerar patienten", minutes.informs_patient),
        ("Kontakt på jourtid", minutes.out_of_hours_contact),
        ("Uppföljning", _date(minutes.follow_up)),
    )


def _assessment(sheet: Sheet) -> Iterator[Fact]:
    minutes = sheet.minutes
    if minutes.refractory:
        yield Fact("Refraktär smärta", word("yes_no_unknown", minutes.refractory))
    yield Fact("Bilaga 1", word("identification", sheet.identification))
    yield Fact("Opioiddos (morfin peroralt)", _omeq(sheet))
    for verdict in sheet.rules if minutes.outcome in PUMPS else ():
        yield Fact("Kriterium för intern pump", _verdict(verdict))
    for each in minutes.contraindications:
        named = WORDS["contraindication_what"].get(each.what, each.what)
        yield Fact("Kontraindikation", f"{named}: {word('contraindication', each.assessment).lower()}")


def _people(sheet: Sheet) -> Iterator[Fact]:
    yield Fact("Närvarande", "\n".join(_person(each) for each in sheet.present) or "Ingen är markerad som närvarande")
    yield from _given(("Skäl att besluta utan beslutsförhet", sheet.minutes.quorum_reason))


def _given(*facts: tuple[str, str | None]) -> Iterator[Fact]:
    for label, text in facts:
        if text and text.strip():
            yield Fact(label, text)


def _person(present: Present) -> str:
    return ", ".join(filter(None, (present.name, present.profession, "känner patienten" * present.knows_patient)))


def _verdict(verdict: RuleVerdict) -> str:
    return f"{verdict.text.rstrip('.')}: {_MET[verdict.met]}"


def _omeq(sheet: Sheet) -> str:
    words = word("omeq_verdict", sheet.omeq_verdict)
    if sheet.omeq_low is None or sheet.omeq_high is None:
        return words
    low, high = number(sheet.omeq_low, 0), number(sheet.omeq_high, 0)
    return f"{words}: {low if low == high else f'{low}–{high}'} mg/dygn, jämförelsetal, inte för byte av opioid"


def _date(value: date | None) -> str | None:
    return None if value is None else full_day(value)


def _plain(facts: Iterable[Fact]) -> list[dict[str, str]]:
    return [{"label": _printable(fact.label), "text": _printable(fact.text)} for fact in facts]


def _printable(text: str) -> str:
    """The text with a box for each sign that the font lacks: the signed content holds the sign itself."""
    shown = "".join(sign if sign == "\n" or ord(sign) in _glyphs() else _NO_GLYPH for sign in text.replace("\t", " "))
    return _ENDLESS.sub(lambda word: word[0] + _MAY_BREAK, shown)


@cache
def _glyphs() -> frozenset[int]:
    faces = []
    for path in FONTS.glob("*.ttf"):
        with TTFont(path, lazy=True) as font:
            faces.append(frozenset(font.getBestCmap()))
    return frozenset.intersection(*faces)


def _set(facts: Iterable[Fact]) -> Iterator[str]:
    for fact in facts:
        lines = fact.text.splitlines() or [""]
        if len(lines) == 1:
            yield from _wrapped(f"{fact.label}: {lines[0]}", "  ")
            continue
        yield f"{fact.label}:"
        for line in lines:
            yield from _wrapped(line, "  ", first="  ")


def _wrapped(text: str, indent: str, first: str = "") -> list[str]:
    return textwrap.wrap(
        _spelled(text), WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False
    ) or [""]
