"""Owns where the tests keep what is never worth a wait for the disk: in memory, where there is room for it.

To copy a PostgreSQL database takes 20 ms there, and on a disk ten to twenty times as long.
"""

import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM = 2_000_000_000  # bytes


def folder(prefix: str) -> Path:
    """A new folder, to be removed by who asked for it. Its name is short: a socket's path may hold 107 characters."""
    there = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if there else "/tmp"))
