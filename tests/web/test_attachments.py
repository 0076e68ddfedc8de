"""Attachments over the API and on pages: added, listed, opened, removed, and refused in words that help."""

import pytest
from httpx import Response
from sqlalchemy import select
from sqlmodel import col

import make
import paper
from calling import API, Caller, Callers, refusal
from mdk.audit.tables import AccessLog
from mdk.cases import files, queries
from mdk.cases.file_structs import AttachmentLine
from mdk.db import Database
from visiting import People, Person

VAXJO, LUND, SURGEON, STEERING = make.REFERRER, make.OTHER_REFERRER, make.SURGEON, make.STEERING
HEIC = b"\x00\x00\x00\x20ftypheic" + bytes(40)
Sent = tuple[str, tuple[str, bytes, str]]


def sent(caller: Caller, number: str, *content: bytes, name: str = "MR Elsa.pdf", key: str = "") -> Response:
    parts = [("file", (name, each, "application/x-unknown")) for each in content]
    headers = caller.headers | ({"Idempotency-Key": key} if key else {})
    return caller.client.post(f"{API}/cases/{number}/attachments", files=parts, headers=headers)


def handed_in(person: Person, number: str, *parts: Sent) -> Response:
    """The page's form as a browser sends it, the token first."""
    kept = "; ".join(f"{name}={value}" for name, value in person.cookies.items())
    return person.client.post(
        f"/cases/{number}/attachments",
        files=[("_csrf_token", (None, person.token)), *parts],
        headers={"Cookie": kept},
        follow_redirects=False,
    )


def part(name: str, content: bytes) -> Sent:
    return ("files", (name, content, "application/octet-stream"))


def read_log(database: Database, number: str) -> list[tuple[str, str, bool]]:
    with database.reading() as session:
        rows = session.execute(
            select(col(AccessLog.act), col(AccessLog.reason), col(AccessLog.allowed))
            .where(col(AccessLog.cases) == number)
            .order_by(col(AccessLog.id))
        )
        return [(act, reason, allowed) for act, reason, allowed in rows if "attachment" in act]


# --------------------------------------------------------------------------------------------------------- the API
def test_a_file_is_added_listed_read_and_removed(stored_api: Callers) -> None:
    number, caller = make.draft(stored_api.database), stored_api[VAXJO]
    answer = sent(caller, number, paper.pdf())
    line = answer.json()
    assert answer.status_code == 201
    assert {name: line[name] for name in ("name", "kind", "by")} == {
        "name": "MR Elsa.pdf",
        "kind": "pdf",
        "by": "Vera Remitterius",
    }
    assert caller.get(f"/cases/{number}").json()["attachments"] == [line]
    file = caller.get(f"/cases/{number}/attachments/{line['id']}")
    assert (file.status_code, len(file.content)) == (200, line["size"])
    assert read_log(stored_api.database, number) == [("case.attachment", "Bilaga 1", True)]
    removed = caller.post(f"/cases/{number}/attachments/{line['id']}/remove", {"reason": "Fel patient."})
    assert (removed.status_code, removed.json()["attachments"]) == (200, [])
    assert refusal(caller.get(f"/cases/{number}/attachments/{line['id']}")) == (404, "not-found")


def test_a_file_is_answered_where_nothing_in_it_can_act_and_nothing_names_the_patient(api: Callers) -> None:
    number = make.draft(api.database)
    attachment = sent(api[VAXJO], number, paper.drawing(), name="Elsa.exe").json()["id"]
    answer = api[VAXJO].get(f"/cases/{number}/attachments/{attachment}")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == f'inline; filename="{number}-bilaga-1.png"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"sandbox", "default-src 'none'"} <= set(policy)
    assert not any(each.startswith("script-src") for each in policy)


def test_the_same_call_again_adds_nothing_and_answers_the_same(api: Callers) -> None:
    number, content = make.draft(api.database), paper.photo()
    first, again = (sent(api[VAXJO], number, content, key="k1") for _ in range(2))
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert refusal(sent(api[VAXJO], number, paper.pdf(), key="k1")) == (409, "idempotency.other-body")
    assert len(api[VAXJO].get(f"/cases/{number}").json()["attachments"]) == 1


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (paper.pdf()[:200], 400, "attachment.broken"),
        (paper.locked_pdf(user="hemligt"), 400, "attachment.encrypted"),
        (paper.pdf_with_file(), 400, "attachment.holds-files"),
        (b"%PDF-1.7\n" + paper.archive(), 400, "attachment.broken"),
        (paper.bomb(), 400, "attachment.too-many-pixels"),
        (HEIC, 400, "attachment.unknown-kind"),
        (b"<svg onload='x()'/>", 400, "attachment.unknown-kind"),
        (b"", 400, "attachment.empty"),
        (paper.pdf().ljust(files.LARGEST_FILE + 1, b"\n"), 413, "attachment.too-large"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_reason(api: Callers, content: bytes, status: int, code: str) -> None:
    number = make.draft(api.database)
    answer = sent(api[VAXJO], number, content)
    assert refusal(answer) == (status, code)
    assert [problem["field"] for problem in answer.json()["errors"]] == ["file"]
    assert api[VAXJO].get(f"/cases/{number}").json()["attachments"] == []


def test_a_case_that_is_full_refuses(api: Callers) -> None:
    number = make.draft(api.database)
    for place in range(files.MOST_FILES):
        assert sent(api[VAXJO], number, paper.pdf(text=str(place))).status_code == 201
    assert refusal(sent(api[VAXJO], number, paper.pdf(text="en till"))) == (409, "attachment.too-many")


def test_what_is_no_form_with_one_file_is_refused(api: Callers) -> None:
    number = make.draft(api.database)
    path = f"/cases/{number}/attachments"
    assert refusal(api[VAXJO].post(path, {"file": "x"})) == (400, "invalid")
    assert refusal(sent(api[VAXJO], number, paper.pdf(), paper.photo())) == (400, "invalid")
    half = {"Content-Type": "multipart/form-data; boundary=x"} | api[VAXJO].headers
    for body in (b"--x\r\n", b"\x00", b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'):
        assert refusal(api.client.post(API + path, content=body, headers=half)) == (400, "invalid")


def test_more_than_a_case_may_hold_is_turned_away_by_its_announced_length_alone(api: Callers) -> None:
    number = make.draft(api.database)
    kind = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "90000000"}
    answer = api.client.post(f"{API}/cases/{number}/attachments", content=b"--x", headers=api[VAXJO].headers | kind)
    assert refusal(answer) == (413, "too-large")
    assert "51 MB" in answer.json()["detail"]


def test_who_may_is_asked_before_what_was_sent(api: Callers) -> None:
    number = make.submitted(api.database)
    attachment = sent(api[VAXJO], number, paper.pdf()).json()["id"]
    path = f"/cases/{number}/attachments"
    assert refusal(sent(api.with_header(None), number, b"x")) == (401, "sign-in-needed")
    assert refusal(sent(api[STEERING], number, b"x")) == (403, "not-allowed")
    assert refusal(sent(api[make.COORDINATOR], number, b"x")) == (403, "not-allowed")
    assert refusal(sent(api[LUND], number, b"x")) == (404, "not-found")
    assert refusal(api[LUND].get(f"{path}/{attachment}")) == (404, "not-found")
    assert refusal(api[LUND].post(f"{path}/{attachment}/remove", {"reason": "x"})) == (404, "not-found")
    assert refusal(api[VAXJO].post(f"{path}/{attachment}/remove", {})) == (400, "invalid")
    assert refusal(api[VAXJO].get(f"{path}/{'0' * 32}")) == (404, "not-found")


def test_the_surgeon_opens_it_from_the_decision_on(api: Callers) -> None:
    number = make.accepted(api.database)
    attachment = sent(api[VAXJO], number, paper.pdf()).json()["id"]
    path = f"/cases/{number}/attachments/{attachment}"
    assert refusal(api[SURGEON].get(path)) == (404, "not-found")
    held = make.in_session(api.database, [number], members=[make.email(make.NURSE)])
    make.save(api.database, held, number, make.minutes_body("intern_pump"))
    make.sign(api.database, held, number)
    assert api[SURGEON].get(path).headers["content-type"] == "application/pdf"


# --------------------------------------------------------------------------------------------------------- pages
def test_several_files_are_added_at_once_without_a_script(people: People) -> None:
    number, person = make.draft(people.database), people[VAXJO]
    page = person.get(f"/cases/{number}/attachments")
    assert 'enctype="multipart/form-data"' in page.html
    assert 'capture="environment"' in page.html
    answer = handed_in(person, number, part("MR.pdf", paper.pdf()), part("Hud.jpg", paper.photo()), part("", b""))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{number}/attachments")
    assert "2 av högst 20 bilagor" in person.get(f"/cases/{number}/attachments").words
    assert "MR.pdf" in person.get(f"/cases/{number}").words


def test_of_several_files_the_good_are_kept_and_the_bad_are_named(people: People) -> None:
    number, person = make.draft(people.database), people[VAXJO]
    answer = handed_in(person, number, part("MR.pdf", paper.pdf()), part("IMG_1.heic", HEIC))
    assert answer.status_code == 422
    assert "IMG_1.heic: Bilden är i telefonens eget format HEIC." in answer.text
    assert 'href="#f-files"' in answer.text
    assert [line.name for line in _kept(people, number)] == ["MR.pdf"]


def test_an_empty_form_says_what_to_do(people: People) -> None:
    number, person = make.draft(people.database), people[VAXJO]
    answer = handed_in(person, number, part("", b""))
    assert (answer.status_code, "Välj minst en fil" in answer.text) == (422, True)


def test_a_form_of_another_page_is_refused_unread(people: People) -> None:
    number, person = make.draft(people.database), people[VAXJO]
    person.token = "0" * 128
    assert handed_in(person, number, part("MR.pdf", paper.pdf())).status_code == 403
    person.cookies.pop("mdk_session")
    assert handed_in(person, number, part("MR.pdf", paper.pdf())).status_code == 403
    assert _kept(people, number) == []


def test_a_file_is_removed_with_a_reason_and_the_story_tells_it(people: People) -> None:
    number, person = make.draft(people.database), people[VAXJO]
    handed_in(person, number, part("Fel.pdf", paper.pdf()))
    path = f"/cases/{number}/attachments/{_kept(people, number)[0].id}/remove"
    asked = person.get(path)
    assert "Fel.pdf" in asked.words
    again = person.send(asked, path, reason="")
    assert (again.status, again.links_of_summary()) == (422, ["#f-reason"])
    assert person.send(asked, path, reason="Fel patient.").to == f"/cases/{number}/attachments"
    shown = person.get(f"/cases/{number}").words
    assert "Bilaga 1: Fel patient." in shown
    assert "Fel.pdf" not in shown


def test_a_case_on_an_agenda_keeps_its_files(people: People) -> None:
    number, person = make.accepted(people.database), people[VAXJO]
    handed_in(person, number, part("MR.pdf", paper.pdf()))
    path = f"/cases/{number}/attachments/{_kept(people, number)[0].id}/remove"
    make.released(people.database, [number])
    assert "Ta bort" not in person.get(f"/cases/{number}/attachments").words
    assert person.get(path).status == 404
    assert person.post(path, reason="x").status == 404
    assert [line.name for line in _kept(people, number)] == ["MR.pdf"]


def test_readers_open_and_do_not_add(people: People) -> None:
    number, referrer = make.submitted(people.database), people[VAXJO]
    handed_in(referrer, number, part("MR.pdf", paper.pdf()))
    coordinator = people[make.COORDINATOR]
    page = coordinator.get(f"/cases/{number}/attachments")
    assert ("MR.pdf" in page.words, "Lägg till bilagor" in page.words, "Ta bort" in page.words) == (True, False, False)
    opened = coordinator.raw(f"/cases/{number}/attachments/{_kept(people, number)[0].id}")
    assert (opened.status_code, opened.headers["content-type"]) == (200, "application/pdf")
    assert handed_in(coordinator, number, part("x.pdf", paper.pdf())).status_code == 403
    assert people[LUND].get(f"/cases/{number}/attachments").status == 404


def test_too_much_at_once_is_a_calm_page(people: People) -> None:
    number, person = make.draft(people.database), people[VAXJO]
    answer = handed_in(person, number, part("a.pdf", bytes(52_000_000)))
    assert (answer.status_code, "Högst 51 MB tas emot på en gång." in answer.text) == (413, True)


def _kept(people: People, number: str) -> list[AttachmentLine]:
    return make.ask(people.database, VAXJO, queries.view, number).attachments
