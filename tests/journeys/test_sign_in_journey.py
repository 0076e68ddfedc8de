"""The sign-in in a real browser: to the provider and back, the choice of an assignment, and out at both ends."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import make
from browsing import Visitors, is_clean
from mdk.db import Database
from mdk.people import service
from oidc import CLIENT_ID, CLIENT_SECRET, Teller, telling
from running import serving

pytestmark = pytest.mark.browser


@pytest.fixture
def teller() -> Iterator[Teller]:
    with telling() as found:
        found.claims = {"email": "ny@demo.mdk", "email_verified": True}
        yield found


@pytest.fixture
def address(embedded: Database, tmp_path: Path, teller: Teller) -> Iterator[str]:
    """An installation whose people sign in elsewhere; one of them has two assignments."""
    make.people(embedded)
    with embedded.writing() as session:
        for role, unit in (("chair", "mdk-samordning"), ("referrer", "palliativa-vaxjo")):
            service.add(session, email="ny@demo.mdk", name="Ny Läkare", role=role, unit_id=unit, at=make.AT)
    sign_in = {
        "MDK_OIDC_ISSUER": teller.issuer,
        "MDK_OIDC_CLIENT_ID": CLIENT_ID,
        "MDK_OIDC_CLIENT_SECRET": CLIENT_SECRET,
    }
    with serving(embedded, tmp_path, own_address=True, more=sign_in) as (_, port):
        yield f"http://127.0.0.1:{port}"


def prove(page: Page) -> None:
    """Say at the provider who one is."""
    page.get_by_role("link", name="Logga in med tjänstelegitimation").click()
    page.get_by_role("link", name="Intyga vem jag är").click()


def test_a_doctor_with_two_assignments_signs_in_switches_and_signs_out(address: str, new_visitor: Visitors) -> None:
    page = new_visitor(width=390)
    page.goto(f"{address}/conferences")
    expect(page).to_have_url(f"{address}/sign-in")
    is_clean(page)
    prove(page)
    expect(page.get_by_role("heading", name="Välj uppdrag")).to_be_visible()
    is_clean(page)
    page.get_by_role("button", name=re.compile("Konferensordförande")).click()
    expect(page).to_have_url(f"{address}/conferences")
    open_own_menu(page)
    page.get_by_role("link", name="Byt uppdrag").click()
    expect(page.get_by_text("du arbetar så nu")).to_be_visible()
    page.get_by_role("button", name=re.compile("Remittent")).click()
    expect(page).to_have_url(f"{address}/")
    open_own_menu(page)
    page.get_by_role("link", name="Mina inloggningar").click()
    expect(page.get_by_text("Den här")).to_have_count(1)
    is_clean(page)
    open_own_menu(page)
    page.get_by_role("button", name="Logga ut").click()
    page.get_by_role("link", name="Avsluta här med").click()
    expect(page).to_have_url(f"{address}/signed-out")
    is_clean(page)
    page.goto(f"{address}/cases")
    expect(page).to_have_url(f"{address}/sign-in")


def test_who_is_not_known_is_told_why_and_what_to_do(address: str, teller: Teller, new_visitor: Visitors) -> None:
    teller.claims["email"] = "eva@elsewhere.example"
    page = new_visitor(javascript=False)
    page.goto(address)
    prove(page)
    expect(page.get_by_role("heading", name="Inloggningen gick inte")).to_be_visible()
    expect(page.get_by_role("link", name="Försök igen")).to_have_attribute("href", "/sign-in")


def open_own_menu(page: Page) -> None:
    page.locator(".mdk-viewer > summary").click()
