"""The whole way in a real browser on a running demo, with axe at every step."""

import re
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browsing import Visitors, is_clean
from hatched import demonstrating
from mdk.clock import STOCKHOLM

pytestmark = pytest.mark.browser

INTERN = ("194001042383", "Elsa Provlund", "Ska intern pump övervägas vid sakral smärta?")
EXTERN = ("194002152397", "Nils Testberg", "Kan extern pump ge lindring vid revbensmetastaser?")
_CHOICES = {
    "diagnosis.palliative": "yes",
    "diagnosis.expected_survival": "6_12_months",
    "pain.constant": "yes",
    "safety.infection": "no",
    "safety.intraspinal_growth": "no",
    "patient_view.mobility_benefit": "yes",
    "home_care.can_take_extern": "unknown",
    "consent.basis": "patient_consent",
    "urgency": "normal",
}
_TEXTS = {"diagnosis.icd10": "C20.9", "diagnosis.expected_treatment_months": "4", "pain.nrs_mean": "7"}
SignIn = Callable[..., Page]


@pytest.fixture
def at(new_visitor: Visitors, tmp_path: Path) -> "Callable[[int], SignIn]":
    """Gives, for the port of a demo, what signs someone in on a browser of their own."""

    def on(port: int) -> SignIn:
        def sign_in(name: str, *, width: int = 1280) -> Page:
            page = new_visitor(width=width)
            page.goto(f"http://127.0.0.1:{port}/sign-in")
            is_clean(page)
            page.get_by_role("button", name=name).click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Mitt arbete")
            is_clean(page)
            return page

        return sign_in

    return on


def test_a_case_walks_from_the_referrer_to_both_receivers(at: "Callable[[int], SignIn]", tmp_path: Path) -> None:
    with demonstrating(tmp_path / "demo", "--empty") as (_, port, data):
        sign_in = at(port)
        referrer = sign_in("Vera Remitterius")
        intern, extern = (submit(referrer, *case) for case in (INTERN, EXTERN))
        coordinator = sign_in("Sam Ordnarsson")
        for number in (intern, extern):
            accept(coordinator, number)
        conference = call_conference(coordinator, [intern, extern])
        everyone_is_invited(data)
        chair = sign_in("Olga Förare")
        open_session(chair, conference)
        decide(chair, conference, intern, "intern_pump", "Th10")
        decide(chair, conference, extern, "extern_pump", "L1")
        chair.close()
        neurosurgery_takes_the_referral(sign_in("Nora Kirurg"), intern)
        the_function_takes_the_assignment(sign_in("Kajsa Funktion", width=390), extern)
        read_the_recommendation(referrer, intern)
        stranger = sign_in("Lena Remitterius")
        answer = stranger.goto(f"http://127.0.0.1:{port}/cases/{intern}")
        assert answer is not None
        assert answer.status == 404
        expect(stranger.locator("main")).not_to_contain_text(INTERN[1])
        the_log_knows(data, intern)


def submit(page: Page, identity: str, name: str, question: str) -> str:
    """Save after the first field, fill in what is needed, submit; gives the case's number."""
    page.get_by_role("link", name="Nytt ärende").first.click()
    page.fill('[name="patient.identity_number"]', identity[:-1] + str((int(identity[-1]) + 1) % 10))
    page.get_by_role("button", name="Spara", exact=True).last.click()
    expect(page.locator("#error-summary")).to_contain_text("kontrollsiffra", ignore_case=True)
    is_clean(page)
    page.fill('[name="patient.identity_number"]', identity)
    page.get_by_role("button", name="Spara", exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Redigera MDK-")
    for field, text in {"patient.name": name, "question": question, **_TEXTS}.items():
        page.fill(f'[name="{field}"]', text)
    page.select_option('[name="patient.home_region"]', "kronoberg")
    for field, value in _CHOICES.items():
        page.check(f'[name="{field}"][value="{value}"]')
    page.select_option('[name="medicines.opioids.0.drug"]', "oxycodone")
    page.select_option('[name="medicines.opioids.0.route"]', "oral")
    page.fill('[name="medicines.opioids.0.dose"]', "80,5")
    page.fill('[name="medicines.opioids.0.per_day"]', "2")
    expect(page.get_by_text("Opioiddos som morfin peroralt").locator("xpath=..")).to_contain_text("mg")
    is_clean(page)
    page.get_by_role("button", name="Skicka in").click()
    expect(page).to_have_url(re.compile(r"/cases/MDK-\d{4}-\d{4}$"))
    expect(page.locator("#flash")).to_contain_text("Koordinatorn svarar normalt inom en arbetsdag")
    is_clean(page)
    number = re.search(r"MDK-\d{4}-\d{4}", page.url)
    assert number is not None
    page.get_by_role("link", name="Mitt arbete").click()
    return number[0]


def accept(page: Page, number: str) -> None:
    page.get_by_role("link", name="Triage").click()
    is_clean(page)
    page.get_by_role("link", name=number, exact=True).click()
    page.get_by_role("button", name="Acceptera", exact=True).click()
    expect(page.locator("#flash")).to_contain_text("Ärendet står i kön")
    is_clean(page)


def call_conference(page: Page, numbers: list[str]) -> str:
    """Plan a one-off conference in two days, put the cases on its agenda and release it; gives its address."""
    page.get_by_role("link", name="Kö", exact=True).click()
    for number in numbers:
        expect(page.locator("main")).to_contain_text(number)
    is_clean(page)
    page.get_by_role("link", name="Konferenser").click()
    is_clean(page)
    page.get_by_role("link", name="Planera konferens").click()
    starts_at = datetime.now(UTC).astimezone(STOCKHOLM) + timedelta(days=2)
    page.fill('[name="starts_at"]', f"{starts_at:%Y-%m-%dT%H:%M}")
    page.get_by_role("checkbox", name=re.compile("Disa Deltagare")).check()
    page.get_by_role("checkbox", name=re.compile("Nora Kirurg")).check()
    page.fill('[name="video_url"]', "https://video.example/mdk")
    is_clean(page)
    page.get_by_role("button", name="Planera konferens").click()
    address = page.url
    for number in numbers:
        page.get_by_role("button", name=f"Lägg till {number}").click()
        expect(page.locator("#agenda-form")).to_contain_text(number)
    is_clean(page)
    page.get_by_role("button", name="Kalla till konferens").click()
    expect(page.locator("#flash")).to_contain_text("Kallelserna skickas nu")
    is_clean(page)
    return address


def everyone_is_invited(data: Path) -> None:
    """One mail each to chair, consultant, two members and the referrer; none holds anything of a patient."""
    called: dict[str, str] = {}
    for _ in range(100):
        mails = [
            message_from_bytes(file.read_bytes(), policy=policy.default) for file in (data / "outbox").glob("*.eml")
        ]
        called = {
            str(mail["To"]): part.get_content()
            for mail in mails
            for part in mail.walk()
            if part.get_content_type() == "text/calendar"
        }
        if len(called) == 5:
            break
        time.sleep(0.1)
    assert len(called) == 5, sorted(called)
    whole = "\n".join(called.values())
    assert whole.count("METHOD:REQUEST") == 5
    for secret in (*INTERN, *EXTERN, "Provlund", "Testberg", "MDK-20"):
        assert secret not in whole


def open_session(page: Page, conference: str) -> None:
    page.goto(conference)
    is_clean(page)
    page.get_by_role("checkbox", name="Vi börjar före den planerade tiden").check()
    page.get_by_role("button", name="Börja konferensen").click()
    expect(page.locator("#flash")).to_contain_text("Konferensen har börjat")


def decide(page: Page, conference: str, number: str, outcome: str, tip: str) -> None:
    """Try to sign too early, then write what is missing, read back and sign."""
    page.goto(f"{conference}/session/{number}")
    is_clean(page)
    page.get_by_role("button", name="Granska och signera").click()
    expect(page.locator("#error-summary")).to_be_visible()
    is_clean(page)
    page.get_by_text("Närvarande vid ärendet").click()
    for box in page.locator('[name$=".present"][type="checkbox"]').all():
        box.check()
    page.check(f'[name="outcome"][value="{outcome}"]')
    page.check('[name="route"][value="intrathecal"]')
    page.check('[name="refractory"][value="yes"]')
    texts = {
        "answer": "Ja, intratekal behandling rekommenderas.",
        "motivation": "Refraktär smärta trots höga opioiddoser.",
        "catheter_tip": tip,
        "opioid_plan_owner": "Palliativa teamet Växjö",
        "responsible_unit": "Ansvarig enhet enligt rekommendationen",
        "due": f"{datetime.now(UTC) + timedelta(days=14):%Y-%m-%d}",
        "informs_patient": "Vera Remitterius",
        "out_of_hours_contact": "Anestesijouren",
    }
    for field, text in texts.items():
        page.fill(f'[name="{field}"]', text)
    page.get_by_role("button", name="Granska och signera").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("signera", re.IGNORECASE))
    is_clean(page)
    page.get_by_role("button", name="Signera", exact=True).click()
    expect(page.locator("#flash")).to_contain_text("Signerat")
    is_clean(page)


def neurosurgery_takes_the_referral(page: Page, number: str) -> None:
    page.get_by_role("link", name="Inkorg").click()
    is_clean(page)
    page.get_by_role("link", name=number, exact=True).click()
    is_clean(page)
    page.get_by_role("button", name=re.compile("Acceptera")).click()
    expect(page.locator("#flash")).to_contain_text("accepterad")
    today = f"{datetime.now(UTC).astimezone(STOCKHOLM):%Y-%m-%d}"
    page.get_by_label("Dag för implantationen").fill(today)
    page.get_by_role("button", name="Spara dagen").click()
    expect(page.locator("#flash")).to_contain_text("Dagen är sparad")
    is_clean(page)
    page.get_by_label("Implanterad den").fill(today)
    page.get_by_label("Pump, kateter och tillverkningsnummer").fill("Provpump 20 ml")
    page.get_by_role("button", name="Registrera implantationen").click()
    expect(page.locator("#flash")).to_contain_text("registrerad")
    page.get_by_label("Rapport").fill("Okomplicerat ingrepp.")
    page.get_by_role("button", name="Återrapportera").click()
    expect(page.locator("#flash")).to_contain_text("Återrapporterat")
    is_clean(page)


def the_function_takes_the_assignment(page: Page, number: str) -> None:
    page.get_by_role("link", name="Inkorg").click()
    is_clean(page)
    page.get_by_role("link", name=number, exact=True).click()
    is_clean(page)
    page.get_by_role("button", name=re.compile("Acceptera")).click()
    expect(page.locator("#flash")).to_contain_text("accepterat")
    row = page.locator("#row-3")
    row.get_by_text("Ändra").click()
    row.get_by_label("Läge").select_option("met")
    row.get_by_label("Ansvarig").fill("Överläkare Prov")
    row.get_by_role("button", name="Spara punkt 3").click()
    expect(page.locator("#flash")).to_contain_text("Punkten är sparad")
    is_clean(page)
    page.get_by_role("link", name="Beredskap").click()
    page.locator("td button").nth(2).click()
    expect(page.get_by_text("Överläkare Prov")).to_be_visible()
    is_clean(page)
    page.keyboard.press("Escape")
    page.get_by_role("link", name=number, exact=True).click()
    page.get_by_label("Insatt den").fill(f"{datetime.now(UTC).astimezone(STOCKHOLM):%Y-%m-%d}")
    page.get_by_role("button", name="Registrera insättningen").click()
    expect(page.locator("#flash")).to_contain_text("Insättningen är registrerad")
    is_clean(page)


def read_the_recommendation(page: Page, number: str) -> None:
    page.goto(re.sub(r"(https?://[^/]+).*", r"\1/", page.url))
    row = page.get_by_role("listitem").filter(has_text=number)
    row.get_by_role("link", name="Läs svaret").click()
    expect(page.locator("main")).to_contain_text("Ja, intratekal behandling rekommenderas.")
    is_clean(page)
    page.get_by_role("button", name="Bekräfta att jag läst").click()
    expect(page.locator("#flash")).to_contain_text("bekräftad")


def the_log_knows(data: Path, number: str) -> None:
    """Who read the case stands in the access log, and so does the one who was turned away."""
    with sqlite3.connect(f"file:{data / 'mdk.sqlite'}?mode=ro", uri=True) as database:
        rows = database.execute(
            "SELECT person.email, access_log.act, allowed FROM access_log JOIN person ON person.id = person_id "
            "WHERE cases LIKE ?",
            (f"%{number}%",),
        ).fetchall()
    assert ("neurokirurgi@demo.mdk", "referral.read", 1) in rows
    assert ("remittent.lund@demo.mdk", "GET /cases/{number}", 0) in rows
