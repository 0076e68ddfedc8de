"""Owns the patient's extract of the access log on paper: understandable words, printed as a PDF."""

from datetime import timedelta
from pathlib import Path

import msgspec
import typst

from mdk.inspection.structs import Extract, LogLine
from mdk_web.log_words import said_of
from mdk_web.minutes.paper import FONTS
from mdk_web.rendering import full_day, full_when, identity_number, local
from mdk_web.words import word

_TEMPLATE = Path(__file__).resolve().parent / "extract.typ"


def press(extract: Extract) -> bytes:
    """The extract as a tagged PDF in Swedish (PDF/A-2a and PDF/UA-1)."""
    made, last = local(extract.made_at), local(min(extract.until - timedelta(seconds=1), extract.made_at))
    data = {
        "title": "Logguttag",
        "date": [made.year, made.month, made.day],
        "patient": identity_number(extract.identity_number),
        "period": f"{full_day(local(extract.since).date())} – {full_day(last.date())}",
        "made": full_when(extract.made_at),
        "heads": ["Tid", "Enhet", "Uppdrag", "Vad", *(["Namn"] if extract.with_names else [])],
        "rows": [_row(line, with_names=extract.with_names) for line in extract.lines],
    }
    return typst.compile(
        _TEMPLATE,
        sys_inputs={"extract": msgspec.json.encode(data).decode()},
        font_paths=[FONTS],
        ignore_system_fonts=True,
        pdf_standards=["a-2a", "ua-1"],
    )


def _row(line: LogLine, *, with_names: bool) -> list[str]:
    told = [f"{local(line.at):%Y-%m-%d %H:%M}", line.unit, word("role", line.role), said_of(line.act)]
    return [*told, line.by] if with_names else told
