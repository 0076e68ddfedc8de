"""Owns what becomes of two people typing in the same minutes: field by field, by what each changed since reading."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from mdk.minutes.structs import MinutesBody

FIELDS = MinutesBody.__struct_fields__
Side = Literal["mine", "theirs"]
_MARK = 12  # hexadecimal digits: enough to tell a field's contents apart


class Merged(NamedTuple):
    """What stands after merging: the content, where both sides changed the same, and what came from the other side."""

    body: MinutesBody
    clashes: list[str]
    taken: list[str]


def new_tab() -> str:
    """A name for one opened form, so that its own earlier saves are known as such."""
    return secrets.token_hex(8)


def marks_of(body: MinutesBody) -> str:
    """A mark of what stands in each field, in order, to be carried by a form and to tell later what was changed."""
    return " ".join(_mark(getattr(body, name)) for name in FIELDS)


def merge(
    mine: MinutesBody, theirs: MinutesBody, *, marks: str, choices: Mapping[str, str], is_own: bool = False
) -> Merged:
    """Put together what was typed and what is stored now, `marks` being those of what the typing began with.

    A field that one side changed is that side's. One that both changed is whose `choices` says (`mine`, `theirs`), the
    typed one when the stored was saved from the same form (`is_own`), and else a clash.
    """
    began = dict(zip(FIELDS, marks.split(), strict=False))
    body, clashes, taken = msgspec.structs.replace(mine), list[str](), list[str]()
    for name in FIELDS:
        typed, stored = getattr(mine, name), getattr(theirs, name)
        if _mark(typed) == _mark(stored):
            continue
        side = _whose(_mark(typed), _mark(stored), began.get(name), choice=choices.get(name, ""), is_own=is_own)
        if side is None:
            clashes.append(name)
        elif side == "theirs":
            setattr(body, name, stored)
            taken.append(name)
    return Merged(body, clashes, taken)


def _whose(typed: str, stored: str, began: str | None, *, choice: str, is_own: bool) -> Side | None:
    if typed == began:
        return "theirs"
    if stored == began or is_own:
        return "mine"
    return choice if choice in get_args(Side) else None  # type: ignore[return-value]


def _mark(value: Any) -> str:
    """Nothing is nothing, however it was left out, and space around a text says nothing."""
    plain = _plain(msgspec.to_builtins(value))
    return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()[:_MARK]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return (value.replace("\r\n", "\n").strip() or None) if isinstance(value, str) else value
