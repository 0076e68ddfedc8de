"""What is typed in the case's form is not lost: autosave, two versions that meet, a session that ends, a full disk."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec import UNSET
from sqlalchemy import event

import make
import stores
from mdk import clock
from mdk.cases import rules
from visiting import Page, People
from web.case_form import IDENTITY, bar, cases, opioid, rows_of, stored

REFERRER = make.REFERRER


# ------------------------------------------------------------------------------------------------- autosave
def test_typing_saves_itself_as_a_new_draft_once_the_number_is_right(people: People) -> None:
    referrer = people[REFERRER]
    waiting = referrer.htmx("/cases/new", [("patient.identity_number", "1940"), ("do", "autosave")])
    assert (waiting.status_code, cases(people)) == (200, 0)
    assert "Sparas när" in Page(waiting).words
    saved = referrer.htmx("/cases/new", [IDENTITY, ("question", "Hur går vi vidare?"), ("do", "autosave")])
    number = bar(saved)["number"]
    assert saved.headers["hx-replace-url"] == f"/cases/{number}/edit"
    assert (saved.headers["hx-retarget"], saved.headers["x-saved"]) == ("#case-bar", "yes")
    assert "86 kvinna" in Page(saved).words
    assert stored(people, number).question == "Hur går vi vidare?"


def test_a_new_form_that_has_saved_itself_goes_on_as_that_case(people: People) -> None:
    referrer = people[REFERRER]
    first = bar(referrer.htmx("/cases/new", [IDENTITY, ("do", "autosave")]))
    fields = [IDENTITY, ("question", "Andra"), ("version", first["version"]), ("number", first["number"])]
    second = bar(referrer.htmx("/cases/new", [*fields, ("do", "autosave")]))
    assert (second["number"], cases(people)) == (first["number"], 1)
    assert referrer.post("/cases/new", fields, version=second["version"], do="save").status == 303
    assert cases(people) == 1


def test_a_page_that_told_of_faults_is_loaded_anew_whatever_was_saved_before_the_next_press(people: People) -> None:
    referrer = people[REFERRER]
    number = bar(referrer.htmx("/cases/new", [IDENTITY, ("do", "autosave")]))["number"]
    path, typed = f"/cases/{number}/edit", [IDENTITY, ("number", number)]
    refused = referrer.htmx(path, [*typed, ("version", "1"), ("pain.nrs_now", "elva"), ("do", "save")])
    assert refused.status_code == 422
    assert 'name="anew"' in refused.text
    mended = [*typed, ("version", "1"), ("pain.nrs_now", "8"), ("anew", "yes")]
    between = referrer.htmx(path, [*mended, ("do", "autosave")])
    assert ("Sparat" in between.text, 'name="anew" value="yes" data-fresh' in between.text) == (True, True)
    last = referrer.htmx(path, [*mended, ("version", "2"), ("do", "save")])
    assert last.headers.get("hx-redirect") == path


@pytest.mark.parametrize("number", ["MDK-1999-0001", "x\x00y", "../../triage", "🙂"])
def test_a_form_that_names_no_case_is_not_found(people: People, number: str) -> None:
    assert people[REFERRER].post("/cases/new", [IDENTITY], number=number, do="save").status == 404


def test_what_cannot_be_saved_yet_is_named_and_the_rest_is_saved(people: People) -> None:
    typed = [
        IDENTITY,
        ("question", "Sparad"),
        ("pain.nrs_now", "elva"),
        ("consent.date", "2999-01-01"),
        *opioid(0),
        *opioid(1, dose="12,"),
        ("medicines.opioids.2.drug", "morphine"),
    ]
    answer = people[REFERRER].htmx("/cases/new", [*typed, ("do", "autosave")])
    for told in ("utom", "NRS nu", "och fler"):
        assert told in Page(answer).words
    kept = stored(people, bar(answer)["number"])
    assert (kept.question, rules.value_at(kept, "pain.nrs_now")) == ("Sparad", UNSET)
    assert kept.medicines is not UNSET
    assert isinstance(kept.medicines.opioids, list)
    assert [(line.drug, line.dose) for line in kept.medicines.opioids] == [("oxycodone", 40), ("oxycodone", None)]


def test_a_save_by_itself_never_goes_over_another_one_s(people: People) -> None:
    number = make.draft(people.database)
    referrer = people[REFERRER]
    path = f"/cases/{number}/edit"
    mine = referrer.get(path)
    referrer.send(referrer.get(path), path, question="Den som hann före", do="save")
    fields = [pair for pair in mine.forms[path] if pair[0] not in {"question", "do"}]
    answer = referrer.htmx(path, [*fields, ("question", "Min"), ("do", "autosave")])
    assert (answer.status_code, answer.headers["hx-retarget"]) == (409, "#case-bar")
    assert "sparats på annat håll" in Page(answer).words
    assert "x-saved" not in answer.headers
    assert stored(people, number).question == "Den som hann före"


def test_only_a_draft_saves_itself(people: People) -> None:
    draft, sent = make.draft(people.database), make.submitted(people.database, at=clock.now() - make.HOUR)
    referrer = people[REFERRER]
    assert "autosave" in referrer.get(f"/cases/{draft}/edit").html
    assert "autosave" not in referrer.get(f"/cases/{sent}/edit").html


def test_forty_opioids_are_saved_and_shown_and_a_bad_one_leaves_the_others(people: People) -> None:
    typed = [pair for place in range(40) for pair in opioid(place, dose="10" if place != 33 else "tio")]
    number = bar(people[REFERRER].htmx("/cases/new", [IDENTITY, *typed, ("do", "autosave")]))["number"]
    kept = stored(people, number).medicines
    assert kept is not UNSET
    assert isinstance(kept.opioids, list)
    assert [line.dose for line in kept.opioids] == [None if place == 33 else 10 for place in range(40)]
    assert len([one for one in rows_of(people[REFERRER].get(f"/cases/{number}/edit")) if one]) == 40


def test_a_save_by_itself_that_holds_no_news_leaves_the_version_to_others(people: People) -> None:
    number = make.draft(people.database)
    referrer, path = people[REFERRER], f"/cases/{number}/edit"
    fields = [pair for pair in referrer.get(path).forms[path] if pair[0] != "do"]
    answer = referrer.htmx(path, [*fields, ("do", "autosave")])
    assert (answer.status_code, bar(answer)["version"]) == (200, dict(fields)["version"])


# ------------------------------------------------------------------------------------------------- two versions
@pytest.fixture
def clash(people: People) -> tuple[str, Page]:
    """A draft that was saved on the one side while the other typed; gives its number and the page that tells so."""
    number = make.draft(people.database)
    referrer = people[REFERRER]
    path = f"/cases/{number}/edit"
    mine = referrer.get(path)
    theirs = {"question": "Deras fråga", "patient.municipality": "Älmhult", "medicines.opioids.0.dose": "5"}
    referrer.send(referrer.get(path), path, **theirs, do="save")
    return number, referrer.send(mine, path, **{"question": "Min fråga", "pain.location": "Rygg"}, do="save")


def test_both_versions_are_told_field_by_field_and_what_only_one_changed_is_chosen(
    clash: tuple[str, Page],
) -> None:  # F13
    _, page = clash
    assert page.status == 409
    for told in ("Min fråga", "Deras fråga", "Älmhult", "Rygg", "ändrat på båda håll", "ändrat på annat håll"):
        assert told in page.words
    chosen = {name.removeprefix("choose."): value for name, value in page.values.items() if name.startswith("choose.")}
    assert chosen == {
        "question": "mine",
        "patient.municipality": "theirs",
        "medicines.opioids": "theirs",
        "pain.location": "mine",
    }
    assert page.values["question"] == "Min fråga"


def test_what_is_chosen_field_by_field_is_saved_and_a_list_is_one_field(
    people: People, clash: tuple[str, Page]
) -> None:
    number, page = clash
    path = f"/cases/{number}/edit"
    assert people[REFERRER].send(page, path, **{"choose.question": "theirs"}, do="save").status == 303
    kept = stored(people, number)
    assert (kept.question, kept.patient.municipality) == ("Deras fråga", "Älmhult")
    assert kept.pain is not UNSET
    assert kept.medicines is not UNSET
    assert kept.pain.location == "Rygg"
    assert isinstance(kept.medicines.opioids, list)
    assert kept.medicines.opioids[0].dose == 5


def test_one_version_is_kept_whole(people: People, clash: tuple[str, Page]) -> None:
    number, page = clash
    assert people[REFERRER].send(page, f"/cases/{number}/edit", do="mine").status == 303
    kept = stored(people, number)
    assert (kept.question, kept.patient.municipality) == ("Min fråga", make.submission().patient.municipality)


def test_a_third_who_saves_meanwhile_is_told_of_too(people: People, clash: tuple[str, Page]) -> None:
    number, page = clash
    referrer, path = people[REFERRER], f"/cases/{number}/edit"
    referrer.send(referrer.get(path), path, question="Den tredje", do="save")
    again = referrer.send(page, path, do="save")
    assert again.status == 409
    assert "Den tredje" in again.words
    assert again.values["question"] == "Min fråga"


FAULT, PASTED = {"pain.nrs_now": "elva"}, {"paste": "Oxycontin 40 mg x 2"}


@pytest.mark.parametrize(("typed", "status"), [(FAULT, 422), (PASTED, 200)])
@pytest.mark.parametrize("way", ["post", "typing"])
def test_a_form_that_comes_back_does_not_go_over_what_a_colleague_saved_before_it(
    people: People, typed: dict[str, str], status: int, way: str
) -> None:
    number = make.draft(people.database)
    referrer, path = people[REFERRER], f"/cases/{number}/edit"
    mine = referrer.get(path)
    referrer.send(referrer.get(path), path, question="Kollegans fråga", do="save")
    back = getattr(referrer, way)(path, mine.forms[path], **typed, do="save")
    assert back.status == status
    again = referrer.send(back, path, **{"pain.nrs_now": "8"}, do="save")
    assert (again.status, "Kollegans fråga" in again.words) == (409, True)
    assert stored(people, number).question == "Kollegans fråga"
    assert referrer.send(again, path, do="save").status == 303
    kept = stored(people, number)
    assert (kept.question, rules.value_at(kept, "pain.nrs_now")) == ("Kollegans fråga", 8)


def test_a_number_that_is_typed_anew_does_not_hide_what_a_colleague_saved(people: People) -> None:
    number = make.draft(people.database)
    referrer, path = people[REFERRER], f"/cases/{number}/edit"
    mine = [pair for pair in referrer.get(path).forms[path] if pair[0] not in {"do", "version", IDENTITY[0]}]
    begun = referrer.get(path).values["version"]
    referrer.send(referrer.get(path), path, question="Kollegans fråga", do="save")
    halfway = referrer.htmx(path, [*mine, (IDENTITY[0], "1940"), ("version", begun), ("do", "autosave")])
    whole = [*mine, IDENTITY, ("version", bar(halfway)["version"]), ("do", "autosave")]
    assert (halfway.status_code, referrer.htmx(path, whole).status_code) == (200, 409)
    assert stored(people, number).question == "Kollegans fråga"


@pytest.mark.parametrize(("typed", "status"), [(FAULT, 422), (PASTED, 200)])
def test_what_was_chosen_stays_chosen_when_the_form_comes_back(
    people: People, clash: tuple[str, Page], typed: dict[str, str], status: int
) -> None:
    number, page = clash
    referrer, path = people[REFERRER], f"/cases/{number}/edit"
    back = referrer.send(page, path, **{"choose.question": "theirs"}, **typed, do="save")
    assert (back.status, back.values["choose.question"]) == (status, "theirs")
    assert referrer.send(back, path, **{"pain.nrs_now": "8"}, do="save").status == 303
    kept = stored(people, number)
    assert (kept.question, kept.patient.municipality) == ("Deras fråga", "Älmhult")


# ------------------------------------------------------------------------------------------------- a session that ends
TEXT = 'Första raden\nandra "raden" <b>och</b> 🙂 \u202eåäö'


def test_a_form_that_comes_when_the_session_is_over_waits_in_the_answer_and_can_be_sent_again(people: People) -> None:
    referrer = people[REFERRER]
    session = referrer.cookies.pop("mdk_session")
    kept = referrer.post("/cases/new", [IDENTITY, *opioid(0), ("question", TEXT)], do="save")
    assert (kept.status, cases(people)) == (401, 0)
    assert "inget är förlorat" in kept.words
    assert IDENTITY[1] not in kept.words
    referrer.cookies["mdk_session"] = session
    number = referrer.send(kept, "/cases/new").to.split("/")[2]
    saved = stored(people, number)
    assert saved.question == TEXT
    assert saved.medicines is not UNSET


def test_htmx_is_told_beside_the_page_that_the_session_is_over(people: People) -> None:
    referrer = people[REFERRER]
    del referrer.cookies["mdk_session"]
    answer = referrer.htmx("/cases/new", [IDENTITY, ("do", "autosave")])
    assert (answer.status_code, answer.headers["hx-retarget"]) == (401, "#notice")
    assert "hx-redirect" not in answer.headers
    assert "Det du har skrivit står kvar" in Page(answer).words
    assert IDENTITY[1] not in answer.text


def test_a_form_without_typing_and_a_page_lead_to_the_sign_in(people: People) -> None:
    referrer = people[REFERRER]
    del referrer.cookies["mdk_session"]
    assert (referrer.post("/sign-out").status, referrer.post("/sign-out").to) == (303, "/sign-in")
    assert referrer.get("/cases/new").to == "/sign-in"


def test_a_form_from_elsewhere_is_not_offered_to_be_sent_again(people: People) -> None:
    referrer = people[REFERRER]
    del referrer.cookies["mdk_session"]
    referrer.token = "forged"
    page = referrer.post("/cases/new", [IDENTITY], do="save")
    assert page.status == 403
    assert IDENTITY[1] not in page.html


# ------------------------------------------------------------------------------------------------- a full disk
@contextmanager
def full(people: People) -> Iterator[None]:
    """The database may not grow any more."""
    with people.database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    database = stores.made(str(people.database.url))
    limit = f"PRAGMA max_page_count={pages}"
    event.listen(database.engine, "connect", lambda connection, _: connection.execute(limit))
    people.client.app.state.update({"database": database})
    yield
    people.client.app.state.update({"database": people.database})
    database.close()


def test_what_a_full_disk_does_not_take_waits_in_the_answer_to_be_sent_again(people: People) -> None:  # F7
    referrer, text = people[REFERRER], "Lång text " * 1900
    fields = [IDENTITY, ("question", text), ("do", "save")]
    with full(people):
        kept, beside = referrer.post("/cases/new", fields), referrer.htmx("/cases/new", fields)
    assert (kept.status, beside.status_code, cases(people)) == (503, 503, 0)
    assert "Det du skrev ligger kvar på den här sidan" in kept.words
    assert text.strip() not in kept.words
    assert beside.headers["hx-retarget"] == "#notice"
    assert "Det du har skrivit står kvar" in Page(beside).words
    number = referrer.send(kept, "/cases/new").to.split("/")[2]
    assert (stored(people, number).question, cases(people)) == (text.strip(), 1)


# ------------------------------------------------------------------------------------------------- bad input
@pytest.mark.parametrize(
    ("text", "status"), [(TEXT, 303), ("nul\x00", 422), ("bell\x07", 422), ("x" * 20_001, 422), ("🙂" * 20_000, 303)]
)
def test_any_text_gives_a_clear_answer_and_stays_in_its_field(people: People, text: str, status: int) -> None:
    page = people[REFERRER].post("/cases/new", [IDENTITY, ("question", text)], do="save")
    assert page.status == status
    assert page.links_of_summary() == (["#f-question"] if status == 422 else [])


def test_two_megabytes_are_refused_calmly_and_htmx_leaves_the_page_as_it_is(people: People) -> None:
    much = [IDENTITY, ("question", "x" * 2_000_000), ("do", "save")]
    assert people[REFERRER].post("/cases/new", much).status == 413
    answer = people[REFERRER].htmx("/cases/new", much)
    assert (answer.status_code, answer.headers["hx-retarget"]) == (413, "#notice")


def test_sending_in_names_what_is_bad_and_what_is_missing_at_once(people: People) -> None:
    page = people[REFERRER].post("/cases/new", [IDENTITY, ("pain.nrs_now", "11")], do="submit")
    assert {"#f-pain-nrs_now", "#f-patient-name", "#f-consent-basis"} <= set(page.links_of_summary())
