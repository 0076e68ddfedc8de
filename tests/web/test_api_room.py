"""The room over the API: turns, order, attendance, the patient's view and deferral, each with its refusals."""

from typing import Any, NamedTuple

from httpx import Response

import make
from calling import Callers, fields, refusal
from make import CHAIR, CONSULTANT, COORDINATOR, NURSE, OTHER_REFERRER, REFERRER, STEERING
from mdk import clock
from mdk.people import service as people
from visiting import coming, queued, under_way

ACTS = ("turn", "running-order", "attendance", "patient-heard", "defer")


class Room(NamedTuple):
    """A conference that is held, and the two cases on it."""

    api: Callers
    path: str
    one: str
    two: str

    def act(self, who: str, name: str, body: Any = None, **more: Any) -> Response:
        """Do an act, with its usual content unless another is given."""
        method, path, usual = {
            "turn": ("POST", "turn", {"case": self.one}),
            "running-order": ("PUT", "running-order", {"items": self.order((self.two, 10), (self.one, 5))}),
            "attendance": ("POST", "attendance", {"email": make.email(NURSE), "present": True}),
            "patient-heard": ("POST", f"cases/{self.one}/patient-heard", {"heard": True}),
            "defer": ("POST", f"cases/{self.one}/defer", {"reason": "Tiden räcker inte."}),
        }[name]
        return self.api[who].send(method, f"{self.path}/{path}", usual if body is None else body, **more)

    def order(self, *items: tuple[str, int]) -> list[dict[str, Any]]:
        return [{"case": number, "minutes": length} for number, length in items]

    def sitting(self, who: str = CHAIR) -> dict[str, Any]:
        found: dict[str, Any] = self.api[who].get(f"{self.path}/sitting").json()
        return found

    def version_for(self, name: str) -> int:
        """What If-Match names: the version of the minutes to defer a case, else that of the conference."""
        minutes = self.api[CHAIR].get(f"{self.path}/cases/{self.one}/minutes").json()
        return int(minutes["version"] if name == "defer" else self.sitting()["version"])


def held(api: Callers) -> Room:
    one, two = queued(api.database), queued(api.database)
    return Room(api, f"/conferences/{under_way(api.database, [one, two])}", one, two)


def test_the_chair_runs_a_conference_over_the_api_alone(stored_api: Callers) -> None:
    room = held(stored_api)
    taken = room.act(CHAIR, "turn", version=room.version_for("turn")).json()
    assert (taken["current"], [each["case"] for each in taken["agenda"]]) == (room.one, [room.one, room.two])
    arranged = room.act(CHAIR, "running-order", version=taken["version"]).json()
    assert [(each["case"], each["minutes"]) for each in arranged["agenda"]] == [(room.two, 10), (room.one, 5)]
    there = room.act(CHAIR, "attendance", version=arranged["version"]).json()
    assert [each["email"] for each in there["people"] if each["present"]] == [make.email(NURSE)]
    heard = room.act(CHAIR, "patient-heard", version=there["version"]).json()
    assert [each["case"] for each in heard["agenda"] if each["patient_heard"]] == [room.one]
    cut = room.act(CHAIR, "turn", {"case": None}, version=heard["version"]).json()
    assert (cut["current"], [each["is_done"] for each in cut["agenda"]]) == (None, [False, True])
    assert room.sitting(NURSE)["agenda"] == room.sitting()["agenda"]


def test_a_case_is_put_off_over_the_api_and_stands_in_the_queue_where_it_stood(stored_api: Callers) -> None:
    room = held(stored_api)
    room.act(CHAIR, "turn", version=room.version_for("turn"))
    before = make.case_row(stored_api.database, room.one).waiting_from
    done = room.act(CHAIR, "defer", version=0)
    told = done.json()
    assert (done.status_code, told["outcome"], told["motivation"]) == (200, "deferred", "Tiden räcker inte.")
    assert (told["signed"]["by"], room.sitting()["current"]) == ("Olga Förare", None)
    row = make.case_row(stored_api.database, room.one)
    assert (row.state, row.waiting_from) == ("accepted", before)
    assert refusal(room.act(CHAIR, "defer", version=0)) == (412, "stale")
    assert refusal(room.act(CHAIR, "defer", version=told["version"])) == (409, "minutes.signed")


def test_what_is_typed_in_the_minutes_stays_when_the_case_is_put_off(api: Callers) -> None:
    room = held(api)
    path = f"{room.path}/cases/{room.one}/minutes"
    version = api[CHAIR].put(path, {"answer": "Vi väntar på MR.", "attendance": []}, version=0).json()["version"]
    assert room.act(CHAIR, "defer", version=version).json()["answer"] == "Vi väntar på MR."


def test_each_act_is_checked_in_the_order_of_the_contract(api: Callers) -> None:
    room = held(api)
    assert refusal(api.with_header(None).post(f"{room.path}/turn", b"{")) == (401, "sign-in-needed")
    elsewhere = room._replace(one=queued(api.database))
    for name in ACTS:
        for who in (NURSE, CONSULTANT, COORDINATOR, REFERRER, STEERING):
            assert refusal(room.act(who, name, b"{")) == (403, "not-allowed")
        assert refusal(room._replace(path="/conferences/x").act(CHAIR, name, b"{")) == (404, "not-found")
        if name in {"patient-heard", "defer"}:
            assert refusal(elsewhere.act(CHAIR, name, b"{")) == (404, "not-found")
        assert refusal(room.act(CHAIR, name, b"{")) == (428, "version-needed")
        assert refusal(room.act(CHAIR, name, b"{", version=99)) == (400, "invalid")
        assert fields(room.act(CHAIR, name, {"x": 1}, version=99)) >= {"x"}
        assert refusal(room.act(CHAIR, name, version=99)) == (412, "stale")
    assert (room.sitting()["current"], make.state_of(api.database, room.one)) == (None, "scheduled")


def test_nothing_is_run_before_the_conference_has_begun_nor_after_its_end(api: Callers) -> None:
    one, two = queued(api.database), queued(api.database)
    room = Room(api, f"/conferences/{coming(api.database, [one, two])}", one, two)
    rules = dict.fromkeys(ACTS, "conference.wrong-state") | {"defer": "minutes.not-in-session"}
    for name, rule in rules.items():
        assert refusal(room.act(CHAIR, name, version=room.version_for(name))) == (409, rule)
    for step in ("open", "close"):
        version = api[CHAIR].get(room.path).json()["version"]
        assert api[CHAIR].post(f"{room.path}/{step}", {}, version=version).status_code == 200
    for name in ("turn", "running-order", "attendance", "patient-heard"):
        assert refusal(room.act(CHAIR, name, version=room.version_for(name))) == (409, "conference.wrong-state")
    assert room.act(CHAIR, "defer", version=0).json()["outcome"] == "deferred"  # its minutes may still be written


def test_a_case_whose_turn_never_came_is_neither_written_of_nor_signed(api: Callers) -> None:
    room = held(api)
    version = room.act(CHAIR, "turn", {"case": room.two}, version=room.version_for("turn")).json()["version"]
    assert api[CHAIR].post(f"{room.path}/close", {}, version=version).status_code == 200
    path = f"{room.path}/cases/{room.one}/minutes"
    assert refusal(api[CHAIR].put(path, {"answer": "Ja."}, version=0)) == (409, "minutes.not-discussed")
    assert refusal(api[CHAIR].post(f"{path}/sign", {}, version=0)) == (409, "minutes.not-saved")
    assert refusal(room.act(CHAIR, "defer", version=0)) == (409, "minutes.not-discussed")
    assert (make.state_of(api.database, room.one), api[CHAIR].get(path).json()["version"]) == ("accepted", 0)


def test_cases_are_neither_added_nor_left_out_during_a_conference(api: Callers) -> None:
    room = held(api)
    version, other = room.version_for("turn"), queued(api.database)
    for items, rule in (
        (room.order((room.one, 10)), "conference.other-cases"),
        (room.order((room.one, 10), (room.two, 10), (other, 5)), "conference.other-cases"),
        (room.order((room.one, 10), (room.one, 10)), "conference.case-twice"),
    ):
        assert refusal(room.act(CHAIR, "running-order", {"items": items}, version=version)) == (409, rule)
    assert refusal(room.act(CHAIR, "turn", {"case": other}, version=version)) == (404, "not-found")
    guest = {"email": make.email(OTHER_REFERRER), "present": True}
    assert fields(room.act(CHAIR, "attendance", guest, version=version)) == {"email"}


def test_another_chair_takes_over_over_the_api_and_the_first_no_longer_runs_it(api: Callers) -> None:
    room = held(api)
    room.act(CHAIR, "turn", version=room.version_for("turn"))
    unit = make.viewer(api.database, CHAIR).unit_id
    with api.database.writing() as session:
        people.add(session, email="ny@demo.mdk", name="Ny Förare", role="chair", unit_id=unit, at=clock.now())
    version = room.version_for("turn")
    version = api[COORDINATOR].patch(room.path, {"chair": "ny@demo.mdk"}, version=version).json()["version"]
    assert refusal(room.act(CHAIR, "turn", version=version)) == (403, "not-allowed")
    assert room.sitting("ny")["current"] == room.one
    assert room.act("ny", "turn", {"case": room.two}, version=version).json()["current"] == room.two
