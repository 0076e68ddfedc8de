"""Owns what the page of follow-ups shows: its two curves, and which follow-up the form begins with."""

from typing import NamedTuple

from mdk.pathways.follow_up_structs import FollowUpsView

_WIDE, _HIGH, _LEFT, _TOP = 320, 120, 30, 20  # of the plotted area, in the units of the drawing
_LAST_WEEK = 12


class Mark(NamedTuple):
    """One measured value: where it is drawn, and its words."""

    x: float
    y: float
    text: str


class Curve(NamedTuple):
    """One curve: its marks in the order of time, and the value at the top of its scale."""

    id: str
    title: str
    marks: list[Mark]
    most: int


def curves(view: FollowUpsView) -> list[Curve]:
    """Pain and opioid dose from the referral on; one that was never measured is left out."""
    pain = [(point.week, float(point.nrs)) for point in view.points if point.nrs is not None]
    dose = [(point.week, point.omeq) for point in view.points if point.omeq is not None]
    highest = max((value for _, value in dose), default=0.0)
    drawn = [
        _curve("nrs", "Smärta, NRS 0–10", pain, 10),
        _curve("omeq", "Opioiddos, mg morfin peroralt per dygn", dose, max(-(-int(highest) // 100) * 100, 100)),
    ]
    return [curve for curve in drawn if curve.marks]


def first_open(view: FollowUpsView) -> str:
    """The week of the first follow-up that nobody has told of; the last one when all are told."""
    waiting = [each.week for each in view.planned if each.told is None]
    return str(waiting[0] if waiting else view.planned[-1].week)


def _curve(key: str, title: str, values: list[tuple[int, float]], most: int) -> Curve:
    marks = [
        Mark(
            round(_LEFT + _WIDE * week / _LAST_WEEK, 1),
            round(_TOP + _HIGH * (1 - value / most), 1),
            f"{value:g}".replace(".", ","),
        )
        for week, value in values
    ]
    return Curve(key, title, marks, most)
