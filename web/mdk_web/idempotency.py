"""Owns the promise that a request with an Idempotency-Key is carried out once, however often it arrives."""

import hashlib
from collections.abc import Callable

from mdk.errors import Invalid, Problem, RuleBroken
from mdk_web.tables import IdempotencyKey
from mdk_web.visits import Visit

KEY_LIMIT = 200


def once(visit: Visit, route: str, body: bytes, make: Callable[[], str]) -> str:
    """The id of the resource that this request makes, or made when it arrived before with the same key.

    `make` carries the act out and gives the new resource's id; it runs in the visit's own transaction, as does the
    remembering of the key. Without the header `make` simply runs.
    Raises `Invalid` for a key that is too long, `RuleBroken("idempotency.other-body")` when the key came with another
    body.
    """
    key = visit.request.headers.get("idempotency-key", "").strip()
    if not key:
        return make()
    if len(key) > KEY_LIMIT:
        raise Invalid([Problem("Idempotency-Key", f"Nyckeln är för lång. Högst {KEY_LIMIT} tecken.")])
    digest = hashlib.sha256(body).hexdigest()
    known = visit.session.get(IdempotencyKey, (visit.viewer.person_id, key))
    if known is not None:
        if (known.route, known.body_hash) != (route, digest):
            raise RuleBroken("idempotency.other-body", "Nyckeln har redan använts för ett annat anrop.")
        return known.resource
    resource = make()
    visit.session.add(
        IdempotencyKey(
            person_id=visit.viewer.person_id,
            key=key,
            route=route,
            body_hash=digest,
            resource=resource,
            created_at=visit.at,
        )
    )
    return resource
