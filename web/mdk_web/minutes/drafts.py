"""Owns a draft while it is typed: saved as it is, or merged with what others saved; both are shown where they clash."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta
from sqlalchemy.orm import Session

from mdk.cases.tables import Case
from mdk.conferences.tables import Conference
from mdk.minutes import queries, service
from mdk.minutes.structs import Attendance, Contraindication, Dissent, MinutesBody, MinutesView
from mdk.minutes.tables import Minutes
from mdk_web.filled import read_as
from mdk_web.formkit import Form
from mdk_web.minutes.merging import FIELDS, Merged, marks_of, merge, new_tab
from mdk_web.rendering import full_day
from mdk_web.visits import Visit
from mdk_web.words import WORDS, word

NOTHING = "Inget"
LONGEST_TAB = 64
_CHOOSING = frozenset({"settle", "save", "review"})  # a form that saves itself chooses nothing
_GROUPS = {"outcome": "outcome", "refractory": "yes_no_unknown", "route": "catheter_route"}


class TabQuery(msgspec.Struct):
    """Which opened form asks."""

    tab: Annotated[str, Meta(max_length=LONGEST_TAB)] = ""


class Clash(NamedTuple):
    """A field that two people changed: what was typed here, what is stored, and which of them was chosen."""

    field: str
    mine: str
    theirs: str
    choice: str


class Standing(NamedTuple):
    """What a form carries and says of itself: what it began with, when it was saved, and what clashes.

    `settles` is the stored version that the clashes were told by; a choice counts while it still stands.
    """

    version: int
    base: str
    tab: str
    saved_at: datetime | None = None
    settles: int = 0
    clashes: tuple[Clash, ...] = ()
    by: str = ""


class Kept(NamedTuple):
    """A saved draft: its content, its version, and the fields that came from someone else."""

    body: MinutesBody
    version: int
    taken: list[str]
    lacking: list[str]


def beginning(found: MinutesView) -> Standing:
    """A form of what is stored or suggested."""
    return Standing(found.version, marks_of(body_in(found)), new_tab())


def keep(visit: Visit, conference_id: str, number: str, form: Form, *, is_asked: bool) -> Kept:
    """Save what was typed, with what others have changed in other fields since the form was shown.

    What nobody has typed in is not saved for the first time unless it `is_asked` for: a suggestion is no draft.

    Raises what `mdk.minutes.service.save` raises; `Stale` when someone else changed the same and none was chosen.
    """
    conference, case, stored = queries.load(
        visit.session, conference_id, number, act="minutes.write", by=visit.viewer, lock=True
    )
    mine, version = typed_in(form), form.version()
    merged = Merged(mine, [], [])
    if stored is not None and stored.version != version:
        merged = _merged(form, mine, queries.body_of(stored), stored.version, saved_from=stored.saved_from)
        version = version if merged.clashes else stored.version
    is_untouched = stored is None and marks_of(mine) == form.get("form.base") and not is_asked
    if is_untouched or (stored is not None and _is_saved(stored, merged)):
        return _kept(visit.session, conference, case, merged, version)
    saved = service.save(
        visit.session,
        conference_id=conference_id,
        number=number,
        version=version,
        body=merged.body,
        by=visit.viewer,
        at=visit.at,
        saved_from=form.get("form.tab", ""),
    )
    return _kept(visit.session, conference, case, merged, saved.version)


def after(kept: Kept, form: Form, at: datetime) -> Standing:
    """The form that was just saved."""
    return Standing(kept.version, marks_of(kept.body), form.get("form.tab", ""), saved_at=at if kept.version else None)


def refused(found: MinutesView, form: Form, *, is_stale: bool) -> Standing:
    """The form that could not be saved, with both versions of what clashes where that was the reason."""
    kept = Standing(form.version(), form.get("form.base", ""), form.get("form.tab", ""))
    if not is_stale:
        return kept
    mine, theirs = typed_in(form), body_in(found)
    merged = _merged(form, mine, theirs, found.version, saved_from="")
    clashes = [
        Clash(
            name,
            in_words(name, getattr(mine, name)),
            in_words(name, getattr(theirs, name)),
            form.get(f"form.take.{name}", "mine"),
        )
        for name in merged.clashes
    ]
    return kept._replace(settles=found.version, clashes=tuple(clashes))


def typed_in(form: Form) -> MinutesBody:
    """The minutes in a form that may hold other things of its page, too. Raises `Invalid` with every bad field."""
    content: MinutesBody = read_as(form.about(FIELDS), MinutesBody)
    return content


def body_in(found: MinutesView) -> MinutesBody:
    """The content of minutes as they are shown."""
    return msgspec.convert({name: getattr(found, name) for name in FIELDS}, MinutesBody, from_attributes=True)


def in_words(name: str, value: Any) -> str:
    """What stands in a field, to read."""
    if isinstance(value, list):
        return "\n".join(_row(each) for each in value) or NOTHING
    if isinstance(value, date):
        return full_day(value)
    return (word(_GROUPS[name], value) if name in _GROUPS else str(value).strip()) if value else NOTHING


def _is_saved(stored: Minutes, merged: Merged) -> bool:
    """Whether the draft holds all of it already; then nothing is saved, and nobody told of it."""
    is_same = marks_of(merged.body) == marks_of(queries.body_of(stored))
    return is_same and not merged.clashes and stored.signed_at is None


def _kept(session: Session, conference: Conference, case: Case, merged: Merged, version: int) -> Kept:
    return Kept(merged.body, version, merged.taken, queries.lacking(session, conference, case, merged.body))


def _merged(form: Form, mine: MinutesBody, theirs: MinutesBody, version: int, *, saved_from: str) -> Merged:
    is_own = bool(saved_from) and saved_from == form.get("form.tab")
    choices: Mapping[str, str] = {}
    if form.get("do") in _CHOOSING and form.get("form.settles") == str(version):
        choices = {name: form.get(f"form.take.{name}", "") for name in FIELDS}
    return merge(mine, theirs, marks=form.get("form.base", ""), choices=choices, is_own=is_own)


def _row(row: Attendance | Contraindication | Dissent) -> str:
    if isinstance(row, Attendance):
        there = "närvarande" if row.present else "inte närvarande"
        return ", ".join(filter(None, (row.email, row.profession, there, "känner patienten" * row.knows_patient)))
    if isinstance(row, Contraindication):
        what = WORDS["contraindication_what"].get(row.what, row.what)
        return f"{what}: {word('contraindication', row.assessment).lower()}"
    return f"{row.who}: {row.what}"
