"""Rules of the learning bank: how a learning case moves, and what in its text could tell who it was. Pure."""

import re
from collections.abc import Iterable, Mapping

from mdk.cases.rules import value_at
from mdk.cases.structs import CaseState
from mdk.cases.submission_structs import Submission, given
from mdk.errors import Problem, RuleBroken
from mdk.learning.structs import LearningBody, LearningState

_S = LearningState
MOVES: Mapping[str, tuple[frozenset[LearningState], LearningState]] = {
    "write": (frozenset({_S.DRAFT}), _S.DRAFT),
    "send": (frozenset({_S.DRAFT}), _S.REVIEW),
    "return": (frozenset({_S.REVIEW}), _S.DRAFT),
    "publish": (frozenset({_S.REVIEW}), _S.PUBLISHED),
    "withdraw": (frozenset({_S.DRAFT, _S.REVIEW, _S.PUBLISHED}), _S.WITHDRAWN),
    "rewrite": (frozenset({_S.WITHDRAWN}), _S.DRAFT),
}
FIELDS = ("title", "question", "reasoning", "six_weeks")
_NEEDED = {
    "title": "Ge lärfallet en rubrik.",
    "question": "Skriv frågan som konferensen fick.",
    "reasoning": "Skriv hur konferensen resonerade.",
}
_SHORTEST_NAME = 3
_WHO = ("patient.name", "patient.next_of_kin", "patient.municipality", "patient.care_place", "home_care.mas_contact")
_COMMON = frozenset(
    {"och", "vid", "den", "hos", "med", "för", "kommun", "palliativa", "teamet", "sjukhus", "hemma", "asih", "mas"}
)
_MONTHS = "januari|februari|mars|april|maj|juni|juli|augusti|september|oktober|november|december"
_TELLING: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ett identitetsnummer", re.compile(r"\b(?:\d{2})?\d{6}[-+ ]?\d{4}\b|\b\d{6}[-+ ]?[A-Z]{2}[A-Z0-9]{2}\b")),
    (
        "ett datum",
        re.compile(
            rf"\b\d{{4}}-\d{{1,2}}-\d{{1,2}}\b|\b\d{{1,2}}/\d{{1,2}}\b|\b\d{{1,2}} (?:{_MONTHS})\b", re.IGNORECASE
        ),
    ),
    ("ett ärendenummer", re.compile(r"\bMDK-\d{4}-\d+", re.IGNORECASE)),
    ("ett telefonnummer", re.compile(r"(?:\+46|\b0)\d(?:[ -]?\d){6,}")),
    ("en e-postadress", re.compile(r"[^\s@]@[^\s@.]+\.[^\s@]")),
    ("en exakt ålder", re.compile(r"\b(?:\d{1,3})[- ]?(?:årig|åring|år gammal)", re.IGNORECASE)),
)


def check_move(act: str, state: str) -> LearningState:
    """The state that `act` leads to. Raises `RuleBroken("learning.wrong-state")`."""
    allowed, target = MOVES[act]
    if LearningState(state) not in allowed:
        message = "Lärfallet är i ett läge där detta inte går. Läs in sidan igen för att se var det står."
        raise RuleBroken("learning.wrong-state", message)
    return target


def check_closed(state: str, outcome: str | None) -> None:
    """Only a case that is over teaches something. Raises `RuleBroken("learning.case-open")`."""
    if state not in {CaseState.CLOSED, CaseState.DECEASED} or outcome is None:
        message = "Ett lärfall skrivs när ärendet är avslutat, så att man vet hur det gick."
        raise RuleBroken("learning.case-open", message)


def check_told(body: LearningBody, submission: Submission, names: Iterable[str]) -> None:
    """Every text is there, and none tells who it was; `names` are those of the unit and the people of the case.

    Raises `RuleBroken("learning.incomplete")` and `RuleBroken("learning.identifying")` with every field.
    """
    missing = [Problem(field, sentence) for field, sentence in _NEEDED.items() if not getattr(body, field).strip()]
    if missing:
        raise RuleBroken("learning.incomplete", "Lärfallet kan inte granskas än.", tuple(missing))
    problems = [
        Problem(field, f"Texten innehåller {found}. Skriv om så att ingen kan kännas igen.")
        for field in FIELDS
        for found in telling(getattr(body, field), submission, names)
    ]
    if problems:
        raise RuleBroken("learning.identifying", "Texten kan avslöja vem det gäller.", tuple(problems))


def telling(text: str, submission: Submission, names: Iterable[str]) -> list[str]:
    """What in a text could tell who it was: kinds of things, and words that stand in the case as names or places."""
    found = [kind for kind, pattern in _TELLING if pattern.search(text)]
    stated = [value_at(submission, path) for path in _WHO]
    known = {word for value in [*stated, *names] if given(value) and value for word in _words(str(value))}
    return found + [f"ordet ”{word}”" for word in sorted(known & set(_words(text)))]


def _words(text: str) -> list[str]:
    return [
        word
        for word in re.findall(r"[^\W\d_]+", text.casefold())
        if len(word) >= _SHORTEST_NAME and word not in _COMMON
    ]
