import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlmodel import col

import make
from calling import Callers, fields, refusal
from mdk import clock
from mdk.audit.tables import AccessLog
from mdk.db import Database
from mdk.people import service as people
from mdk.people import sign_ins
from visiting import People

VAXJO, COORDINATOR = make.REFERRER, make.COORDINATOR


# ---------------------------------------------------------------------------------------------------- who calls
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        "Basic YWRtaW46YWRtaW4=",
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "Bearer " + "a" * 5000,
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/cases?limit=abc"), ("POST", "/cases"), ("GET", "/cases/%00")])
def test_who_shows_no_valid_token_is_turned_away_before_anything_is_read(
    api: Callers, header: str | None, method: str, path: str
) -> None:
    answer = api.with_header(header).send(method, path, b"{")
    assert refusal(answer)[0] == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_token_that_has_run_out_or_belongs_to_someone_disabled_is_refused(api: Callers) -> None:  # F29, expired-token
    old = api.with_header("Bearer " + api.token(VAXJO, minutes=5, ago=timedelta(minutes=7)))
    assert refusal(old.get("/cases")) == (401, "token-refused")
    caller = api[VAXJO]
    assert caller.get("/cases").status_code == 200
    with api.database.writing() as session:
        people.disable(session, email=make.email(VAXJO), at=make.AT)
    assert refusal(caller.get("/cases")) == (401, "sign-in-needed")


def test_a_token_that_was_ended_is_refused_as_one_that_has_run_out_and_stands_in_the_log(api: Callers) -> None:  # F29
    old = api.with_header("Bearer " + api.token(VAXJO, ago=make.MINUTE))
    run_out = api.with_header("Bearer " + api.token(VAXJO, minutes=5, ago=timedelta(minutes=7)))
    assert old.get("/cases").status_code == 200
    with api.database.writing() as session:
        sign_ins.end_all(session, email=make.email(VAXJO), at=clock.now())
    for method in ("GET", "POST"):
        answer, other = (caller.send(method, "/cases", b"{") for caller in (old, run_out))
        assert refusal(answer) == (401, "token-refused")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json() == other.json()
    with api.database.reading() as session:
        rows = session.scalars(select(AccessLog).where(col(AccessLog.allowed).is_(False)).order_by(col(AccessLog.id)))
        assert [(row.act, row.reason, row.person_id) for row in rows] == [
            (act, "token-refused", None) for act in ("GET /api/v1/cases", "POST /api/v1/cases") for _ in range(2)
        ]


def test_to_see_whether_a_token_was_ended_takes_no_question_of_its_own(api: Callers) -> None:
    caller = api[VAXJO]
    caller.get("/cases")
    with People(api.client, api.database).counting() as asked:
        assert caller.get("/cases").status_code == 200
    assert [statement.split()[0] for statement in asked if "FROM person" in statement] == ["SELECT"]


def test_a_session_cookie_does_not_open_the_api(api: Callers) -> None:
    api.client.cookies.set("mdk_session", "anything")
    assert refusal(api.with_header(None).get("/cases"))[0] == 401


# ---------------------------------------------------------------------------------------------------- bodies
BAD_BODIES = {
    "no JSON": b"{",
    "not UTF-8": b'{"question": "\xff"}',
    "half a surrogate": b'{"question": "\\ud800"}',
    "deep lists": b'{"question": ' + b"[" * 1000 + b"]" * 1000 + b"}",
    "deep objects": b'{"a":' * 1000 + b"1" + b"}" * 1000,
    "a bomb of empty lists": b'{"question": [' + b"[]," * 300_000 + b"[]]}",
    "a bomb of fields": b"{" + b",".join(b'"f%d":0' % place for place in range(80_000)) + b"}",
    "not quite as deep": b'{"a":' * 200 + b"1" + b"}" * 200,
    "NUL": b'{"patient": {"identity_number": "194001042383", "name": "a\\u0000b"}}',
    "a list": b"[]",
    "a number beyond all bounds": b'{"patient": {"identity_number": "194001042383"}, "pain": {"nrs_now": 1e999}}',
    "an endless integer": b'{"patient": {"identity_number": "194001042383"}, "pain": {"nrs_now": ' + b"9" * 400 + b"}}",
    "not a number": b'{"patient": {"identity_number": NaN}}',
    "a text of 20,001": json.dumps({"patient": {"identity_number": "194001042383"}, "question": "a" * 20_001}).encode(),
}


@pytest.mark.parametrize("kind", BAD_BODIES)
def test_a_body_that_cannot_be_used_is_a_plain_refusal(api: Callers, kind: str) -> None:  # F30, json-bomb, deep-nesting
    assert refusal(api[VAXJO].post("/cases", BAD_BODIES[kind])) == (400, "invalid")
    number = api[VAXJO].post("/cases", make.document()).json()["number"]
    assert refusal(api[VAXJO].patch(f"/cases/{number}", BAD_BODIES[kind], version=1)) == (400, "invalid")


def test_what_is_packed_is_not_unpacked(api: Callers) -> None:  # json-bomb
    packed = gzip.compress(json.dumps(make.document(question="a" * 20_000)).encode())
    answer = api.client.post(
        "/api/v1/cases", content=packed, headers={**api[VAXJO].headers, "Content-Encoding": "gzip"}
    )
    assert refusal(answer) == (400, "invalid")


def test_a_body_of_two_megabytes_is_too_large(api: Callers) -> None:  # F30
    body = b'{"question": "' + b"a" * 2_000_000 + b'"}'
    assert refusal(api[VAXJO].post("/cases", body)) == (413, "too-large")
    assert refusal(api[COORDINATOR].post("/conferences", body)) == (413, "too-large")


def test_texts_keep_their_lines_and_tabs_and_letters(api: Callers) -> None:
    words = "Rad ett\n\tRad två – åäö 𝄞 <b>&amp;</b> '; DROP TABLE"
    answer = api[VAXJO].post("/cases", make.document(question=words))
    assert answer.json()["question"] == words


def test_a_refusal_does_not_repeat_what_was_sent(api: Callers) -> None:
    answer = api[VAXJO].post("/cases", make.document(**{"patient.identity_number": "194001042384"}))
    assert "194001042384" not in answer.text
    assert "Elsa Provlund" not in answer.text


# ---------------------------------------------------------------------------------------------------- addresses
@pytest.mark.parametrize(
    "odd", ["%00", "a%00b", "%F0%9F%92%A9", "..%2f..", "'--", "%20", "a" * 300, "%ff", "MDK-2026-0001;", "%2e%2e"]
)
@pytest.mark.parametrize("kind", ["cases", "conferences", "implant-referrals", "pump-assignments"])
def test_an_address_that_nothing_can_have_is_not_found(stored_api: Callers, kind: str, odd: str) -> None:
    assert refusal(stored_api[COORDINATOR].get(f"/{kind}/{odd}")) == (404, "not-found")


def test_an_unknown_address_and_a_method_that_is_not_served_are_problems_too(api: Callers) -> None:
    assert refusal(api[VAXJO].get("/nothing")) == (404, "not-found")
    assert refusal(api[VAXJO].send("DELETE", "/cases", b"")) == (405, "method-not-allowed")


# ---------------------------------------------------------------------------------------------------- anything
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
PATHS = [
    "patient",
    "patient.identity_number",
    "patient.home_region",
    "urgency",
    "question",
    "diagnosis.icd10",
    "diagnosis.expected_treatment_months",
    "pain.nrs_now",
    "pain.types",
    "pain.refractory_since",
    "medicines.opioids",
    "medicines.opioids.0.dose",
    "medicines.opioids.0.per_day",
    "medicines.side_effects.0.severity",
    "treatments.imaging.0.date",
    "safety.platelets.value",
    "safety.pk_inr.value",
    "safety.weight_kg",
    "consent.basis",
    "consent.date",
]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(st.sampled_from(PATHS[1:]), JSON, min_size=1, max_size=4))
def test_no_value_in_any_field_of_a_case_breaks_the_program(api: Callers, values: dict[str, Any]) -> None:  # F30
    ordered = dict(sorted(values.items(), key=lambda pair: -pair[0].count(".")))
    document = make.document(**ordered)
    answer = api[VAXJO].post("/cases", document)
    assert answer.status_code in {201, 400}, answer.text
    if answer.status_code == 400:
        assert fields(answer)
    else:
        assert api[VAXJO].get(f"/cases/{answer.json()['number']}").status_code == 200


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=JSON)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/cases"), ("POST", "/conferences"), ("POST", "/series"), ("PATCH", "/conferences/{conference}")],
)
def test_no_body_breaks_the_program(api: Callers, method: str, path: str, body: Any) -> None:  # F30
    name = VAXJO if path == "/cases" else COORDINATOR
    if "{conference}" in path:
        plan = {
            "starts_at": "2999-01-01T10:00:00Z",
            "duration_minutes": 60,
            "chair": make.email(make.CHAIR),
            "consultant": make.email(make.CONSULTANT),
        }
        path = f"/conferences/{api[COORDINATOR].post('/conferences', plan, key='k').json()['id']}"
    answer = api[name].send(method, path, body, version=1)
    assert answer.status_code == 400 or (method == "PATCH" and body == {}), answer.text


def test_a_stored_value_that_does_not_open_is_a_calm_problem_and_nothing_of_it_is_shown(
    api: Callers, embedded: Database
) -> None:
    number = make.submitted(embedded)
    with embedded.engine.begin() as connection:
        connection.execute(text("UPDATE case_file SET submission = patient_name"))
    answer = api[VAXJO].get(f"/cases/{number}")
    assert (answer.status_code, answer.json()["code"], "Retry-After" in answer.headers) == (503, "unavailable", True)
    assert [word for word in ("mdk1", "Provlund", "submission", "Traceback") if word in answer.text] == []
