"""Owns forms: from an urlencoded body to the plain values that a struct is parsed from, and back to what was typed."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import wraps
from typing import Any, ParamSpec, get_args, get_origin
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Response

from mdk.clock import STOCKHOLM
from mdk.errors import Invalid, Problem, RuleBroken, Stale
from mdk.parsing import fields_of, parse
from mdk_web.errors import MAX_FIELDS, STATUS, problems_of, status_of
from mdk_web.rendering import CSRF_FIELD

P = ParamSpec("P")
MOST_NESTED = 8  # deeper names than any struct has are left whole, for `parse` to call unknown
# What a form says of itself and not of its subject: the version it was made from, which button was pressed, and
# which of two equal wall times is meant.
CONTROLS = frozenset({"version", "do", "fold"})
OWN = "form."  # what else a page says to itself: with what it began, what was chosen
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_PLACE = re.compile(r"\d{1,4}", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,9}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?", re.ASCII)
_WALL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)


def is_place(text: str) -> bool:
    """Whether a part of a field's name is a row's place in its list."""
    return _PLACE.fullmatch(text) is not None


class Form(Mapping[str, str]):
    """What was typed, field by field; several values of one name are kept in `every`.

    Raises `Invalid` for more than `MAX_FIELDS` fields, and for what is not UTF-8.
    """

    def __init__(self, body: bytes) -> None:
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
        except UnicodeDecodeError as unreadable:
            raise Invalid([Problem("", "Något tecken gick inte att läsa. Skriv texten på nytt.")]) from unreadable
        except ValueError as many:
            raise Invalid([Problem("", f"För många uppgifter på en gång. Högst {MAX_FIELDS} tas emot.")]) from many
        self.pairs = [(name, value.replace("\r\n", "\n").strip()) for name, value in pairs if name != CSRF_FIELD]
        self._last = dict(self.pairs)

    def __getitem__(self, name: str) -> str:
        return self._last[name]

    def __iter__(self) -> Any:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)

    def every(self, name: str) -> list[str]:
        """All values of one name, such as those of a group of checkboxes."""
        return [value for key, value in self.pairs if key == name]

    def having(self, name: str, value: str) -> "Form":
        """The same form with one value of a name instead of what stood there."""
        kept = [(key, typed) for key, typed in self.pairs if key != name]
        return Form(urlencode([*kept, (name, value)]).encode())

    def about(self, names: Collection[str]) -> "Form":
        """The same form without what is of other fields than these; what a page says to itself stays."""
        kept = {*names, *CONTROLS}
        pairs = [(key, typed) for key, typed in self.pairs if key.startswith(OWN) or key.split(".")[0] in kept]
        return Form(urlencode(pairs).encode())

    def version(self) -> int:
        """The version that the form was made from; 0 when it says none."""
        return int(self["version"]) if _COUNT.fullmatch(self.get("version", "")) else 0

    def made_from(self, newest: int, refusal: "Refusal") -> int:
        """The version that the form goes on from when it is shown: `newest` at first, and once it told of a clash.

        After any other refusal it is still the form's own, so that what others saved meanwhile is not gone over unseen.
        """
        return newest if refusal.is_stale or "version" not in self else self.version()

    def read(self, kind: type[msgspec.Struct]) -> Any:
        """The form as a struct: empty fields count as not given, numbers may have a comma, times are Swedish.

        Raises `Invalid` with every bad field.
        """
        return parse(kind, self.plain(kind))

    def plain(self, kind: type[msgspec.Struct]) -> dict[str, Any]:
        """The plain values for a struct of `kind`, nested by dotted names; lists by index, empty rows left out."""
        tree: dict[str, Any] = {}
        for name, value in self.pairs:
            if value and name not in CONTROLS and not name.startswith(OWN):
                _plant(tree, name.split(".", MOST_NESTED), value)
        found: dict[str, Any] = _shaped(kind, tree)
        return found


class Refusal(msgspec.Struct, frozen=True):
    """Why a form was not accepted, for its page to show: the status, the sentence, and every bad field."""

    status: int
    message: str
    problems: list[Problem]

    @property
    def is_stale(self) -> bool:
        """Whether someone else changed it first."""
        return self.status == STATUS[Stale][1]

    def of(self, field: str) -> str:
        """The sentence beside one field; empty when it is fine."""
        return next((problem.message for problem in self.problems if problem.field == field), "")


NO_REFUSAL = Refusal(status=200, message="", problems=[])


def shown_again(
    again: Callable[..., Response[Any]],
) -> Callable[[Callable[P, Response[Any]]], Callable[P, Response[Any]]]:
    """Make a form handler show its page again when the act refuses, with all typing kept.

    `again` takes the handler's own arguments and `refusal`; it runs in a unit of work of its own.
    """

    def around(handler: Callable[P, Response[Any]]) -> Callable[P, Response[Any]]:
        @wraps(handler)
        def answering(*args: P.args, **kwargs: P.kwargs) -> Response[Any]:
            try:
                return handler(*args, **kwargs)
            except (Invalid, RuleBroken, Stale) as error:
                refusal = Refusal(status_of(error, api=False), error.message, problems_of(error))
            return again(*args, **kwargs, refusal=refusal)

        return answering

    return around


def _plant(tree: dict[str, Any], path: list[str], value: str) -> None:
    name, *rest = path
    if not rest:
        tree[name] = [*tree[name], value] if isinstance(tree.get(name), list) else [value]
        return
    branch = tree.setdefault(name, {})
    if isinstance(branch, dict):
        _plant(branch, rest, value)


def _shaped(kind: Any, raw: Any) -> Any:
    options = [option for option in _options(kind) if option is not type(None)]
    option = options[0] if options else kind
    if hasattr(option, "__metadata__") and get_origin(get_args(option)[0]) in {list, tuple}:
        option = get_args(option)[0]  # a list with a limit to its length is a list
    if isinstance(option, type) and issubclass(option, msgspec.Struct):
        return _shaped_struct(option, raw)
    if get_origin(option) in {list, tuple}:
        return _shaped_list(get_args(option)[0], raw)
    return _shaped_value(options, raw)


def _shaped_struct(kind: type, raw: Any) -> Any:
    if not isinstance(raw, dict):
        return raw
    fields = fields_of(kind)
    return {name: _shaped(fields[name][0], value) if name in fields else value for name, value in raw.items()}


def _shaped_list(kind: Any, raw: Any) -> Any:
    if isinstance(raw, dict):
        places = sorted((key for key in raw if is_place(key)), key=int)
        return [_shaped(kind, raw[place]) for place in places]
    return [_shaped(kind, [value]) for value in raw]


def _shaped_value(options: list[Any], raw: Any) -> Any:
    text = raw[-1] if isinstance(raw, list) else raw
    bases = {get_args(option)[0] if hasattr(option, "__metadata__") else option for option in options}
    if not isinstance(text, str):
        return text
    if bool in bases:
        return text in {"yes", "on", "true", "1"}
    if datetime in bases and _WALL_TIME.fullmatch(text):
        return _instant(text)
    if not bases & {int, float, Decimal}:
        return text
    return _number(text.replace(",", ".").replace("\u00a0", "").replace(" ", ""), bases)


def _instant(text: str) -> str:
    """Swedish wall time with its zone; one that never comes, as in the hour that spring skips, stays as it is."""
    try:
        typed = datetime.fromisoformat(text)
        moment = typed.replace(tzinfo=STOCKHOLM)
        comes = moment.astimezone(UTC).astimezone(STOCKHOLM).replace(tzinfo=None) == typed
    except (ValueError, OverflowError):
        return text
    return moment.isoformat() if comes else text


def _number(text: str, bases: set[Any]) -> Any:
    if int in bases and _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if float in bases and _NUMBER.fullmatch(text) else text


def _options(kind: Any) -> list[Any]:
    args = [option for option in get_args(kind) if option is not msgspec.UnsetType]
    return (
        args if get_origin(kind) not in {list, tuple, None} and not hasattr(kind, "__metadata__") and args else [kind]
    )
