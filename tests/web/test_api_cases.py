"""Cases through the API: created, changed, and seen by those who may."""

from datetime import timedelta
from typing import Any

import pytest

import make
from calling import Callers, fields, refusal
from mdk import clock
from mdk.journey.demo import sample_cases
from web.sending import accepted, created, submitted

VAXJO, LUND, COORDINATOR, CONSULTANT = make.REFERRER, make.OTHER_REFERRER, make.COORDINATOR, make.CONSULTANT


@pytest.mark.parametrize("place", range(16))
def test_a_sample_case_comes_back_as_it_was_sent(api: Callers, place: int) -> None:
    sent = sample_cases()[place]
    answer = api[VAXJO].post("/cases", sent)
    assert answer.status_code == 201
    shown = api[VAXJO].get(f"/cases/{answer.json()['number']}").json()
    assert {part: shown[part] for part in sent} == sent


def test_a_created_case_carries_what_the_system_adds(stored_api: Callers) -> None:
    case = created(stored_api[VAXJO])
    assert (case["number"][:4], case["state"], case["version"]) == ("MDK-", "draft", 1)
    assert 0 < case["completeness"]["share"] <= 1
    assert case["identification"]["result"] in {"yes", "no", "unknown"}
    assert case["omeq"]["verdict"] in {"over", "not_over", "table_dependent", "incomplete"}
    assert case["clock"]["whose_move"] == "referrer"
    assert case["open_cases"] == []


def test_the_hints_hold_a_short_survival_against_the_queue(api: Callers) -> None:
    make.conference(api.database, starts_at=clock.now() + timedelta(days=9))
    case = submitted(api, **{"diagnosis.expected_survival": "under_6_weeks"})
    late = [each for each in case["hints"] if each["id"] == "time.conference-late"]
    assert [(each["kind"], "om 9 dagar" in each["text"]) for each in late] == [("time", True)]
    assert api[COORDINATOR].get(f"/cases/{case['number']}").json()["hints"] == case["hints"]


def test_another_open_case_of_the_patient_is_named_to_those_who_may_see_it(api: Callers) -> None:
    first = created(api[VAXJO])
    assert created(api[VAXJO])["open_cases"] == [{"number": first["number"], "state": "draft"}]
    assert created(api[LUND])["open_cases"] == []


def test_every_bad_field_of_a_new_case_is_named_at_once(api: Callers) -> None:
    answer = api[VAXJO].post(
        "/cases",
        make.document(
            **{
                "patient.identity_number": "194001042384",
                "patient.shoe_size": 42,
                "urgency": "soon",
                "pain.nrs_now": 11,
                "pain.refractory_since": "2999-01-01",
                "medicines.opioids.0.drug": "aspirin",
                "medicines.opioids.0.dose": "much",
            }
        ),
    )
    assert refusal(answer) == (400, "invalid")
    assert fields(answer) == {
        "patient.identity_number",
        "patient.shoe_size",
        "urgency",
        "pain.nrs_now",
        "pain.refractory_since",
        "medicines.opioids.0.drug",
        "medicines.opioids.0.dose",
    }


def test_a_dose_may_be_a_number(api: Callers) -> None:
    case = created(api[VAXJO], **{"medicines.opioids.0.dose": 80, "medicines.opioids.0.per_day": 2.5})
    line = case["medicines"]["opioids"][0]
    assert (line["dose"], line["per_day"]) == ("80", "2.5")


@pytest.mark.parametrize("name", [COORDINATOR, CONSULTANT, make.CHAIR, make.AUDITOR, make.STEERING, make.ADMIN])
def test_only_a_referrer_creates_cases(api: Callers, name: str) -> None:
    assert refusal(api[name].post("/cases", make.document())) == (403, "not-allowed")


def test_the_same_key_and_body_make_one_case(stored_api: Callers) -> None:
    first = stored_api[VAXJO].post("/cases", make.document(), key="k-1")
    again = stored_api[VAXJO].post("/cases", make.document(), key="k-1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert len(stored_api[VAXJO].get("/cases").json()["items"]) == 1


def test_the_same_key_with_another_body_is_refused(stored_api: Callers) -> None:
    stored_api[VAXJO].post("/cases", make.document(), key="k-1")
    other = stored_api[VAXJO].post("/cases", make.document(question="En annan?"), key="k-1")
    assert refusal(other) == (409, "idempotency.other-body")


def test_a_key_whose_request_was_refused_may_be_used_again(api: Callers) -> None:
    assert api[VAXJO].post("/cases", make.document(urgency="soon"), key="k-1").status_code == 400
    assert api[VAXJO].post("/cases", make.document(), key="k-1").status_code == 201


def test_two_people_may_use_the_same_key(api: Callers) -> None:
    mine = api[VAXJO].post("/cases", make.document(), key="k-1").json()["number"]
    theirs = api[LUND].post("/cases", make.document(), key="k-1").json()["number"]
    assert mine != theirs


def test_a_key_that_is_too_long_is_named(api: Callers) -> None:
    for key in ("k" * 201, "", " "):
        assert fields(api[VAXJO].post("/cases", make.document(), key=key)) == {"Idempotency-Key"}


# ---------------------------------------------------------------------------------------------------- changing
def test_a_merge_patch_changes_what_it_names_and_takes_away_what_is_null(stored_api: Callers) -> None:
    case = created(stored_api[VAXJO])
    changes = {"question": "Ny fråga?", "pain": {"nrs_now": 3, "dermatomes": None}, "medicines": {"opioids": []}}
    answer = stored_api[VAXJO].patch(f"/cases/{case['number']}", changes, version=1)
    shown = answer.json()
    assert (answer.status_code, shown["version"], shown["question"]) == (200, 2, "Ny fråga?")
    assert shown["pain"] == {key: value for key, value in case["pain"].items() if key != "dermatomes"} | {"nrs_now": 3}
    assert shown["medicines"]["opioids"] == []
    assert shown == stored_api[VAXJO].get(f"/cases/{case['number']}").json()


def test_a_patch_names_every_bad_field_and_changes_nothing(api: Callers) -> None:
    case = created(api[VAXJO])
    changes = {"patient": {"identity_number": None, "age": 3}, "pain": "svår", "state": "decided", "x": None}
    answer = api[VAXJO].patch(f"/cases/{case['number']}", changes, version=1)
    assert refusal(answer) == (400, "invalid")
    assert fields(answer) == {"patient.identity_number", "patient.age", "pain", "state", "x"}
    assert api[VAXJO].get(f"/cases/{case['number']}").json()["version"] == 1


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b'"x"'])
def test_a_patch_that_is_no_object_is_bad(api: Callers, body: bytes) -> None:
    case = created(api[VAXJO])
    assert refusal(api[VAXJO].patch(f"/cases/{case['number']}", body, version=1)) == (400, "invalid")


def test_a_case_on_a_released_agenda_is_supplemented_and_not_patched(api: Callers) -> None:
    number = make.accepted(api.database, at=clock.now() - make.DAY)
    conference = api[COORDINATOR].post("/conferences", frame()).json()
    path = f"/conferences/{conference['id']}"
    api[COORDINATOR].put(f"{path}/agenda", {"items": [{"case": number, "minutes": 10}]}, version=1)
    released = api[COORDINATOR].post(f"{path}/release", {}, version=2)
    assert released.status_code == 200
    version = api[VAXJO].get(f"/cases/{number}").json()["version"]
    patched = api[VAXJO].patch(f"/cases/{number}", {"question": "Ny?"}, version=version)
    assert refusal(patched) == (409, "case.not-editable")
    added = api[VAXJO].post(f"/cases/{number}/supplement", {"text": "Nya prover."}, version=version)
    assert (added.status_code, added.json()["version"]) == (200, version + 1)


def frame() -> dict[str, Any]:
    return {
        "starts_at": (clock.now() + timedelta(days=3)).isoformat(),
        "duration_minutes": 60,
        "chair": make.email(make.CHAIR),
        "consultant": make.email(CONSULTANT),
        "members": [make.email(make.NURSE)],
    }


# ---------------------------------------------------------------------------------------------------- seeing
def test_a_referrer_of_another_unit_may_not_know_of_a_case(stored_api: Callers) -> None:
    number = submitted(stored_api)["number"]
    assert refusal(stored_api[LUND].get(f"/cases/{number}")) == (404, "not-found")
    assert refusal(stored_api[LUND].patch(f"/cases/{number}", b"{")) == (404, "not-found")
    assert stored_api[LUND].get("/cases").json() == {"items": [], "next_cursor": None}


def test_broken_glass_opens_a_case_and_the_auditor_sees_it(stored_api: Callers) -> None:
    number = submitted(stored_api)["number"]
    opened = stored_api[LUND].post(f"/cases/{number}/break-glass", {"reason": "Inlagd akut hos oss."})
    assert (opened.status_code, opened.json()["number"]) == (200, number)
    assert stored_api[LUND].get(f"/cases/{number}").status_code == 200
    log = stored_api[make.AUDITOR].get(f"/cases/{number}/access-log").json()["items"]
    broken = next(line for line in log if line["act"] == "case.break-glass")
    assert (broken["by"], broken["role"], broken["reason"], broken["surface"]) == (
        "Lena Remitterius",
        "referrer",
        "Inlagd akut hos oss.",
        "api",
    )


def test_glass_is_not_broken_without_a_reason_a_case_or_a_clinical_role(api: Callers) -> None:
    number, draft = submitted(api)["number"], created(api[VAXJO])["number"]
    assert fields(api[LUND].post(f"/cases/{number}/break-glass", {})) == {"reason"}
    assert fields(api[LUND].post(f"/cases/{number}/break-glass", {"reason": " "})) == {"reason"}
    assert refusal(api[LUND].post("/cases/MDK-2026-9999/break-glass", {"reason": "Akut."})) == (404, "not-found")
    assert refusal(api[LUND].post(f"/cases/{draft}/break-glass", {})) == (404, "not-found")
    assert refusal(api[make.STEERING].post(f"/cases/{number}/break-glass", {})) == (403, "not-allowed")


def test_the_access_log_of_a_case_is_read_page_by_page_by_the_auditor_only(stored_api: Callers) -> None:
    number = submitted(stored_api)["number"]
    for _ in range(3):
        stored_api[COORDINATOR].get(f"/cases/{number}")
    path = f"/cases/{number}/access-log"
    first = stored_api[make.AUDITOR].get(path, limit=2).json()
    second = stored_api[make.AUDITOR].get(path, limit=50, cursor=first["next_cursor"]).json()
    assert [line["act"] for line in first["items"] + second["items"]] == ["case.read"] * 3 + [
        "case.submit",
        "case.create",
    ]
    assert refusal(stored_api[COORDINATOR].get(path)) == (403, "not-allowed")
    assert refusal(stored_api[make.AUDITOR].get("/cases/MDK-2026-9999/access-log")) == (404, "not-found")


def test_a_list_writes_one_row_that_holds_its_case_numbers(api: Callers) -> None:
    numbers = [submitted(api)["number"], submitted(api)["number"]]
    api[COORDINATOR].get("/cases")
    logs = [api[make.AUDITOR].get(f"/cases/{number}/access-log").json()["items"] for number in numbers]
    assert [[line["act"] for line in log].count("case.list") for log in logs] == [1, 1]


def test_lists_are_read_page_by_page_in_a_fixed_order(stored_api: Callers) -> None:
    numbers = [created(stored_api[VAXJO])["number"] for _ in range(5)]
    found, cursor = [], None
    while True:
        page = stored_api[VAXJO].get("/cases", limit=2, **({"cursor": cursor} if cursor else {})).json()
        found += [line["number"] for line in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == numbers[::-1]


def test_a_list_is_narrowed_by_state_region_and_text(stored_api: Callers) -> None:
    sent = submitted(stored_api)["number"]
    draft = created(stored_api[VAXJO], question="Går det att åka hem?", **{"patient.home_region": "halland"})["number"]

    def listed(**query: str) -> list[str]:
        return [line["number"] for line in stored_api[VAXJO].get("/cases", **query).json()["items"]]

    assert listed(state="submitted") == [sent]
    assert listed(state="draft,submitted") == [draft, sent]
    assert listed(region="halland") == [draft]
    assert listed(q="ÅKA HEM") == [draft]
    assert listed(q=sent.lower()) == [sent]
    assert listed(state="", region="", q="") == [draft, sent]


@pytest.mark.parametrize(
    ("query", "bad"),
    [
        ({"limit": "0"}, {"limit"}),
        ({"limit": "201"}, {"limit"}),
        ({"limit": "abc"}, {"limit"}),
        ({"limit": "1.5"}, {"limit"}),
        ({"cursor": "not ours"}, {"cursor"}),
        ({"cursor": "åäö"}, {"cursor"}),
        ({"state": "asleep", "region": "norrland", "limit": "-1"}, {"state", "region", "limit"}),
        ({"q": "a\x00b"}, {"q"}),
    ],
)
def test_a_bad_query_is_named(api: Callers, query: dict[str, str], bad: set[str]) -> None:
    answer = api[COORDINATOR].get("/cases", **query)
    assert refusal(answer) == (400, "invalid")
    assert fields(answer) == bad


def test_a_role_that_may_never_is_told_so_before_its_query_is_read(api: Callers) -> None:
    assert refusal(api[VAXJO].get("/queue", limit="abc")) == (403, "not-allowed")


def test_the_queue_gives_place_reason_and_clock(stored_api: Callers) -> None:
    later, sooner = accepted(stored_api)["number"], submitted(stored_api)
    answer = {"urgency": "acute"}
    stored_api[COORDINATOR].post(f"/cases/{sooner['number']}/accept", answer, version=sooner["version"])
    items = stored_api[COORDINATOR].get("/queue").json()["items"]
    assert {item["case"] for item in items} == {later, sooner["number"]}
    assert [item["place"] for item in items] == [1, 2]
    assert all(item["reason"].startswith("Plats") and item["clock"]["whose_move"] for item in items)
    first = stored_api[COORDINATOR].get("/queue", limit=1).json()
    second = stored_api[COORDINATOR].get("/queue", limit=1, cursor=first["next_cursor"]).json()
    assert [first["items"][0]["case"], second["items"][0]["case"]] == [item["case"] for item in items]
    assert second["next_cursor"] is None
