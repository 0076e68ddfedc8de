"""Owns what makes names, addresses and links harmless in headers, parameters and calendars."""

import re
import unicodedata
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from mdk.errors import MdkError

LONGEST_NAME: Final = 100
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._+'-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", re.ASCII)
_CASE_NUMBER: Final = re.compile(r"MDK-\d{4}-\d+", re.IGNORECASE)
_BREAKS_PARAMETERS: Final = re.compile(r'[;:,"^\\<>]')
_IN_LINKS: Final = ":/?#[]@!$&'()*+,;=%-._~"


class Unsendable(MdkError):
    """This message must not leave: it would reveal something, or its receiver cannot be addressed."""

    code = "invitation.unsendable"


def address(given: str) -> str:
    """The address itself when it is one that needs no quoting anywhere.

    Raises: Unsendable for anything else, so that no address can add a header, a parameter or a receiver.
    """
    if _ADDRESS.fullmatch(given) is None:
        msg = "E-postadressen kan inte användas. Rätta den på personens sida."
        raise Unsendable(msg)
    return given


def name(given: str) -> str:
    """A display name on one line, without the characters that calendars and mail programs read as syntax."""
    spaced = _BREAKS_PARAMETERS.sub(" ", given)
    shown = "".join(" " if _is_invisible(letter) else letter for letter in spaced)
    return " ".join(shown.split())[:LONGEST_NAME].rstrip()


def link(given: str) -> str:
    """A web address in ASCII (RFC 3986), percent-encoded where it was not.

    Raises: Unsendable when it is no web address or holds a case number.
    """
    try:
        parts = urlsplit(given.strip())
        host = parts.netloc.encode("idna").decode() if not parts.netloc.isascii() else parts.netloc
    except (ValueError, UnicodeError):
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"http", "https"} or not host or any(map(_is_invisible, given.strip())):
        msg = "Länken är ingen webbadress. Rätta den på konferensens sida."
        raise Unsendable(msg)
    if _CASE_NUMBER.search(unquote(given)):
        msg = "Länken innehåller ett ärendenummer och får inte skickas."
        raise Unsendable(msg)
    return quote(urlunsplit(parts._replace(netloc=host)), safe=_IN_LINKS)


def _is_invisible(letter: str) -> bool:
    """Control, bidirectional, surrogate and separator characters; joiners inside emoji are kept."""
    return letter != "\u200d" and unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
