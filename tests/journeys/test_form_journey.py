"""The case's form in a real browser: by keyboard alone, on a phone, with a session that ends, and in two tabs."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Dialog, Page, Request, Route, expect

from browsing import Visitors, is_clean
from hatched import demonstrating
from mdk_web.cases.sections import SECTIONS, Field, Rows

pytestmark = pytest.mark.browser
expect.set_options(timeout=15_000)

IDENTITY = "194001042383"
# The fast path: what submitting asks for, in the order of the form. The home region is filled in by itself.
FAST = {
    "patient.identity_number": IDENTITY,
    "patient.name": "Elsa Provlund",
    "question": "Ska intern pump övervägas?",
    "urgency": "normal",
    "diagnosis.icd10": "C20.9",
    "diagnosis.palliative": "yes",
    "diagnosis.expected_survival": "3_6_months",
    "consent.basis": "patient_consent",
}
FULL = FAST | {
    "urgency": "high",
    "pain.types": "neuropathic",
    "diagnosis.ecog": "3",
    "diagnosis.expected_treatment_months": "4,5",
    "pain.nrs_now": "7",
    "pain.nrs_worst": "9",
    "pain.nrs_mean": "7",
    "pain.breakthroughs_per_day": "4",
    "safety.platelets.value": "210",
    "safety.pk_inr.value": "1,1",
    "safety.weight_kg": "54,5",
    "medicines.opioids.0.drug": "oxycodone",
    "medicines.opioids.0.route": "oral",
    "medicines.opioids.0.dose": "82,5",
    "medicines.opioids.0.unit": "",
    "medicines.opioids.0.per_day": "2",
    "medicines.opioids.0.rescue_dose": "20",
    "medicines.opioids.0.rescue_per_day": "3",
    "medicines.side_effects.0.severity": "severe",
    "patient.home_region": "",
    "consent.date": "",
}
SignIn = Callable[..., Page]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo without cases, for all of these."""
    with demonstrating(tmp_path_factory.mktemp("form") / "demo", "--empty") as (_, port, _data):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def sign_in(new_visitor: Visitors, address: str) -> SignIn:
    def visitor(*, width: int = 1280, javascript: bool = True) -> Page:
        page = new_visitor(width=width, javascript=javascript)
        enter(page, address)
        return page

    return visitor


def enter(page: Page, address: str) -> None:
    page.goto(f"{address}/sign-in")
    page.get_by_role("button", name="Vera Remitterius").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mitt arbete")


def fields() -> Iterator[Field]:
    """Every field of the form in its order, the first row of each list by its full name."""
    for section in SECTIONS:
        for part in section.parts:
            if isinstance(part, Rows):
                yield from (column._replace(path=f"{part.path}.0.{column.path}") for column in part.columns)
            else:
                yield from part


class Keyboard:
    """Someone who fills in a form with the keyboard alone, and how many fields that took."""

    def __init__(self, page: Page) -> None:
        self.page, self.filled = page, set[str]()

    def focused(self) -> str:
        found: str = self.page.evaluate("document.activeElement.name || document.activeElement.id || ''")
        return found

    def reach(self, name: str) -> None:
        """Press Tab until the control has the focus; one that nobody can reach fails."""
        for _ in range(160):
            if self.focused() == name:
                return
            self.page.keyboard.press("Tab")
        pytest.fail(f"Tab never reaches {name}")

    def fill(self, field: Field, value: str) -> None:
        self.reach(field.path)
        if not value:
            return
        self.filled.add(field.path)
        press = self.page.keyboard.press
        if field.kind in {"radio", "ternary", "boxes"}:
            for _ in range(8):
                press("Space")
                if self.page.evaluate("document.activeElement.value") == value:
                    break
                press("Tab" if field.kind == "boxes" else "ArrowRight")
        elif field.kind == "select":
            for _ in range(12):
                if self.page.evaluate("document.activeElement.value") == value:
                    break
                press("ArrowDown")
        else:
            self.page.keyboard.type(value)
            assert self.page.evaluate("document.activeElement.value") == value

    def press(self, identifier: str) -> None:
        for _ in range(160):
            if self.page.evaluate("document.activeElement.id") == identifier:
                break
            self.page.keyboard.press("Tab")
        self.page.keyboard.press("Enter")


def begin(page: Page) -> Keyboard:
    """From the start page to the form, by keyboard."""
    keys = Keyboard(page)
    for _ in range(40):
        if page.evaluate("document.activeElement.textContent").strip() == "Nytt ärende":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nytt ärende")
    return keys


def is_saved(page: Page) -> None:
    """The bar says so, or the next page, where the button was pressed before the script was ready."""
    expect(page.locator("#flash, #case-bar").filter(has_text=re.compile("Sparat")).first).to_be_visible()
    expect(page).to_have_url(re.compile("/edit$"))


def is_sent_in(page: Page) -> None:
    expect(page).to_have_url(re.compile(r"/cases/MDK-\d{4}-\d{4}$"))
    expect(page.locator("#flash")).to_contain_text("Inskickat")


def test_the_fast_path_takes_at_most_twenty_fields_and_the_keyboard_alone(sign_in: SignIn) -> None:
    keys = begin(sign_in())
    is_clean(keys.page)
    for field in fields():
        if field.path in FAST:
            keys.fill(field, FAST[field.path])
    assert keys.filled == set(FAST)
    assert len(keys.filled) <= 20
    keys.press("case-submit")
    is_sent_in(keys.page)
    is_clean(keys.page)


def test_a_full_case_is_sent_in_with_the_keyboard_alone(sign_in: SignIn) -> None:
    keys = begin(sign_in())
    for field in fields():
        usual = {"ternary": "yes", "date": "", "select": "", "radio": "asih"}.get(field.kind, "Enligt journal")
        keys.fill(field, FULL.get(field.path, usual))
    assert len(keys.filled) > 60
    expect(keys.page.locator("#case-panel")).to_contain_text("Över gränsen")
    expect(keys.page.locator("#case-panel")).to_contain_text("Uppfyller kriterierna")
    is_clean(keys.page)
    keys.press("case-submit")
    is_sent_in(keys.page)
    expect(keys.page.locator("main")).to_contain_text("82,5")


def test_enter_in_a_row_goes_on_to_the_next_and_pasted_opioids_become_rows(sign_in: SignIn, address: str) -> None:
    page = sign_in(width=390)
    page.goto(f"{address}/cases/new")
    page.fill('[name="medicines.opioids.1.dose"]', "10")
    page.keyboard.press("Enter")
    expect(page.locator('[name="medicines.opioids.2.drug"]')).to_be_focused()
    page.get_by_text("Klistra in läkemedelslista").click()
    page.fill('[name="paste"]', "Dolcontin 30 mg 1+0+1\nFentanyl plåster 50 µg/h")
    page.get_by_role("button", name="Tolka till rader").click()
    expect(page.get_by_text("2 rader är tolkade")).to_be_visible()
    expect(page.locator("#case-omeq")).to_contain_text("mg morfin peroralt per dygn")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    is_clean(page)


def test_what_is_typed_while_a_row_is_removed_stays_and_a_second_press_brings_no_row_back(
    sign_in: SignIn, address: str
) -> None:
    page, held, sent = sign_in(), list[Route](), list[str]()

    def hold(route: Route) -> None:
        held.append(route)

    def note(request: Request) -> None:
        sent.extend([request.url] if request.url.endswith("/cases/rows") else [])

    page.goto(f"{address}/cases/new")
    dose = '[name="medicines.opioids.{}.dose"]'
    for place in range(3):
        page.fill(dose.format(place), f"{place + 1}0")
        page.keyboard.press("Enter")
        expect(page.locator(dose.format(place + 1))).to_be_visible()
    page.route("**/cases/rows", hold, times=1)
    page.on("request", note)
    page.get_by_role("button", name="Ta bort opioid 1").click()
    page.get_by_role("button", name="Ta bort opioid 2").click()
    page.fill(dose.format(2), "35")
    assert len(sent) == 1
    held[0].continue_()
    expect(page.locator(dose.format(0))).to_have_value("20")
    expect(page.locator(dose.format(1))).to_have_value("35")
    expect(page.locator(dose.format(2))).to_have_value("")
    page.keyboard.type("5")
    expect(page.locator(dose.format(1))).to_have_value("355")


def test_a_session_that_ends_half_way_loses_no_typing(sign_in: SignIn, address: str) -> None:
    page = sign_in()
    page.goto(f"{address}/cases/new")
    page.fill('[name="patient.identity_number"]', IDENTITY)
    page.fill('[name="patient.name"]', "Elsa Provlund")
    expect(page.locator("#case-bar")).to_contain_text("Sparat")
    page.context.clear_cookies(name="mdk_session")
    page.fill('[name="question"]', "Det som skrevs efteråt")
    page.fill('[name="pain.nrs_now"]', "elva")
    expect(page.locator("#notice")).to_contain_text("Du är utloggad")
    is_clean(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Logga in i en ny flik").click()
    enter(opened.value, address)
    opened.value.close()
    page.get_by_role("button", name="Spara", exact=True).last.click()
    expect(page.locator("#error-summary")).to_contain_text("NRS nu")
    assert page.input_value('[name="pain.nrs_now"]') == "elva"
    page.fill('[name="pain.nrs_now"]', "8")
    page.get_by_role("button", name="Spara", exact=True).last.click()
    expect(page.locator("#flash")).to_contain_text("Sparat")
    page.reload()
    assert page.input_value('[name="question"]') == "Det som skrevs efteråt"
    assert page.input_value('[name="pain.nrs_now"]') == "8"


def test_a_form_that_was_to_save_itself_when_it_came_back_refused_goes_on_as_the_refused_one(
    sign_in: SignIn, address: str
) -> None:
    page = sign_in()
    page.goto(f"{address}/cases/new")
    page.fill('[name="patient.identity_number"]', IDENTITY)
    expect(page.locator("#case-bar")).to_contain_text("Sparat")
    page.fill('[name="pain.nrs_now"]', "elva")
    held: list[Route] = []
    page.route("**/edit", lambda route: held.append(route), times=1)  # noqa: PLW0108 - a method takes no marks
    page.get_by_role("button", name="Spara", exact=True).last.click()
    page.wait_for_timeout(3500)  # meanwhile the form means to save itself, and waits for its turn
    held.pop().continue_()
    expect(page.locator("#error-summary")).to_contain_text("NRS nu")
    page.fill('[name="pain.nrs_now"]', "8")
    page.get_by_role("button", name="Spara", exact=True).last.click()
    expect(page.locator("#flash")).to_contain_text("Sparat")
    expect(page.locator("#error-summary")).to_have_count(0)


def test_without_a_script_the_typing_waits_in_the_answer_until_one_has_signed_in(sign_in: SignIn, address: str) -> None:
    page = sign_in(javascript=False)
    page.goto(f"{address}/cases/new")
    page.fill('[name="patient.identity_number"]', IDENTITY)
    page.fill('[name="question"]', "Flera\nrader")
    page.context.clear_cookies(name="mdk_session")
    page.get_by_role("button", name="Spara", exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("inget är förlorat")
    other = page.context.new_page()
    enter(other, address)
    page.get_by_role("button", name="Skicka det jag skrev").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Redigera MDK-")
    assert page.input_value('[name="question"]') == "Flera\nrader"


def test_a_second_tab_that_saves_first_is_told_of_and_both_can_be_kept(sign_in: SignIn, address: str) -> None:
    page = sign_in()
    page.goto(f"{address}/cases/new")
    page.fill('[name="patient.identity_number"]', IDENTITY)
    page.get_by_role("button", name="Spara", exact=True).last.click()
    is_saved(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.fill('[name="patient.municipality"]', "Älmhult")
    other.get_by_role("button", name="Spara", exact=True).last.click()
    is_saved(other)
    page.fill('[name="question"]', "Min fråga")
    page.get_by_role("button", name="Spara", exact=True).last.click()
    expect(page.locator(".mdk-clash")).to_contain_text("Älmhult")
    is_clean(page)
    page.get_by_role("button", name="Spara det jag har valt").click()
    expect(page.locator("#flash")).to_contain_text("Sparat")
    assert page.input_value('[name="patient.municipality"]') == "Älmhult"
    assert page.input_value('[name="question"]') == "Min fråga"


def test_sending_in_while_the_form_saves_itself_waits_for_it_and_makes_one_case(sign_in: SignIn, address: str) -> None:
    page = sign_in()
    before = numbers(page, address)
    page.goto(f"{address}/cases/new")
    with page.expect_request(lambda request: "do=autosave" in (request.post_data or "")):
        for name, value in FAST.items():
            control = page.locator(f'[name="{name}"]').first
            if control.get_attribute("type") == "radio":
                page.check(f'[name="{name}"][value="{value}"]')
            else:
                control.fill(value)
    page.get_by_role("button", name="Skicka in").click()
    is_sent_in(page)
    assert len(numbers(page, address) - before) == 1


def test_leaving_with_something_typed_that_is_not_saved_is_asked_about(sign_in: SignIn, address: str) -> None:
    page = sign_in()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(f"{address}/cases/new")
    page.locator('[name="patient.identity_number"]').press_sequentially(IDENTITY)
    page.locator('[name="pain.nrs_now"]').press_sequentially("elva")
    expect(page.locator("#case-bar")).to_contain_text("Sparat")
    expect(page.locator("#case-bar")).to_contain_text("utom NRS nu")
    page.get_by_role("link", name="Mitt arbete").first.click(no_wait_after=True)
    expect(page.locator('[name="pain.nrs_now"]')).to_have_value("elva")
    assert (asked, "/edit" in page.url) == (["beforeunload"], True)
    page.fill('[name="pain.nrs_now"]', "8")
    page.get_by_role("button", name="Spara", exact=True).last.click()
    expect(page.locator("form[data-guarded=saved]")).to_be_visible()
    page.get_by_role("link", name="Mitt arbete").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mitt arbete")
    assert asked == ["beforeunload"]


def test_a_server_that_is_not_reached_is_told_of_and_the_typing_saved_once_it_is(
    sign_in: SignIn, address: str, new_visitor: Visitors
) -> None:
    page = sign_in()
    page.goto(f"{address}/cases/new")
    page.fill('[name="patient.identity_number"]', IDENTITY)
    expect(page.locator("#case-bar")).to_contain_text("Sparat")
    page.context.set_offline(True)
    page.fill('[name="question"]', "Skrivet utan nät")
    expect(page.locator("#notice")).to_contain_text("Servern nås inte")
    is_clean(page)
    page.context.set_offline(False)
    page.fill('[name="question"]', "Skrivet utan nät, och sedan med")
    expect(page.locator("form[data-guarded=saved]")).to_be_visible()
    expect(page.locator("#notice")).to_be_empty()
    page.reload()
    assert page.input_value('[name="question"]') == "Skrivet utan nät, och sedan med"
    lost = re.compile("ERR_INTERNET_DISCONNECTED|Failed to fetch")
    assert [each for each in new_visitor.complaints if not lost.search(each)] == []
    new_visitor.complaints.clear()


def numbers(page: Page, address: str) -> set[str]:
    return set(re.findall(r"MDK-\d{4}-\d{4}", page.context.request.get(f"{address}/cases").text()))
