"""The case's form: lists and pasted text, whose number it is, and the fast path."""

import re

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
from mdk.audit.tables import AccessLog
from mdk.cases import rules
from mdk_web import words
from visiting import Page, People
from web.case_form import IDENTITY, cases, opioid, rows_of

REFERRER, OTHER, COORDINATOR = make.REFERRER, make.OTHER_REFERRER, make.COORDINATOR


# ------------------------------------------------------------------------------------------------- lists
PASTED = "Oxycontin 40 mg x 2\nOxynorm 10 mg vid behov, 4 st/dygn\nAlvedon 1 g x 4"


def test_pasted_opioids_become_rows_to_check_after_those_that_are_there(people: People) -> None:
    typed = [IDENTITY, *opioid(0, drug="morphine"), ("medicines.opioids.none", "yes"), ("paste", PASTED)]
    page = people[REFERRER].post("/cases/new", typed, do="paste")
    assert page.status == 200
    assert rows_of(page) == ["morphine", "oxycodone", "oxycodone", ""]
    assert page.values["medicines.opioids.2.rescue_per_day"] == "4"
    assert "medicines.opioids.none" not in page.values
    assert page.values["paste"] == "Alvedon 1 g x 4"
    for told in ("Opioid 3: Oxynorm 10 mg vid behov, 4 st/dygn", "Ange väg", "Inget opioidnamn känns igen"):
        assert told in page.words
    assert cases(people) == 0


def test_what_was_pasted_is_read_before_the_form_is_saved_and_never_in_silence(people: People) -> None:
    referrer = people[REFERRER]
    shown = referrer.post("/cases/new", [IDENTITY, ("paste", PASTED)], do="save")
    assert (shown.status, rows_of(shown)[:2], cases(people)) == (200, ["oxycodone", "oxycodone"], 0)
    assert referrer.send(shown, "/cases/new", **{"medicines.opioids.1.route": "oral"}, do="save").status == 303


@pytest.mark.parametrize(
    ("button", "drugs"),
    [
        ("add:medicines.opioids", ["oxycodone", "morphine", "", ""]),
        ("drop:medicines.opioids.0", ["morphine", ""]),
        ("drop:medicines.opioids.9", ["oxycodone", "morphine", ""]),
        ("paste", ["oxycodone", "morphine", ""]),
    ],
)
def test_a_list_alone_comes_back_to_htmx_and_its_change_is_told_on(
    people: People, button: str, drugs: list[str]
) -> None:
    answer = people[REFERRER].htmx(
        "/cases/rows", [*opioid(0), *opioid(1, drug="morphine"), ("medicines.opioids.2.drug", ""), ("do", button)]
    )
    found = re.findall(r'(?s)<select[^>]*name="medicines\.opioids\.\d+\.drug".*?</select>', answer.text)
    assert [(re.findall(r'value="(\w*)" selected', each) or [""])[0] for each in found] == drugs
    assert answer.headers["hx-trigger"] == "input"
    assert "<html" not in answer.text


@pytest.mark.parametrize("button", ["add:patient", "drop:", "add:medicines.opioids.x.y", "drop:medicines.opioids"])
def test_a_button_that_no_list_has_changes_nothing(people: People, button: str) -> None:
    assert people[REFERRER].htmx("/cases/rows", [*opioid(0), ("do", button)]).status_code == 200


# ------------------------------------------------------------------------------------------------- whose number
@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("19400104-2383", "86 år, kvinna"),
        ("400104 2383", "86 år, kvinna"),
        ("201201012398", "regionala barnkonsultteamet kallas"),
        ("195200622396", "Ålder okänd, man"),
        ("25780404KHD5", "Reservnummer"),
        ("194001042384", "Kontrollsiffran stämmer inte"),
    ],
)
def test_a_number_tells_age_sex_and_what_follows_at_once(people: People, typed: str, told: str) -> None:
    answer = people[REFERRER].htmx("/cases/who", [("patient.identity_number", typed)])
    assert told in Page(answer).words


@pytest.mark.parametrize("typed", ["", "1940", "19400104", "x\x00"])
def test_a_number_that_is_not_typed_to_its_end_is_no_fault_yet(people: People, typed: str) -> None:
    answer = people[REFERRER].htmx("/cases/who", [("patient.identity_number", typed)])
    assert (answer.status_code, Page(answer).words) == (200, "")


def test_other_open_cases_that_the_reader_may_see_are_shown_and_that_is_logged(people: People) -> None:
    own, others = make.draft(people.database), make.draft(people.database, by=OTHER)
    number = [("patient.identity_number", make.submission().patient.identity_number)]
    words_ = Page(people[REFERRER].htmx("/cases/who", number)).words
    assert own in words_
    assert others not in words_
    assert own not in Page(people[REFERRER].htmx("/cases/who", [*number, ("number", own)])).words
    with people.database.reading() as session:
        logged = session.scalars(select(col(AccessLog.cases)).where(col(AccessLog.act) == "case.other-open")).all()
    assert len(logged) == 1


@pytest.mark.parametrize("path", ["/cases/who", "/cases/rows", "/cases/preview"])
def test_only_who_may_write_a_case_gets_what_follows_the_typing(people: People, path: str) -> None:
    answer = people[COORDINATOR].htmx(path, [IDENTITY])
    assert (answer.status_code, answer.headers["hx-retarget"]) == (403, "#notice")


# ------------------------------------------------------------------------------------------------- the fast path
def test_the_help_lists_the_few_fields_of_the_fast_path(people: People) -> None:
    told = people[REFERRER].get("/help").words
    needed = [path for path, need, _ in rules.FIELDS if need == "submit" and not path.endswith("reason")]
    assert len(needed) + 1 <= 20
    for path in needed:
        assert words.label(path) in told
    assert f"{len(needed) + 1} uppgifter" in told
