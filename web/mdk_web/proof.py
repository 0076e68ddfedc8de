"""Owns the token by which a form proves that it was sent from a page of ours, as pages write it."""

from typing import Any

from litestar import Request
from litestar.utils.scope.state import ScopeState


def csrf_token(request: Request[Any, Any, Any]) -> str:
    """The token that every form of this answer carries."""
    token = ScopeState.from_scope(request.scope).csrf_token
    return token if isinstance(token, str) else ""
