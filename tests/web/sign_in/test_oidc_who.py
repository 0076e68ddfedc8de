"""Whom an identity provider speaks of, how strongly they signed in, and with which assignment they come in."""

import re
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy import select
from sqlmodel import col

import make
from arriving import COMMISSION, HSA, OTHER_COMMISSION, SITHS, UNIT, newest, refused, siths_claims
from mdk import clock
from mdk.audit.tables import AccessLog
from mdk.db import Database
from mdk.people import service
from mdk.people.tables import SignIn
from oidc import Guest, Teller, asked_for


# ------------------------------------------------------------------------------------------ who it is
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"email": "nobody@demo.mdk"}, "sign-in.unknown-person"),
        ({"email": None}, "sign-in.missing-claim"),
        ({"email": ["", 7]}, "sign-in.missing-claim"),
        ({"email_verified": False}, "sign-in.email-unverified"),
        ({"email_verified": None}, "sign-in.email-unverified"),
    ],
)
def test_whom_the_provider_does_not_vouch_for_is_refused(
    house: TestClient[Any], teller: Teller, ward_once: Database, said: dict[str, Any], code: str
) -> None:
    teller.claims |= said
    guest = Guest(house)
    page = refused(guest.come_back(teller.authorize(guest.begin())), ward_once, code)
    assert "systemförvaltningen" in page


def test_what_the_provider_tells_only_when_asked_is_asked_for_and_must_be_of_the_same_person(
    house: TestClient[Any], teller: Teller, ward_once: Database
) -> None:
    teller.told_when_asked, teller.claims = teller.claims, {}
    guest = Guest(house)
    assert guest.come_back(teller.authorize(guest.begin())).status_code == 303
    teller.told_when_asked["sub"] = "bertil"
    refused(guest.come_back(teller.authorize(guest.begin())), ward_once, "sign-in.missing-claim")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"acr": "http://id.sambi.se/loa/loa2"}, "sign-in.assurance"),
        ({"acr": None}, "sign-in.assurance"),
        ({"amr": ["pwd"]}, "sign-in.second-factor"),
        ({"amr": None}, "sign-in.second-factor"),
        ({"employeeHsaId": None}, "sign-in.missing-claim"),
        ({"employeehsaid": HSA, "employeeHsaId": None}, "sign-in.missing-claim"),
        ({"commissionHsaId": None}, "sign-in.missing-claim"),
        ({"employeeHsaId": "TSTNMT2321000156-0000"}, "sign-in.unknown-person"),
        ({"commissionHsaId": "TSTNMT2321000156-0000"}, "sign-in.no-assignment"),
        ({"healthCareUnitHsaId": "TSTNMT2321000156-0000"}, "sign-in.no-assignment"),
    ],
)
def test_siths_demands_level_second_factor_and_an_assignment_of_ours(
    siths: TestClient[Any], teller: Teller, ward_once: Database, said: dict[str, Any], code: str
) -> None:
    teller.claims = siths_claims(**said)
    guest = Guest(siths)
    refused(guest.come_back(teller.authorize(guest.begin())), ward_once, code)


@pytest.mark.parametrize("ago", [-55, 0, 299.5, 355])
def test_who_proved_lately_who_they_are_is_let_in_with_a_minute_for_the_clocks(
    strict: TestClient[Any], teller: Teller, ago: float
) -> None:
    teller.claims |= {"auth_time": clock.now().timestamp() - ago}
    guest = Guest(strict)
    there = guest.begin()
    assert asked_for(there)["max_age"] == ["300"]
    assert guest.come_back(teller.authorize(there)).status_code == 303


@pytest.mark.parametrize("ago", [365, 86_400, 10**10, -70])
def test_who_proved_it_too_long_ago_does_so_again(
    strict: TestClient[Any], teller: Teller, ward_once: Database, ago: int
) -> None:
    teller.claims |= {"auth_time": int(clock.now().timestamp()) - ago}
    guest = Guest(strict)
    page = refused(guest.come_back(teller.authorize(guest.begin())), ward_once, "sign-in.stale")
    assert "Det är för länge sedan du legitimerade dig hos inloggningstjänsten. Logga in igen." in page
    teller.claims |= {"auth_time": int(clock.now().timestamp())}
    assert guest.come_back(teller.authorize(guest.begin())).status_code == 303


@pytest.mark.parametrize("told", [None, "2026-11-25", True, [], {}], ids=repr)
def test_a_token_that_does_not_tell_when_they_proved_it_is_refused_though_it_is_told_when_asked(
    strict: TestClient[Any], teller: Teller, ward_once: Database, told: object
) -> None:
    teller.claims |= {"auth_time": told}
    teller.told_when_asked = {"auth_time": int(clock.now().timestamp())}
    guest = Guest(strict)
    page = refused(guest.come_back(teller.authorize(guest.begin())), ward_once, "sign-in.missing-claim")
    assert "lämnade inte uppgiften auth_time" in page


def test_nobody_is_asked_when_they_proved_it_where_that_is_not_demanded(house: TestClient[Any], teller: Teller) -> None:
    teller.claims |= {"auth_time": 1}
    guest = Guest(house)
    there = guest.begin()
    assert "max_age" not in asked_for(there)
    assert guest.come_back(teller.authorize(there)).status_code == 303


def test_siths_brings_in_the_assignment_that_was_chosen_there(siths: TestClient[Any], teller: Teller) -> None:
    teller.claims = siths_claims()
    guest = Guest(siths)
    there = guest.begin()
    assert asked_for(there)["acr_values"] == [SITHS["OIDC_ACR"]]
    assert "Logga in med SITHS" in guest.get("/sign-in").text
    assert guest.come_back(teller.authorize(there)).headers["location"] == "/"
    assert "Palliativa" in guest.get("/").text
    page = guest.get("/assignments").text
    assert page.count('name="assignment"') == 1


def test_who_has_several_assignments_chooses_and_switches_without_signing_out(
    siths: TestClient[Any], teller: Teller, ward_once: Database
) -> None:
    teller.claims = siths_claims(commissionHsaId=[COMMISSION, OTHER_COMMISSION], healthCareUnitHsaId=[UNIT, "other"])
    with ward_once.writing() as session:
        other = service.add(
            session, email="ny@demo.mdk", name="Ny Läkare", role="chair", unit_id="palliativa-vaxjo", hsa_id=HSA,
            commission=OTHER_COMMISSION, at=make.AT,
        )  # fmt: skip
    guest = Guest(siths)
    guest.get("/queue")
    assert guest.come_back(teller.authorize(guest.begin())).headers["location"] == "/assignments"
    pending = siths.cookies["__Host-mdk_session"]
    for page in ("/", "/sessions", "/queue"):
        assert guest.get(page).headers["location"] == "/sign-in"
    assert guest.get("/sign-in").headers["location"] == "/assignments"
    assert "vad arbetar du som?" in guest.get("/assignments").text
    answer = guest.post("/assignments", assignment=str(other))
    assert (answer.headers["location"], siths.cookies["__Host-mdk_session"] == pending) == ("/queue", False)
    assert "Byt uppdrag" in guest.get("/").text
    first = min(set(choices(guest)) - {str(other)})
    assert guest.post("/assignments", assignment=first).status_code == 303
    acts = [act for act, *_ in newest(ward_once, 6)]
    assert "sign-in.switch" in acts
    guest.holds("__Host-mdk_session", pending)
    assert guest.get("/assignments").headers["location"] == "/sign-in"


def choices(guest: Guest) -> list[str]:
    return re.findall(r'value="(\d+)"', guest.get("/assignments").text)


@pytest.mark.parametrize("chosen", ["", "0", "999999", "x", "1;2"])
def test_nobody_takes_an_assignment_of_another(house: TestClient[Any], teller: Teller, chosen: str) -> None:  # idor
    guest = Guest(house)
    guest.come_back(teller.authorize(guest.begin()))
    guest.get("/")
    assert guest.post("/assignments", assignment=chosen).status_code == 404


# ------------------------------------------------------------------------------------------ the demo's chooser
def test_outside_the_demo_nobody_signs_in_by_choosing(house: TestClient[Any], ward_once: Database) -> None:
    guest = Guest(house)
    assert 'name="assignment"' not in guest.get("/sign-in").text
    assert guest.post("/sign-in", assignment="1").status_code == 403


def test_the_log_of_all_this_names_nobody_whom_it_does_not_know(ward_once: Database) -> None:
    with ward_once.reading() as session:
        rows = list(session.scalars(select(AccessLog).where(col(AccessLog.act) == "sign-in")))
        assert {row.cases for row in rows} <= {""}
        assert {row.reason for row in rows if row.reason} <= {f"sign-in.{each}" for each in (
            "token", "state", "code", "issuer", "cancelled", "provider", "missing-claim", "email-unverified",
            "unknown-person", "no-assignment", "assurance", "second-factor", "stale",
        )}  # fmt: skip
        assert session.scalars(select(SignIn).where(col(SignIn.cookie_hash) == "")).first() is None
