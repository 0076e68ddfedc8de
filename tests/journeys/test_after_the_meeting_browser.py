"""The same ways in a real browser, with axe at every step: one server and one browser for them all."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, expect

import earlier
import make
import stores
from browsing import Visitors, is_clean
from mdk.db import sqlite_file
from running import demonstrating

pytestmark = pytest.mark.browser

DAYS = 100
# Every state is met over the API; here those that a referrer sees on pages of different kinds.
DEATHS = (
    "case draft", "case submitted", "intern_pump more_information", "intern_pump implanted", "extern_pump preparing",
    "extern_pump inserted", "nerve_block open", "case scheduled", "case discussed",
)  # fmt: skip


class Clinic(NamedTuple):
    """A running demo, and the numbers of its cases: those of the journeys, and those at which patients die."""

    port: int
    numbers: dict[str, str]
    states: dict[str, str]


class Where(NamedTuple):
    """A region's function: its person, the points that apply there, and how wide its screen is."""

    region: str
    who: str
    points: int
    width: int


@pytest.fixture(scope="module")
def clinic(sqlite_file_once: Path) -> Iterator[Clinic]:
    database = make.people(stores.made(sqlite_file(sqlite_file_once)), at=earlier.ago(DAYS + 30))
    wanted = {
        "intern": ("intern_pump", earlier.submission({"treatments.imaging": []}, days=DAYS + 2)),
        "kronoberg": ("extern_pump", earlier.submission(days=DAYS + 2)),
        "skane": ("extern_pump", earlier.submission({"patient.home_region": "skane"}, days=DAYS + 2)),
        "block": ("nerve_block", earlier.submission(days=DAYS + 2)),
        "declined": ("intern_pump", earlier.submission(days=DAYS + 2)),
    }
    numbers = dict(zip(wanted, earlier.decided(database, list(wanted.values()), days=DAYS), strict=True))
    states = earlier.at_states(database, DEATHS, days=40)
    database.close()
    data = sqlite_file_once.parent / "demo"
    data.mkdir()
    shutil.move(sqlite_file_once, data / "mdk.sqlite")
    (data / "secret").write_text(make.SECRET)  # the store was sealed with it
    with demonstrating(data, "--empty") as (_, port, _data):
        yield Clinic(port, numbers, states)


def enter(new_visitor: Visitors, clinic: Clinic, name: str, *, width: int = 1280) -> Page:
    page = new_visitor(width=width)
    page.goto(f"http://127.0.0.1:{clinic.port}/sign-in")
    page.get_by_role("button", name=name).click()
    page.wait_for_load_state()
    return page


def to(page: Page, path: str) -> None:
    page.goto(re.sub(r"(https?://[^/]+).*", rf"\1{path}", page.url))


def act(page: Page, name: str, button: str, said: str, **fields: str) -> None:
    """Open one of the page's acts, fill in its fields by their names, send it, and read what is said after it."""
    form = page.locator(f"#act-{name}")
    if not form.is_visible():
        page.locator(f"#act-{name}-box > summary").click()
    for field, text in fields.items():
        control = form.locator(f'[name="{field}"]')
        if control.evaluate("control => control.tagName") == "SELECT":
            control.select_option(text)
        else:
            control.fill(text)
    form.get_by_role("button", name=button, exact=True).click()
    if said:
        expect(page.locator("#flash")).to_contain_text(said)
        is_clean(page)


def open_from(page: Page, inbox: str, number: str) -> None:
    to(page, inbox)
    is_clean(page)
    page.get_by_role("link", name=number, exact=True).first.click()
    is_clean(page)


def test_intern_to_implanted_and_reported(clinic: Clinic, new_visitor: Visitors) -> None:
    number = clinic.numbers["intern"]
    surgeon = enter(new_visitor, clinic, "Nora Kirurg")
    open_from(surgeon, "/referrals", number)
    expect(surgeon.get_by_text("1 uppgift saknas. Remissen kan accepteras ändå.")).to_be_visible()
    act(surgeon, "request-information", "Skicka frågan", "Frågan är skickad", what="Ny MR?")
    address = surgeon.url
    referrer = enter(new_visitor, clinic, "Vera Remitterius", width=390)
    referrer.goto(address)
    fact = {"fact:treatments.imaging": "MR bäcken i går"}
    act(
        referrer,
        "supply-information",
        "Skicka svaret till neurokirurgin",
        "Uppgifterna är sparade",
        text="Gjord.",
        **fact,
    )
    surgeon.reload()
    expect(surgeon.get_by_text("Underlaget är komplett.")).to_be_visible()
    act(surgeon, "accept", "Acceptera remissen", "accepterad")
    act(surgeon, "schedule", "Spara dagen", "Dagen är sparad", date=earlier.day(0))
    act(surgeon, "implant", "Registrera implantationen", "", date=earlier.day(DAYS + 1), device="Provpump 20 ml")
    expect(surgeon.locator("#error-summary")).to_contain_text("Datumet ligger före beslutet")
    expect(surgeon.locator('#act-implant [name="device"]')).to_have_value("Provpump 20 ml")
    is_clean(surgeon)
    act(surgeon, "implant", "Registrera implantationen", "registrerad", date=earlier.day(80), catheter_tip="Th9")
    act(surgeon, "report", "Återrapportera", "Återrapporterat", text="Okomplicerat ingrepp.")
    referrer.goto(address)
    expect(referrer.locator("main")).to_contain_text("Okomplicerat ingrepp.")
    to(referrer, f"/cases/{number}")
    expect(referrer.locator("main")).to_contain_text("Implantationsremissen: återrapporterad")
    is_clean(referrer)


@pytest.mark.parametrize(
    "where",
    [
        Where("kronoberg", "Kajsa Funktion", 20, 1280),
        Where("skane", "Stig Funktion", 19, 390),
    ],
    ids=lambda where: where.region,
)
def test_extern_to_inserted_and_followed_up(clinic: Clinic, new_visitor: Visitors, where: Where) -> None:
    number, page = clinic.numbers[where.region], enter(new_visitor, clinic, where.who, width=where.width)
    open_from(page, "/assignments-inbox", number)
    address = page.url
    act(page, "accept", "Acceptera uppdraget", "accepterat")
    expect(page.get_by_role("heading", name=re.compile(f"av {where.points} uppfyllda"))).to_be_visible()
    set_point(page, 15, owner="")
    expect(page.locator("#error-summary")).to_contain_text("Ange vem som ansvarar")
    is_clean(page)
    set_point(page, 15, owner="Överläkare Prov")
    expect(page.locator("#flash")).to_contain_text("Punkten är sparad")
    to(page, "/readiness")
    is_clean(page)
    expect(page.locator("main")).to_contain_text(f"av {where.points}")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    board = page.locator(".mdk-board")
    assert board.evaluate("board => board.scrollWidth <= board.parentElement.clientWidth")
    page.goto(address)
    act(page, "insert", "Registrera insättningen", "Insättningen är registrerad", date=earlier.day(90), place="Avd. 12")
    to(page, f"/cases/{number}/follow-ups")
    is_clean(page)
    follow_up(page, 12, earlier.day(87))
    expect(page.locator("#error-summary")).to_contain_text("bara gått 3 dagar sedan åtgärden")
    is_clean(page)
    for week in (2, 6, 12):
        follow_up(page, week, earlier.day(90 - 7 * week))
        expect(page.locator("#flash")).to_contain_text("Uppföljningen är sparad")
    is_clean(page)
    expect(page.locator("main")).to_contain_text("Avslutat")
    page.goto(address)
    expect(page.locator("main")).to_contain_text("Uppföljt")


def set_point(page: Page, n: int, *, owner: str) -> None:
    row = page.locator(f"#row-{n}")
    if not row.get_by_label("Ansvarig").is_visible():
        row.get_by_text("Ändra").click()
    row.get_by_label("Läge").select_option("met")
    row.get_by_label("Ansvarig").fill(owner)
    row.get_by_role("button", name=f"Spara punkt {n}").click()


def follow_up(page: Page, week: int, day: str) -> None:
    page.select_option('[name="week"]', str(week))
    page.fill('[name="date"]', day)
    page.select_option('[name="alive"]', "yes")
    page.fill('[name="nrs"]', "3")
    page.get_by_role("button", name="Spara uppföljningen").click()


def test_a_nerve_block_is_not_done_for_a_coded_reason(clinic: Clinic, new_visitor: Visitors) -> None:
    number, page = clinic.numbers["block"], enter(new_visitor, clinic, "Vera Remitterius")
    to(page, "/actions?state=overdue")
    is_clean(page)
    row = page.get_by_role("listitem").filter(has_text=number)
    row.get_by_text("Delvis eller inte utförd").click()
    row.get_by_label("Anteckning").fill("Ingen sal.")
    row.get_by_role("button", name="Inte utförd").click()
    expect(page.locator("#error-summary")).to_contain_text("Välj varför åtgärden inte blev av.")
    is_clean(page)
    row = page.get_by_role("listitem").filter(has_text=number)
    expect(row.get_by_label("Anteckning")).to_have_value("Ingen sal.")
    row.get_by_label("Skäl").select_option("no_theatre_time")
    row.get_by_role("button", name="Inte utförd").click()
    expect(page.locator("#flash")).to_contain_text("Sparat som inte utfört")
    is_clean(page)
    to(page, f"/cases/{number}")
    expect(page.locator("main")).to_contain_text("Åtgärden: inte utförd")


def test_a_decline_by_neurosurgery_comes_back_to_the_referrer_and_the_queue(
    clinic: Clinic, new_visitor: Visitors
) -> None:
    number, surgeon = clinic.numbers["declined"], enter(new_visitor, clinic, "Nora Kirurg")
    open_from(surgeon, "/referrals", number)
    act(surgeon, "decline", "Avböj remissen", "", reason="")
    expect(surgeon.locator("#error-summary")).to_be_visible()
    act(surgeon, "decline", "Avböj remissen", "Ärendet står åter i kön", reason="Pågående infektion.")
    coordinator = enter(new_visitor, clinic, "Sam Ordnarsson")
    to(coordinator, "/queue")
    expect(coordinator.locator("main")).to_contain_text(number)
    is_clean(coordinator)
    referrer = enter(new_visitor, clinic, "Vera Remitterius", width=390)
    to(referrer, f"/cases/{number}")
    expect(referrer.locator("main")).to_contain_text("Pågående infektion.")
    expect(referrer.locator("main")).to_contain_text("I kö")
    is_clean(referrer)


def test_a_patient_who_dies_at_each_state(clinic: Clinic, new_visitor: Visitors) -> None:
    page = enter(new_visitor, clinic, "Vera Remitterius")
    for name, number in clinic.states.items():
        to(page, f"/cases/{number}")
        act(page, "report-death", "Registrera dödsfallet", "", date=earlier.day(0))
        expect(page.locator("main"), name).to_contain_text("Patienten avliden")
    is_clean(page)
    to(page, "/actions?state=")
    expect(page.get_by_role("listitem").filter(has_text=clinic.states["nerve_block open"])).to_contain_text(
        "Patienten har avlidit"
    )
    is_clean(page)
