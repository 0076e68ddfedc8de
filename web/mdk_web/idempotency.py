"""Owns the promise that a request with an Idempotency-Key is carried out once, however often it arrives."""

import hashlib
from collections.abc import Callable

from sqlalchemy.dialects import postgresql, sqlite

from mdk.audit.service import seen
from mdk.errors import Invalid, Problem, RuleBroken
from mdk_web.tables import IdempotencyKey
from mdk_web.visits import Visit

KEY_LIMIT = 200


def once(visit: Visit, route: str, body: bytes, make: Callable[[], str], *, read: str = "") -> str:
    """The id of the resource that this request makes, or made when it arrived before with the same key.

    `make` carries the act out and gives the new resource's id; it runs in the visit's own transaction, as does the
    remembering of the key. Of two such requests at the same moment the second waits for the first. Without the header
    `make` simply runs. A repeat does no act, so where the resource is a case `read` says what its answer is logged as.
    Raises `Invalid` for a key that is empty or too long, `RuleBroken("idempotency.other-body")` when the key came with
    another body.
    """
    header = visit.request.headers.get("idempotency-key")
    if header is None:
        return make()
    key = header.strip()
    if not 1 <= len(key) <= KEY_LIMIT:
        raise Invalid([Problem("Idempotency-Key", f"Ange en nyckel på högst {KEY_LIMIT} tecken.")])
    digest = hashlib.sha256(body).hexdigest()
    is_first = _claim(visit, key, route, digest)
    known = visit.session.get_one(IdempotencyKey, (visit.viewer.person_id, key))
    if is_first:
        known.resource = make()
    elif (known.route, known.body_hash) != (route, digest):
        raise RuleBroken("idempotency.other-body", "Nyckeln har redan använts för ett annat anrop.")
    elif read:
        seen(visit.session, read, by=visit.viewer, at=visit.at, cases=(known.resource,))
    return known.resource


def _claim(visit: Visit, key: str, route: str, digest: str) -> bool:
    """Put the key down unless it is there; whether it was not. Waits for a transaction that is putting it down."""
    is_sqlite = visit.session.get_bind().dialect.name == "sqlite"
    insert = (sqlite.insert if is_sqlite else postgresql.insert)(IdempotencyKey).values(
        person_id=visit.viewer.person_id,
        key=key,
        route=route,
        body_hash=digest,
        resource="",
        created_at=visit.at,
    )
    claimed = visit.session.execute(insert.on_conflict_do_nothing().returning(IdempotencyKey.key))  # type: ignore[call-overload]
    return claimed.first() is not None
