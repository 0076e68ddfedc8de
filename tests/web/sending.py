"""Owns cases in the tests of the API, sent as a client sends them: created, submitted and accepted."""

from typing import Any

import make
from calling import Caller, Callers

VAXJO, COORDINATOR = make.REFERRER, make.COORDINATOR


def created(caller: Caller, **changes: Any) -> dict[str, Any]:
    answer = caller.post("/cases", make.document(**changes))
    assert answer.status_code == 201, answer.text
    case: dict[str, Any] = answer.json()
    return case


def submitted(api: Callers, name: str = VAXJO, **changes: Any) -> dict[str, Any]:
    case = created(api[name], **changes)
    answer = api[name].post(f"/cases/{case['number']}/submit", {}, version=case["version"])
    assert answer.status_code == 200, answer.text
    sent: dict[str, Any] = answer.json()
    return sent


def accepted(api: Callers, **changes: Any) -> dict[str, Any]:
    case = submitted(api, **changes)
    answer = api[COORDINATOR].post(f"/cases/{case['number']}/accept", {"urgency": "normal"}, version=case["version"])
    assert answer.status_code == 200, answer.text
    queued: dict[str, Any] = answer.json()
    return queued
