"""Owns what the access log keeps of calls that nobody stands behind: a row each, as many as no flood exceeds."""

from contextlib import suppress

from mdk import clock
from mdk.audit.service import refused
from mdk.audit.structs import Actor
from mdk.db import Database
from mdk.errors import MdkError, Unavailable
from mdk.tokens import TokenRefused
from mdk_web.callers import Connection, address_of
from mdk_web.limits import DENIED, DENIED_OF_ALL, REFUSED_TOKENS, limits_of, network_of


def turn_away(connection: Connection, refusal: MdkError, *, surface: str) -> None:
    """Write that someone unknown was turned away, from where, and from which route; never what they named in it.

    Where the log cannot be written they are turned away all the same: nothing was shown. Raises `TooMany` for whoever
    goes on showing tokens that are refused.
    """
    _log(connection, surface, refusal.code)
    if isinstance(refusal, TokenRefused):
        limits_of(connection).take(REFUSED_TOKENS, network_of(connection))


def _log(connection: Connection, surface: str, reason: str) -> None:
    limits, database = limits_of(connection), connection.app.state.database
    with suppress(Unavailable):
        if limits.may(DENIED, network_of(connection)) and limits.may(DENIED_OF_ALL, ""):
            _write(database, connection, surface, reason)


def _write(database: Database, connection: Connection, surface: str, reason: str) -> None:
    act = f"{connection.scope.get('method', '')} {connection.scope['path_template']}"
    by = Actor(surface=surface, address=address_of(connection))
    with database.writing() as session:
        refused(session, act, by=by, at=clock.now(), reason=reason)
