"""Owns the check of raw input against a struct: every bad field at once, each with a Swedish sentence."""

import re
import types
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from mdk.errors import Invalid, Problem

T = TypeVar("T")
YesNo = Literal["yes", "no", "unknown"]

TEXT_LIMIT = 20_000
LIST_LIMIT = 200
DEPTH_LIMIT = 50
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]|\r(?!\n)")
_PLAIN_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_DECIMAL_LIMIT = Decimal(1_000_000)
# Times that can be told on any clock and added to: what lies beyond is a slip of the pen.
_BEGINNING, _END = datetime(1900, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)


def parse(kind: type[T], raw: object) -> T:
    """Build a struct of `kind` from plain JSON values.

    Raises `Invalid` with one `Problem` for each unknown, missing or bad field.
    """
    found = problems(kind, raw)
    if found:
        raise Invalid(found)
    return msgspec.convert(raw, kind)


def problems(kind: Any, raw: object) -> list[Problem]:
    """One `Problem` for each unknown, missing or bad field of plain JSON values that are to be a `kind`."""
    return list(_problems(kind, raw, ""))


def decode(kind: type[T], body: bytes) -> T:
    """As `parse`, from the bytes of a JSON body; an empty body stands for `{}`."""
    return parse(kind, decode_json(body))


def decode_json(body: bytes) -> Any:
    """The plain values of a JSON body. Raises `Invalid` when it is not JSON."""
    try:
        found = msgspec.json.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid([Problem("", "Innehållet är inte giltig JSON.")]) from error
    if _depth_exceeds(found, DEPTH_LIMIT):
        raise Invalid([Problem("", f"Innehållet är nästlat för djupt. Högst {DEPTH_LIMIT} nivåer.")])
    return found


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            child
            for holder in level
            for child in (holder.values() if isinstance(holder, dict) else holder if isinstance(holder, list) else ())
        ]
        if not level:
            return False
    return True


def merged(target: Any, patch: Any, kind: type | None = None) -> Any:
    """`target` after the JSON merge patch `patch` (RFC 7396); neither argument is changed.

    What is taken away although a struct of `kind` has no such field stays as null, for `parse` to name it.
    """
    if not isinstance(patch, dict):
        return patch
    fields = fields_of(kind) if kind else {}
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None and (not fields or key in fields):
            result.pop(key, None)
        else:
            inner = [option for option in _options(fields[key][0]) if _is_struct(option)] if key in fields else []
            result[key] = merged(result.get(key), value, *inner[:1])
    return result


@cache
def fields_of(kind: type) -> Mapping[str, tuple[Any, bool]]:
    """Each field of a struct by its outside name: its type without UNSET, and whether it must be given."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.encode_name: (hints[field.name], field.required) for field in msgspec.structs.fields(kind)}


def _problems(kind: Any, value: Any, path: str) -> Iterator[Problem]:
    options = _options(kind)
    if value is None and type(None) in options:
        return
    structs = [option for option in options if _is_struct(option)]
    lists = [option for option in options if get_origin(option) in {list, tuple}]
    if structs:
        yield from _struct_problems(structs[0], value, path)
    elif lists:
        yield from _list_problems(get_args(lists[0])[0], value, path)
    else:
        yield from _leaf_problems(options, value, path)


def _struct_problems(kind: type, value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield Problem(path, "Här ska det vara ett objekt med namngivna uppgifter.")
        return
    fields = fields_of(kind)
    for name in value:
        if name not in fields:
            yield Problem(_join(path, str(name)), "Fältet är okänt. Ta bort det eller rätta namnet.")
    for name, (field_kind, required) in fields.items():
        if name in value:
            yield from _problems(field_kind, value[name], _join(path, name))
        elif required:
            yield Problem(_join(path, name), "Uppgiften saknas. Fyll i den.")


def _list_problems(kind: Any, value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem(path, "Här ska det vara en lista.")
    elif len(value) > LIST_LIMIT:
        yield Problem(path, f"Listan är för lång. Högst {LIST_LIMIT} rader.")
    else:
        for index, item in enumerate(value):
            yield from _problems(kind, item, _join(path, str(index)))


def _leaf_problems(options: tuple[Any, ...], value: Any, path: str) -> Iterator[Problem]:
    if isinstance(value, str):
        fault = text_fault(value)
        if fault:
            yield Problem(path, fault)
            return
        if not value.strip() and _needs_text(options):
            yield Problem(path, "Fyll i en text.")
            return
    if Decimal in options and not _is_decimal(value):
        yield Problem(path, "Ange ett tal, till exempel 40 eller 12,5.")
        return
    if isinstance(value, float) and not Decimal(value).is_finite():
        yield Problem(path, "Ange ett tal.")
        return
    try:
        found = msgspec.convert(value, Union[options])  # noqa: UP007 - built from a tuple
    except (msgspec.ValidationError, OverflowError):
        yield Problem(path, _remedy(options))
        return
    if isinstance(found, datetime) and found.tzinfo and not _BEGINNING <= found < _END:
        yield Problem(path, f"Ange en tidpunkt från år {_BEGINNING.year} till {_END.year - 1}.")


def text_fault(text: str) -> str:
    """What is wrong with a text whatever it is for, as a sentence; empty when nothing is."""
    if len(text) > TEXT_LIMIT:
        return f"Texten är för lång: {len(text)} tecken. Högst {TEXT_LIMIT} tecken får plats."
    if _CONTROL.search(text):
        return "Texten innehåller styrtecken som inte kan sparas. Ta bort dem."
    return ""


def _is_decimal(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    if isinstance(value, str) and not _PLAIN_NUMBER.fullmatch(value):
        return False
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return False
    return number.is_finite() and 0 <= number <= _DECIMAL_LIMIT and len(str(value)) <= 12


def _needs_text(options: tuple[Any, ...]) -> bool:
    """Whether a text must be given: blanks are none."""
    metas = [meta for option in options for meta in getattr(option, "__metadata__", ())]
    return any(isinstance(meta, msgspec.Meta) and meta.min_length for meta in metas)


def _remedy(options: tuple[Any, ...]) -> str:
    for option in options:
        sentence = _remedy_of(option)
        if sentence:
            return sentence
    return "Uppgiften har fel form."


def _remedy_of(option: Any) -> str:
    bounds = [meta for meta in getattr(option, "__metadata__", ()) if isinstance(meta, msgspec.Meta)]
    bare = get_args(option)[0] if get_origin(option) is Annotated else option
    if get_origin(bare) is Literal:
        return "Välj något av: " + ", ".join(str(choice) for choice in get_args(bare)) + "."
    if bare in {int, float}:
        return _number_remedy("heltal" if bare is int else "tal", bounds[0] if bounds else None)
    return {
        date: "Ange ett datum som ÅÅÅÅ-MM-DD.",
        datetime: "Ange en tidpunkt som finns, med tidszon, till exempel 2027-03-31T11:00:00Z.",
        bool: "Ange true eller false.",
        str: _text_remedy(bounds[0] if bounds else None),
    }.get(bare, "")


def _number_remedy(word: str, bounds: msgspec.Meta | None) -> str:
    if bounds is None:
        return f"Ange ett {word}."
    if bounds.le is None:
        return f"Ange ett {word}, minst {bounds.ge}."
    return f"Ange ett {word} från {bounds.ge} till {bounds.le}."


def _text_remedy(bounds: msgspec.Meta | None) -> str:
    if bounds is None:
        return "Ange en text."
    if bounds.max_length:
        return f"Ange en text med {bounds.min_length or 0}–{bounds.max_length} tecken."
    return "Fyll i en text." if bounds.min_length else "Texten har fel form."


@cache
def _options(kind: Any) -> tuple[Any, ...]:
    if get_origin(kind) in {Union, types.UnionType}:
        return tuple(option for option in get_args(kind) if option is not msgspec.UnsetType)
    return (kind,)


def _is_struct(option: Any) -> bool:
    return isinstance(option, type) and issubclass(option, msgspec.Struct)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
