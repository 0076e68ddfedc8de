"""Owns what the forms of the figures say: a level in per cent, and a point prevalence as pasted text."""

from typing import Any

from mdk.errors import Invalid, Problem
from mdk.figures.structs import GoalBody, SurveyBody
from mdk.parsing import parse
from mdk_web.formkit import Form

_LEVEL = "Ange nivån i hela procent från 0 till 100, till exempel 90."


def goal_of(form: Form, goal: str) -> GoalBody:
    """A goal's level typed in per cent, in the field `level-<goal>`. Raises `Invalid`."""
    field = f"level-{goal}"
    text = form.get(field, "").removesuffix("%").strip()
    if not (text.isascii() and text.isdecimal()) or int(text[:9]) > 100:
        raise Invalid([Problem(field, _LEVEL)])
    return GoalBody(level=int(text) / 100)


def survey_of(form: Form) -> SurveyBody:
    """A point prevalence as typed. Raises `Invalid` with every bad field."""
    read: Any = parse(SurveyBody, form.plain(SurveyBody))
    survey: SurveyBody = read
    return survey
