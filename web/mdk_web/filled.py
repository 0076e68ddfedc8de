"""Owns the way between a stored document and a form: what stands in its controls, and what it says of a struct."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from mdk.parsing import parse
from mdk_web.formkit import Form
from mdk_web.rendering import local


def values_of(document: msgspec.Struct) -> dict[str, str]:
    """What stands in each control of the document's form, by dotted name; what was not given is left out."""
    return dict(_leaves(msgspec.to_builtins(document, builtin_types=(datetime,)), ""))


def read_as(form: Form, kind: type[msgspec.Struct], **otherwise: Any) -> Any:
    """The form as a struct; `otherwise` stands for what is empty. Raises `Invalid` with every bad field."""
    return parse(kind, otherwise | form.plain(kind))


def rows_of(values: Mapping[str, str], name: str) -> list[int]:
    """The places of a list's rows among dotted names such as `attendance.2.email`, in order."""
    found = {
        match[1] for key in values if (match := re.match(rf"{re.escape(name)}\.(\d{{1,4}})(?:\.|$)", key, re.ASCII))
    }
    return sorted(int(place) for place in found)


def wall_time(value: datetime) -> str:
    """What an `<input type="datetime-local">` holds: Swedish wall time."""
    return f"{local(value):%Y-%m-%dT%H:%M}"


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in pairs:
            yield from _leaves(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, bool):
        yield path, "yes" if value else "no"
    elif isinstance(value, datetime):
        yield path, wall_time(value)
    elif value is not None:
        yield path, str(value)
