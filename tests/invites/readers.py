"""Owns other people's calendar readers: what they find wrong, and the UTC instants they understand."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import icalendar
import vobject  # type: ignore[import-untyped]

from leftout import skip_or_fail

NODE_MODULES = Path(os.environ.get("MDK_TEST_NODE") or Path(__file__).parents[2] / ".node") / "node_modules"
Span = tuple[datetime, datetime]
Reader = Callable[[bytes], Span]


def by_icalendar(raw: bytes) -> Span:
    calendar = icalendar.Calendar.from_ical(raw)
    assert [part.errors for part in calendar.walk()] == [[] for _ in calendar.walk()]
    entry = calendar.walk("VEVENT")[0]
    return entry["DTSTART"].dt.astimezone(UTC), entry["DTEND"].dt.astimezone(UTC)


def by_vobject(raw: bytes) -> Span:
    calendar = vobject.readOne(raw.decode())
    calendar.validate(raiseException=True)
    return calendar.vevent.dtstart.value.astimezone(UTC), calendar.vevent.dtend.value.astimezone(UTC)


def libical_reader(folder: Path) -> Reader:
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

    def read(raw: bytes) -> Span:
        lines = subprocess.run([program], input=raw, capture_output=True, check=True).stdout.decode().splitlines()
        complaints = [line for line in lines if line.startswith("error")]
        assert not complaints, "; ".join(complaints)
        start, end = (datetime.fromtimestamp(int(seconds), UTC) for seconds in lines[-1].split())
        return start, end

    return read


def icaljs_reader() -> Reader:
    """What Thunderbird's and Nextcloud's reader understands; node and its package ical.js are installed by .ci/run."""
    node = shutil.which("node") or shutil.which("nodejs")
    if node is None or not (NODE_MODULES / "ical.js").is_dir():
        skip_or_fail("no ical.js here: install node and run `npm install --prefix .node ical.js` to read with it")
    program = Path(__file__).with_name("icaljs.mjs")

    def read(raw: bytes) -> Span:
        module = NODE_MODULES / "ical.js" / "dist" / "ical.js"
        done = subprocess.run([node, program, module], input=raw, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        start, end = (datetime.fromtimestamp(int(each), UTC) for each in done.stdout.split())
        return start, end

    return read


def khal_reader(folder: Path) -> Reader:
    """A fresh khal with an empty calendar for each invitation; what it lists is what an end user sees."""
    khal = shutil.which("khal")
    if khal is None:
        skip_or_fail("no khal here: install khal to see invitations as an end user does")

    def read(raw: bytes) -> Span:
        home = folder / str(len(list(folder.iterdir())))
        (home / "calendar").mkdir(parents=True)
        config = home / "config"
        config.write_text(_KHAL_CONFIG.format(home=home))
        (home / "invitation.ics").write_bytes(raw)
        _khal(khal, config, "import", "--batch", "-a", "mdk", str(home / "invitation.ics"))
        day = by_icalendar(raw)[0].strftime("%Y-%m-%d")
        listed = _khal(
            khal, config, "list", "--day-format", "", "--format", "{start-long}|{end-long}|{title}", day, "1d"
        )
        start, end, title = listed.strip().split("|")
        assert title.strip() == "MDK smärta"
        return _utc(start), _utc(end)

    return read


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
