"""What cannot be after a decision is said clearly, on the page and over the API, and changes nothing."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

import earlier
import make
import stores
from calling import calling
from make import FUNCTION, REFERRER, STEERING, SURGEON
from mdk.db import Database, sqlite_file
from mdk.pathways.tables import ImplantReferral, PathwayAction, PumpAssignment
from visiting import visiting

DAYS = 30
# What bad input must leave as it was, row by row.
TABLES = (
    "case_file", "implant_referral", "pump_assignment", "pathway_action", "pathway_prerequisite", "follow_up",
    "standing_prerequisite", "prevalence_survey", "prevalence_count", "state_move", "outbox",
)  # fmt: skip
WRONG_SUM = "place;region;patients;high_dose;advanced\nLund;skane;50;10;1\nSumma;;51;10;1\n"


class Bad(NamedTuple):
    """One thing that cannot be: who tries it on which address and with what, and what is said of it.

    The API's status stands before the page's.
    """

    who: str
    what: str
    act: str
    body: dict[str, Any]
    statuses: tuple[int, int]
    said: str
    method: str = "POST"


KEPT = {"note", "text", "reason", "source", "week"}  # typing that must stand in the form again
BEFORE, AHEAD = "Datumet ligger före beslutet. Ange", "Datumet har inte kommit än."
OUT_OF_ORDER = "Uppdraget är i ett läge där detta inte går."
MET = {"state": "met", "owner": "", "note": "Klart"}
FOLLOW_UP = {"week": 2, "nrs": 3, "alive": "yes"}
BAD = {
    "implanted before it is scheduled": Bad(
        SURGEON, "new", "implant", {"date": earlier.day(0)}, (409, 422), OUT_OF_ORDER
    ),
    "reported before it is implanted": Bad(SURGEON, "new", "report", {"text": "Klart."}, (409, 422), OUT_OF_ORDER),
    "inserted before it is prepared": Bad(
        FUNCTION, "accepted", "insert", {"date": earlier.day(0)}, (409, 422), OUT_OF_ORDER
    ),
    "ended twice": Bad(REFERRER, "ended", "done", {}, (409, 422), OUT_OF_ORDER),
    "implanted before the decision": Bad(
        SURGEON, "scheduled", "implant", {"date": earlier.day(DAYS + 1)}, (400, 422), BEFORE
    ),
    "implanted tomorrow": Bad(SURGEON, "scheduled", "implant", {"date": earlier.day(-1)}, (400, 422), AHEAD),
    "inserted before the decision": Bad(
        FUNCTION, "preparing", "insert", {"date": earlier.day(DAYS + 1)}, (400, 422), BEFORE
    ),
    "planned yesterday": Bad(
        SURGEON, "scheduled", "schedule", {"date": earlier.day(1)}, (400, 422), "Datumet har passerat."
    ),
    "another region's function": Bad(
        "funktion.halland", "preparing", "insert", {"date": earlier.day(0)}, (404, 404), ""
    ),
    "handed over to where it is": Bad(
        FUNCTION,
        "preparing",
        "hand-over",
        {"region": "kronoberg", "reason": "-"},
        (409, 422),
        "ligger redan hos den regionen",
    ),
    "handed over out of the regions": Bad(
        FUNCTION, "preparing", "hand-over", {"region": "dalarna", "reason": "-"}, (400, 422), "Välj"
    ),
    "met without an owner": Bad(
        FUNCTION, "preparing", "prerequisites/9", MET, (400, 422), "Ange vem som ansvarar", method="PUT"
    ),
    "met at neurosurgery without an owner": Bad(
        SURGEON, "new", "prerequisites/22", MET, (400, 422), "Ange vem som ansvarar", method="PUT"
    ),
    "not done without a reason": Bad(REFERRER, "open", "not-done", {"note": "-"}, (400, 422), "Välj varför"),
    "a follow-up for a dead patient": Bad(
        REFERRER,
        "dead",
        "follow-ups",
        {**FOLLOW_UP, "date": earlier.day(0)},
        (409, 422),
        "Patienten är rapporterad avliden.",
    ),
    "a follow-up before it was done": Bad(
        REFERRER,
        "inserted",
        "follow-ups",
        {**FOLLOW_UP, "date": earlier.day(DAYS)},
        (400, 422),
        "Datumet ligger före åtgärden.",
    ),
    "a table whose sums do not add up": Bad(
        STEERING,
        "prevalence",
        "",
        {"year": 2026, "week": 9, "source": "Egen", "table": WRONG_SUM},
        (400, 422),
        "Summan är 51",
    ),
}


PAGES: dict[str, Any] = {"referrals": ImplantReferral, "assignments-inbox": PumpAssignment, "actions": PathwayAction}


@pytest.fixture(scope="module")
def places(sqlite_file_once: Any) -> Iterator[tuple[Database, dict[str, tuple[str, str]]]]:
    """A database, and the addresses of what stands at each state: for the API and for pages."""
    database = make.people(stores.made(sqlite_file(sqlite_file_once)))
    wanted = {
        "new": ("intern_pump", "created"), "scheduled": ("intern_pump", "scheduled"),
        "accepted": ("extern_pump", "accepted"), "preparing": ("extern_pump", "preparing"),
        "inserted": ("extern_pump", "inserted"), "dead": ("extern_pump", "inserted"),
        "open": ("nerve_block", ""), "ended": ("nerve_block", ""),
    }  # fmt: skip
    told = [(outcome, earlier.submission(days=DAYS + 2)) for outcome, _ in wanted.values()]
    numbers = dict(zip(wanted, earlier.decided(database, told, days=DAYS), strict=True))
    found = {"prevalence": ("/point-prevalences", "/figures/prevalence")}
    for name, (outcome, state) in wanted.items():
        if outcome == "nerve_block":
            key = earlier.pathway_of(database, numbers[name], outcome)
        else:
            key = earlier.bring_on(database, numbers[name], outcome, state, days=DAYS - 2)
        api, pages = {
            "intern_pump": ("/implant-referrals", "/referrals"),
            "extern_pump": ("/pump-assignments", "/assignments-inbox"),
            "nerve_block": ("/actions", "/actions"),
        }[outcome]
        found[name] = (f"{api}/{key}", f"{pages}/{key}")
    make.end_action(database, found["ended"][0].rpartition("/")[2], "done", at=earlier.ago(1))
    for name in ("dead", "inserted"):
        found[name] = (f"/cases/{numbers[name]}", f"/cases/{numbers[name]}")
    make.report(database, numbers["dead"], "report_death", at=earlier.ago(0), date=earlier.ago(1).date())
    yield database, found
    database.close()


def rows(database: Database) -> dict[str, list[Any]]:
    with database.reading() as session:
        return {name: list(session.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2"))) for name in TABLES}


@pytest.mark.parametrize("name", BAD)
def test_over_the_api_it_is_refused_and_nothing_is_changed(places: Any, name: str) -> None:
    database, found = places
    bad, before = BAD[name], rows(database)
    with calling(database) as api:
        path, as_read = found[bad.what][0], api[REFERRER]
        version = as_read.get(path).json().get("version", 1) if bad.what != "prevalence" else None
        answer = api[bad.who].send(bad.method, f"{path}/{bad.act}".rstrip("/"), bad.body, version=version)
    assert answer.status_code == bad.statuses[0], answer.text
    assert bad.said in answer.text
    assert rows(database) == before


@pytest.mark.parametrize("name", BAD)
def test_on_its_page_it_is_refused_with_the_typing_kept_and_nothing_is_changed(places: Any, name: str) -> None:
    database, found = places
    bad, before = BAD[name], rows(database)
    with visiting(database) as people:
        path = f"{found[bad.what][1]}/{bad.act}".rstrip("/")
        typed = {field: str(value) for field, value in bad.body.items()}
        answer = people[bad.who].post(path, version=version_of(database, found[bad.what][1]), **typed)
    assert answer.status == bad.statuses[1]
    assert bad.said in answer.words
    assert all(field not in KEPT or value in answer.html for field, value in typed.items())
    assert rows(database) == before


def version_of(database: Database, path: str) -> str:
    _, kind, key = path.split("/")[:3] if path.count("/") > 1 else ("", "", "")
    tables = {"referrals": "implant_referral", "assignments-inbox": "pump_assignment", "actions": "pathway_action"}
    if kind not in tables:
        return "1"
    with database.reading() as session:
        return str(
            session.execute(text(f"SELECT version FROM {tables[kind]} WHERE id = :key"), {"key": key}).scalar_one()
        )
