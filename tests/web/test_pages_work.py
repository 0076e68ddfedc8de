import re

import pytest

import make
from mdk import clock
from mdk.clinical.bilaga1 import POLICY
from mdk.clinical.factor_sets import factor_sets
from visiting import People, coming, queued

REFERRER, OTHER, COORDINATOR = make.REFERRER, make.OTHER_REFERRER, make.COORDINATOR
NAME, NUMBER = "Elsa Provlund", make.ADULT


def submitted(people: People) -> str:
    return make.submitted(people.database, at=clock.now() - make.HOUR)


# ------------------------------------------------------------------------------------------------- lists
@pytest.mark.parametrize("path", ["/", "/cases", "/triage"])
def test_a_list_names_no_patient(people: People, path: str) -> None:
    number = submitted(people)
    html = people[COORDINATOR].get(path).html
    assert number in html
    for secret in (NAME, NUMBER, "19400104", "2383"):
        assert secret not in html


@pytest.mark.parametrize("path", ["/", "/cases", "/triage", "/queue"])
def test_one_row_and_three_cost_the_same_number_of_statements(people: People, path: str) -> None:
    def fill() -> None:
        submitted(people)
        queued(people.database)

    fill()
    coordinator = people[COORDINATOR]
    coordinator.get(path)
    with people.counting() as few:
        coordinator.get(path)
    fill()
    fill()
    with people.counting() as many:
        coordinator.get(path)
    assert len(many) == len(few)


def test_the_queue_tells_place_reason_conference_and_what_is_missing(people: People) -> None:
    lacking = make.submission(**{"home_care.can_take_extern": make.LEFT_OUT})
    number = queued(people.database, lacking)
    make.conference(people.database, [number])
    words = people[COORDINATOR].get("/queue").words
    assert "1 7 % av tiden har gått" in words
    assert "ons 25 nov 13:00 planeras" in words
    assert "Hemsjukvården kan ta emot extern pump" in words


def test_an_empty_queue_says_what_comes_here(people: People) -> None:
    assert "Kön är tom. Accepterade ärenden ställs här" in people[COORDINATOR].get("/queue").words


def test_the_queue_goes_on_where_the_page_ended(people: People) -> None:
    numbers = {queued(people.database) for _ in range(52)}
    first = people[COORDINATOR].get("/queue")
    following = re.findall(r'href="(/queue\?cursor=[^"]+)"', first.html)
    second = people[COORDINATOR].get(following[0])
    found = [set(re.findall(r"/cases/(MDK-[\d-]+)", page.html)) for page in (first, second)]
    assert (len(found[0]), len(found[1]), found[0] | found[1]) == (50, 2, numbers)


def test_the_queue_s_filters_are_links_that_keep_each_other(people: People) -> None:
    number = queued(people.database)
    coordinator = people[COORDINATOR]
    page = coordinator.get("/queue?region=kronoberg&show=unplanned")
    assert number in page.html
    assert "Plats i urvalet" in page.words
    assert 'href="/queue?region=kronoberg&amp;show=child"' in page.html
    assert "Inga ärenden i kön passar urvalet." in coordinator.get("/queue?region=skane").words
    assert coordinator.get("/queue?region=moon").status == 422


def test_the_referrer_sees_when_a_case_is_likely_taken_up_or_that_nobody_knows(people: People) -> None:
    number = submitted(people)
    referrer = people[REFERRER]
    assert "Ingen konferens med ledig tid är planerad än" in referrer.get(f"/cases/{number}").words
    make.conference(people.database, starts_at=clock.now() + 2 * make.DAY)
    words = referrer.get(f"/cases/{number}").words
    assert "Tas troligen upp" in words
    assert "om 2 dagar. Inget ärende i kön står före." in words


def test_triage_shows_the_longest_waiting_first_with_its_target(people: People) -> None:
    old = make.submitted(people.database, at=clock.now() - 9 * make.DAY)
    new = submitted(people)
    page = people[COORDINATOR].get("/triage")
    assert [page.html.index(old) < page.html.index(new), page.words.count("Över en arbetsdag")] == [True, 1]


def test_filters_are_links_and_an_unknown_one_shows_all(people: People) -> None:
    waiting, in_queue = submitted(people), queued(people.database)
    coordinator = people[COORDINATOR]
    only = coordinator.get("/cases?state=queue&region=kronoberg").html
    assert (waiting in only, in_queue in only) == (False, True)
    assert waiting not in coordinator.get("/cases?region=skane").html
    assert waiting in coordinator.get("/cases?state=explode&region=moon").html
    assert coordinator.get("/cases?cursor=explode").status == 422


def test_a_search_for_an_identity_number_never_gets_an_address(people: People) -> None:
    number = submitted(people)
    coordinator = people[COORDINATOR]
    found = coordinator.post("/cases/search", q="19400104-2383")
    assert (found.status, number in found.html) == (200, True)
    assert not re.search(r'href="[^"]*2383', found.html)
    assert number in coordinator.post("/cases/search", q="sakral").html
    assert number in coordinator.get("/cases?q=sakral").html


# ------------------------------------------------------------------------------------------------- Mitt arbete, help
def test_the_referrer_s_work_is_supplements_answers_and_drafts_in_that_order(people: People) -> None:
    _, read = make.signed(people.database, "extern_pump")
    finish = make.draft(people.database)
    asked = submitted(people)
    make.do(people.database, asked, "request_supplement", at=clock.now())
    page = people[REFERRER].get("/")
    assert "Väntar på dig (3)" in page.words
    assert sorted([asked, read, finish], key=page.html.index) == [asked, read, finish]
    assert "Komplettering begärd, senast" in page.words


@pytest.mark.parametrize(
    ("name", "outcome", "told"),
    [
        (make.SURGEON, "intern_pump", "Implantationsremiss sedan"),
        (make.FUNCTION, "extern_pump", "Uppdrag om extern pump sedan"),
    ],
)
def test_the_receiver_s_work_is_what_arrived(people: People, name: str, outcome: str, told: str) -> None:
    make.signed(people.database, outcome)
    words = people[name].get("/").words
    assert "Väntar på dig (1)" in words
    assert told in words


def test_the_chair_s_work_is_unsigned_minutes(people: People) -> None:
    number = make.accepted(people.database)
    held = make.in_session(people.database, [number])
    make.save(people.database, held, number)
    page = people[make.CHAIR].get("/")
    assert f"/conferences/{held}/session/{number}" in page.html
    assert "protokollet är inte signerat" in page.words


def test_the_next_conference_tells_the_referrer_s_own_time(people: People) -> None:
    numbers = [queued(people.database, by=OTHER), queued(people.database)]
    held = coming(people.database, numbers)
    page = people[REFERRER].get("/")
    assert re.search(r"Din tid: \d\d:\d\d ?– ?\d\d:\d\d", page.words)
    assert "Ditt svar: Inte svarat" in page.words
    assert f'href="/conferences/{held}"' in page.html


@pytest.mark.parametrize("name", make.EVERYONE)
def test_everyone_has_a_start_page_and_the_help(people: People, name: str) -> None:
    person = people[name]
    assert "Mitt arbete" in person.get("/").words
    words = person.get("/help").words
    for told in ("Avsett ändamål", "ställer ingen diagnos", "Vägen i åtta steg", "CDC22", "Åtkomstloggen"):
        assert told in words


def test_a_page_needs_someone_signed_in(people: People) -> None:
    answer = people.client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_the_calculations_show_every_table_with_its_source_and_figures(people: People) -> None:
    page = people[make.REFERRER].get("/help/calculations")
    assert page.status == 200
    for table in factor_sets():
        assert f"{table.name}, {table.version}" in page.words
        assert table.source in page.words
    rows = page.html.partition('id="tables"')[2]
    assert rows.count('<th scope="row">') == sum(len(each.entries) for each in factor_sets())
    assert "× 1,5" in page.words
    assert POLICY in page.words
