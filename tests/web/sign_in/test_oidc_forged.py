"""Every answer of an identity provider that is forged, foreign, stale or broken is refused."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwe, jwt
from joserfc.jwk import OctKey, RSAKey
from litestar.testing import TestClient

import make
from arriving import refused
from mdk import bearers, clock
from mdk.db import Database
from mdk.errors import SignInRefused
from mdk_web.sign_in import attempt as attempts
from oidc import BASE_URL, CLIENT_ID, Guest, Teller, asked_for, new_key


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
