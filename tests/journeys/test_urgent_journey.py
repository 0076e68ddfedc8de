"""The urgent lane and a case's files as people use them: in a browser, with axe at every step."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import paper
from browsing import Visitors, is_clean
from hatched import demonstrating

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a demo with its story."""
    with demonstrating(tmp_path_factory.mktemp("demo") / "data") as (_, port, _data):
        yield port


def enter(new_visitor: Visitors, port: int, name: str, *, width: int = 1280, javascript: bool = True) -> Page:
    page = new_visitor(width=width, javascript=javascript)
    page.goto(f"http://127.0.0.1:{port}/sign-in")
    page.get_by_role("button", name=name).click()
    page.wait_for_load_state()
    return page


def test_a_case_goes_through_the_urgent_lane(port: int, new_visitor: Visitors) -> None:
    coordinator = enter(new_visitor, port, "Sam Ordnarsson")
    coordinator.get_by_role("link", name="Bedöm").first.click()
    coordinator.get_by_role("link", name="Öppna snabbspår").click()
    is_clean(coordinator)
    address = coordinator.url
    coordinator.get_by_role("button", name="Öppna snabbspåret").click()
    expect(coordinator.get_by_text("Snabbspåret är öppet.")).to_be_visible()
    is_clean(coordinator)

    nurse = enter(new_visitor, port, "Disa Deltagare", width=390)
    is_clean(nurse)
    nurse.get_by_role("link", name=f"Yttra dig {address.split('/')[-2]}").click()
    nurse.get_by_label("Ditt yttrande").fill("Extern pump går att sköta hemma.")
    nurse.get_by_role("button", name="Lämna yttrandet").click()
    expect(nurse.get_by_text("Tack. Yttrandet är sparat")).to_be_visible()
    is_clean(nurse)

    consultant = enter(new_visitor, port, "Kim Smärtgren")
    consultant.goto(address)
    consultant.get_by_role("link", name="Sammanfatta").click()
    is_clean(consultant)
    consultant.get_by_label("Svar på frågeställningen").fill("Pröva blockad först.")
    consultant.get_by_role("radiogroup", name="Är smärtan refraktär?").get_by_label("Ja", exact=True).check()
    consultant.get_by_label("Nervblockad").check()
    consultant.get_by_label("Motivering").fill("Tydligt lokaliserad smärta.")
    consultant.get_by_label("Ansvarig enhet").fill("Smärtenheten Lund")
    consultant.get_by_label("Senast").fill("2099-01-15")
    consultant.get_by_label("Informerar patienten").fill("Remitterande läkare")
    consultant.get_by_label("Kontakt på jourtid").fill("Smärtjouren")
    consultant.get_by_role("button", name="Granska och signera").click()
    is_clean(consultant)
    expect(consultant.get_by_text("Tydligt lokaliserad smärta.")).to_be_visible()
    consultant.get_by_role("button", name="Signera").click()
    expect(consultant.get_by_text("nästa konferens ratificerar den.").first).to_be_visible()
    is_clean(consultant)

    chair = enter(new_visitor, port, "Olga Förare")
    expect(chair.get_by_text("väntar på att en konferens ratificerar")).to_be_visible()
    is_clean(chair)


def test_files_are_attached_on_a_phone_without_scripts(port: int, new_visitor: Visitors, tmp_path: Path) -> None:
    (tmp_path / "MR.pdf").write_bytes(paper.pdf())
    (tmp_path / "Smärtområde.jpg").write_bytes(paper.photo())
    (tmp_path / "IMG_1.heic").write_bytes(b"\x00\x00\x00\x20ftypheic" + bytes(40))
    page = enter(new_visitor, port, "Hanna Remitterius", width=390, javascript=False)
    page.goto(f"http://127.0.0.1:{port}/cases?state=triage")
    page.get_by_role("link", name="MDK-").first.click()
    page.get_by_role("link", name="Lägg till").click()
    page.get_by_label("Filer").set_input_files([tmp_path / "MR.pdf", tmp_path / "IMG_1.heic"])
    page.get_by_label("Eller ta en bild").set_input_files([tmp_path / "Smärtområde.jpg"])
    page.get_by_role("button", name="Lägg till bilagor").click()
    expect(page.get_by_text("telefonens eget format HEIC").first).to_be_visible()
    expect(page.get_by_role("link", name="Smärtområde.jpg , öppnas")).to_be_visible()
    opened = page.request.get(str(page.get_by_role("link", name="MR.pdf , öppnas").evaluate("link => link.href")))
    assert (opened.status, opened.headers["content-type"]) == (200, "application/pdf")
    page.get_by_role("link", name="Ta bort MR.pdf").click()
    page.get_by_label("Skäl").fill("Fel undersökning.")
    page.get_by_role("button", name="Ta bort bilagan").click()
    expect(page.get_by_role("link", name="MR.pdf , öppnas")).to_have_count(0)
