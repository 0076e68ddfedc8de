import re

import pytest
from msgspec import UNSET

import make
from mdk import clock
from mdk.cases.queries import view
from mdk.cases.rules import value_at
from mdk.cases.submission_structs import Submission
from mdk.parsing import fields_of
from mdk_web.cases import forms
from mdk_web.cases.sections import LISTS, Rows, paths
from mdk_web.formkit import Form
from visiting import Fields, People, coming, queued

REFERRER, OTHER, COORDINATOR, NURSE = make.REFERRER, make.OTHER_REFERRER, make.COORDINATOR, make.NURSE
NAME = "Elsa Provlund"
LEAST: Fields = [("patient.identity_number", "19400104-2383"), ("do", "save")]
TO_SUBMIT: Fields = [
    ("patient.identity_number", "19400104-2383"),
    ("patient.name", NAME),
    ("patient.home_region", "kronoberg"),
    ("question", "Är intratekal behandling aktuell?"),
    ("urgency", "normal"),
    ("diagnosis.icd10", "C20.9"),
    ("diagnosis.palliative", "yes"),
    ("diagnosis.expected_survival", "unknown"),
    ("consent.basis", "patient_consent"),
    ("do", "submit"),
]


def leaves(kind: type, before: str = "") -> set[str]:
    found = set()
    for name, (field, _) in fields_of(kind).items():
        inner = re.search(r"mdk\.(?:cases\.submission_|clinical\.)structs\.(\w+)", str(field))
        part = getattr(__import__("mdk.cases.submission_structs", fromlist=["x"]), inner[1], None) if inner else None
        found |= leaves(part, f"{before}{name}.") if part and hasattr(part, "__struct_fields__") else {before + name}
    return found


def submission_of(people: People, number: str) -> Submission:
    return make.ask(people.database, REFERRER, view, number, at=clock.now())


def submitted(people: People) -> str:
    return make.submitted(people.database, at=clock.now() - make.HOUR)


# ------------------------------------------------------------------------------------------------- the form
def test_the_form_asks_for_every_field_of_the_submission_once() -> None:
    assert sorted(paths()) == sorted(leaves(Submission))


def test_a_stored_submission_comes_back_from_its_form_as_it_was() -> None:
    submission = make.submission()
    pairs = forms.stored(submission).pairs()
    form = Form(b"")
    form.pairs = pairs
    again = forms.read(form, make.TODAY)
    assert again == submission


def test_an_identity_number_is_enough_to_save(people: People) -> None:
    saved = people[REFERRER].post("/cases/new", LEAST)
    assert saved.status == 303
    assert re.fullmatch(r"/cases/MDK-\d{4}-0001/edit", saved.to)


def test_a_new_case_begins_with_the_home_region_and_today(people: People) -> None:
    values = people[REFERRER].get("/cases/new").values
    assert values["patient.home_region"] == "kronoberg"
    assert values["consent.date"] == clock.today(clock.now()).isoformat()


def test_a_whole_case_is_submitted_in_one_go(people: People) -> None:
    sent = people[REFERRER].post("/cases/new", TO_SUBMIT)
    assert sent.status == 303
    assert make.state_of(people.database, sent.to.rsplit("/", 1)[-1]) == "submitted"


def test_the_likely_conference_is_told_beside_the_form_while_it_is_typed(people: People) -> None:
    make.conference(people.database, starts_at=clock.now() + 9 * make.DAY)
    person = people[REFERRER]
    assert "om 9 dagar, om ärendet skickas in i dag" in person.get("/cases/new").words
    typed = [*LEAST, ("diagnosis.expected_survival", "under_6_weeks")]
    panel = person.typing("/cases/preview", typed)
    assert "senare än de 5 dagar" in panel.words
    assert "Snabbspåret kan prövas" in panel.words
    number = make.draft(people.database, by=OTHER, at=clock.now())
    assert person.typing("/cases/preview", typed, number=number).status == 404


def test_what_submitting_lacks_is_named_at_its_field_and_the_typing_kept(people: People) -> None:
    page = people[REFERRER].post("/cases/new", LEAST, do="submit", question="Hur går vi <vidare>?")
    assert page.status == 422
    assert "#f-patient-name" in page.links_of_summary()
    assert "#f-consent-basis" in page.links_of_summary()
    assert page.values["patient.identity_number"] == "19400104-2383"
    assert "Hur går vi &lt;vidare&gt;?" in page.html


def test_every_bad_value_is_told_at_once(people: People) -> None:
    page = people[REFERRER].post(
        "/cases/new",
        [
            ("patient.identity_number", "123"),
            ("pain.nrs_now", "elva"),
            ("medicines.opioids.1.drug", "morphine"),
            ("medicines.opioids.1.dose", "många"),
        ],
    )
    assert page.status == 422
    assert {"#f-patient-identity_number", "#f-pain-nrs_now", "#f-medicines-opioids-0-dose"} <= set(
        page.links_of_summary()
    )
    assert page.values["medicines.opioids.0.dose"] == "många"


def test_a_row_is_added_without_a_script_and_the_typing_kept(people: People) -> None:
    typed = [("medicines.opioids.0.drug", "morphine"), ("medicines.opioids.0.dose", "12,5"), ("pain.nrs_now", "elva")]
    blank = [("medicines.opioids.1.drug", ""), ("medicines.opioids.1.unit", "mg")]
    page = people[REFERRER].post("/cases/new", [*typed, *blank], do="add:medicines.opioids")
    assert page.status == 200
    assert [name for name in page.values if re.fullmatch(r"medicines\.opioids\.\d\.drug", name)] == [
        f"medicines.opioids.{place}.drug" for place in range(3)
    ]
    assert (page.values["medicines.opioids.0.dose"], page.values["pain.nrs_now"]) == ("12,5", "elva")


def test_a_row_that_holds_only_the_unit_it_began_with_is_no_row(people: People) -> None:
    saved = people[REFERRER].post("/cases/new", LEAST, **{"medicines.opioids.0.unit": "mg"})
    number = saved.to.split("/")[2]
    assert value_at(submission_of(people, number), "medicines.opioids") is UNSET


@pytest.mark.parametrize("part", LISTS, ids=lambda part: part.path)
def test_none_is_an_answer_to_a_list(people: People, part: Rows) -> None:
    number = people[REFERRER].post("/cases/new", LEAST, **{f"{part.path}.none": "yes"}).to.split("/")[2]
    section, name = part.path.split(".")
    assert getattr(getattr(submission_of(people, number), section), name) == []


def test_a_stale_save_keeps_what_was_typed_and_shows_what_is_stored(people: People) -> None:
    number = make.draft(people.database)
    referrer = people[REFERRER]
    path = f"/cases/{number}/edit"
    first = referrer.get(path)
    referrer.send(first, path, question="Den som hann före", do="save")
    page = referrer.send(first, path, question="Min fråga", do="save")
    assert page.status == 409
    assert "Den som hann före" in page.words
    assert page.values["question"] == "Min fråga"
    assert referrer.send(page, path, do="save").status == 303
    assert submission_of(people, number).question == "Min fråga"


def test_htmx_gets_the_bar_after_a_save_and_the_page_after_a_refusal(people: People) -> None:
    number = make.draft(people.database)
    referrer = people[REFERRER]
    path = f"/cases/{number}/edit"
    page = referrer.get(path)
    fields = [(name, value) for name, value in page.forms[path] if name != "_csrf_token"]
    part = referrer.htmx(path, [*fields, ("do", "save")])
    assert part.status_code == 200
    assert "<html" not in part.text
    assert 'id="case-bar"' in part.text
    refused = referrer.htmx(path, [*fields, ("pain.nrs_now", "elva"), ("version", "2"), ("do", "save")])
    assert (refused.status_code, refused.headers["hx-retarget"]) == (422, "#main")


def test_the_preview_follows_the_typing_also_when_half_of_it_is_wrong(people: People) -> None:
    page = people[REFERRER].post(
        "/cases/preview",
        [
            ("patient.identity_number", "1940"),
            ("pain.nrs_now", "elva"),
            *((f"medicines.opioids.0.{name}", value) for name, value in OPIOID.items()),
        ],
    )
    assert page.status == 200
    assert "Över gränsen · 240 mg per dygn" in page.words.replace("&nbsp;", " ")
    assert "<html" not in page.html


OPIOID = {"drug": "morphine", "route": "oral", "unit": "mg", "dose": "120", "per_day": "2"}


@pytest.mark.parametrize("path", ["/cases/new", "/cases/{number}/edit"])
def test_only_a_referrer_of_the_unit_writes_a_case(people: People, path: str) -> None:
    number = submitted(people)
    assert people[REFERRER].get(path.format(number=number)).status == 200
    assert people[COORDINATOR].get(path.format(number=number)).status == 403
    assert people[OTHER].get(f"/cases/{number}/edit").status == 404


def test_a_case_on_a_released_agenda_is_not_edited(people: People) -> None:
    number = queued(people.database)
    coming(people.database, [number])
    assert people[REFERRER].get(f"/cases/{number}/edit").to == f"/cases/{number}"
    page = people[REFERRER].post(f"/cases/{number}/edit", LEAST, version="9")
    assert page.status in {409, 422}


# ------------------------------------------------------------------------------------------------- one case
def test_a_case_tells_state_move_identity_and_what_it_holds(people: People) -> None:
    number = submitted(people)
    words = people[COORDINATOR].get(f"/cases/{number}").words
    for told in (
        "Inskickat",
        "Väntar på: Koordinatorn",
        NAME,
        "19400104-2383",
        "Sakralt",
        "Skickat in",
        "Vera Remitterius",
    ):
        assert told in words
    assert "Svår smärta trots hög opioiddos" in words


def test_the_title_names_no_patient(people: People) -> None:
    number = submitted(people)
    assert people[COORDINATOR].get(f"/cases/{number}").title == f"{number} – MDK smärta"


@pytest.mark.parametrize(
    ("act", "typed", "state"),
    [
        ("accept", {"urgency": "high"}, "accepted"),
        ("request-supplement", {"what": "Prover", "until": "2100-01-01"}, "supplement_requested"),
        ("answer", {"text": "Öka dosen."}, "answered"),
        ("redirect", {"to": "Smärtenheten", "reason": "Ej cancer."}, "redirected"),
        ("decline", {"reason": "Utanför uppdraget."}, "declined"),
    ],
)
def test_triage_acts_from_the_case_s_page(people: People, act: str, typed: dict[str, str], state: str) -> None:
    number = submitted(people)
    coordinator = people[COORDINATOR]
    page = coordinator.get(f"/cases/{number}")
    assert coordinator.send(page, f"/cases/{number}/{act}", **typed).status == 303
    assert make.state_of(people.database, number) == state


def test_a_refused_act_keeps_its_form_open_and_the_typing(people: People) -> None:
    number = submitted(people)
    coordinator = people[COORDINATOR]
    page = coordinator.get(f"/cases/{number}")
    again = coordinator.send(page, f"/cases/{number}/request-supplement", what="Prover", until="2000-01-01")
    assert again.status == 422
    assert again.links_of_summary() == ["#f-until"]
    assert "Senast: Dagen har passerat." in again.words
    assert again.values["what"] == "Prover"
    assert re.search(r'id="act-request-supplement-box"\s+open', again.html)


def test_a_stale_act_is_a_calm_409(people: People) -> None:
    number = submitted(people)
    page = people[COORDINATOR].post(f"/cases/{number}/decline", reason="Dubblett", version="1")
    assert page.status == 409
    assert "Någon annan hann före" in page.words
    assert make.state_of(people.database, number) == "submitted"


def test_the_referrer_is_offered_no_triage_and_may_not_do_it(people: People) -> None:
    number = submitted(people)
    page = people[REFERRER].get(f"/cases/{number}")
    assert f"/cases/{number}/accept" not in page.forms
    assert people[REFERRER].post(f"/cases/{number}/accept", urgency="high", version="2").status == 403


def test_an_act_that_does_not_exist_is_not_found(people: People) -> None:
    assert people[COORDINATOR].post(f"/cases/{submitted(people)}/explode").status == 404


def test_the_referrer_reads_the_signed_minutes_and_confirms(people: People) -> None:
    _, number = make.signed(people.database, "nerve_block")
    referrer = people[REFERRER]
    page = referrer.get(f"/cases/{number}")
    assert "Protokoll: Nervblockad" in page.words
    assert "Refraktär smärta trots höga doser." in page.words
    assert referrer.send(page, f"/cases/{number}/confirm-read").status == 303
    assert "Läst och bekräftat" in referrer.get(f"/cases/{number}").words


def test_a_supplement_that_was_asked_for_is_told_and_sent_in_again(people: People) -> None:
    number = submitted(people)
    make.do(people.database, number, "request_supplement", at=clock.now())
    referrer = people[REFERRER]
    page = referrer.get(f"/cases/{number}")
    assert "Samordningen ber om: Aktuella prover" in page.words
    assert referrer.send(page, f"/cases/{number}/submit").status == 303
    assert make.state_of(people.database, number) == "submitted"


# ------------------------------------------------------------------------------------------------- who may know
@pytest.mark.parametrize("name", [OTHER, NURSE, make.SURGEON, make.FUNCTION])
def test_a_case_that_is_not_yours_looks_like_one_that_does_not_exist(people: People, name: str) -> None:
    number = submitted(people)
    person = people[name]
    person.get("/")
    hidden, absent = person.get(f"/cases/{number}"), person.get("/cases/MDK-1999-0001")
    assert (hidden.status, hidden.words) == (404, absent.words)
    assert "/cases/break-glass" in hidden.html


@pytest.mark.parametrize("path", ["/cases", "/cases/new", "/triage", "/queue", "/cases/break-glass"])
def test_roles_without_patients_see_none_of_it(people: People, path: str) -> None:
    assert people[make.STEERING].get(path).status == 403


def test_breaking_the_glass_needs_a_reason_and_opens_the_case(people: People) -> None:
    number = submitted(people)
    nurse = people[NURSE]
    refused = nurse.post("/cases/break-glass", number=number, reason="")
    assert (refused.status, refused.values["number"]) == (422, number)
    assert refused.links_of_summary() == ["#f-reason"]
    unknown = nurse.post("/cases/break-glass", number="MDK-1999-0001", reason="Akut försämring")
    assert (unknown.status, unknown.values["reason"], unknown.links_of_summary()) == (
        422,
        "Akut försämring",
        ["#f-number"],
    )
    assert nurse.post("/cases/break-glass", number=number.lower(), reason="Akut försämring").to == f"/cases/{number}"
    assert nurse.get(f"/cases/{number}").status == 200
