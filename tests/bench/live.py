"""Measures how long it takes from a save to another browser's screen, in Chromium, on the store that it is given."""

import time

import httpx
import msgspec
from playwright.sync_api import Page
from rich.console import Console

import make
from bench.load import DEMO, percentile
from browsing import chromium, launched
from mdk import bearers, clock
from mdk.db import Database
from mdk.people import sign_ins
from mdk_web.callers import SESSION_COOKIE

SAVES = 40
ISSUER = "http://127.0.0.1:8000"
AIM = 100.0  # milliseconds for 95 of 100
# When the number of a save stands in the minutes that the other reads, on the clock that both share.
_WATCH = """() => {
    window.seen = {};
    const note = () => {
        const found = document.querySelector("#minutes-read")?.textContent.match(/Spar (\\d+)\\./);
        if (found && !(found[1] in window.seen)) window.seen[found[1]] = performance.timeOrigin + performance.now();
    };
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


def show(database: Database, port: int, *, store: str) -> None:
    """Save again and again as the chair, watch as a member, and print how long each took to be seen."""
    path = chromium()
    if path is None:
        Console().print("save to screen: no Chromium here")
        return
    number = make.accepted(database, at=clock.now() - make.DAY)
    starts_at = clock.now() + 2 * make.DAY
    conference = make.conference(database, [number], starts_at=starts_at)
    make.release(database, conference, at=clock.now())
    make.opened(database, conference, at=clock.now())
    with launched(path) as browser:
        context = browser.new_context()
        context.add_cookies([{"name": SESSION_COOKIE, "value": _cookie(database), "url": f"http://127.0.0.1:{port}"}])
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/conferences/{conference}/session/{number}")
        page.evaluate(_WATCH)
        page.wait_for_timeout(500)
        waits = _waits(database, page, port, f"/conferences/{conference}/cases/{number}/minutes")
    p50, p95 = percentile(waits, 0.5), percentile(waits, 0.95)
    Console(width=100).print(
        f"save, commit, another's screen, {store}: p50 {p50:.0f} ms, p95 {p95:.0f} ms (aim {AIM:.0f})"
    )


def _waits(database: Database, page: Page, port: int, path: str) -> list[float]:
    """The milliseconds from each save, its own time and commit included, to its being seen."""
    saved: dict[str, float] = {}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", headers=_chair(database)) as chair:
        for save in range(SAVES):
            body = msgspec.json.encode(make.minutes_body(answer=f"Spar {save}."))
            sent = time.time()
            answer = chair.put(path, content=body, headers={"If-Match": f'"{save}"'})
            answer.raise_for_status()
            saved[str(save)] = sent
            while not page.evaluate(f"'{save}' in window.seen"):
                time.sleep(0.005)
    seen: dict[str, float] = page.evaluate("window.seen")
    return [seen[save] - at * 1000 for save, at in saved.items()]


def _cookie(database: Database) -> str:
    assignment = make.viewer(database, make.NURSE).assignment_id
    with database.writing() as session:
        return sign_ins.sign_in(session, assignment_id=assignment, at=clock.now(), address="127.0.0.1", door=DEMO)


def _chair(database: Database) -> dict[str, str]:
    chair = make.viewer(database, make.CHAIR)
    token = bearers.issue(
        make.SECRET,
        person_id=chair.person_id,
        assignment_id=chair.assignment_id,
        now=clock.now(),
        minutes=30,
        issuer=ISSUER,
    )
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
