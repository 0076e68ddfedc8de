"""Whoever acts from a page that is no longer true is told so, on a page that is."""

import pytest

import make
from mdk import clock
from visiting import People, coming, queued


@pytest.mark.parametrize("button", ["save", "add", "remove:0"])
def test_an_agenda_that_is_put_together_while_the_chair_begins_is_refused(people: People, button: str) -> None:
    on_agenda, waiting = queued(people.database), queued(people.database, make.submission())
    planned = coming(people.database, [on_agenda])
    coordinator, path = people[make.COORDINATOR], f"/conferences/{planned}/agenda"
    before = coordinator.get(f"/conferences/{planned}")
    make.opened(people.database, planned, at=clock.now())
    pressed = f"add:{waiting}" if button == "add" else button
    for typed in ({}, {"items.1.case": waiting, "items.1.minutes": "15"}):
        version = make.conference_row(people.database, planned).version
        assert coordinator.send(before, path, do=pressed, **typed).status == 409
        answer = coordinator.send(before, path, do=pressed, version=str(version), **typed)
        assert answer.status == 422
        assert "items.0.minutes" not in answer.values
        assert on_agenda in answer.html
        assert waiting not in answer.html
