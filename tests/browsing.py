"""Owns the browser of the tests: Chromium, and visitors whose pages must not complain."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

import leaks

_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_ONLY_VIOLATIONS = """
axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => ({violations}))
"""
# An answer with status 4xx is part of many tests and is asserted there; the browser notes it in its console.
_EXPECTED = "Failed to load resource: the server responded with a status of 4"


def chromium() -> str | None:
    """The path of a Chromium on this machine, if there is one."""
    given = os.environ.get("MDK_TEST_CHROMIUM")
    return given or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """Chromium, headless, until the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGS)
        try:
            yield browser
        finally:
            browser.close()


class Visitors:
    """Makes pages, each with cookies of its own, and remembers what the browser complained of."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.complaints: list[str] = []

    def __call__(self, *, width: int = 1280, height: int = 900, javascript: bool = True) -> Page:
        """A page of a visitor that nobody knows yet."""
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
            locale="sv-SE",
            timezone_id="Europe/Stockholm",
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("console", self._hear)
        page.on("request", self._look)
        page.on("response", self._see)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        return page

    def leave(self) -> None:
        """Close every page."""
        for context in list(self._browser.contexts):
            context.close()

    def _look(self, request: Request) -> None:
        """Nothing is asked of anybody but this machine: no page of ours may tell a third party that it was opened."""
        host = urlsplit(request.url).hostname
        if host not in {None, "127.0.0.1", "localhost"}:
            self.complaints.append(f"a request to {host}")

    def _see(self, answer: Response) -> None:
        leaks.WATCH.see_address(answer.url, answer.request.headers.get("referer", ""))
        leaks.WATCH.see_headers(urlsplit(answer.url).path, answer.headers)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_EXPECTED):
            self.complaints.append(f"{message.location.get('url', '')}: {message.text}")


def is_clean(page: Page) -> None:
    """Axe finds nothing on the page as it is now."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = AxeResults(page.evaluate(_ONLY_VIOLATIONS))  # what passed would be megabytes
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
