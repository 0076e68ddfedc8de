"""What is known of the disk below a store."""

import time

from mdk.disk import Disk


def test_a_disk_is_slow_when_most_of_its_latest_commits_were() -> None:
    disk = Disk()
    assert (disk.commit_seconds, disk.is_slow) == (0.0, False)
    for pause in (0.15, 0.0, 0.0, 0.15, 0.0):
        with disk.saving():
            time.sleep(pause)
    assert not disk.is_slow
    for _ in range(2):
        with disk.saving():
            time.sleep(0.15)
    assert disk.is_slow
