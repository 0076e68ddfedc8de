"""Owns Swedish identity numbers: personnummer, samordningsnummer and nationellt reservnummer, stored as 12 characters.

The number itself never stands in an error, so that logs and problem documents stay free of it.
"""

import re
from datetime import date
from typing import Literal

import msgspec

from mdk.errors import RuleBroken

Kind = Literal["personnummer", "samordningsnummer", "reservnummer"]
Sex = Literal["female", "male"]

COORDINATION_DAY = 60
LAST_RESERVE_CENTURY = 98  # 20 + 78, the 26th series of the national format
UNWANTED = frozenset({"APA"})  # the one letter triple that a public test vector shows to be withheld

_SPACES = re.compile(r"[\s\u00a0\u2000-\u200b\u202f\u2060\ufeff]+")
_DASHES = re.compile(r"[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_TWELVE = re.compile(r"(\d{8})[-+]?(\d{4})", re.ASCII)
_TEN = re.compile(r"(\d{6})([-+]?)(\d{4})", re.ASCII)
_RESERVE = re.compile(r"(\d{8})-?([A-HJ-NPR-UX-Z]{2}[0-9A-HJ-NPR-UX-Z]\d)", re.ASCII)


class Identity(msgspec.Struct, frozen=True):
    """A valid number in 12 characters, its kind, and what it tells: birth date and sex, None where it does not."""

    value: str
    kind: Kind
    birth_date: date | None
    sex: Sex | None


def parse_identity(text: str, *, today: date) -> Identity:
    """Reads a number typed in any usual way: 10 or 12 digits, with -, + or spaces, any dash, small letters.

    Ten digits mean the latest such person not yet 100 years old by the year, with + the latest who is. A
    samordningsnummer may have month 00, day 60 or an impossible date: its birth date is then unknown.

    Raises:
        RuleBroken: `identity.empty`, `identity.format`, `identity.date`, `identity.future` or `identity.check-digit`.

    """
    typed = _DASHES.sub("-", _SPACES.sub("", text)).upper()
    if not typed:
        raise RuleBroken("identity.empty", "Ange personnummer, samordningsnummer eller reservnummer.")
    if match := _TWELVE.fullmatch(typed):
        return _numeric(match[1] + match[2], today)
    if match := _TEN.fullmatch(typed):
        return _numeric(_with_century(match[1], match[2], today) + match[3], today)
    if match := _RESERVE.fullmatch(typed):
        return _reserve(match[1] + match[2], today)
    raise RuleBroken("identity.format", "Skriv numret med 10 eller 12 siffror, till exempel ÅÅÅÅMMDD-NNNN.")


def age_on(birth_date: date | None, on: date) -> int | None:
    """Whole years at a date; born 29 February is a year older on 1 March. None when the birth date is unknown."""
    if birth_date is None:
        return None
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def display(value: str) -> str:
    """A stored number as people read it: ÅÅÅÅMMDD-NNNN."""
    return f"{value[:8]}-{value[8:]}"


def check_digit(first_eleven: str) -> int:
    """The Luhn digit of a reservnummer: letters count as their ASCII code, the rightmost is doubled."""
    total = 0
    for place, sign in enumerate(reversed(first_eleven)):
        weighed = (int(sign) if sign.isdigit() else ord(sign)) * (2 if place % 2 == 0 else 1)
        total += sum(int(digit) for digit in str(weighed))
    return -total % 10


def _numeric(value: str, today: date) -> Identity:
    year, month, day = int(value[:4]), int(value[4:6]), int(value[6:8])
    coordination = day >= COORDINATION_DAY
    day -= COORDINATION_DAY if coordination else 0
    _check_date(year, month, day, coordination=coordination)
    if (year, month, day) > (today.year, today.month, today.day):
        raise RuleBroken("identity.future", "Födelsedatumet ligger i framtiden. Kontrollera århundradet.")
    _check_digit_of(value, value[2:11])
    kind: Kind = "samordningsnummer" if coordination else "personnummer"
    return Identity(value, kind, _calendar(year, month, day), _sex(value[10]))


def _check_date(year: int, month: int, day: int, *, coordination: bool) -> None:
    in_range = coordination and month <= 12 and day <= 31
    if not 1800 <= year < 2200 or not (in_range or (not coordination and _calendar(year, month, day))):
        raise RuleBroken("identity.date", "Numrets första del är inget giltigt datum. Kontrollera siffrorna.")


def _with_century(six: str, sign: str, today: date) -> str:
    """The eight digits that six mean: the latest date not in the future, with + at least 100 years back."""
    short, month, day = int(six[:2]), int(six[2:4]), int(six[4:])
    day -= COORDINATION_DAY if day >= COORDINATION_DAY else 0
    if sign == "+":
        year = today.year - 100 - (today.year - short) % 100
    else:
        year = today.year - (today.year - short) % 100
        year -= 100 if (year, month, day) > (today.year, today.month, today.day) else 0
    return f"{year:04}{six[2:]}"


def _reserve(value: str, today: date) -> Identity:
    birth_date = _reserve_birth_date(value)
    if birth_date and birth_date > today:
        raise RuleBroken("identity.future", "Födelsedatumet ligger i framtiden. Kontrollera århundradet.")
    if value[8:11] in UNWANTED:
        raise RuleBroken("identity.format", "Bokstäverna i reservnumret används inte. Kontrollera numret.")
    _check_digit_of(value, value[:11])
    return Identity(value, "reservnummer", birth_date, _sex(value[10]))


def _reserve_birth_date(value: str) -> date | None:
    """The birth date of a reservnummer: 00 is unknown, else the century raised by a multiple of three up to 78."""
    series, month, day = int(value[:2]), int(value[4:6]), int(value[6:8])
    if series == 0 and month >= 20 and 40 <= day <= 59:
        return None
    century = {0: 18, 1: 19, 2: 20}[series % 3]
    found = _calendar(century * 100 + int(value[2:4]), month, day)
    if not 22 <= series <= LAST_RESERVE_CENTURY or found is None:
        raise RuleBroken("identity.date", "Reservnumrets första del är inget giltigt datum. Kontrollera siffrorna.")
    return found


def _check_digit_of(value: str, counted: str) -> None:
    if check_digit(counted) != int(value[11]):
        raise RuleBroken("identity.check-digit", "Kontrollsiffran stämmer inte. Kontrollera numret.")


def _calendar(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _sex(sign: str) -> Sex | None:
    if not sign.isdigit():
        return None
    return "male" if int(sign) % 2 else "female"
