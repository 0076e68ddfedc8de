"""Owns what the tests of the invitations share: a worker with its outbox folder, once for each store."""

from pathlib import Path

import pytest

from invites.post import Post
from mdk.db import Database


@pytest.fixture
def post(database: Database, tmp_path: Path) -> Post:
    """A worker on a fresh database, with an empty outbox."""
    return Post(database, tmp_path / "outbox")
