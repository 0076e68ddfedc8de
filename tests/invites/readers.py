"""Owns other people's calendar readers: what they find wrong, and the UTC instants they understand."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import icalendar
import vobject  # type: ignore[import-untyped]

from leftout import skip_or_fail

NODE_MODULES = Path(os.environ.get("MDK_TEST_NODE") or Path(__file__).parents[2] / ".node") / "node_modules"
Span = tuple[datetime, datetime]
Reader = Callable[[bytes], Span]
Batch = Callable[[Sequence[bytes]], list[Span]]


def by_icalendar(raw: bytes) -> Span:
    calendar = icalendar.Calendar.from_ical(raw)
    assert [part.errors for part in calendar.walk()] == [[] for _ in calendar.walk()]
    entry = calendar.walk("VEVENT")[0]
    return entry["DTSTART"].dt.astimezone(UTC), entry["DTEND"].dt.astimezone(UTC)


def many(read: Reader) -> Batch:
    """A reader of many calendars from a reader of one."""
    return lambda raws: [read(raw) for raw in raws]


def by_vobject(raw: bytes) -> Span:
    calendar = vobject.readOne(raw.decode())
    calendar.validate(raiseException=True)
    return calendar.vevent.dtstart.value.astimezone(UTC), calendar.vevent.dtend.value.astimezone(UTC)


def libical_reader(folder: Path) -> Batch:
    """Compile the checker; the reader fails when libical has a complaint."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        skip_or_fail("no C compiler here: install gcc to check invitations with libical")
    program = folder / "restrict"
    built = subprocess.run(
        [compiler, "-o", program, Path(__file__).with_name("restrict.c"), "-lical"],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        skip_or_fail("libical does not compile here: install libical-dev to check invitations with it")
    return partial(_each_by, [program])


def icaljs_reader() -> Batch:
    """What Thunderbird's and Nextcloud's reader understands; node and its package ical.js are installed by .ci/run."""
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None or not (NODE_MODULES / "ical.js").is_dir():
        skip_or_fail("no ical.js here: install node and run `npm install --prefix .node ical.js` to read with it")
    module = NODE_MODULES / "ical.js" / "dist" / "ical.js"
    return partial(_each_by, [node, Path(__file__).with_name("icaljs.mjs"), module])


def _each_by(command: list[str | Path], raws: Sequence[bytes]) -> list[Span]:
    """What a program that reads calendars, a NUL after each, understands of them; fails when it has a complaint."""
    given = b"".join(raw + b"\0" for raw in raws)
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode() or done.returncode
    spans: list[Span] = []
    for line in done.stdout.decode().splitlines():
        assert not line.startswith("error"), f"{line}\n{raws[len(spans)].decode()}"
        start, end = (datetime.fromtimestamp(int(seconds), UTC) for seconds in line.split())
        spans.append((start, end))
    assert len(spans) == len(raws)
    return spans


def khal_reader(folder: Path) -> Batch:
    """A fresh khal with an empty calendar for each batch of events; what it lists is what an end user sees."""
    khal = shutil.which("khal")
    if khal is None:
        skip_or_fail("no khal here: install khal to see invitations as an end user does")

    def read(raws: Sequence[bytes]) -> list[Span]:
        home = folder / f"khal-{len(list(folder.iterdir()))}"
        (home / "calendar").mkdir(parents=True)
        config = home / "config"
        config.write_text(_KHAL_CONFIG.format(home=home))
        files = [home / f"{place}.ics" for place in range(len(raws))]
        for file, raw in zip(files, raws, strict=True):
            file.write_bytes(raw)
        _khal(khal, config, "import", "--batch", "-a", "mdk", *map(str, files))
        days = [by_icalendar(raw)[0] for raw in raws]
        frame = [f"{min(days):%Y-%m-%d}", f"{max(days) + timedelta(days=1):%Y-%m-%d}"]
        listed = _khal(khal, config, "list", "--day-format", "", "--format", _KHAL_LINE, *frame)
        spans = {}
        for line in listed.splitlines():
            uid, start, end, title = line.strip().split("|")
            assert title.strip() == "MDK smärta"
            spans[uid] = _utc(start), _utc(end)
        return [spans[_uid(raw)] for raw in raws]

    return read


_KHAL_LINE = "{uid}|{start-long}|{end-long}|{title}"
_KHAL_CONFIG = """[calendars]
[[mdk]]
path = {home}/calendar
[locale]
local_timezone = UTC
default_timezone = UTC
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[sqlite]
path = {home}/khal.db
"""


def _khal(khal: str, config: Path, *arguments: str) -> str:
    environment = os.environ | {"LC_ALL": "C.UTF-8", "HOME": str(config.parent), "TZ": "UTC"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [khal, "-c", config, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _utc(text: str) -> datetime:
    return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def _uid(raw: bytes) -> str:
    return str(icalendar.Calendar.from_ical(raw).walk("VEVENT")[0]["UID"])
