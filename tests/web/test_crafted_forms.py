"""What no browser would send to a form or a query is refused or passed over, never a fault of ours."""

from typing import Any

import pytest

import make
from calling import Callers, refusal
from visiting import People, coming, queued


def test_a_query_with_too_many_fields_is_refused(api: Callers) -> None:
    answer = api[make.REFERRER].get("/cases", **{f"field{place}": "" for place in range(4001)})
    assert refusal(answer) == (400, "invalid")


def test_a_query_with_an_endless_name_is_passed_over(api: Callers) -> None:
    assert api[make.REFERRER].get("/cases", **{"a." * 3000: "1"}).status_code == 200


def test_a_query_with_an_endless_name_of_a_known_field_is_refused(api: Callers) -> None:
    assert refusal(api[make.REFERRER].get("/cases", **{"limit." + "a." * 3000: "1"})) == (400, "invalid")


def test_a_form_with_too_many_fields_is_refused(people: People) -> None:
    fields = [(f"field{place}", "") for place in range(4001)]
    assert people[make.REFERRER].post("/cases/new", fields).status == 422


def test_a_form_with_an_endless_name_is_refused(people: People) -> None:
    assert people[make.REFERRER].post("/cases/new", [("patient." + "a." * 3000, "1")]).status == 422


@pytest.mark.parametrize("version", ["²", "9" * 5000, "-1", "1.0"])
def test_a_version_that_is_no_number_is_stale(people: People, version: str) -> None:
    number = queued(people.database)
    answer = people[make.COORDINATOR].post(f"/cases/{number}/decline", reason="Fel mottagare", version=version)
    assert answer.status == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [("starts_at", "2027-13-45T25:61"), ("members.²", "a"), ("duration_minutes", "²")],
)
def test_a_value_that_is_none_is_refused(people: People, field: str, value: str) -> None:  # F30
    fields: dict[str, Any] = {"starts_at": "2027-03-31T13:00", "duration_minutes": "60", "chair": "ordforande@demo.mdk"}
    typed = fields | {"consultant": "konsult@demo.mdk", field: value}
    expected = 303 if field.startswith("members") else 422
    assert people[make.COORDINATOR].post("/conferences/new", **typed).status == expected


@pytest.mark.parametrize("place", ["9" * 5000, "²", "-1", "7", ""])
def test_a_button_for_a_row_that_is_not_there_leaves_the_agenda_as_it_was(people: People, place: str) -> None:
    number = queued(people.database)
    planned = coming(people.database, [number])
    coordinator = people[make.COORDINATOR]
    typed = {"items.0.case": number, "items.0.minutes": "20", "do": f"up:{place}"}
    version = coordinator.get(f"/conferences/{planned}").values["version"]
    assert coordinator.post(f"/conferences/{planned}/agenda", **typed, version=version).status == 303
    assert coordinator.get(f"/conferences/{planned}").values["items.0.minutes"] == "20"


@pytest.mark.parametrize("chosen", ["9" * 5000, "²", "999999999", ""])
def test_a_sign_in_as_nobody_leads_nowhere(people: People, chosen: str) -> None:
    assert people[make.REFERRER].post("/sign-in", assignment=chosen).status == 404
