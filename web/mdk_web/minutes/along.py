"""Owns what is typed in the minutes' form when another act is sent with it, or when it comes after the signature."""

from typing import NamedTuple

from mdk.errors import Invalid
from mdk.minutes import queries
from mdk.minutes.structs import MinutesBody
from mdk_web.formkit import Form
from mdk_web.minutes import drafts
from mdk_web.minutes.merging import FIELDS, marks_of, merge
from mdk_web.visits import Visit, wants_fragment


class Left(NamedTuple):
    """What was typed in a field too late."""

    field: str
    text: str


def keep_sent_along(visit: Visit, conference_id: str, form: Form) -> int | None:
    """Save the draft of the minutes' form that another act was sent with, if one was; gives the draft's version.

    Where htmx sends, the form saves itself. Raises what `keep` raises.
    """
    if not is_of_minutes(form) or wants_fragment(visit.request):
        return None
    number = form.get("form.case", "")
    _, _, stored = queries.load(visit.session, conference_id, number, act="minutes.write", by=visit.viewer, lock=True)
    if stored is not None and stored.signed_at is not None and not left_out(queries.body_of(stored), form):
        return stored.version
    return drafts.keep(visit, conference_id, number, form, is_asked=False).version


def is_of_minutes(form: Form) -> bool:
    """Whether the minutes' form was sent, with whatever act."""
    return "form.base" in form


def left_out(signed: MinutesBody, form: Form) -> list[Left]:
    """What was typed in a form and is not in the minutes that were signed meanwhile."""
    try:
        mine = drafts.typed_in(form)
    except Invalid:
        return [Left(name, form[name]) for name in FIELDS if form.get(name)]
    merged = merge(mine, signed, marks=form.get("form.base", ""), choices=dict.fromkeys(FIELDS, "mine"))
    differing = zip(FIELDS, marks_of(merged.body).split(), marks_of(signed).split(), strict=True)
    return [Left(name, drafts.in_words(name, getattr(mine, name))) for name, here, there in differing if here != there]
