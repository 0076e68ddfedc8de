"""Owns the installations that the tests of the sign-in come to, and the provider that says what a test wants."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy import delete

import make
import stores
from arriving import COMMISSION, HSA, OTHER_COMMISSION, SITHS, UNIT
from mdk.db import Database, sqlite_file
from mdk.people import service
from mdk_web.limits import Limits
from mdk_web.sign_in.provider import Provider
from mdk_web.tables import RateCount
from oidc import Teller, installed, telling


@pytest.fixture(scope="package")
def ward_once(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    file = tmp_path_factory.mktemp("ward") / "mdk.sqlite"
    shutil.copyfile(_sqlite_template, file)
    database = stores.made(sqlite_file(file))
    yield make.people(database)
    database.close()


@pytest.fixture(scope="package")
def teller() -> Iterator[Teller]:
    with telling() as found:
        yield found


@pytest.fixture(scope="package")
def _house(ward_once: Database, teller: Teller) -> Iterator[TestClient[Any]]:
    with installed(ward_once, teller.issuer) as client:
        yield client


@pytest.fixture(scope="package")
def _siths(ward_once: Database, teller: Teller) -> Iterator[TestClient[Any]]:
    with ward_once.writing() as session:
        for role, unit, commission in (
            ("referrer", "palliativa-vaxjo", COMMISSION), ("member", "mdk-samordning", OTHER_COMMISSION),
        ):  # fmt: skip
            service.add(
                session, email="ny@demo.mdk", name="Ny Läkare", role=role, unit_id=unit, hsa_id=HSA,
                commission=commission, at=make.AT,
            )  # fmt: skip
        service.name_unit(session, unit_id="palliativa-vaxjo", hsa_id=UNIT, at=make.AT)
    with installed(ward_once, teller.issuer, **SITHS) as client:
        yield client


@pytest.fixture
def house(_house: TestClient[Any], teller: Teller, ward_once: Database) -> TestClient[Any]:
    """An installation that knows people by their address, and nothing of the provider yet."""
    return afresh(_house, teller, ward_once)


@pytest.fixture
def siths(_siths: TestClient[Any], teller: Teller, ward_once: Database) -> TestClient[Any]:
    """The same with the claims of Inera's provider; someone has two assignments there."""
    return afresh(_siths, teller, ward_once)


def afresh(client: TestClient[Any], teller: Teller, database: Database) -> TestClient[Any]:
    teller.settle()
    state = client.app.state
    with database.writing() as session:
        session.execute(delete(RateCount))
    state.provider, state.limits = Provider(state.settings), Limits(database, make.SECRET)
    return client


@pytest.fixture(scope="package")
def _strict(ward_once: Database, teller: Teller) -> Iterator[TestClient[Any]]:
    with installed(ward_once, teller.issuer, OIDC_MAX_AGE="300") as client:
        yield client


@pytest.fixture
def strict(_strict: TestClient[Any], teller: Teller, ward_once: Database) -> TestClient[Any]:
    """An installation that demands a proof of the last five minutes."""
    return afresh(_strict, teller, ward_once)
