"""The head of a page: its menus by keyboard alone, on a narrow screen, and without scripts."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from browsing import Visitors, is_clean
from hatched import demonstrating

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with demonstrating(tmp_path_factory.mktemp("head") / "demo", "--empty") as (_, port, _data):
        yield f"http://127.0.0.1:{port}"


def coordinator(page: Page, address: str) -> Page:
    page.goto(f"{address}/sign-in")
    page.get_by_role("button", name="Sam Ordnarsson").click()
    expect(page.locator("h1")).to_have_text("Mitt arbete")
    return page


def test_the_menus_open_and_close_by_keyboard(new_visitor: Visitors, address: str) -> None:
    page = coordinator(new_visitor(width=390), address)
    more, register = page.locator("summary", has_text="Mer"), page.get_by_role("link", name="Register")
    me, calendar = page.locator("summary", has_text="Sam Ordnarsson"), page.get_by_role("link", name="Min kalender")
    expect(register).to_be_hidden()
    more.focus()
    page.keyboard.press("Enter")
    expect(register).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    is_clean(page)
    page.keyboard.press("Escape")
    expect(register).to_be_hidden()
    expect(more).to_be_focused()
    page.keyboard.press("Space")
    expect(register).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Uppföljning")).to_be_focused()
    me.focus()
    expect(register).to_be_hidden()
    page.keyboard.press("Enter")
    expect(calendar).to_be_visible()
    is_clean(page)
    page.mouse.click(20, 880)
    expect(calendar).to_be_hidden()


def test_the_menus_need_no_script_and_say_where_one_is(new_visitor: Visitors, address: str) -> None:
    page = coordinator(new_visitor(javascript=False), address)
    page.locator("summary", has_text="Mer").click()
    page.get_by_role("link", name="Register").click()
    expect(page.locator("summary", has_text="Mer")).to_have_attribute("data-current", "yes")
    page.locator("summary", has_text="Sam Ordnarsson").click()
    page.get_by_role("button", name="Logga ut").click()
    expect(page.locator("h1")).not_to_have_text("Register")
