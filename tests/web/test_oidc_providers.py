"""The sign-in with identity providers of others' making: the whole way there, back and out again."""

from collections.abc import Iterator
from typing import Any

import pytest

import make
from mdk.db import Database
from mdk.people import service
from oidc import BASE_URL, CLIENT_SECRET, Guest, certified_provider, installed, mock_provider, walk_through

HSA, UNIT = "TSTNMT2321000156-1077", "TSTNMT2321000156-10NK"
SITHS = {
    "OIDC_SCOPES": "openid commission",
    "OIDC_PERSON_CLAIM": "employeeHsaId",
    "OIDC_UNIT_CLAIM": "healthCareUnitHsaId",
}


@pytest.fixture(scope="module")
def certified() -> Iterator[str]:
    """The certified provider, where everybody is the same person."""
    person = {"employeeHsaId": HSA, "healthCareUnitHsaId": UNIT, "email": "ny@demo.mdk", "email_verified": True}
    with certified_provider(person) as issuer:
        yield issuer


@pytest.fixture
def house(embedded: Database) -> Database:
    make.people(embedded)
    with embedded.writing() as session:
        service.add(
            session, email="ny@demo.mdk", name="Ny Läkare", role="member", unit_id="mdk-samordning", hsa_id=HSA,
            at=make.AT,
        )  # fmt: skip
        service.name_unit(session, unit_id="mdk-samordning", hsa_id=UNIT, at=make.AT)
    return embedded


def test_oidc_provider_mock_lets_in_whom_it_knows_by_address(house: Database) -> None:
    known: dict[str, dict[str, Any]] = {
        "olga": {"email": make.email(make.CHAIR), "email_verified": True},
        "eva": {"email": "eva@elsewhere.example"},
    }
    with mock_provider(known) as issuer, installed(house, issuer) as client:
        guest = Guest(client)
        answer = guest.come_back(walk_through(guest.begin(), sub="olga"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "Olga Förare" in guest.get("/").text
        stranger = Guest(client)
        answer = stranger.come_back(walk_through(stranger.begin(), sub="eva"))
        assert (answer.status_code, "inte bekräftat" in answer.text) == (403, True)
        denied = Guest(client)
        answer = denied.come_back(walk_through(denied.begin(), sub="olga", action="deny"))
        assert answer.status_code == 403


def test_the_certified_provider_lets_in_whom_it_knows_by_hsa_id_and_ends_its_own_session(
    house: Database, certified: str
) -> None:
    with installed(house, certified, **SITHS) as client:
        guest = Guest(client)
        answer = guest.come_back(walk_through(guest.begin(), login="ny", password="x"))
        assert (answer.status_code, answer.headers.get("location")) == (303, "/"), answer.text
        assert "Ny Läkare" in guest.get("/").text
        assert guest.post("/sign-out").headers["location"] == "/sign-out/there"
        there = guest.get("/sign-out/there").text.split("url=")[1].split('"')[0].replace("&amp;", "&")
        assert walk_through(there, logout="yes") == f"{BASE_URL}/signed-out"


def test_the_certified_provider_lets_in_by_address_and_tells_when_they_proved_it(
    house: Database, certified: str
) -> None:
    with installed(house, certified, OIDC_MAX_AGE="60") as client:
        guest = Guest(client)
        assert guest.come_back(walk_through(guest.begin(), login="ny", password="x")).status_code == 303
        assert "Ny Läkare" in guest.get("/").text


def test_a_level_that_the_certified_provider_does_not_reach_lets_nobody_in(house: Database, certified: str) -> None:
    with installed(house, certified, **SITHS, OIDC_ACR="http://id.sambi.se/loa/loa3") as client:
        guest = Guest(client)
        answer = guest.come_back(walk_through(guest.begin(), login="ny", password="x"))
        assert (answer.status_code, "tillitsnivå" in answer.text) == (403, True)


def test_a_wrong_secret_lets_nobody_in(house: Database, certified: str) -> None:
    with installed(house, certified, OIDC_CLIENT_SECRET=CLIENT_SECRET + "x") as client:
        guest = Guest(client)
        assert guest.come_back(walk_through(guest.begin(), login="x", password="x")).status_code == 403
