"""Every page that a role can reach by links, in a real browser on the demo: axe finds nothing, nothing overflows."""

import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from browsing import Visitors, is_clean
from hatched import demonstrating

pytestmark = pytest.mark.browser

MOST, FEWER = 16, 12
_NOT_WALKED = re.compile(r"\.ics$|^/schema|^/static")
# What is the same to everyone is looked at once at each width.
_SAME = re.compile(r"^/(?:help|about|sessions)")
_LOOKS_AT_ALL = {"Vera Remitterius", "Sam Ordnarsson"}
# One of each kind is enough: an address with its ids and queries taken out stands for all that are alike.
_KIND = re.compile(r"MDK-\d{4}-\d+|[0-9a-f]{32}|\?.*")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a demo with its story."""
    with demonstrating(tmp_path_factory.mktemp("demo") / "data") as (_, port, _data):
        yield port


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("Vera Remitterius", 390),
        ("Sam Ordnarsson", 1280),
        ("Olga Förare", 1280),
        ("Kim Smärtgren", 390),
        ("Disa Deltagare", 390),
        ("Nora Kirurg", 1280),
        ("Kajsa Funktion", 390),
        ("Cecilia Chef", 390),
        ("Loa Granskare", 1280),
        ("Adam Förvaltare", 1280),
    ],
)
def test_every_page_that_a_role_reaches_is_clean(port: int, new_visitor: Visitors, name: str, width: int) -> None:
    page = new_visitor(width=width)
    page.goto(f"http://127.0.0.1:{port}/sign-in")
    page.get_by_role("button", name=name).click()
    page.wait_for_load_state()
    waiting, met, walked = deque(["/"]), set[str](), 0
    is_first = name in _LOOKS_AT_ALL
    while waiting and walked < (MOST if is_first else FEWER):
        path = waiting.popleft()
        if _KIND.sub("…", path) in met:
            continue
        met.add(_KIND.sub("…", path))
        if _SAME.match(path) and not is_first:
            continue
        if is_page(page, f"http://127.0.0.1:{port}{path}"):
            page.goto(f"http://127.0.0.1:{port}{path}")
            is_fit_for_people(page)
            waiting.extend(links(page))
            walked += 1
    assert "/help" in met


def is_page(page: Page, address: str) -> bool:
    """Whether an address answers with a page; what it answers with otherwise is a file with something in it."""
    answer = page.request.get(address)
    assert answer.status == 200, address
    assert answer.body(), address
    return answer.headers["content-type"].startswith("text/html")


def is_fit_for_people(page: Page) -> None:
    """Axe is content, the page has one heading and a title, and nothing runs out at the side."""
    is_clean(page)
    assert page.get_by_role("heading", level=1).count() == 1, page.url
    assert page.title().endswith("– MDK smärta"), page.url
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{page.url} is {overflow} px too wide"


def links(page: Page) -> list[str]:
    """The addresses of the page's own links, in order."""
    found = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    here = urlsplit(page.url).netloc
    parts = [urlsplit(address) for address in found]
    paths = [part.path + (f"?{part.query}" if part.query else "") for part in parts if part.netloc == here]
    return [path for path in dict.fromkeys(paths) if not _NOT_WALKED.search(path)]
