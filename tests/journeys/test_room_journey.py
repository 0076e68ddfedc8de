"""A conference in three browsers at once: the chair, a member and a referrer, with axe at every step."""

import io
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
import pytest
from playwright.sync_api import APIResponse, Locator, Page, Route, expect
from pypdf import PdfReader

import make
from browsing import Visitors, is_clean
from hatched import demonstrating
from mdk import clock, settings
from mdk.db import Database
from mdk.journey import start

pytestmark = pytest.mark.browser

CHAIR, MEMBER, REFERRER = "Olga Förare", "Disa Deltagare", "Lena Remitterius"
COORDINATOR = "Sam Ordnarsson"
CLOCKS = 2  # the case's and the meeting's
OWN_QUESTION = "Kan extern pump hjälpa hemma?"
SignIn = Callable[..., Page]
SEEN = """(button) => {
  button.seen = [];
  new MutationObserver(() => button.seen.push(button.ariaPressed)).observe(button, {attributeFilter: ["aria-pressed"]});
}"""
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Database]]:
    """The port and the store of a demo without cases."""
    with demonstrating(tmp_path_factory.mktemp("room") / "demo", "--empty") as (_, port, data):
        database = start.database(settings.load({}, dotenv=Path(os.devnull), data_dir=data))
        yield port, database
        database.close()


@pytest.fixture
def sign_in(new_visitor: Visitors, demo: tuple[int, Database]) -> SignIn:
    """Signs someone in on a browser of their own."""

    def sign_in(name: str, **options: bool) -> Page:
        page = new_visitor(**options)
        page.goto(f"http://127.0.0.1:{demo[0]}/sign-in")
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Mitt arbete")
        return page

    return sign_in


def test_a_conference_is_held_in_three_browsers(sign_in: SignIn, demo: tuple[int, Database]) -> None:
    port, database = demo
    conference, (adult, child, own, last) = a_conference(database)
    room = f"http://127.0.0.1:{port}/conferences/{conference}"
    chair, member, referrer = sign_in(CHAIR), sign_in(MEMBER), sign_in(REFERRER)
    begin(chair, room)
    member.goto(f"{room}/session")
    referrer.goto(f"{room}/session/{own}")
    everyone_sees_who_is_there_and_what_is_written(chair, member, referrer)
    chair.context.close()
    expect(watching(member)).not_to_contain_text(CHAIR)
    chair = sign_in(CHAIR)
    another_computer_goes_on(chair, member, room)
    the_child_lacks_its_team(chair, member, f"{room}/session/{child}")
    move_up(chair, room, last)
    take_up(chair, f"{room}/session/{own}")
    expect(referrer.locator("#room-head")).to_contain_text("Tas upp nu")
    tick(chair, REFERRER)
    sign(chair, "extern_pump")
    expect(referrer.locator("#minutes-read")).to_contain_text("Signerat")
    is_clean(referrer)
    for number in (adult, child, last):
        expect(referrer.locator("body")).not_to_contain_text(number)
        assert referrer.request.get(f"{room}/session/{number}").status == 404
    the_papers_can_be_used(referrer, f"{room}/session/{own}/minutes.pdf", own)
    close(chair, room)
    assert make.state_of(database, last) == "accepted"


def test_without_scripts_no_act_of_the_room_loses_what_is_typed(sign_in: SignIn, demo: tuple[int, Database]) -> None:
    port, database = demo
    conference, (one, two, *_) = a_conference(database)
    chair, room = sign_in(CHAIR, javascript=False), f"http://127.0.0.1:{port}/conferences/{conference}"
    begin(chair, room)
    answer = chair.locator('[name="answer"]')
    answer.fill("Skrivet före närvaron.")
    tick(chair, MEMBER)
    expect(answer).to_have_value("Skrivet före närvaron.")
    answer.fill("Skrivet före turen.")
    chair.get_by_role("button", name="Ta upp ärendet").click()
    expect(chair.locator("#room-head")).to_contain_text("Tas upp nu")
    answer.fill("Skrivet före ordningen.")
    chair.get_by_text("Ändra ordning och tider").click()
    chair.get_by_role("button", name=f"Flytta ner {one}").click()
    expect(chair.locator("h1")).to_have_text("Ärende 2 av 4")
    answer.fill("Skrivet före uppskovet.")
    chair.get_by_text("Skjut upp ärendet").first.click()
    chair.locator('[name="reason"]').fill("Tiden räcker inte.")
    chair.get_by_role("button", name="Skjut upp ärendet").click()
    expect(chair.locator("#minutes-read")).to_contain_text("Skrivet före uppskovet.")
    assert (make.state_of(database, one), make.state_of(database, two)) == ("accepted", "scheduled")


def test_an_answer_asked_for_before_a_press_does_not_undo_it(sign_in: SignIn, demo: tuple[int, Database]) -> None:
    port, database = demo
    conference, _ = a_conference(database)
    chair, room = sign_in(CHAIR), f"http://127.0.0.1:{port}/conferences/{conference}"
    begin(chair, room)
    expect(watching(chair)).to_contain_text(CHAIR)
    held: list[tuple[Route, APIResponse]] = []
    chair.route("**/head", lambda route: held.append((route, route.fetch())), times=1)
    sign_in(MEMBER).goto(f"{room}/session")  # the chair's page asks who watches
    until(chair, lambda: bool(held))
    button = chair.get_by_role("button", name="Kim Smärtgren", exact=True)
    button.evaluate(SEEN)
    with chair.expect_response("**/attendance"):
        button.click()
    route, before = held.pop()
    route.fulfill(response=before)
    expect(watching(chair)).to_contain_text(MEMBER)
    expect(button).to_have_attribute("aria-pressed", "true")
    assert button.evaluate("(button) => button.seen") == ["true"]


def test_what_is_undone_while_the_minutes_save_themselves_stays_undone(
    sign_in: SignIn, demo: tuple[int, Database]
) -> None:
    port, database = demo
    conference, (one, *_) = a_conference(database)
    chair, room = sign_in(CHAIR), f"http://127.0.0.1:{port}/conferences/{conference}"
    begin(chair, room)
    answer = chair.locator('[name="answer"]')
    held = hold(chair, f"**/session/{one}", saying="answer=Hasta")
    answer.fill("Hastat.")
    until(chair, lambda: bool(held))
    answer.fill("")
    chair.wait_for_timeout(900)  # the next save has begun to wait for the one before it
    with chair.expect_response(lambda told: told.url.endswith(one) and "&answer=&" in (told.request.post_data or "")):
        held[0].continue_()
    expect(chair.locator("#minutes-kept")).not_to_contain_text("hämtat från någon annan")
    expect(answer).to_have_value("")
    chair.reload()
    expect(answer).to_have_value("")
    expect(chair.locator("#minutes-kept")).to_contain_text("Sparat")


def test_presses_in_a_row_on_the_agenda_are_all_made(sign_in: SignIn, demo: tuple[int, Database]) -> None:
    port, database = demo
    one, two, three, _ = (make.accepted(database, at=clock.now() - make.DAY) for _ in range(4))
    starts_at = (clock.now() + 3 * make.DAY).replace(second=0, microsecond=0)
    page, conference = sign_in(COORDINATOR), make.conference(database, [one], starts_at=starts_at)
    page.goto(f"http://127.0.0.1:{port}/conferences/{conference}")
    held, cases = hold(page, "**/agenda"), page.locator('[name^="items."][name$=".case"]')
    for button in (f"#add-{two}", f"#add-{two}", f"#add-{three}"):
        page.click(button)
    held[0].continue_()
    expect(page.locator(f"#remove-{three}")).to_be_visible()
    assert cases.evaluate_all("(fields) => fields.map((field) => field.value)") == [one, two, three]
    expect(page.locator("#notice")).to_be_empty()
    page.fill('[name="items.0.minutes"]', "20")
    page.keyboard.press("Enter")
    expect(page.locator("#agenda-title")).to_have_text("Agenda, 10 minuter lediga")


def test_two_presses_on_the_order_of_the_rest_are_both_made(sign_in: SignIn, demo: tuple[int, Database]) -> None:
    port, database = demo
    conference, (one, two, three, four) = a_conference(database)
    chair, room = sign_in(CHAIR), f"http://127.0.0.1:{port}/conferences/{conference}"
    begin(chair, room)
    chair.get_by_text("Ändra ordning och tider").click()
    held, cases = hold(chair, "**/order"), chair.locator('#room-acts [name^="items."][name$=".case"]')
    for button in (f"#run-down-{one}", f"#run-up-{four}"):
        chair.click(button)
    until(chair, lambda: bool(held))
    held[0].continue_()
    expect(cases.nth(2)).to_have_value(four)
    assert cases.evaluate_all("(fields) => fields.map((field) => field.value)") == [two, one, four, three]
    expect(chair.locator("#notice")).to_be_empty()


def everyone_sees_who_is_there_and_what_is_written(chair: Page, member: Page, referrer: Page) -> None:
    """The first case: taken up with one key, the quorum ticked, the answer read by others while it is typed."""
    chair.keyboard.press("n")
    for page in (chair, member):
        expect(page.locator("#room-head")).to_contain_text("Tas upp nu")
    expect(referrer.locator("#room-head")).to_contain_text("Nu tas ett annat ärende upp")
    clocks = member.locator("[data-running]")
    begun = clocks.all_inner_texts()
    for name in ("Kim Smärtgren", MEMBER, "Nora Kirurg", "Vera Remitterius"):
        tick(chair, name)
    for place, text in enumerate(begun):  # they go on by themselves
        expect(clocks.nth(place)).not_to_have_text(text)
    assert len(begun) == CLOCKS
    expect(member.locator("#room-head")).to_contain_text("Disa Deltagare är här")
    expect(member.locator("#room-head")).to_contain_text("Beslutför med")
    expect(watching(member)).to_contain_text(CHAIR)
    chair.locator('[name="answer"]').press_sequentially("Nej, först strålning.")
    expect(member.locator("#minutes-read")).to_contain_text("Nej, först strålning.")
    for page in (chair, member, referrer):
        is_clean(page)


def another_computer_goes_on(chair: Page, member: Page, room: str) -> None:
    """Nothing of what was typed is lost with the chair's first browser."""
    chair.goto(f"{room}/session")
    expect(chair.locator("h1")).to_have_text("Ärende 1 av 4")
    expect(chair.locator('[name="answer"]')).to_have_value("Nej, först strålning.")
    elsewhere = chair.context.new_page()
    elsewhere.goto(chair.url)
    sign(chair, "optimise_conventional")
    for page in (member, elsewhere):
        expect(page.locator("#minutes-read")).to_contain_text("Signerat protokoll")
    expect(elsewhere.locator("#minutes-form")).to_have_count(0)
    elsewhere.close()


def the_child_lacks_its_team(chair: Page, member: Page, path: str) -> None:
    """The second case: the member follows, the quorum lacks the paediatric team, and the reason is written."""
    chair.locator("h1").click()
    chair.keyboard.press("n")
    expect(chair.locator("h1")).to_have_text("Ärende 2 av 4")
    expect(member).to_have_url(f"{path}?follow=yes")
    for page in (chair, member):
        expect(page.locator("#room-head")).to_contain_text("saknar barnkonsultteamet")
    tick(chair, "Bo Barnteam")
    expect(member.locator("#room-head")).to_contain_text("Beslutför med")
    tick(chair, "Bo Barnteam")
    expect(member.locator("#room-head")).to_contain_text("saknar barnkonsultteamet")
    is_clean(member)
    sign(chair, "nerve_block", reason="Teamet är hört per telefon.")


def the_papers_can_be_used(referrer: Page, address: str, number: str) -> None:
    """The PDF is archival and readable, and the text can be pasted."""
    the_paper_is_archival(referrer.request.get(address).body(), number)
    referrer.get_by_role("link", name=re.compile("klistra", re.IGNORECASE)).first.click()
    pasted = referrer.locator("#minutes-text").input_value()
    referrer.context.grant_permissions(["clipboard-read", "clipboard-write"])
    referrer.get_by_role("button", name="Kopiera texten").click()
    expect(referrer.locator("#minutes-text-copied")).to_have_text("Texten är kopierad.")
    assert referrer.evaluate("navigator.clipboard.readText()") == pasted
    assert "Ja, behandlingen rekommenderas." in pasted
    assert max(len(line) for line in pasted.splitlines()) <= 80
    is_clean(referrer)


def until(page: Page, happened: Callable[[], bool]) -> None:
    """Let the browser go on until something has happened. Raises `TimeoutError` after 15 seconds."""
    end = time.monotonic() + 15
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError
        page.wait_for_timeout(10)


def hold(page: Page, address: str, *, saying: str = "") -> list[Route]:
    """Keeps the next request to an address that says something waiting, to be let go later."""
    held = list[Route]()

    def keep(route: Route) -> None:
        if not held and saying in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route(address, keep)
    return held


def watching(page: Page) -> Locator:
    """Who follows just now."""
    return page.get_by_text(re.compile("Följer nu"))


def a_conference(database: Database) -> tuple[str, list[str]]:
    """Four cases on a released agenda: an adult, a child, the referrer's own, and one whose turn will not come."""
    at = clock.now() - make.DAY
    numbers = [
        make.accepted(database, at=at),
        make.accepted(database, make.submission(**{"patient.identity_number": make.CHILD}), at=at),
        make.accepted(database, make.submission(question=OWN_QUESTION), by=make.OTHER_REFERRER, at=at),
        make.accepted(database, at=at),
    ]
    starts_at = (clock.now() + 2 * make.DAY).replace(second=0, microsecond=0)
    planned = make.conference(database, numbers, starts_at=starts_at)
    make.release(database, planned, at=clock.now())
    return planned, numbers


def begin(page: Page, room: str) -> None:
    page.goto(room)
    page.get_by_role("checkbox", name="Vi börjar före den planerade tiden").check()
    page.get_by_role("button", name="Börja konferensen").click()
    expect(page.locator("h1")).to_have_text("Ärende 1 av 4")


def take_up(page: Page, path: str) -> None:
    page.goto(path)
    page.get_by_role("button", name="Ta upp ärendet").click()
    expect(page.locator("#room-head")).to_contain_text("Tas upp nu")


def tick(page: Page, name: str) -> None:
    button = page.get_by_role("button", name=name, exact=True)
    before = button.get_attribute("aria-pressed")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false" if before == "true" else "true")


def move_up(page: Page, room: str, number: str) -> None:
    """The last case goes before the referrer's, on everyone's agenda."""
    page.goto(f"{room}/session")
    page.get_by_text("Ändra ordning och tider").click()
    page.get_by_role("button", name=f"Flytta upp {number}").click()
    expect(page.locator("#room-acts li").nth(2)).to_contain_text(number)


def sign(page: Page, outcome: str, *, reason: str = "") -> None:
    page.check(f'[name="outcome"][value="{outcome}"]')
    page.check('[name="refractory"][value="yes"]')
    texts = {
        "answer": "Ja, behandlingen rekommenderas.",
        "motivation": "Refraktär smärta trots höga doser.",
        "informs_patient": "Vera Remitterius",
        "out_of_hours_contact": "Smärtjouren",
        "quorum_reason": reason,
    }
    if outcome in {"extern_pump", "nerve_block"}:
        texts |= {"responsible_unit": "Funktionen", "due": f"{clock.now() + 14 * make.DAY:%Y-%m-%d}"}
    if outcome == "extern_pump":
        page.check('[name="route"][value="epidural"]')
        texts |= {"opioid_plan_owner": "ASIH Lund"}
    for field, text in texts.items():
        page.fill(f'[name="{field}"]', text)
    page.get_by_role("button", name="Granska och signera").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("signera")
    is_clean(page)
    page.get_by_role("button", name="Signera", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("Signerat")


def close(page: Page, room: str) -> None:
    page.goto(room)
    page.get_by_text("Avsluta konferensen").first.click()
    page.get_by_role("button", name="Avsluta konferensen").click()
    expect(page.locator("main")).to_contain_text("Så gick konferensen")
    is_clean(page)


def the_paper_is_archival(content: bytes, number: str) -> None:
    """Tagged, Swedish, PDF/A-2a, and what it says can be taken out as text."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert (str(pdf.Root.Lang), bool(pdf.Root.MarkInfo.Marked), "/StructTreeRoot" in pdf.Root) == ("sv", True, True)
        with pdf.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "A")
    told = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())
    assert number in told
    assert "Ja, behandlingen rekommenderas." in told
