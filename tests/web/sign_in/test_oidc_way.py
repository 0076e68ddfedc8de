"""The way to an identity provider, back and out again; and its keys."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from litestar.testing import TestClient
from sqlalchemy import func, select
from sqlmodel import col

from arriving import refused
from mdk.audit.tables import AccessLog
from mdk.db import Database
from mdk_web.errors import is_way_back
from oidc import CALLBACK, CLIENT_ID, Guest, Teller, asked_for, new_key, published


# ------------------------------------------------------------------------------------------ the way in and out
def test_who_is_known_comes_in_by_the_code_flow_with_state_nonce_and_pkce(
    house: TestClient[Any], teller: Teller
) -> None:
    guest = Guest(house)
    assert "Logga in med tjänstelegitimation" in guest.get("/sign-in").text
    there = guest.begin()
    asked = asked_for(there)
    assert there.startswith(f"{teller.issuer}/authorize?")
    assert {name: asked[name] for name in ("client_id", "redirect_uri", "scope", "code_challenge_method")} == {
        "client_id": [CLIENT_ID], "redirect_uri": [CALLBACK], "scope": ["openid email"],
        "code_challenge_method": ["S256"],
    }  # fmt: skip
    assert all(len(asked[name][0]) == 43 for name in ("state", "nonce", "code_challenge"))
    answer = guest.come_back(teller.authorize(there))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Olga Förare" in guest.get("/").text


def test_cookies_are_host_only_protected_and_out_of_reach_of_scripts_and_other_places(
    house: TestClient[Any], teller: Teller
) -> None:
    guest = Guest(house)
    begun = guest.get("/sign-in/start")
    answer = guest.come_back(teller.authorize(begun.headers["location"]))
    given = [*begun.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
    session = next(each for each in given if each.startswith("__Host-mdk_session="))
    attempt = next(each for each in given if each.startswith("__Host-mdk_attempt="))
    for cookie in (session, attempt):
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
        assert "domain" not in cookie.lower()
    assert all("; Secure" in each for each in given)


def test_who_asked_for_a_page_comes_to_it_after_the_sign_in(house: TestClient[Any], teller: Teller) -> None:
    guest = Guest(house)
    sent = guest.get("/conferences?q=Elsa")
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in")
    answer = guest.come_back(teller.authorize(guest.begin()))
    assert answer.headers["location"] == "/conferences"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Dest": "empty"}, {"Accept": "text/event-stream"}])
def test_what_a_page_asked_for_by_itself_is_no_page_to_come_back_to(
    house: TestClient[Any], teller: Teller, headers: dict[str, str]
) -> None:
    guest = Guest(house)
    house.get("/conferences/0/live", headers=headers, follow_redirects=False)
    assert guest.come_back(teller.authorize(guest.begin())).headers["location"] == "/"


def test_another_page_s_images_use_up_no_sign_ins(house: TestClient[Any], teller: Teller, ward_once: Database) -> None:
    guest = Guest(house)
    there = teller.authorize(guest.begin())
    refusals = select(func.count()).select_from(AccessLog).where(~col(AccessLog.allowed))
    with ward_once.reading() as session:
        before = session.scalar(refusals)
    for path in ("/sign-in/start", "/sign-in/callback?state=x&n=1"):
        answer = house.get(path, headers={"Sec-Fetch-Dest": "image"}, follow_redirects=False)
        assert (answer.status_code, "set-cookie" in answer.headers) == (404, False)
    with ward_once.reading() as session:
        assert session.scalar(refusals) == before
    assert guest.come_back(there).headers["location"] == "/"


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "/a//b", "/%2e"])
def test_nobody_is_led_elsewhere_after_the_sign_in(house: TestClient[Any], teller: Teller, elsewhere: str) -> None:
    guest = Guest(house)
    guest.holds("__Host-mdk_next", elsewhere)
    assert guest.come_back(teller.authorize(guest.begin())).headers["location"] == "/"


def test_a_path_that_almost_fits_is_read_once_and_not_in_every_way_there_is(house: TestClient[Any]) -> None:
    path = f"/log/checks/{'0' * 4000}1%20"  # is the number 1 to the router, and no path of ours
    sent = Guest(house).get(path)
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in")
    assert "mdk_next" not in sent.headers.get("set-cookie", "")
    assert [is_way_back(path) for path in ("/cases/MDK-2026-0001/edit", "/", "/log/", "/a/b/c/d/e/f/g/h/i")] == [
        True,
        True,
        True,
        False,
    ]


def test_a_session_from_before_the_sign_in_is_not_taken_over(
    house: TestClient[Any], teller: Teller, ward_once: Database
) -> None:  # session-fixation
    guest = Guest(house)
    there = guest.begin()
    guest.holds("__Host-mdk_session", "chosen-by-someone-else")
    guest.come_back(teller.authorize(there))
    first = house.cookies["__Host-mdk_session"]
    assert first != "chosen-by-someone-else"
    guest.holds("__Host-mdk_session", "chosen-by-someone-else")
    assert guest.get("/").headers["location"] == "/sign-in"
    guest.come_back(teller.authorize(guest.begin()))
    assert house.cookies["__Host-mdk_session"] != first


def test_signing_out_ends_it_here_at_once_and_then_at_the_provider(house: TestClient[Any], teller: Teller) -> None:
    guest = Guest(house)
    guest.come_back(teller.authorize(guest.begin()))
    old = house.cookies["__Host-mdk_session"]
    guest.get("/")
    answer = guest.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-out/there")
    page = guest.get("/sign-out/there").text
    back = "post_logout_redirect_uri=https%3A%2F%2Fmdk.example%2Fsigned-out"
    assert f'content="0; url={teller.issuer}/leave?client_id=mdk&amp;{back}"' in page
    guest.holds("__Host-mdk_session", old)
    assert guest.get("/").headers["location"] == "/sign-in"
    assert "stäng webbläsaren" in guest.get("/signed-out").text


def test_signing_out_works_while_the_provider_is_away(house: TestClient[Any], teller: Teller) -> None:
    guest = Guest(house)
    guest.come_back(teller.authorize(guest.begin()))
    guest.get("/")
    teller.is_down = True
    house.app.state.provider._document = None
    assert guest.post("/sign-out").status_code == 303
    assert "Du är utloggad" in guest.get("/sign-out/there").text


def test_a_provider_that_does_not_answer_is_told_of_and_nothing_is_broken(
    house: TestClient[Any], teller: Teller
) -> None:
    teller.is_down = True
    answer = Guest(house).get("/sign-in/start")
    assert (answer.status_code, "Inloggningstjänsten svarar inte" in answer.text) == (503, True)
    assert answer.headers["retry-after"]


@pytest.mark.parametrize(
    "told",
    [
        {"issuer": "https://other.example"}, {"token_endpoint": "http://idp.example/token"},
        {"token_endpoint": "file:///etc/passwd"}, {"jwks_uri": 7},
    ],
)  # fmt: skip
def test_a_provider_whose_own_document_cannot_be_right_lets_nobody_in(
    house: TestClient[Any], teller: Teller, told: dict[str, Any]
) -> None:
    teller.document = told
    guest = Guest(house)
    begun = guest.get("/sign-in/start")
    if begun.status_code == 303:
        begun = guest.come_back(teller.authorize(begun.headers["location"]))
    assert begun.status_code == 503


# ------------------------------------------------------------------------------------------ keys
def test_a_new_key_is_read_once_when_a_token_names_it_and_then_kept(house: TestClient[Any], teller: Teller) -> None:
    guest = Guest(house)
    for reads in (1, 1):
        assert guest.come_back(teller.authorize(guest.begin())).status_code == 303
        assert teller.key_reads == reads
    teller.key = new_key()
    teller.published.append(published(teller.key))
    assert guest.come_back(teller.authorize(guest.begin())).status_code == 303
    assert teller.key_reads == 2


def test_a_key_that_the_provider_does_not_publish_is_asked_for_once_and_refused(
    house: TestClient[Any], teller: Teller, ward_once: Database
) -> None:
    guest = Guest(house)
    guest.come_back(teller.authorize(guest.begin()))
    teller.key = new_key()
    refused(guest.come_back(teller.authorize(guest.begin())), ward_once, "sign-in.token")
    assert teller.key_reads == 2


def test_keys_of_other_kinds_beside_the_right_one_are_passed_over(house: TestClient[Any], teller: Teller) -> None:
    teller.published = [
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": teller.key.kid},
        {"kty": "oct", "k": "c2VjcmV0", "kid": teller.key.kid}, {"kid": "x"}, {"kty": ["RSA"]},
        {**published(new_key()), "use": "enc", "kid": teller.key.kid}, *teller.published,
    ]  # fmt: skip
    guest = Guest(house)
    assert guest.come_back(teller.authorize(guest.begin())).status_code == 303


def test_a_token_without_a_key_s_name_is_taken_when_there_is_just_one_key(
    house: TestClient[Any], teller: Teller
) -> None:
    teller.sign = lambda claims: jwt.encode({"alg": "RS256"}, claims, teller.key)
    guest = Guest(house)
    assert guest.come_back(teller.authorize(guest.begin())).status_code == 303
    teller.published.append(published(new_key()))
    house.app.state.provider._keys = []
    assert guest.come_back(teller.authorize(guest.begin())).status_code == 403


def test_a_token_on_an_elliptic_curve_is_taken(house: TestClient[Any], teller: Teller) -> None:
    key = ECKey.generate_key("P-256", {"kid": "ec"})
    teller.published = [key.as_dict(private=False)]
    teller.sign = lambda claims: jwt.encode({"alg": "ES256", "kid": "ec"}, claims, key)
    guest = Guest(house)
    assert guest.come_back(teller.authorize(guest.begin())).status_code == 303
