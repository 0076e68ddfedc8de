"""The sign-in at an identity provider: whom it lets in, what it asks for, and every answer that it refuses."""

import base64
import hmac
import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from litestar.testing import TestClient
from sqlalchemy import delete, select
from sqlmodel import col

import make
import stores
from mdk import bearers, clock
from mdk.audit.tables import AccessLog
from mdk.db import Database, sqlite_file
from mdk.errors import SignInRefused
from mdk.people import service
from mdk.people.tables import SignIn
from mdk_web.limits import Limits
from mdk_web.sign_in import attempt as attempts
from mdk_web.sign_in.provider import Provider
from mdk_web.tables import RateCount
from oidc import BASE_URL, CALLBACK, CLIENT_ID, Guest, Teller, asked_for, installed, new_key, published, telling

HSA, COMMISSION, OTHER_COMMISSION = "TSTNMT2321000156-1077", "TSTNMT2321000156-108K", "TSTNMT2321000156-108L"
UNIT = "TSTNMT2321000156-10NK"
SITHS = {
    "OIDC_NAME": "SITHS",
    "OIDC_SCOPES": "openid commission",
    "OIDC_PERSON_CLAIM": "employeeHsaId",
    "OIDC_COMMISSION_CLAIM": "commissionHsaId",
    "OIDC_UNIT_CLAIM": "healthCareUnitHsaId",
    "OIDC_ACR": "http://id.sambi.se/loa/loa3 http://id.sambi.se/loa/loa4",
    "OIDC_AMR": "mfa hwk",
}


@pytest.fixture(scope="module")
def ward_once(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    file = tmp_path_factory.mktemp("ward") / "mdk.sqlite"
    shutil.copyfile(_sqlite_template, file)
    database = stores.made(sqlite_file(file))
    yield make.people(database)
    database.close()


@pytest.fixture(scope="module")
def teller() -> Iterator[Teller]:
    with telling() as found:
        yield found


@pytest.fixture(scope="module")
def _house(ward_once: Database, teller: Teller) -> Iterator[TestClient[Any]]:
    with installed(ward_once, teller.issuer) as client:
        yield client


@pytest.fixture(scope="module")
def _siths(ward_once: Database, teller: Teller) -> Iterator[TestClient[Any]]:
    with ward_once.writing() as session:
        for role, unit, commission in (
            ("referrer", "palliativa-vaxjo", COMMISSION), ("member", "mdk-samordning", OTHER_COMMISSION),
        ):  # fmt: skip
            service.add(
                session, email="ny@demo.mdk", name="Ny Läkare", role=role, unit_id=unit, hsa_id=HSA,
                commission=commission, at=make.AT,
            )  # fmt: skip
        service.name_unit(session, unit_id="palliativa-vaxjo", hsa_id=UNIT, at=make.AT)
    with installed(ward_once, teller.issuer, **SITHS) as client:
        yield client


@pytest.fixture
def house(_house: TestClient[Any], teller: Teller, ward_once: Database) -> TestClient[Any]:
    """An installation that knows people by their address, and nothing of the provider yet."""
    return afresh(_house, teller, ward_once)


@pytest.fixture
def siths(_siths: TestClient[Any], teller: Teller, ward_once: Database) -> TestClient[Any]:
    """The same with the claims of Inera's provider; someone has two assignments there."""
    return afresh(_siths, teller, ward_once)


def afresh(client: TestClient[Any], teller: Teller, database: Database) -> TestClient[Any]:
    teller.settle()
    state = client.app.state
    with database.writing() as session:
        session.execute(delete(RateCount))
    state.provider, state.limits = Provider(state.settings), Limits(database, make.SECRET)
    return client


def siths_claims(**changes: Any) -> dict[str, Any]:
    usual = {
        "employeeHsaId": HSA,
        "commissionHsaId": COMMISSION,
        "healthCareUnitHsaId": UNIT,
        "acr": "http://id.sambi.se/loa/loa3",
        "amr": ["pin", "hwk"],
    }
    return usual | changes


def newest(database: Database, count: int = 1) -> list[tuple[str, bool, str, int | None]]:
    with database.reading() as session:
        rows = session.scalars(select(AccessLog).order_by(col(AccessLog.id).desc()).limit(count))
        return [(row.act, row.allowed, row.reason, row.person_id) for row in rows]


def refused(answer: Any, database: Database, code: str) -> str:
    """What a page says to whom is not let in; no session is handed over, and the log tells why."""
    assert answer.status_code == 403, answer.text
    assert "mdk_session" not in answer.headers.get("set-cookie", "")
    assert newest(database)[0][:3] == ("sign-in", False, code)
    assert "Inloggningen gick inte" in answer.text
    return str(answer.text)


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


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "/a//b", "/%2e"])
def test_nobody_is_led_elsewhere_after_the_sign_in(house: TestClient[Any], teller: Teller, elsewhere: str) -> None:
    guest = Guest(house)
    guest.holds("__Host-mdk_next", elsewhere)
    assert guest.come_back(teller.authorize(guest.begin())).headers["location"] == "/"


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


# ------------------------------------------------------------------------------------------ forged and foreign answers
def unsigned(teller: Teller) -> Callable[[dict[str, Any]], str]:
    def sign(claims: dict[str, Any]) -> str:
        _, body, _ = teller.signed(claims).split(".")
        return f"eyJhbGciOiJub25lIn0.{body}."

    return sign


def by_hand(header: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token that no library would make."""
    content = b".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (header, claims))
    return b".".join([content, base64.urlsafe_b64encode(sign(content)).rstrip(b"=")]).decode()


def with_public_key_as_secret(teller: Teller, form: Literal["PEM", "DER"]) -> Callable[[dict[str, Any]], str]:
    secret = teller.key.as_bytes(form, private=False)
    header = {"alg": "HS256", "kid": teller.key.kid}
    return lambda claims: by_hand(header, claims, lambda content: hmac.digest(secret, content, "sha256"))


def with_client_secret(_teller: Teller) -> Callable[[dict[str, Any]], str]:
    return lambda claims: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("hemligt + 50 %" * 3))


def with_another_key(teller: Teller) -> Callable[[dict[str, Any]], str]:
    other = new_key()
    return lambda claims: jwt.encode({"alg": "RS256", "kid": teller.key.kid}, claims, other)


def tampered(teller: Teller) -> Callable[[dict[str, Any]], str]:
    def sign(claims: dict[str, Any]) -> str:
        head, _, signature = teller.signed(claims).split(".")
        changed = json.dumps(claims | {"email": make.email(make.ADMIN)}).encode()
        return f"{head}.{base64.urlsafe_b64encode(changed).rstrip(b'=').decode()}.{signature}"

    return sign


def critical(teller: Teller) -> Callable[[dict[str, Any]], str]:
    private = load_pem_private_key(teller.key.as_bytes("PEM", private=True), None)
    assert isinstance(private, RSAPrivateKey)
    header = {"alg": "RS256", "kid": teller.key.kid, "crit": ["exp"], "exp": 1}
    return lambda claims: by_hand(header, claims, lambda content: private.sign(content, PKCS1v15(), SHA256()))


def encrypted(teller: Teller) -> Callable[[dict[str, Any]], str]:
    key = RSAKey.import_key(teller.key.as_bytes("PEM", private=False))
    header = {"alg": "RSA-OAEP", "enc": "A256GCM", "kid": teller.key.kid}
    return lambda claims: jwe.encrypt_compact(header, json.dumps(claims).encode(), key)


FORGERIES: dict[str, Callable[[Teller], Callable[[dict[str, Any]], str]]] = {
    "alg none": unsigned,
    "HS256 with the public key as PEM": lambda teller: with_public_key_as_secret(teller, "PEM"),
    "HS256 with the public key as DER": lambda teller: with_public_key_as_secret(teller, "DER"),
    "HS256 with the client's secret": with_client_secret,
    "another key under the same name": with_another_key,
    "changed claims": tampered,
    "a critical header": critical,
    "an encrypted token": encrypted,
    "PS256": lambda teller: (
        lambda claims: jwt.encode({"alg": "PS256", "kid": teller.key.kid}, claims, teller.key, algorithms=["PS256"])
    ),
    "no token": lambda _teller: lambda _claims: "",
    "half a token": lambda teller: lambda claims: teller.signed(claims)[:-20],
    "a token of the API": lambda _teller: (
        lambda _claims: bearers.issue(
            make.SECRET, person_id=1, assignment_id=1, now=clock.now(), minutes=60, issuer=BASE_URL
        )
    ),
    "a token that never ends": lambda teller: lambda claims: teller.signed(claims | {"note": "x" * 30_000}),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_is_refused(
    house: TestClient[Any], teller: Teller, ward_once: Database, forgery: str
) -> None:  # forged-token
    teller.sign = FORGERIES[forgery](teller)
    guest = Guest(house)
    refused(guest.come_back(teller.authorize(guest.begin())), ward_once, "sign-in.token")


@pytest.mark.parametrize(
    "said",
    [
        {"iss": "https://other.example"}, {"iss": None}, {"aud": "other"}, {"aud": []}, {"aud": None},
        {"aud": [CLIENT_ID, "other"]}, {"aud": [CLIENT_ID, "other"], "azp": "other"}, {"azp": "other"},
        {"exp": None}, {"exp": 0}, {"exp": "soon"}, {"iat": None}, {"iat": 9_999_999_999}, {"nonce": "other"},
        {"nonce": None}, {"sub": None}, {"sub": ""}, {"sub": "x" * 256}, {"at_hash": "other"},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_was_made_for_another_or_another_time_is_refused(
    house: TestClient[Any], teller: Teller, ward_once: Database, said: dict[str, Any]
) -> None:  # expired-token
    teller.claims |= said
    guest = Guest(house)
    refused(guest.come_back(teller.authorize(guest.begin())), ward_once, "sign-in.token")


def test_a_token_for_several_that_was_given_to_us_is_taken(house: TestClient[Any], teller: Teller) -> None:
    teller.claims |= {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}
    guest = Guest(house)
    assert guest.come_back(teller.authorize(guest.begin())).status_code == 303


def test_an_answer_to_another_browser_s_question_is_refused(
    house: TestClient[Any], teller: Teller, ward_once: Database
) -> None:
    attacker = Guest(house)
    answer = teller.authorize(attacker.begin())
    victim = Guest(house)
    refused(victim.come_back(answer), ward_once, "sign-in.state")
    victim.begin()
    refused(victim.come_back(answer), ward_once, "sign-in.state")


def test_an_answer_is_good_once(house: TestClient[Any], teller: Teller, ward_once: Database) -> None:
    guest = Guest(house)
    there = guest.begin()
    answer, kept = teller.authorize(there), house.cookies["__Host-mdk_attempt"]
    assert guest.come_back(answer).status_code == 303
    refused(guest.come_back(answer), ward_once, "sign-in.state")
    guest.holds("__Host-mdk_attempt", kept)
    refused(guest.come_back(answer), ward_once, "sign-in.code")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "sign-in.state"), ("code=x", "sign-in.state"), ("code=x&state=x", "sign-in.state"),
        ("error=access_denied&state={state}", "sign-in.cancelled"),
        ("error=server_error&state={state}", "sign-in.provider"),
        ("state={state}", "sign-in.provider"), ("code=x&state={state}", "sign-in.code"),
        ("code=x&state={state}&iss=https://other.example", "sign-in.issuer"), ("code=x&state=%ff%00å", "sign-in.state"),
    ],
)  # fmt: skip
def test_a_broken_answer_is_refused(
    house: TestClient[Any], teller: Teller, ward_once: Database, query: str, code: str
) -> None:
    guest = Guest(house)
    state = asked_for(guest.begin())["state"][0]
    refused(guest.get(f"/sign-in/callback?{query.format(state=state)}"), ward_once, code)


def test_a_provider_that_names_itself_in_its_answers_must_do_so(
    house: TestClient[Any], teller: Teller, ward_once: Database
) -> None:
    teller.document = {"authorization_response_iss_parameter_supported": True}
    guest = Guest(house)
    refused(guest.come_back(teller.authorize(guest.begin())), ward_once, "sign-in.issuer")
    assert guest.come_back(f"{teller.authorize(guest.begin())}&iss={teller.issuer}").status_code == 303


def test_an_attempt_is_over_after_ten_minutes_and_not_before_it_began() -> None:
    value = attempts.begin(make.AT)
    state = attempts.made_of(make.SECRET, value).state
    assert attempts.recall(make.SECRET, value, state=state, now=make.AT + attempts.LASTS).state == state
    for now in (make.AT + attempts.LASTS + timedelta(seconds=1), make.AT - timedelta(seconds=1)):
        with pytest.raises(SignInRefused, match="för lång tid"):
            attempts.recall(make.SECRET, value, state=state, now=now)
    with pytest.raises(SignInRefused, match="för lång tid"):
        attempts.recall(make.SECRET, "9" + value, state=state, now=make.AT)


# ------------------------------------------------------------------------------------------ who it is
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"email": "nobody@demo.mdk"}, "sign-in.unknown-person"),
        ({"email": None}, "sign-in.missing-claim"),
        ({"email": ["", 7]}, "sign-in.missing-claim"),
        ({"email_verified": False}, "sign-in.email-unverified"),
        ({"email_verified": None}, "sign-in.email-unverified"),
    ],
)
def test_whom_the_provider_does_not_vouch_for_is_refused(
    house: TestClient[Any], teller: Teller, ward_once: Database, said: dict[str, Any], code: str
) -> None:
    teller.claims |= said
    guest = Guest(house)
    page = refused(guest.come_back(teller.authorize(guest.begin())), ward_once, code)
    assert "systemförvaltningen" in page


def test_what_the_provider_tells_only_when_asked_is_asked_for_and_must_be_of_the_same_person(
    house: TestClient[Any], teller: Teller, ward_once: Database
) -> None:
    teller.told_when_asked, teller.claims = teller.claims, {}
    guest = Guest(house)
    assert guest.come_back(teller.authorize(guest.begin())).status_code == 303
    teller.told_when_asked["sub"] = "bertil"
    refused(guest.come_back(teller.authorize(guest.begin())), ward_once, "sign-in.missing-claim")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"acr": "http://id.sambi.se/loa/loa2"}, "sign-in.assurance"),
        ({"acr": None}, "sign-in.assurance"),
        ({"amr": ["pwd"]}, "sign-in.second-factor"),
        ({"amr": None}, "sign-in.second-factor"),
        ({"employeeHsaId": None}, "sign-in.missing-claim"),
        ({"employeehsaid": HSA, "employeeHsaId": None}, "sign-in.missing-claim"),
        ({"commissionHsaId": None}, "sign-in.missing-claim"),
        ({"employeeHsaId": "TSTNMT2321000156-0000"}, "sign-in.unknown-person"),
        ({"commissionHsaId": "TSTNMT2321000156-0000"}, "sign-in.no-assignment"),
        ({"healthCareUnitHsaId": "TSTNMT2321000156-0000"}, "sign-in.no-assignment"),
    ],
)
def test_siths_demands_level_second_factor_and_an_assignment_of_ours(
    siths: TestClient[Any], teller: Teller, ward_once: Database, said: dict[str, Any], code: str
) -> None:
    teller.claims = siths_claims(**said)
    guest = Guest(siths)
    refused(guest.come_back(teller.authorize(guest.begin())), ward_once, code)


@pytest.fixture(scope="module")
def _strict(ward_once: Database, teller: Teller) -> Iterator[TestClient[Any]]:
    with installed(ward_once, teller.issuer, OIDC_MAX_AGE="300") as client:
        yield client


@pytest.fixture
def strict(_strict: TestClient[Any], teller: Teller, ward_once: Database) -> TestClient[Any]:
    """An installation that demands a proof of the last five minutes."""
    return afresh(_strict, teller, ward_once)


@pytest.mark.parametrize("ago", [-55, 0, 299.5, 355])
def test_who_proved_lately_who_they_are_is_let_in_with_a_minute_for_the_clocks(
    strict: TestClient[Any], teller: Teller, ago: float
) -> None:
    teller.claims |= {"auth_time": clock.now().timestamp() - ago}
    guest = Guest(strict)
    there = guest.begin()
    assert asked_for(there)["max_age"] == ["300"]
    assert guest.come_back(teller.authorize(there)).status_code == 303


@pytest.mark.parametrize("ago", [365, 86_400, 10**10, -70])
def test_who_proved_it_too_long_ago_does_so_again(
    strict: TestClient[Any], teller: Teller, ward_once: Database, ago: int
) -> None:
    teller.claims |= {"auth_time": int(clock.now().timestamp()) - ago}
    guest = Guest(strict)
    page = refused(guest.come_back(teller.authorize(guest.begin())), ward_once, "sign-in.stale")
    assert "Det är för länge sedan du legitimerade dig hos inloggningstjänsten. Logga in igen." in page
    teller.claims |= {"auth_time": int(clock.now().timestamp())}
    assert guest.come_back(teller.authorize(guest.begin())).status_code == 303


@pytest.mark.parametrize("told", [None, "2026-11-25", True, [], {}], ids=repr)
def test_a_token_that_does_not_tell_when_they_proved_it_is_refused_though_it_is_told_when_asked(
    strict: TestClient[Any], teller: Teller, ward_once: Database, told: object
) -> None:
    teller.claims |= {"auth_time": told}
    teller.told_when_asked = {"auth_time": int(clock.now().timestamp())}
    guest = Guest(strict)
    page = refused(guest.come_back(teller.authorize(guest.begin())), ward_once, "sign-in.missing-claim")
    assert "lämnade inte uppgiften auth_time" in page


def test_nobody_is_asked_when_they_proved_it_where_that_is_not_demanded(house: TestClient[Any], teller: Teller) -> None:
    teller.claims |= {"auth_time": 1}
    guest = Guest(house)
    there = guest.begin()
    assert "max_age" not in asked_for(there)
    assert guest.come_back(teller.authorize(there)).status_code == 303


def test_siths_brings_in_the_assignment_that_was_chosen_there(siths: TestClient[Any], teller: Teller) -> None:
    teller.claims = siths_claims()
    guest = Guest(siths)
    there = guest.begin()
    assert asked_for(there)["acr_values"] == [SITHS["OIDC_ACR"]]
    assert "Logga in med SITHS" in guest.get("/sign-in").text
    assert guest.come_back(teller.authorize(there)).headers["location"] == "/"
    assert "Palliativa" in guest.get("/").text
    page = guest.get("/assignments").text
    assert page.count('name="assignment"') == 1


def test_who_has_several_assignments_chooses_and_switches_without_signing_out(
    siths: TestClient[Any], teller: Teller, ward_once: Database
) -> None:
    teller.claims = siths_claims(commissionHsaId=[COMMISSION, OTHER_COMMISSION], healthCareUnitHsaId=[UNIT, "other"])
    with ward_once.writing() as session:
        other = service.add(
            session, email="ny@demo.mdk", name="Ny Läkare", role="chair", unit_id="palliativa-vaxjo", hsa_id=HSA,
            commission=OTHER_COMMISSION, at=make.AT,
        )  # fmt: skip
    guest = Guest(siths)
    guest.get("/queue")
    assert guest.come_back(teller.authorize(guest.begin())).headers["location"] == "/assignments"
    pending = siths.cookies["__Host-mdk_session"]
    for page in ("/", "/sessions", "/queue"):
        assert guest.get(page).headers["location"] == "/sign-in"
    assert guest.get("/sign-in").headers["location"] == "/assignments"
    assert "vad arbetar du som?" in guest.get("/assignments").text
    answer = guest.post("/assignments", assignment=str(other))
    assert (answer.headers["location"], siths.cookies["__Host-mdk_session"] == pending) == ("/queue", False)
    assert "Byt uppdrag" in guest.get("/").text
    first = min(set(choices(guest)) - {str(other)})
    assert guest.post("/assignments", assignment=first).status_code == 303
    acts = [act for act, *_ in newest(ward_once, 6)]
    assert "sign-in.switch" in acts
    guest.holds("__Host-mdk_session", pending)
    assert guest.get("/assignments").headers["location"] == "/sign-in"


def choices(guest: Guest) -> list[str]:
    return re.findall(r'value="(\d+)"', guest.get("/assignments").text)


@pytest.mark.parametrize("chosen", ["", "0", "999999", "x", "1;2"])
def test_nobody_takes_an_assignment_of_another(house: TestClient[Any], teller: Teller, chosen: str) -> None:  # idor
    guest = Guest(house)
    guest.come_back(teller.authorize(guest.begin()))
    guest.get("/")
    assert guest.post("/assignments", assignment=chosen).status_code == 404


# ------------------------------------------------------------------------------------------ the demo's chooser
def test_outside_the_demo_nobody_signs_in_by_choosing(house: TestClient[Any], ward_once: Database) -> None:
    guest = Guest(house)
    assert 'name="assignment"' not in guest.get("/sign-in").text
    assert guest.post("/sign-in", assignment="1").status_code == 403


def test_the_log_of_all_this_names_nobody_whom_it_does_not_know(ward_once: Database) -> None:
    with ward_once.reading() as session:
        rows = list(session.scalars(select(AccessLog).where(col(AccessLog.act) == "sign-in")))
        assert {row.cases for row in rows} <= {""}
        assert {row.reason for row in rows if row.reason} <= {f"sign-in.{each}" for each in (
            "token", "state", "code", "issuer", "cancelled", "provider", "missing-claim", "email-unverified",
            "unknown-person", "no-assignment", "assurance", "second-factor", "stale",
        )}  # fmt: skip
        assert session.scalars(select(SignIn).where(col(SignIn.cookie_hash) == "")).first() is None
