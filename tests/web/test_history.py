"""A case's history as people and programs read it, and what the pages say of hints and stored assessments."""

from typing import Any

import pytest
from sqlalchemy import update

import make
import paper
import stores
from calling import Caller, Callers, calling, refusal
from mdk import clock
from mdk.cases.attachments import attach
from mdk.cases.changes import FieldChange
from mdk.cases.files import clean
from mdk.cases.tables import Case
from mdk.db import Choices, Database
from mdk.journey.follow_ups import tell
from mdk.journey.stories import CaseStep, occasions
from mdk.pathways.follow_up_structs import FollowUpBody
from mdk_web.cases.told import told, worded
from visiting import People, visiting

OXYCODONE = {"drug": "oxycodone", "route": "oral", "dose": "80", "unit": "mg", "per_day": "2"}


def sent_in(caller: Caller, changes: dict[str, Any]) -> str:
    case = caller.post("/cases", make.document()).json()
    number: str = case["number"]
    answer = caller.post(f"/cases/{number}/submit", {}, version=case["version"])
    if changes:
        answer = caller.patch(f"/cases/{number}", changes, version=answer.json()["version"])
    assert answer.status_code == 200, answer.text
    return number


def test_the_api_gives_the_history_oldest_first_and_page_by_page(api: Callers) -> None:
    rows = [OXYCODONE, {"drug": "morphine", "route": "oral", "dose": "20", "unit": "mg"}]
    number = sent_in(api[make.REFERRER], {"pain": {"nrs_now": 9}, "medicines": {"opioids": rows}})
    whole = api[make.COORDINATOR].get(f"/cases/{number}/history").json()
    assert [step["act"] for step in whole["items"]] == ["create", "submit", "change"]
    assert whole["next_cursor"] is None
    assert whole["items"][2]["changes"] == [
        {"field": "pain.nrs_now", "before": 7, "after": 9},
        {"field": "medicines.opioids", "before": None, "after": rows[1]},
    ]
    first = api[make.COORDINATOR].get(f"/cases/{number}/history", limit=2).json()
    rest = api[make.COORDINATOR].get(f"/cases/{number}/history", limit=2, cursor=first["next_cursor"]).json()
    assert first["items"] + rest["items"] == whole["items"]
    assert rest["next_cursor"] is None


def test_the_history_is_only_for_readers_of_the_case(api: Callers) -> None:
    number = sent_in(api[make.REFERRER], {})
    path = f"/cases/{number}/history"
    assert refusal(api[make.OTHER_REFERRER].get(path)) == (404, "not-found")
    assert refusal(api[make.STEERING].get(path))[0] == 403
    assert refusal(api[make.COORDINATOR].get(path, cursor="x")) == (400, "invalid")
    assert api[make.COORDINATOR].get(path).status_code == 200
    assert "case.story" in {row["act"] for row in api[make.AUDITOR].get(f"/cases/{number}/access-log").json()["items"]}


@pytest.mark.parametrize(
    ("field", "before", "after", "short"),
    [
        ("pain.nrs_now", 7, 9, "7 → 9"),
        ("safety.cachexia", None, "yes", "inte angivet → Ja"),
        ("urgency", "normal", "high", "Normal, inom 14 dagar → Hög, inom 7 dagar"),
        ("safety.platelets.value", 210, 90, "210 10⁹/l → 90 10⁹/l"),
        ("pain.types", ["visceral"], ["visceral", "mixed"], "Visceral → Visceral; Blandad"),
        ("medicines.opioids", None, OXYCODONE, "Oxikodon peroralt 80 mg × 2 tillagd"),
        ("medicines.opioids", OXYCODONE, None, "Oxikodon peroralt 80 mg × 2 borttagen"),
        ("medicines.side_effects", {"what": "Illamående", "severity": "mild"}, {"what": "Illamående"},
         "Illamående, Lindrig → Illamående"),
        ("safety.anticoagulants", None, {"drug": "apixaban", "last_dose": "2026-11-17", "stoppable": "no"},
         "apixaban, senaste dos tis 17 nov, kan sättas ut: nej tillagd"),
        ("safety.anticoagulants", [], None, "Inga blodförtunnande läkemedel → inte angivet"),
        ("patient.identity_number", make.ADULT, make.OTHER_ADULT, "ändrat"),
        ("diagnosis.expected_survival", "no_such_code", "unknown", "no_such_code → Går inte att bedöma"),
    ],
)  # fmt: skip
def test_a_change_is_told_in_words(field: str, before: Any, after: Any, short: str) -> None:
    assert told(FieldChange(field, before, after)).short == short


def test_a_long_text_is_shortened_with_the_whole_behind_a_click() -> None:
    change = told(FieldChange("question", "Kort fråga?", "Å" * 300))
    assert change.short == f"Kort fråga? → {'Å' * 79}…"
    assert (change.before, change.after, change.is_folded) == ("Kort fråga?", "Å" * 300, True)


def test_a_row_that_cannot_be_read_as_an_opioid_is_told_column_by_column() -> None:
    assert worded("medicines.opioids", {"drug": "poppy", "dose": "5", "unit": "mg"}) == "poppy, 5, mg"


def test_the_case_page_tells_who_changed_what_and_folds_an_identity(people: People) -> None:
    number = make.submitted(people.database, at=clock.now() - make.HOUR)
    changed = make.submission(**{"pain.nrs_now": 9, "patient.identity_number": make.OTHER_ADULT})
    version = make.version_of(people.database, number)
    make.do(people.database, number, "replace", version=version, submission=changed, by=make.REFERRER, at=clock.now())
    page = people[make.REFERRER].get(f"/cases/{number}")
    story = page.words.partition("Vad som har hänt")[2]
    assert story.index("Uppgifter ändrade") < story.index("Utkast skapat")
    assert "NRS nu: 7 → 9" in page.words
    assert "reservnummer: ändrat Före 19400104-2383 Efter 18900101-9802" in page.words


def test_the_story_follows_a_case_through_files_urgent_lane_minutes_and_pathway(api: Callers) -> None:
    database, at = api.database, clock.now() - make.HOUR
    number = make.submitted(database, at=at)
    make.act(database, make.REFERRER, attach, number=number, files=[clean("MR.pdf", paper.pdf())], at=at)
    make.urgent(database, number, at=at)
    make.opine(database, number, make.NURSE, at=at)
    make.conclude(database, number, make.minutes_body("intern_pump"), at=at)
    referral = api[make.SURGEON].get("/implant-referrals").json()["items"][0]
    api[make.SURGEON].post(f"/implant-referrals/{referral['id']}/accept", {}, version=referral["version"])
    steps = api[make.REFERRER].get(f"/cases/{number}/history").json()["items"]
    assert [(step["thing"], step["act"]) for step in steps if step["thing"] == "case"] == [
        ("case", act)
        for act in (
            "create", "submit", "attach", "accept", "urgent-open", "urgent-opinion", "urgent-conclude", "decide",
        )
    ]  # fmt: skip
    assert [step["state"] for step in steps if step["thing"] == "referral"] == ["created", "received", "accepted"]
    assert steps[-1]["by"] == "Nora Kirurg"


def test_what_one_person_did_in_one_sitting_stands_together_and_the_newest_first() -> None:
    def step(act: str, minute: int, by: str, until: int | None = None) -> CaseStep:
        end = None if until is None else make.AT + until * make.MINUTE
        return CaseStep(act, "submitted", make.AT + minute * make.MINUTE, by, "", end)

    steps = [step("create", 0, "A"), step("change", 20, "A", 45), step("attach", 70, "A"), step("accept", 80, "B")]
    steps += [step("change", 90, "A"), step("change", 121, "A")]
    assert [(each.by, [one.act for one in each.steps]) for each in occasions(steps)] == [
        ("A", ["change"]),
        ("A", ["change"]),
        ("B", ["accept"]),
        ("A", ["create", "change", "attach"]),
    ]
    assert occasions(steps)[-1].until == make.AT + 70 * make.MINUTE
    assert occasions([]) == []


def test_the_case_page_shows_hints_with_their_sources_and_the_form_follows(people: People) -> None:
    number = make.submitted(people.database, make.submission(**{"patient.home_region": "blekinge"}), at=clock.now())
    page = people[make.REFERRER].get(f"/cases/{number}")
    assert "Region Blekinge har ingen säkrad kompetens för att lägga in extern pump." in page.words
    assert "Källa: Slutrapporten, bilaga 2, Region Blekinge; bilaga 3, punkt 2" in page.words
    preview = people[make.REFERRER].post(
        "/cases/preview", [("patient.home_region", "halland"), ("patient.municipality", "Kungsbacka")]
    )
    assert "Patienter från Kungsbacka transporteras till Varberg" in preview.words


def test_the_page_says_so_when_another_table_gives_another_answer(embedded: Database) -> None:
    pinned = stores.made(embedded.url.render_as_string(hide_password=False), Choices(omeq_table="CDC22"))
    with visiting(pinned) as people:
        number = make.draft(embedded, make.submission(**{"medicines.opioids.0.dose": "60"}), at=clock.now())
        page = people[make.REFERRER].get(f"/cases/{number}")
        assert "Beror på omräkningstabell" in page.words
        assert "Räknat i dag blir svaret ett annat." in page.words
        assert "Opioiddos: inte över gränsen (180 mg)" in page.words
        with embedded.writing() as session:
            session.execute(update(Case).values(assessment=None))
        assert "blir svaret ett annat" not in people[make.REFERRER].get(f"/cases/{number}").words
    pinned.close()


def test_the_story_goes_on_after_the_decision(people: People) -> None:
    """Prerequisites, follow-ups and how an action ended stand in it beside the moves."""
    key = make.assignment(people.database, "inserted")
    pump, block = (f"MDK-2026-000{n}" for n in (1, 2))
    told_of = FollowUpBody(week=2, date=make.LATER.date() + 14 * make.DAY, nrs=3, alive="yes")
    make.act(people.database, make.FUNCTION, tell, number=pump, body=told_of, at=make.LATER + 15 * make.DAY)
    make.end_action(people.database, make.action(people.database), "not-done", reason_code="no_bed", note="Inställt")
    words = people[make.REFERRER].get(f"/cases/{pump}").words
    assert "Punkt 3, Läkare med kompetens att bedöma och att informera om vinster och risker: uppfylld" in words
    assert "Uppdraget om extern pump: pump insatt" in words
    assert "Uppföljning 2 veckor" in words
    assert "Åtgärden: inte utförd Inställt" in people[make.REFERRER].get(f"/cases/{block}").words
    with calling(people.database) as api:
        steps = api[make.FUNCTION].get(f"/cases/{pump}/history", limit=50).json()["items"]
    assert [(step["n"], step["state"]) for step in steps if step["thing"] == "prerequisite"] == [(3, "met")]
    assert [(step["n"], step["state"]) for step in steps if step["thing"] == "follow_up"] == [(2, "alive")]
    assert key not in str(steps)
