"""Owns a disk that obeys a test: how many flushes it took, how slow they are and which of them fail."""

import mmap
import shutil
import struct
import subprocess
from pathlib import Path

from leftout import skip_or_fail

_ORDERS = struct.Struct("5q")


class ObedientDisk:
    """The disk below one file and those whose names begin with its name, in processes with its `environment`."""

    def __init__(self, folder: Path, file: Path) -> None:
        orders = folder / "orders"
        orders.write_bytes(bytes(_ORDERS.size))
        with orders.open("r+b") as opened:
            self._orders = mmap.mmap(opened.fileno(), _ORDERS.size)
        self.environment = {
            "LD_PRELOAD": str(_compiled(folder)),
            "MDK_TEST_DISK_ORDERS": str(orders),
            "MDK_TEST_DISK_FILE": str(file.resolve()),
        }

    @property
    def flushes(self) -> int:
        return self._told()[0]

    @property
    def failed(self) -> int:
        return self._told()[4]

    def takes(self, milliseconds: int) -> None:
        """Each flush takes so long from now on."""
        struct.pack_into("q", self._orders, 8, milliseconds)

    def fails(self, *, after: int, times: int = 1) -> None:
        """After so many more flushes have gone well, the next ones fail."""
        first = self.flushes + after + 1
        struct.pack_into("2q", self._orders, 16, first, first + times - 1)

    def _told(self) -> tuple[int, ...]:
        return _ORDERS.unpack_from(self._orders)


def _compiled(folder: Path) -> Path:
    compiler, library = shutil.which("cc") or shutil.which("gcc"), folder / "disk.so"
    if compiler is None:
        skip_or_fail("no C compiler here: install gcc to see what a failing disk does")
    source = Path(__file__).with_name("disk.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library
