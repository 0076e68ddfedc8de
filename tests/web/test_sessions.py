"""One's own page sessions: how they are begun, seen, and ended; and that the demo's way in is the demo's alone."""

import os
import re
from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import update

import lending
import make
from mdk import clock, settings
from mdk.db import Database
from mdk.people.tables import SignIn
from mdk_web.cli.main import cli
from visiting import SECRET, People, Person

COOKIE = "mdk_session"


def ends(person: Person) -> list[str]:
    return re.findall(r'action="(/sessions/\d+/end)"', person.get("/sessions").html)


def is_in(person: Person) -> bool:
    return person.get("/").status == 200


def test_a_person_sees_where_they_are_signed_in_and_ends_it_there(people: People) -> None:
    here, there, third = people[make.CHAIR], people[make.CHAIR], people[make.CHAIR]
    page = here.get("/sessions")
    assert page.title == "Mina inloggningar – MDK smärta"
    assert page.words.count("Den här") == 1
    assert page.words.count("Olga Förare") == 1
    assert len(ends(here)) == 2
    answer = here.post(ends(here)[0])
    assert (answer.status, answer.to) == (303, "/sessions")
    assert "Inloggningen är avslutad." in here.get("/sessions").words
    assert sorted([is_in(there), is_in(third)]) == [False, True]
    assert here.post("/sessions/end-others").to == "/sessions"
    assert [is_in(here), is_in(there), is_in(third)] == [True, False, False]
    assert ends(here) == []


def test_nobody_ends_another_person_s_session(people: People) -> None:  # idor
    chair, other = people[make.CHAIR], people[make.NURSE]
    people[make.CHAIR]
    (address,) = ends(chair)
    for path in (address, "/sessions/0/end", "/sessions/99999999999/end", "/sessions/x/end"):
        assert other.post(path).status == 404
    assert ends(chair) == [address]


def test_the_command_line_ends_every_session_of_a_person(people: People, embedded: Database) -> None:
    chair, nurse = people[make.CHAIR], people[make.NURSE]
    file = str(embedded.url.database)
    environment = {"MDK_DATABASE_URL": f"sqlite:///{file}", "MDK_SECRET_KEY": SECRET}
    done = CliRunner().invoke(cli, ["user", "sign-out", make.email(make.CHAIR)], env=environment)
    told = "1 inloggning avslutades. Åtkomstnycklar som skrivits ut tills nu gäller inte längre."
    assert (done.exit_code, done.output) == (0, f"ordforande@demo.mdk: {told}\n")
    assert [is_in(chair), is_in(nurse)] == [False, True]
    unknown = CliRunner().invoke(cli, ["user", "sign-out", "nobody@demo.mdk"], env=environment)
    assert (unknown.exit_code, unknown.stderr) == (2, "mdk: Det finns ingen person med den adressen.\n")


def test_a_token_ends_with_the_sessions_and_the_next_one_holds_at_once(people: People, embedded: Database) -> None:
    environment = {"MDK_DATABASE_URL": f"sqlite:///{embedded.url.database}", "MDK_SECRET_KEY": SECRET}

    def mdk(*args: str) -> str:
        done = CliRunner().invoke(cli, args, env=environment)
        assert done.exit_code == 0
        return str(done.stdout).strip()

    def status(token: str) -> int:
        return people.client.get("/api/v1/cases", headers={"Authorization": f"Bearer {token}"}).status_code

    email, own = make.email(make.CHAIR), people[make.CHAIR]
    first, other = mdk("token", email, "--minutes", "500000"), mdk("token", make.email(make.NURSE))
    mdk("user", "sign-out", email)
    second = mdk("token", email)
    assert [status(token) for token in (first, second, other)] == [401, 200, 200]
    own = people[make.CHAIR]
    assert own.post("/sessions/end-others").to == "/sessions"
    assert "Alla andra inloggningar är avslutade, liksom åtkomstnycklar till API:et." in own.get("/sessions").words
    assert [status(token) for token in (second, mdk("token", email), other)] == [401, 200, 200]


def test_the_command_line_gives_people_and_units_their_hsa_ids(people: People, embedded: Database) -> None:
    file = str(embedded.url.database)
    environment = {"MDK_DATABASE_URL": f"sqlite:///{file}", "MDK_SECRET_KEY": SECRET}

    def mdk(*args: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(cli, args, env=environment)
        return done.exit_code, done.stdout, done.stderr

    who = ("user", "add", "ny@demo.mdk", "--name", "Ny", "--role", "member", "--unit", "mdk-samordning", "--hsa-id")
    assert mdk(*who, "TSTNMT2321000156-1077", "--commission", "TSTNMT2321000156-108K")[0] == 0
    code, _, told = mdk(*who, "x")
    assert (code, "Ange ett HSA-id" in told, told.count("\n")) == (2, True, 1)
    named = mdk("unit", "hsa-id", "mdk-samordning", "TSTNMT2321000156-10NK")
    assert named == (0, "mdk-samordning har HSA-id TSTNMT2321000156-10NK.\n", "")
    assert "TSTNMT2321000156-10NK" in mdk("unit", "list")[1]
    assert mdk("unit", "hsa-id", "okand", "TSTNMT2321000156-10NK")[0] == 2


def test_every_sign_in_gives_another_cookie_and_takes_over_none(people: People) -> None:  # session-fixation
    person = people[make.CHAIR]
    first = person.cookies[COOKIE]
    person.cookies[COOKIE] = "chosen-by-someone-else"
    person.post("/sign-in", assignment=str(make.viewer(people.database, make.CHAIR).assignment_id))
    second = person.cookies[COOKIE]
    assert len({first, second, "chosen-by-someone-else"}) == 3
    person.cookies[COOKIE] = "chosen-by-someone-else"
    assert person.get("/").to == "/sign-in"


def test_a_session_that_is_not_used_ends_and_the_page_that_was_asked_for_comes_after_the_next_sign_in(
    people: People,
) -> None:
    person = people[make.COORDINATOR]
    with people.database.writing() as session:
        session.execute(update(SignIn).values(seen_at=clock.now() - timedelta(minutes=61)))
    assert person.get("/queue?q=Elsa").to == "/sign-in"
    answer = person.post("/sign-in", assignment=str(make.viewer(people.database, make.COORDINATOR).assignment_id))
    assert answer.to == "/queue"


def test_the_sign_in_check_is_one_question_on_every_page_and_use_is_noted_beside_the_log(people: People) -> None:
    person = people[make.COORDINATOR]
    person.get("/queue")
    with people.counting() as asked:
        person.get("/queue")
    assert sum("sign_in" in statement for statement in asked) == 1
    with people.database.writing() as session:
        session.execute(update(SignIn).values(seen_at=clock.now() - timedelta(minutes=3)))
    with people.counting() as asked:
        person.get("/queue")
    assert [statement.split()[0] for statement in asked if "sign_in" in statement] == ["SELECT", "UPDATE"]


# ------------------------------------------------------------------------------------------ the demo's chooser
def test_nothing_in_the_environment_makes_an_installation_a_demo(tmp_path: Path) -> None:
    names = ("DEMO", "IS_DEMO", "MDK_DEMO", "MDK_IS_DEMO", "MDK_SIGN_IN", "MDK_MODE", "MDK_ENV", "MDK_DEBUG")
    given = {name: value for name in names for value in ("1",)} | {"MDK_SECRET_KEY": SECRET}
    dotenv = tmp_path / ".env"
    dotenv.write_text("".join(f"{name}=1\n" for name in names))
    loaded = settings.load(given, dotenv=dotenv, data_dir=tmp_path)
    assert loaded.is_demo is False
    assert not any("DEMO" in setting.name for setting in settings.SETTINGS)


def test_a_demo_s_data_served_as_an_installation_lets_nobody_choose_nor_come_back(people: People) -> None:
    person = people[make.CHAIR]
    configured = settings.load({"MDK_SECRET_KEY": SECRET}, dotenv=Path(os.devnull))
    with lending.lent(configured, people.database) as served:
        served.cookies.set(COOKIE, person.cookies[COOKIE])
        page = served.get("/sign-in").text
        assert ('name="assignment"' in page, "Ingen inloggningstjänst är ansluten" in page) == (False, True)
        assert served.get("/", follow_redirects=False).headers["location"] == "/sign-in"
        proof = {"assignment": "1", "_csrf_token": served.cookies["csrftoken"]}
        assert served.post("/sign-in", data=proof).status_code == 403
        for path in ("/sign-in/start", "/sign-in/callback?code=x&state=x"):
            assert served.get(path).status_code == 404
    assert is_in(person)


def test_a_demo_stays_a_demo_whatever_the_sign_in_is_set_to(embedded: Database) -> None:
    names = ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")
    given = {f"MDK_OIDC_{name}": "https://idp.example" for name in names} | {"MDK_SECRET_KEY": SECRET}
    demo = settings.load(given, dotenv=Path(os.devnull), is_demo=True)
    with lending.lent(demo, make.people(embedded)) as served:
        assert 'name="assignment"' in served.get("/sign-in").text
        assert served.get("/sign-in/start").status_code == 404
