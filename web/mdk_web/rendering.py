"""Owns the Jinja environment: templates beside their handlers, the filters, and the addresses of static files."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from msgspec import UNSET

from mdk import clock
from mdk.journey.pending import COUNTED
from mdk_web import words
from mdk_web.log_words import said_of

WEB = Path(__file__).resolve().parent  # not by a link that the next release moves while this one still runs
STATIC = WEB / "static"
NOT_GIVEN = "–"

# The names that forms, static/app.js and the application's CSRF check share.
CSRF_FIELD = "_csrf_token"
CSRF_COOKIE = "csrftoken"
CSRF_HEADER = "x-csrftoken"

_WEEKDAYS = ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag")
_MONTHS = (
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
)
_SHORT_MONTHS = ("jan", "feb", "mars", "april", "maj", "juni", "juli", "aug", "sep", "okt", "nov", "dec")


def local(value: datetime) -> datetime:
    """The same instant on Stockholm's clock. Raises ValueError for a time without a zone."""
    if value.tzinfo is None:
        message = f"a time without a zone cannot be shown: {value!r}"
        raise ValueError(message)
    return clock.local(value)


def _as_date(value: date | str) -> date:
    if isinstance(value, datetime):
        return local(value).date()
    return date.fromisoformat(value) if isinstance(value, str) else value


def _today() -> date:
    return clock.today(clock.now())


def day(value: date | str | None, *, today: date | None = None) -> str:
    """`ons 25 nov`, with the year when it is another than this. Takes a date, a time or an ISO date."""
    if not value:
        return NOT_GIVEN
    given = _as_date(value)
    text = f"{_WEEKDAYS[given.weekday()][:3]} {given.day} {_SHORT_MONTHS[given.month - 1]}"
    return text if given.year == (today or _today()).year else f"{text} {given.year}"


def full_day(value: date | str) -> str:
    """`onsdag 25 november 2026`."""
    given = _as_date(value)
    return f"{_WEEKDAYS[given.weekday()]} {given.day} {_MONTHS[given.month - 1]} {given.year}"


def month(value: date | str) -> str:
    """`november 2026`."""
    given = _as_date(value)
    return f"{_MONTHS[given.month - 1]} {given.year}"


def clock_time(value: datetime | None) -> str:
    """`13:15` on Stockholm's clock."""
    return NOT_GIVEN if value is None else f"{local(value):%H:%M}"


def when(value: datetime | None, *, today: date | None = None) -> str:
    """`ons 25 nov 13:15` on Stockholm's clock."""
    return NOT_GIVEN if value is None else f"{day(value, today=today)} {clock_time(value)}"


def full_when(value: date | str) -> str:
    """The full date, with the time and its zone when there is one, for hover and screen readers."""
    if isinstance(value, datetime):
        return f"{full_day(value)} kl. {clock_time(value)} (svensk tid)"
    return full_day(value)


def iso(value: date | str) -> str:
    """What goes into `<time datetime>`."""
    return local(value).isoformat() if isinstance(value, datetime) else _as_date(value).isoformat()


def days(value: date | str | None, *, today: date | None = None) -> str:
    """The distance from today in days: `i dag`, `i går`, `om 3 dagar`, `för 12 dagar sedan`."""
    if not value:
        return NOT_GIVEN
    distance = (_as_date(value) - (today or _today())).days
    near = {0: "i dag", 1: "i morgon", -1: "i går"}
    if distance in near:
        return near[distance]
    return f"om {distance} dagar" if distance > 0 else f"för {-distance} dagar sedan"


def in_days(value: float | Decimal | None) -> str:
    """A length in days: `1 dag`, `10,4 dagar`."""
    return f"{number(value)} {'dag' if value == 1 else 'dagar'}"


def number(value: float | Decimal | str | None, decimals: int | None = None) -> str:
    """A number as Swedes write it: decimal comma, no-break space between thousands, a true minus."""
    if value is None or value == "":
        return NOT_GIVEN
    exact = Decimal(str(value))
    text = f"{exact:,f}" if decimals is None else f"{exact:,.{decimals}f}"
    if decimals is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "\u2212").replace(",", "\u00a0").replace(".", ",")


def many(count: int) -> str:
    """A count that is followed to a thousand and no further."""
    return str(count) if count < COUNTED else f"över {COUNTED - 1}"


def typed(value: object) -> str:
    """What stands in a control: nothing for what was not given, else the value as it was typed or stored."""
    return "" if value is None or value is UNSET else str(value)


def field_id(name: str) -> str:
    """The id of a field's control: `medicines.opioids.0.dose` or `…[0].dose` → `f-medicines-opioids-0-dose`."""
    return "f-" + re.sub(r"[^A-Za-z0-9_]+", "-", str(name)).strip("-")


def identity_number(value: str) -> str:
    """Twelve signs are told as `19400104-2383`, anything else as it stands."""
    return f"{value[:8]}-{value[8:]}" if len(value) == 12 and value.isalnum() else value


def day_off(value: date | str) -> str:
    """The name of the public holiday or eve on a day; empty on any other."""
    return clock.day_off(_as_date(value))


@cache
def static_url(path: str) -> str:
    """The address of a file under static/, with its content's hash so that it may be cached for ever."""
    digest = sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


@cache
def environment() -> Environment:
    """The one Jinja environment; an unknown name or a forgotten macro argument raises."""
    made = Environment(
        loader=FileSystemLoader(WEB),
        autoescape=select_autoescape(enabled_extensions=("html", "svg"), disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    filters = (
        *(when, day, full_day, full_when, month, clock_time, days, in_days, many, number, typed, field_id),
        *(identity_number, iso, day_off),
        said_of,
    )
    made.filters.update({each.__name__: each for each in filters})
    made.filters["word"] = lambda code, group: words.word(group, code)
    globals_: Mapping[str, object] = {
        "static_url": static_url,
        "word": words.word,
        "options": words.options,
        "state_of": words.state,
        "label": words.label,
        "CSRF_FIELD": CSRF_FIELD,
    }
    made.globals.update(globals_)
    return made


def render(template: str, **context: object) -> str:
    """The template's text, such as `cases/show.html` under web/mdk_web, filled with the context."""
    return environment().get_template(template).render(context)
