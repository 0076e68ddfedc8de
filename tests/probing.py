"""Owns the calls that schemathesis makes up: one store with things in many states, and what a call of each may say."""

import json
import re
from datetime import timedelta
from itertools import product
from typing import Any

import httpx
import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from sqlalchemy import text

import make
from mdk import clock
from mdk.conferences import absences
from mdk.conferences.structs import AbsenceBody
from mdk.db import Database
from mdk.pathways import checklists, home_care
from mdk.pathways.structs import ContactBody, StandingBody
from mdk.people.rules import ACCESS
from mdk_calendar import replies
from mdk_web.access import ROUTES
from rehearsal import PEOPLE, Values, World, first_id, prepared

API = "/api/v1"
DONE = {200, 201}
ROWS = [row for row in ROUTES if API in row]
# Whatever the call: nothing of ours fails, and the answer is one that the document describes.
CHECKED = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
           "response_schema_conformance"]  # fmt: skip
# What the document forbids is refused; not the other way round, for it cannot say every rule.
REFUSES = "negative_data_rejection"
TABLE = "place;region;patients;high_dose;advanced\nVäxjö;kronoberg;30;4;0\nSumma;;30;4;0\n"
EXTRA = {"POST /api/v1/actions/{action_id}/not-done": {"reason_code": "patient_wish"}}
QUERIES = {"GET /api/v1/free-slots": {"people": make.email(make.CONSULTANT)}}
POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


# ------------------------------------------------------------------------------------------------- the store
def filled(database: Database) -> dict[str, Values]:
    """What the matrix prepares, and more of most things, each in another state."""
    scenes = prepared(database)
    usual = scenes[""]
    now = clock.now()
    soon: dict[str, Any] = {"starts_at": (now + 2 * make.DAY).replace(second=0, microsecond=0)}
    draft, queued = make.draft(database, at=now), make.accepted(database, at=now - make.DAY)
    supplement = make.submitted(database, at=now)
    make.do(database, supplement, "request_supplement", at=now, until=clock.today(now) + make.DAY)
    listed, shown, discussed = (make.accepted(database, at=now - make.DAY) for _ in range(3))
    planned = make.conference(database, [listed], **soon)
    coming = make.conference(database, [shown], **soon)
    make.release(database, coming, at=now)
    held = make.in_session(database, [discussed])
    make.save(database, held, discussed)
    more = {
        "draft": {"number": draft},
        "queued": {"number": queued, "conference_id": coming},
        "supplement": {"number": supplement},
        "planned": {"number": listed, "conference_id": planned},
        "coming": {"number": shown, "conference_id": coming},
        "discussed": {"number": discussed, "conference_id": held},
        "ready for surgery": {"referral_id": make.referral(database, "accepted"), "n": "22"},
        "preparing": {"assignment_id": make.assignment(database, "preparing"), "n": "7"},
        "unknown": {"number": "MDK-2026-9999", "conference_id": "x" * 32, "referral_id": "0"},
    }
    return scenes | {name: usual | _kept(database) | values for name, values in more.items()}


def _kept(database: Database) -> Values:
    """What is kept by one person or function: an absence, an address, what stands, and a mail that waits."""
    with database.reading() as session:
        known = session.execute(text("SELECT count(*) FROM absence")).scalar_one()
    if not known:
        now = clock.now()
        days, later = clock.today(now) + 9 * make.DAY, clock.today(now) + 90 * make.DAY
        make.act(
            database, make.NURSE, absences.record, body=AbsenceBody(first_day=days, last_day=days + make.DAY), at=now
        )
        contact = ContactBody(name="MAS", email="mas@kommun.example")
        make.act(database, make.FUNCTION, home_care.keep_contact, body=contact, at=now)
        standing = StandingBody(owner="Kajsa Funktion", valid_until=later)
        make.act(database, make.FUNCTION, checklists.keep_standing, n=7, body=standing, at=now)
        with database.writing() as session:
            replies.ingest(session, b"Subject: Hej\r\n\r\nHej", at=now)
    tables = {"absence_id": "absence", "contact_id": "home_care_contact", "standing_id": "standing_prerequisite"}
    return {name: first_id(database, table) for name, table in (tables | {"reply_id": "mail_reply"}).items()}


# ------------------------------------------------------------------------------------------------- what is said
def _day(days: int) -> str:
    return str(clock.today(clock.now()) + timedelta(days=days))


def _moment(days: int) -> str:
    return (clock.now() + timedelta(days=days)).strftime("%Y-%m-%dT11:00:00Z")


def bodies() -> dict[str, dict[str, Any]]:
    """A body that each schema's operations may accept; what is made up is laid over it, field by field."""
    frame = {
        "duration_minutes": 60,
        "chair": make.email(make.CHAIR),
        "consultant": make.email(make.CONSULTANT),
        "members": [make.email(make.NURSE)],
    }
    minutes = {
        "attendance": [{"email": make.email(make.CONSULTANT), "profession": "läkare", "present": True}],
        "answer": "Ja.", "outcome": "optimise_conventional", "motivation": "Refraktär.", "due": _day(9),
    }  # fmt: skip
    return {
        "Submission": make.document(),
        "SubmissionPatch": {"question": "Vad bör göras?"},
        "AnswerBody": {"text": "Svar."},
        "AcceptBody": {"urgency": "high", "override_reason": "Skäl."},
        "SupplementBody": {"what": "MR?", "until": _day(3)},
        "RedirectBody": {"to": "Smärtkliniken", "reason": "Skäl."},
        "ReasonBody": {"reason": "Skäl."},
        "DeathBody": {"date": _day(0)},
        "DeteriorationBody": {"what": "Sämre."},
        "TreatmentDecisionBody": {"follows": "partly", "why": "Skäl."},
        "BlockBody": {"wish": "Vill inte.", "person": make.email("funktion.blekinge")},
        "SeriesBody": {**frame, "name": "Onsdagar", "rrule": "FREQ=WEEKLY;BYDAY=WE", "first_start": _moment(3)},
        "SeriesChangePatch": {"from_day": _day(9), "name": "Torsdagar"},
        "SkipBody": {"first_day": _day(5), "last_day": _day(20), "reason": "Lov."},
        "EndBody": {"from_day": _day(30), "reason": "Slut."},
        "ConferenceBody": {**frame, "starts_at": _moment(5)},
        "ConferenceBodyPatch": {"duration_minutes": 45},
        "AgendaBody": {"items": [{"case": "{number}", "minutes": 15}]},
        "ReleaseBody": {"override_reason": "Skäl."},
        "MoveBody": {"starts_at": _moment(6)},
        "ReplyBody": {"partstat": "ACCEPTED", "comment": None},
        "AbsenceBody": {"first_day": _day(12), "last_day": _day(13)},
        "MinutesBody": minutes,
        "AddendumBody": {"text": "Tillägg."},
        "TurnBody": {"case": "{number}"},
        "AttendBody": {"email": make.email(make.NURSE), "present": True},
        "HeardBody": {"heard": True},
        "PrerequisiteBody": {"state": "met", "owner": "Överläkare Prov", "note": ""},
        "WhatBody": {"what": "MR?"},
        "SupplyBody": {"text": "MR gjord.", "facts": []},
        "FactsBody": {"facts": [{"field": "treatments.imaging", "text": "MR bäcken i går"}]},
        "DateBody": {"date": _day(8)},
        "ImplantBody": {"date": _day(0), "device": "Provpump"},
        "TextBody": {"text": "Text."},
        "InsertBody": {"date": _day(0), "place": "Växjö"},
        "NotDoneBody": {"reason_code": "patient_wish", "note": "Hemma."},
        "HandOverBody": {"region": "skane", "reason": "Skäl."},
        "ActionBody": {"note": "Klart."},
        "FollowUpBody": {"week": 2, "date": _day(0), "nrs": 3, "alive": "yes"},
        "ContactBody": {"name": "MAS", "email": "mas2@kommun.example"},
        "StandingAt": {"n": 8, "owner": "Kajsa Funktion", "valid_until": _day(60)},
        "UrgentBody": {"members": [make.email(make.NURSE), make.email(make.SURGEON)], "deadline": _moment(1)},
        "OpinionBody": {"text": "Jag stöder det."},
        "RatifyBody": {"conference": "{conference_id}", "remark": None},
        "SurveyBody": {"year": 2026, "week": 9, "source": "Egen", "table": TABLE},
    }


def version(database: Database, row: str, values: Values) -> str:
    """The present version of what an address changes, as If-Match says it."""
    tables = (
        ("/urgent-review", "case_file", "number", "{number}"),
        ("/cases/{number}", "case_file", "number", "{number}"),
        ("{conference_id}", "conference", "id", "{conference_id}"),
        ("{referral_id}", "implant_referral", "id", "{referral_id}"),
        ("{assignment_id}", "pump_assignment", "id", "{assignment_id}"),
        ("{action_id}", "pathway_action", "id", "{action_id}"),
        ("{series_id}", "series", "id", "{series_id}"),
    )
    if "/minutes" in row or row.endswith("/defer"):
        return f'"{make.minutes_version(database, values["conference_id"], values["number"])}"'
    key = "{conference_id}" if "{conference_id}" in row else ""
    for part, table, column, name in tables:
        if part in row and (not key or name == key):
            with database.reading() as session:
                query = text(f"SELECT version FROM {table} WHERE {column} = :value")
                return f'"{session.execute(query, {"value": values[name.strip("{}")]}).scalar() or 1}"'
    return '"1"'


# ------------------------------------------------------------------------------------------------- the calls
class Prober:
    """The served document, and calls of its operations as each of the people."""

    def __init__(self, world: World) -> None:
        self.world = world
        document = world.client.get("/schema/openapi.json").json()
        for operation in (each for item in document["paths"].values() for each in item.values()):
            operation.pop("security")  # who shows no token, or a bad one, is the matrix's
        found = (each.ok() for each in schemathesis.openapi.from_dict(document).get_all_operations())
        self.operations = {f"{operation.method.upper()} {operation.path}": operation for operation in found}
        self.bodies = bodies()

    def call_well(self, row: str) -> set[int]:
        """Call one operation with a body that may do: on one thing as everyone, on the others as someone who may.

        Where nobody could do it yet, everyone who may tries on everything. Gives the statuses.
        """
        first, *others = self._scenes(row)
        allowed = self._allowed(row)
        statuses = {self._call_well(row, first, name) for name in PEOPLE}
        statuses |= {self._call_well(row, scene, allowed[turn % len(allowed)]) for turn, scene in enumerate(others)}
        for scene, name in product(others, allowed):
            if statuses & DONE:
                break
            statuses.add(self._call_well(row, scene, name))
        return statuses

    def _call_well(self, row: str, scene: Values, name: str) -> int:
        operation = self.operations[row]
        headers = {"If-Match": version(self.world.database, row, scene)} if _is_versioned(operation) else {}
        case = operation.Case(path_parameters=_of(row, scene), headers=headers, query=QUERIES.get(row, {}))
        schema, media_type = _body_of(operation)
        if schema:
            case.body, case.media_type = self._usual(schema, scene) | EXTRA.get(row, {}), media_type
        return self._call(case, name, CHECKED)

    def _usual(self, schema: str, scene: Values) -> dict[str, Any]:
        """A body that may do, about the same things as the address."""
        filled_in = re.sub(r"{(\w+)}", lambda part: scene[part[1]], json.dumps(self.bodies.get(schema, {})))
        return dict(json.loads(filled_in))

    def probe(self, row: str, *, examples: int) -> None:
        """Call one operation with made-up values, good ones and bad ones."""
        operation = self.operations[row]
        spoilable = operation.body or list(operation.iter_parameters())
        for mode in (POSITIVE, NEGATIVE) if spoilable else (POSITIVE,):
            self._probe(row, operation.as_strategy(generation_mode=mode), examples)

    def _probe(self, row: str, cases: Any, examples: int) -> None:
        scenes = st.sampled_from(self._scenes(row))
        callers = st.sampled_from(self._allowed(row)) | st.sampled_from(PEOPLE)

        def call(case: Any, scene: Values, who: set[str], kept: list[int]) -> None:
            self._aim(case, row, scene, kept)
            checks = CHECKED if "" in case.query.values() else [*CHECKED, REFUSES]  # what is empty counts as not given
            for name in sorted(who):
                try:
                    self._call(case, name, checks)
                except httpx.InvalidURL:  # a longer address than the client sends
                    hypothesis.reject()

        bounded = hypothesis.settings(
            max_examples=examples, phases=[Phase.generate, Phase.shrink], suppress_health_check=list(HealthCheck)
        )
        drawn = {"who": st.sets(callers, min_size=2, max_size=2), "kept": st.lists(st.integers(0, 20), max_size=2)}
        given(case=cases, scene=scenes, **drawn)(bounded(call))()

    def _scenes(self, row: str) -> list[Values]:
        """The things that an address can be about, each once."""
        return list({tuple(_of(row, scene).items()): scene for scene in self.world.values.values()}.values())

    def _allowed(self, row: str) -> list[str]:
        return [name for name in PEOPLE if self.world.viewers[name].role in ACCESS[ROUTES[row]]]

    def _aim(self, case: Any, row: str, scene: Values, kept: list[int]) -> None:
        """Turn a made-up call to a thing that there is, on its present version; of a body that may do, some is kept.

        What was spoilt on purpose stays as it is.
        """
        spoilt = {place.name for place, made in case.meta.components.items() if made.mode == NEGATIVE}
        if "PATH" not in spoilt:
            case.path_parameters = _of(row, scene)
        if "HEADER" not in spoilt and "If-Match" in case.headers:
            case.headers["If-Match"] = version(self.world.database, row, scene)
        schema, _ = _body_of(case.operation)
        if "BODY" not in spoilt and isinstance(case.body, dict) and schema:
            made_up, names = case.body, sorted(case.body)
            chosen = [names[at % len(names)] for at in kept if names]
            case.body = self._usual(schema, scene) | {name: made_up[name] for name in chosen}

    def _call(self, case: Any, name: str, checks: list[str]) -> int:
        sent: Any = requests.Request(**case.as_transport_kwargs(str(self.world.client.base_url))).prepare()
        headers = {key: value for key, value in sent.headers.items() if key.lower() != "authorization"}
        self.world.client.cookies.clear()
        answer = self.world.client.request(
            sent.method,
            sent.url,
            content=sent.body or b"",
            headers=headers | {"Authorization": self.world.bearers[name]},
        )
        case.validate_response(answer, checks=CHECKS.get_by_names(checks))
        return answer.status_code


def _of(row: str, scene: Values) -> Values:
    return {name: scene[name] for name in re.findall(r"{(\w+)}", row)}


def _body_of(operation: Any) -> tuple[str, str]:
    """The name of the schema of an operation's JSON body, and the body's media type; empty where it has none."""
    forms = operation.definition.raw.get("requestBody", {}).get("content", {})
    for media_type, form in forms.items():
        if media_type == "application/json":
            return str(form["schema"]["$ref"]).rpartition("/")[2], media_type
    return "", ""


def _is_versioned(operation: Any) -> bool:
    return any(each["name"] == "If-Match" for each in operation.definition.raw.get("parameters", ()))
