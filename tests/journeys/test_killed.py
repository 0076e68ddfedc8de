"""The server is killed while minutes are typed and signed: what was acknowledged is there, and nothing is half done."""

import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from hatched import serving
from mdk import bearers, clock, settings
from mdk.audit.queries import first_fault
from mdk.cases.tables import Case
from mdk.db import Database
from mdk.minutes.tables import Minutes, MinutesSeal
from mdk.outbox.tables import OutboxRow
from mdk.pathways.tables import ImplantReferral

CASES_A_ROUND = 2
SOON = 0.6  # seconds within which the server is killed after the first keystroke


class Chair:
    """Types minutes and signs them as fast as the server takes it, and remembers what was acknowledged."""

    def __init__(self, conference_id: str) -> None:
        self.conference_id, self.numbers = conference_id, list[str]()
        self.acknowledged: dict[str, tuple[int, str]] = {}
        self.asked: dict[str, tuple[int, str]] = {}
        self.signed: set[str] = set()
        self.chance = random.Random()

    def work(self, address: str, token: str, began: threading.Event) -> None:
        """Go on until the server is gone."""
        with httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=10) as client:
            try:
                self._ask_again(client)
                began.set()
                for turn in range(10_000):
                    self._once(client, self.numbers[-1 - turn % CASES_A_ROUND], turn)
            except httpx.TransportError:
                return

    def _ask_again(self, client: httpx.Client) -> None:
        """After a crash what was not answered is sent once more, as a browser would, and is carried out once."""
        for number, (version, said) in self.asked.items():
            if number in self.signed:
                continue
            if self.acknowledged.get(number) != (version, said):
                answer = self._put(client, number, version - 1, said)
                assert answer.status_code in {200, 412}, answer.text
                self.acknowledged[number] = (version, said)
            self._sign(client, number)

    def _sign(self, client: httpx.Client, number: str) -> None:
        version = self.acknowledged[number][0]
        asked = client.post(f"{self._path(number)}/sign", content=b"{}", headers={"If-Match": f'"{version}"'})
        assert asked.status_code == 200, asked.text
        assert asked.json()["version"] == version + 1
        self.signed.add(number)

    def _put(self, client: httpx.Client, number: str, version: int, said: str) -> httpx.Response:
        body = msgspec.json.encode(make.minutes_body("intern_pump", answer=said))
        return client.put(self._path(number), content=body, headers={"If-Match": f'"{version}"'})

    def _path(self, number: str) -> str:
        return f"/api/v1/conferences/{self.conference_id}/cases/{number}/minutes"

    def _once(self, client: httpx.Client, number: str, turn: int) -> None:
        version, _ = self.acknowledged.get(number, (0, ""))
        if number in self.signed or (version > 1 and self.chance.random() < 0.3):
            self._sign(client, number)  # the same, however often
            return
        said = f"Ord {turn}"
        self.asked[number] = (version + 1, said)
        answer = self._put(client, number, version, said)
        assert answer.status_code == 200, answer.text
        self.acknowledged[number] = (answer.json()["version"], said)


def token_of(database: Database) -> str:
    configured = settings.load({"MDK_SECRET_KEY": make.SECRET}, dotenv=Path("/dev/null"))
    by = make.viewer(database, make.CHAIR)
    return bearers.issue(
        make.SECRET,
        person_id=by.person_id,
        assignment_id=by.assignment_id,
        now=clock.now(),
        minutes=60,
        issuer=configured["BASE_URL"],
    )


def kill_while_working(database: Database, data: Path, chair: Chair) -> None:
    with serving(database, data) as (server, port):
        began = threading.Event()
        token = token_of(database)
        hands = threading.Thread(target=chair.work, args=(f"http://127.0.0.1:{port}", token, began))
        hands.start()
        assert began.wait(30)
        threading.Event().wait(chair.chance.uniform(0, SOON))
        server.kill()
        server.join(10)
        hands.join(30)
        assert not hands.is_alive()


def check(database: Database, chair: Chair) -> None:
    with database.reading() as session:
        for number in chair.numbers:
            case = session.scalars(select(Case).where(col(Case.number) == number)).one()
            minutes = session.scalar(select(Minutes).where(col(Minutes.case_id) == case.id))
            _check_saved(chair, number, minutes)
            is_signed = minutes is not None and minutes.signed_at is not None
            assert is_signed or number not in chair.signed
            made = {
                "seal": [seal.addendum for seal in session.scalars(_of(MinutesSeal, minutes))],
                "referral": len(list(session.scalars(_of(ImplantReferral, minutes)))),
                "decided": case.state == "decided",
                "told": Counter(session.scalars(select(col(OutboxRow.topic)).where(col(OutboxRow.key) == number)))[
                    "notice.minutes-signed"
                ],
            }
            assert made == {
                "seal": [0] * is_signed,
                "referral": int(is_signed),
                "decided": is_signed,
                "told": int(is_signed),
            }
        assert first_fault(session) is None


def _check_saved(chair: Chair, number: str, minutes: Minutes | None) -> None:
    acknowledged, asked = chair.acknowledged.get(number), chair.asked.get(number)
    if minutes is None:
        assert acknowledged is None
        return
    version = minutes.version - (minutes.signed_at is not None)
    said = msgspec.json.decode(minutes.document)["answer"]
    assert (version, said) in {acknowledged, asked}


def _of(table: Any, minutes: Minutes | None) -> Any:
    return select(table).where(table.minutes_id == (minutes.id if minutes else 0))


def survive(database: Database, data: Path, rounds: int) -> None:
    make.people(database)
    numbers = [make.accepted(database) for _ in range(CASES_A_ROUND * rounds)]
    held = make.in_session(database, numbers, minutes_each=1, duration_minutes=max(60, len(numbers)))
    chair = Chair(held)
    for place in range(0, len(numbers), CASES_A_ROUND):
        chair.numbers += numbers[place : place + CASES_A_ROUND]
        kill_while_working(database, data, chair)
        check(database, chair)
    assert len(chair.acknowledged) > rounds


@pytest.mark.timeout(600)
def test_five_times_nothing_acknowledged_is_lost_and_nothing_is_half_done(
    database: Database, tmp_path: Path
) -> None:  # F1, F2
    survive(database, tmp_path, rounds=5)


@pytest.mark.long
def test_fifty_times_nothing_acknowledged_is_lost_and_nothing_is_half_done(database: Database, tmp_path: Path) -> None:
    survive(database, tmp_path, rounds=50)
