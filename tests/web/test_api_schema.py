import re
from collections.abc import Iterator
from typing import Any

import pytest

from calling import Callers
from mdk.cases.files import MEDIA_TYPES

# The contract's table, as far as it is built.
CONTRACT = {
    "/cases": {"get", "post"},
    "/cases/{number}": {"get", "patch"},
    "/cases/{number}/submit": {"post"},
    "/cases/{number}/supplement": {"post"},
    "/cases/{number}/accept": {"post"},
    "/cases/{number}/request-supplement": {"post"},
    "/cases/{number}/answer": {"post"},
    "/cases/{number}/redirect": {"post"},
    "/cases/{number}/decline": {"post"},
    "/cases/{number}/confirm-read": {"post"},
    "/cases/{number}/take-back": {"post"},
    "/cases/{number}/withdraw": {"post"},
    "/cases/{number}/report-death": {"post"},
    "/cases/{number}/report-deterioration": {"post"},
    "/cases/{number}/revoke-death": {"post"},
    "/cases/{number}/treatment-decision": {"post"},
    "/cases/{number}/break-glass": {"post"},
    "/cases/{number}/access-log": {"get"},
    "/cases/{number}/history": {"get"},
    "/cases/{number}/forecast": {"get"},
    "/cases/{number}/urgent-review": {"post"},
    "/cases/{number}/urgent-review/opinions": {"post"},
    "/cases/{number}/urgent-review/conclude": {"post"},
    "/cases/{number}/urgent-review/ratify": {"post"},
    "/cases/{number}/attachments": {"post"},
    "/cases/{number}/attachments/{attachment_id}": {"get"},
    "/cases/{number}/attachments/{attachment_id}/remove": {"post"},
    "/cases/{number}/blocks": {"get", "post"},
    "/cases/{number}/blocks/{block_id}/lift": {"post"},
    "/queue": {"get"},
    "/statistics": {"get"},
    "/goals": {"get"},
    "/point-prevalences": {"get", "post"},
    "/series": {"get", "post"},
    "/series/{series_id}": {"get", "patch"},
    "/series/{series_id}/skip": {"post"},
    "/series/{series_id}/end": {"post"},
    "/absences": {"get", "post"},
    "/absences/{absence_id}/remove": {"post"},
    "/replies": {"get"},
    "/replies/{reply_id}/settle": {"post"},
    "/conflicts": {"get"},
    "/free-slots": {"get"},
    "/conferences/{conference_id}/postpone": {"get", "post"},
    "/conferences": {"get", "post"},
    "/conferences/{conference_id}": {"get", "patch"},
    "/conferences/{conference_id}/agenda": {"put"},
    "/conferences/{conference_id}/release": {"post"},
    "/conferences/{conference_id}/move": {"post"},
    "/conferences/{conference_id}/cancel": {"post"},
    "/conferences/{conference_id}/open": {"post"},
    "/conferences/{conference_id}/close": {"post"},
    "/conferences/{conference_id}/sitting": {"get"},
    "/conferences/{conference_id}/quality": {"get"},
    "/conferences/{conference_id}/turn": {"post"},
    "/conferences/{conference_id}/running-order": {"put"},
    "/conferences/{conference_id}/attendance": {"post"},
    "/conferences/{conference_id}/cases/{number}/patient-heard": {"post"},
    "/conferences/{conference_id}/cases/{number}/defer": {"post"},
    "/conferences/{conference_id}/invitation.ics": {"get"},
    "/conferences/{conference_id}/reply": {"post"},
    "/conferences/{conference_id}/cases/{number}/minutes": {"get", "put"},
    "/conferences/{conference_id}/cases/{number}/minutes/sign": {"post"},
    "/conferences/{conference_id}/cases/{number}/minutes/addenda": {"post"},
    "/conferences/{conference_id}/cases/{number}/minutes.pdf": {"get"},
    "/conferences/{conference_id}/cases/{number}/minutes.txt": {"get"},
    "/conferences/{conference_id}/cases/{number}/minutes.jws": {"get"},
    "/actions": {"get"},
    "/actions/{action_id}": {"get"},
    "/actions/{action_id}/done": {"post"},
    "/actions/{action_id}/partly": {"post"},
    "/actions/{action_id}/not-done": {"post"},
    "/cases/{number}/follow-ups": {"get", "post"},
    "/cases/{number}/home-care-questions": {"get", "post"},
    "/home-care-contacts": {"get", "post"},
    "/home-care-contacts/{contact_id}/remove": {"post"},
    "/standing-prerequisites": {"get", "post"},
    "/standing-prerequisites/{standing_id}/remove": {"post"},
    "/implant-referrals": {"get"},
    "/implant-referrals/{referral_id}": {"get"},
    "/implant-referrals/{referral_id}/accept": {"post"},
    "/implant-referrals/{referral_id}/request-information": {"post"},
    "/implant-referrals/{referral_id}/supply-information": {"post"},
    "/implant-referrals/{referral_id}/complete-pack": {"post"},
    "/implant-referrals/{referral_id}/decline": {"post"},
    "/implant-referrals/{referral_id}/schedule": {"post"},
    "/implant-referrals/{referral_id}/implant": {"post"},
    "/implant-referrals/{referral_id}/cancel": {"post"},
    "/implant-referrals/{referral_id}/report": {"post"},
    "/implant-referrals/{referral_id}/prerequisites/{n}": {"put"},
    "/pump-assignments": {"get"},
    "/pump-assignments/{assignment_id}": {"get"},
    "/pump-assignments/{assignment_id}/accept": {"post"},
    "/pump-assignments/{assignment_id}/insert": {"post"},
    "/pump-assignments/{assignment_id}/not-done": {"post"},
    "/pump-assignments/{assignment_id}/ask-support": {"post"},
    "/pump-assignments/{assignment_id}/answer-support": {"post"},
    "/pump-assignments/{assignment_id}/hand-over": {"post"},
    "/pump-assignments/{assignment_id}/prerequisites/{n}": {"put"},
}
WITHOUT_VERSION = re.compile(
    r"/(reply|addenda|confirm-read|withdraw|report-death|report-deterioration|break-glass|opinions|attachments|remove|settle|follow-ups|lift)$"
)
CREATES = {
    "/absences",
    "/cases",
    "/cases/{number}/attachments",
    "/cases/{number}/follow-ups",
    "/cases/{number}/home-care-questions",
    "/cases/{number}/blocks",
    "/conferences",
    "/home-care-contacts",
    "/point-prevalences",
    "/series",
    "/standing-prerequisites",
    "/conferences/{conference_id}/cases/{number}/minutes/addenda",
}
NO_LISTS = {"/statistics", "/goals", "/point-prevalences"}  # a year's figures, and the few surveys there are
# Opening a review creates it and changes the case: both the version and the key.
CREATES_IN_A_CASE = {"/cases/{number}/urgent-review", "/cases/{number}/urgent-review/opinions"}
# What a file's ending promises; everything else is JSON.
FILES = {".ics": "text/calendar", ".pdf": "application/pdf", ".txt": "text/plain", ".jws": "application/jose"}
METHODS = {"get", "post", "put", "patch"}


@pytest.fixture
def document(api: Callers) -> dict[str, Any]:
    answer = api.client.get("/schema/openapi.json")
    assert answer.status_code == 200
    assert api.client.get("/schema").json() == answer.json()
    read: dict[str, Any] = answer.json()
    return read


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            yield path.removeprefix("/api/v1"), method, item[method]


def parameters(operation: dict[str, Any], place: str) -> dict[str, Any]:
    return {one["name"]: one for one in operation.get("parameters", []) if one["in"] == place}


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_the_document_holds_the_paths_of_the_contract_and_no_other(document: dict[str, Any]) -> None:
    found: dict[str, set[str]] = {}
    for path, method, _ in operations(document):
        found.setdefault(path, set()).add(method)
    assert found == CONTRACT
    assert document["openapi"].startswith("3.1")


def test_every_reference_leads_somewhere_and_every_schema_is_used(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    named = set(references(document))
    assert {ref.removeprefix("#/components/schemas/") for ref in named} == set(schemas)


def test_every_operation_has_a_name_of_its_own_and_asks_for_a_token(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert {str(operation["security"]) for _, _, operation in operations(document)} == {"[{'bearer': []}]"}
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_every_part_of_a_path_is_described(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        assert set(parameters(operation, "path")) == set(re.findall(r"{(\w+)}", path))


def test_what_changes_something_asks_for_the_version_as_the_contract_says(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        wanted = method != "get" and path not in CREATES and not WITHOUT_VERSION.search(path)
        assert ("If-Match" in parameters(operation, "header")) is wanted, path
        assert ("428" in operation["responses"]) is wanted, path


def test_what_creates_answers_201_and_heeds_the_key(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        creates = method == "post" and path in CREATES | CREATES_IN_A_CASE
        assert ("201" in operation["responses"]) is creates, path
        assert ("Idempotency-Key" in parameters(operation, "header")) is creates, path


def test_every_list_takes_limit_and_cursor(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if method == "get" and "{" not in path and path not in NO_LISTS:
            limit = parameters(operation, "query")["limit"]["schema"]
            assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 200, 50)
            assert "cursor" in parameters(operation, "query")


def test_every_refusal_is_described_as_a_problem(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        refusals = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert {"400", "401", "403", "404", "429", "503"} <= set(refusals), path
        assert {form for answer in refusals.values() for form in answer["content"]} == {"application/problem+json"}


def test_every_answer_says_what_it_holds(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        (given,) = [answer for status, answer in operation["responses"].items() if status < "300"]
        attached = path.endswith("/{attachment_id}")
        expected = list(MEDIA_TYPES.values()) if attached else [FILES.get(path[-4:], "application/json")]
        assert list(given["content"]) == expected


def test_answers_have_the_fields_of_the_contract(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    expected = {
        "CaseView": "number state version completeness identification omeq clock open_cases",
        "Completeness": "share missing",
        "Missing": "field why required_for",
        "Identification": "result policy criteria remark",
        "Omeq": "verdict low high tables manual uncovered",
        "OmeqTable": "name version low high lines",
        "Clock": "days_waiting days_allowed share_used whose_move",
        "QueueLine": "case place reason clock urgency home_region missing",
        "ConferenceView": "id version state release starts_at ends_at minutes_free quorum people agenda",
        "InvitedPerson": "email name role partstat",
        "Slot": "case starts_at minutes presenter missing",
        "MinutesView": "attendance outcome version signed addenda rules",
        "Signed": "by at kid",
        "RuleVerdict": "id met source",
        "ReferralView": "id case state created_at home_region missing prerequisites history version",
        "AssignmentView": "id case state region prerequisites",
        "PrerequisiteRow": "n text scope applies state owner note at",
        "HistoryStep": "state at by reason",
        "ProblemDetail": "type title status detail code errors",
        "Problem": "field message",
    }
    for name, names in expected.items():
        assert set(names.split()) <= set(schemas[name]["properties"]), name
