"""Owns what the forms of a series say, and its rule in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mdk.clock import local
from mdk.conferences.series_structs import SeriesBody, SeriesChange, SeriesView
from mdk.parsing import parse
from mdk_web.formkit import Form
from mdk_web.words import word

_CONTROLS = frozenset({"every", "weekday"})


def series_of(form: Form) -> SeriesBody:
    """A series, its rule made from how often and on which weekday. Raises `Invalid`."""
    every, weekday = form.get("every", "1"), form.get("weekday", "WE")
    rule = f"FREQ=WEEKLY;INTERVAL={every};BYDAY={weekday}" if every != "1" else f"FREQ=WEEKLY;BYDAY={weekday}"
    plain = {name: value for name, value in form.plain(SeriesBody).items() if name not in _CONTROLS}
    made: SeriesBody = parse(SeriesBody, {"rrule": rule} | plain)
    return made


def changes_of(form: Form) -> dict[str, Any]:
    """Every field of a change as a merge patch: what was emptied is taken away."""
    fields = dict.fromkeys(SeriesChange.__struct_fields__)
    return fields | form.plain(SeriesChange)


def values_of(view: SeriesView) -> Mapping[str, str]:
    """What a change of the series begins with."""
    return {
        "name": view.name,
        "time": f"{local(view.first_start):%H:%M}",
        "duration_minutes": str(view.duration_minutes),
        "chair": view.chair,
        "consultant": view.consultant,
        "deputy": view.deputy or "",
        "video_url": view.video_url or "",
    }


def rule_words(rule: str, first_start: datetime) -> str:
    """A rule as people say it, as far as it is one that our own form makes; else the rule itself."""
    pairs = (part.split("=") for part in rule.upper().removeprefix("RRULE:").split(";") if "=" in part)
    parts = {name: value for name, value in pairs}  # noqa: C416 - a list of two is no pair to dict()
    days = {"MO", "TU", "WE", "TH", "FR"}
    known = parts.keys() <= {"FREQ", "INTERVAL", "BYDAY"} and parts.get("FREQ") == "WEEKLY"
    if not known or parts.get("BYDAY") not in days or parts.get("INTERVAL", "1") not in {"1", "2", "3", "4"}:
        return f"{rule}, kl. {local(first_start):%H:%M}"
    every = word("every", parts.get("INTERVAL", "1")).lower()
    return f"{word('weekday', parts['BYDAY']).lower()} {every}, kl. {local(first_start):%H:%M}".capitalize()
