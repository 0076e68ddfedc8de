"""Owns how the tests write the minutes of a case that is being discussed, on its page."""

import make
from mdk import clock
from mdk.minutes import queries
from mdk.minutes.structs import MinutesView
from visiting import Fields, Page, People, Person

CHAIR = make.CHAIR
DECIDED = {
    "answer": "Ja, extern pump.",
    "refractory": "yes",
    "outcome": "extern_pump",
    "motivation": "Refraktär smärta.",
    "route": "intrathecal",
    "opioid_plan_owner": "Palliativa teamet Växjö",
    "responsible_unit": "Funktionen i Kronoberg",
    "due": "2030-12-14",
    "informs_patient": "Vera Remitterius",
    "out_of_hours_contact": "Smärtjouren",
}


def present(page: Page, path: str) -> Fields:
    """The form with everyone ticked as present."""
    fields = [(name, value) for name, value in page.forms[path] if not name.endswith(".present")]
    emails = [name for name, value in fields if name.startswith("attendance.") and name.endswith(".email") and value]
    return fields + [(name.replace(".email", ".present"), "yes") for name in emails]


def write(person: Person, path: str, *, do: str = "save", **typed: str) -> Page:
    page = person.get(path)
    return person.post(path, present(page, path), do=do, **typed)


def stored(people: People, path: str) -> MinutesView:
    _, _, conference, _, number = path.split("/")
    return make.ask(people.database, CHAIR, queries.view, conference, number, at=clock.now())
