"""Owns the checks of single settings: each takes the value and says what is wrong with it, or nothing."""

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit

SECRET_LENGTH: Final = 32
LONGEST_LINE: Final = 200
FEWEST_DIGITS: Final = 6  # kinds of digits; 64 drawn by chance hold fewer once in 10^20
_HEXADECIMAL: Final = re.compile(r"([0-9A-Fa-f]{2}){32,}", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?", re.ASCII)


def database(value: str) -> str:
    """An address of either store, or nothing."""
    known = ("sqlite:///", "postgresql://", "postgres://")
    return "" if not value or value.startswith(known) else "ska börja med sqlite:/// eller postgresql://"


def address(value: str) -> str:
    """An address on the web."""
    return "" if value.startswith(("http://", "https://")) else "ska vara en adress som börjar med https://"


def protected(value: str) -> str:
    """On an open line anyone reads the session's cookie; this machine itself is no line."""
    if value.startswith("https://") or (value.startswith("http://") and is_this_machine(urlsplit(value).hostname)):
        return ""
    return "ska vara en adress som börjar med https:// (http:// duger bara på den egna datorn)"


def protected_or_none(value: str) -> str:
    """As `protected`, or nothing."""
    return protected(value) if value else ""


def is_this_machine(host: str | None) -> bool:
    """Whether a host is a name of the machine itself."""
    return host in {"127.0.0.1", "localhost", "::1"}


def address_or_none(value: str) -> str:
    """As `address`, or nothing."""
    return address(value) if value else ""


def mail(value: str) -> str:
    """A way out for mail, or nothing."""
    return (
        ""
        if not value or value.startswith(("smtp://", "smtps://", "file:"))
        else "ska vara smtp://, smtps:// eller file:KATALOG"
    )


def inbox(value: str) -> str:
    """A mailbox to read, or nothing."""
    return (
        ""
        if not value or value.startswith(("imaps://", "imap://"))
        else "ska vara imaps://användare:lösenord@server/mapp"
    )


def mailbox(value: str) -> str:
    """A mail address."""
    return "" if "@" in value else "ska vara en e-postadress"


def line(value: str) -> str:
    """One short line of readable signs."""
    return (
        "" if value.isprintable() and len(value) <= LONGEST_LINE else f"ska vara en rad med högst {LONGEST_LINE} tecken"
    )


def hosts(value: str) -> str:
    """Names of hosts with commas between, or nothing."""
    bad = [host for host in value.split(",") if value and not _HOST.fullmatch(host.strip())]
    return (
        f"har {bad[0].strip() or 'ett tomt namn'!r}, som inte är en värd, till exempel kalender.region.se"
        if bad
        else ""
    )


def networks(value: str) -> str:
    """Addresses or networks with commas between, or nothing."""
    for each in filter(None, value.split(",")):
        try:
            ip_network(each.strip())
        except ValueError:
            return "ska vara nätverksadresser med komma emellan, till exempel 10.0.0.5, 10.0.0.0/24"
    return ""


def whole(least: int, most: int) -> Callable[[str], str]:
    """A whole number from `least` to `most`."""

    def check(value: str) -> str:
        fits = value.isascii() and value.isdecimal() and least <= int(value[:9]) <= most
        return "" if fits else f"ska vara ett heltal från {least} till {most}"

    return check


def or_none(check: Callable[[str], str]) -> Callable[[str], str]:
    """As `check`, or nothing."""
    return lambda value: check(value) if value else ""


def words(value: str) -> str:
    """A line that is not empty."""
    return line(value) if value else "får inte vara tomt"


def scopes(value: str) -> str:
    """What is asked of an identity provider; `openid` is among it."""
    return line(value) if "openid" in value.split() else "ska innehålla openid"


def secret(value: str) -> str:
    """A secret that is long enough, or nothing."""
    return "" if not value or len(value) >= SECRET_LENGTH else f"är för kort: minst {SECRET_LENGTH} tecken behövs"


def key(value: str) -> str:
    """A key of at least 32 bytes that were drawn by chance, as hexadecimal digits, or nothing."""
    if not value or (_HEXADECIMAL.fullmatch(value) and len(set(value.lower())) >= FEWEST_DIGITS):
        return ""
    return "ska vara minst 64 slumpade hexadecimala tecken, till exempel från: openssl rand -hex 32"


def one_of(*choices: str) -> Callable[[str], str]:
    """One of `choices`."""
    return lambda value: "" if value in choices else "ska vara något av " + ", ".join(choices)


def zone(value: str) -> str:
    """The time of Sweden: days, deadlines and invitations are counted in it, and in no other."""
    return "" if value == "Europe/Stockholm" else "kan bara vara Europe/Stockholm: allt räknas i svensk tid"
