"""What watches over the system: alive is not ready, counts go by routes and never by what they hold."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from litestar.testing import TestClient
from prometheus_client import generate_latest

import leaks
import lending
import make
import stores
from calling import Callers
from mdk import clock, settings
from mdk.db import Database
from mdk.outbox import service as outbox
from running import serving

TOKEN = "0123456789abcdef-for-whoever-watches"


def configured(folder: Path, **more: str) -> settings.Settings:
    given = {"MDK_SECRET_KEY": make.SECRET, **{f"MDK_{name}": value for name, value in more.items()}}
    return settings.load(given, dotenv=Path(os.devnull), data_dir=folder)


@pytest.fixture
def watched(embedded: Database, tmp_path: Path) -> Iterator[TestClient[Any]]:
    make.people(embedded)
    with lending.lent(configured(tmp_path, METRICS_TOKEN=TOKEN), embedded) as client:
        yield client


def metrics(client: httpx.Client, token: str = TOKEN) -> str:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    return answer.text


def test_a_store_that_is_behind_is_alive_and_not_ready(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/none.sqlite")
    with lending.lent(configured(tmp_path), database) as client:
        assert client.get("/health/live").json() == {"status": "live"}
        answer = client.get("/health/ready")
    database.close()
    assert (answer.status_code, "mdk migrate" in answer.text) == (503, True)


def test_metrics_are_read_with_the_token_alone(watched: TestClient[Any]) -> None:
    assert "mdk_store_up 1.0" in metrics(watched)
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}):
        assert watched.get("/metrics", headers=headers).status_code == 404


def test_the_outbox_and_a_store_that_fell_away_show(watched: TestClient[Any], embedded: Database) -> None:
    with embedded.writing() as session:
        outbox.notice(session, "answered", person_id=1, key="x", at=clock.now() - make.DAY)
    text = metrics(watched)
    assert "mdk_outbox_due 1.0" in text
    assert "mdk_outbox_failed 0.0" in text
    assert 86_000 < float(text.split("\nmdk_outbox_oldest_seconds ")[1].split()[0]) < 90_000
    watched.app.state.update({"database": Database("postgresql://nobody@127.0.0.1:1/none")})
    assert "mdk_store_up 0.0" in metrics(watched)


def test_every_request_has_an_id_and_is_logged_and_counted_by_its_route_without_what_it_holds(api: Callers) -> None:
    number = make.submitted(api.database)
    with structlog.testing.capture_logs() as lines, leaks.meant() as asked:
        answer = api[make.REFERRER].get(f"/cases/{number}", q="Ester Provlund")
        assert api[make.REFERRER].get("/cases/MDK-2099-0001").status_code == 404
        assert api.client.get(f"/nowhere/{make.ADULT}").status_code == 404
    assert {leak.channel for leak in asked} == {"address"}  # which the caller chose
    assert len(answer.headers["x-request-id"]) == 32
    found = [(line["route"], line["status"]) for line in lines if line["event"] == "answered"]
    assert ("/api/v1/cases/{number}", 200) in found
    assert ("/api/v1/cases/{number}", 404) in found
    text = generate_latest().decode() + str(lines)
    assert 'mdk_requests_total{method="GET",route="/api/v1/cases/{number}",status="200"}' in text
    for secret in (number, "MDK-2099-0001", "Ester", "Provlund", make.ADULT, "nowhere"):
        assert secret not in text


@pytest.mark.postgres
def test_several_workers_count_together_and_tell_the_machine_itself_but_no_proxy(
    postgres_url: str, tmp_path: Path
) -> None:
    with stores.opened(postgres_url) as database:
        make.people(database)
        with serving(database, tmp_path, workers=2) as (_, port):
            address = f"http://127.0.0.1:{port}"
            for _ in range(12):
                httpx.get(f"{address}/about").raise_for_status()
            text = httpx.get(f"{address}/metrics").text
            through = httpx.get(f"{address}/metrics", headers={"X-Forwarded-For": "192.0.2.7"})
    assert through.status_code == 404
    assert 'mdk_requests_total{method="GET",route="/about",status="200"} 12.0' in text
