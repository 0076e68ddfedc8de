"""Owns the tokens of the API: whom one speaks for, for how long, and which were ended before their time."""

import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec

from mdk import tokens

LONGEST_LIFE: Final = 366 * 24 * 60  # minutes
_SECOND: Final = timedelta(seconds=1)
_PURPOSE: Final = tokens.Purpose("api", "Åtkomstnyckeln gäller inte eller har gått ut. Hämta en ny.")


class Bearer(msgspec.Struct, frozen=True):
    """Who calls the API, and under which assignment."""

    person_id: int
    assignment_id: int
    token_id: str
    issued_at: datetime
    expires_at: datetime


class _Claims(tokens.Claims):
    assignment: int


def issue(secret: str, *, person_id: int, assignment_id: int, now: datetime, minutes: int, issuer: str) -> str:
    """Sign an API token that lives `minutes` from `now`.

    Raises: ValueError when the secret is short, `now` is naive or `minutes` is not between one and a year's.
    """
    if not 1 <= minutes <= LONGEST_LIFE:
        msg = f"a token lives between 1 and {LONGEST_LIFE} minutes"
        raise ValueError(msg)
    issued = tokens.seconds(now)
    claims = _Claims(
        iss=issuer,
        aud=_PURPOSE.audience,
        sub=str(person_id),
        jti=secrets.token_hex(16),
        iat=issued,
        exp=issued + minutes * 60,
        assignment=assignment_id,
    )
    return tokens.sign(secret, claims, purpose=_PURPOSE)


def read(secret: str, token: str, now: datetime, *, issuer: str) -> Bearer:
    """Tell who an API token speaks for.

    Raises: TokenRefused for anything but an unexpired API token of this installation.
    """
    claims = tokens.read(secret, token, now, purpose=_PURPOSE, issuer=issuer, form=_Claims)
    person_id = tokens.subject(claims, _PURPOSE)
    return Bearer(person_id, claims.assignment, claims.jti, tokens.moment_of(claims.iat), tokens.moment_of(claims.exp))


def check_not_ended(bearer: Bearer, ended_at: datetime | None) -> None:
    """Check that a token was issued after those of its person were ended, if ever they were.

    A token knows no more than the second in which it was issued: one of that very second counts as ended.
    Raises: TokenRefused for one that was ended.
    """
    if ended_at is not None and bearer.issued_at <= ended_at:
        raise tokens.TokenRefused(_PURPOSE.refusal, "ended")


def next_moment(ended_at: datetime | None, now: datetime) -> datetime:
    """As of when tokens are issued that shall hold, or ended: now, but in no second in which others were ended."""
    return now if ended_at is None else max(now, ended_at + _SECOND)
