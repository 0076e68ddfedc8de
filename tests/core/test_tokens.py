"""Every token that must be refused is; an independent library agrees on those that are not."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import OctKey

from mdk import bearers
from mdk.bearers import Bearer
from mdk.tokens import Answer, TokenRefused, issue_answer, read_answer

SECRET = "en-hemlighet-som-är-längre-än-trettiotvå-tecken"
ISSUER = "https://mdk.example"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def derived(use: str, audience: str) -> str:
    """The key of a purpose, worked out apart from the module under test."""
    info = f"mdk/token/{use}/{audience}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(SECRET.encode()).hex()


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forge(claims: dict[str, Any], header: dict[str, Any] | None = None, *, key: bytes | None = None) -> str:
    """A token signed with the true key, or `key`, whose header and claims are as told; None leaves one out."""
    full = {"alg": "HS256", "typ": "JWT", "kid": derived("kid", "api")[:8]} | (header or {})
    parts = [
        encoded(json.dumps({name: value for name, value in part.items() if value is not None}).encode())
        for part in (full, claims)
    ]
    signed = ".".join(parts)
    digest = hmac.new(key or derived("key", "api").encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{encoded(digest)}"


def good_claims(**changes: object) -> dict[str, Any]:
    start = int(NOW.timestamp())
    claims = {"iss": ISSUER, "aud": "api", "sub": "7", "jti": "a", "iat": start, "exp": start + 60, "assignment": 3}
    return claims | changes


def bearer(minutes: int = 60, now: datetime = NOW) -> str:
    return bearers.issue(SECRET, person_id=7, assignment_id=3, now=now, minutes=minutes, issuer=ISSUER)


def answer(**changes: Any) -> str:
    given: dict[str, Any] = {"conference_id": "k1", "person_id": 7, "sequence": 2, "now": NOW, "issuer": ISSUER}
    return issue_answer(SECRET, **(given | {"expires_at": NOW + timedelta(days=9)} | changes))


def refused(token: Any, now: datetime = NOW, issuer: str = ISSUER) -> str:
    with pytest.raises(TokenRefused) as caught:
        bearers.read(SECRET, token, now, issuer=issuer)
    assert caught.value.message == "Åtkomstnyckeln gäller inte eller har gått ut. Hämta en ny."
    return caught.value.reason


def test_a_bearer_tells_person_and_assignment() -> None:
    read = bearers.read(SECRET, bearer(), NOW, issuer=ISSUER)
    assert read == Bearer(7, 3, read.token_id, NOW, NOW + timedelta(hours=1))


def test_two_bearers_of_the_same_minute_have_their_own_ids() -> None:
    first, second = (bearers.read(SECRET, bearer(), NOW, issuer=ISSUER).token_id for _ in range(2))
    assert first != second


def test_an_answer_link_tells_conference_person_and_sending() -> None:
    read = read_answer(SECRET, answer(), NOW, issuer=ISSUER)
    assert read == Answer("k1", 7, 2, "k1.7.2", NOW + timedelta(days=9))


def test_an_answer_link_is_the_same_each_time_it_is_made() -> None:
    assert answer() == answer()


def test_another_library_verifies_our_signature_and_reads_the_same_claims() -> None:
    token = jwt.decode(bearer(), OctKey.import_key(derived("key", "api")), algorithms=["HS256"])
    assert (token.claims["sub"], token.claims["aud"], token.claims["iss"]) == ("7", "api", ISSUER)
    assert token.header == {"alg": "HS256", "typ": "JWT", "kid": derived("kid", "api")[:8]}


def test_a_token_made_by_another_library_with_our_key_is_read() -> None:
    header = {"alg": "HS256", "typ": "JWT", "kid": derived("kid", "api")[:8]}
    token = jwt.encode(header, good_claims(), OctKey.import_key(derived("key", "api")))
    assert bearers.read(SECRET, token, NOW, issuer=ISSUER).person_id == 7


def test_the_forging_helper_itself_makes_a_token_that_is_read() -> None:
    assert bearers.read(SECRET, forge(good_claims()), NOW, issuer=ISSUER).assignment_id == 3


def test_an_expired_token_is_refused_from_its_last_second_on() -> None:  # expired-token
    token = bearer(minutes=1)
    assert bearers.read(SECRET, token, NOW + timedelta(seconds=59), issuer=ISSUER).person_id == 7
    assert refused(token, NOW + timedelta(seconds=60)) == "expired"


def test_tokens_are_void_that_were_issued_by_when_they_were_ended_even_in_that_very_second() -> None:
    ended_at = NOW + timedelta(seconds=0.7)
    for before in (NOW - timedelta(hours=1), NOW, NOW + timedelta(seconds=0.9)):  # the last one for safety's sake
        read = bearers.read(SECRET, bearer(now=before, minutes=90), NOW, issuer=ISSUER)
        bearers.check_not_ended(read, None)
        with pytest.raises(TokenRefused) as caught:
            bearers.check_not_ended(read, ended_at)
        assert caught.value.message == "Åtkomstnyckeln gäller inte eller har gått ut. Hämta en ny."
    bearers.check_not_ended(bearers.read(SECRET, bearer(now=NOW + timedelta(seconds=1)), NOW, issuer=ISSUER), ended_at)


@pytest.mark.parametrize("later", [0, 0.2, 0.7, 1, 3600])
def test_a_token_holds_however_soon_after_the_others_it_is_issued_and_ends_however_soon_after_that(
    later: float,
) -> None:
    for ended_at in (NOW, NOW + timedelta(seconds=0.3)):
        now = ended_at + timedelta(seconds=later)
        issued = bearer(now=bearers.next_moment(ended_at, now))
        read = bearers.read(SECRET, issued, now, issuer=ISSUER)
        bearers.check_not_ended(read, ended_at)
        with pytest.raises(TokenRefused):
            bearers.check_not_ended(read, bearers.next_moment(ended_at, now))
        assert bearers.next_moment(None, now) == now


def test_a_token_from_the_future_is_refused_beyond_a_minutes_leeway() -> None:
    assert refused(bearer(now=NOW + timedelta(seconds=61))) == "not yet"
    assert bearers.read(SECRET, bearer(now=NOW + timedelta(seconds=60)), NOW, issuer=ISSUER).person_id == 7


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "jti", "iat", "exp", "assignment"])
def test_a_missing_claim_is_refused(claim: str) -> None:
    assert refused(forge(good_claims(**{claim: None}))).startswith("Object missing required field")


@pytest.mark.parametrize(
    ("claim", "value", "reason"),
    [
        ("aud", "rsvp", "audience"),
        ("aud", ["api", "rsvp"], "Expected `str`, got `array` - at `$.aud`"),
        ("iss", "https://annan.example", "issuer"),
        ("sub", "-7", "subject"),
        ("sub", "", "subject"),
        ("sub", "٧", "subject"),
        ("exp", "2027-01-01", "Expected `int`, got `str` - at `$.exp`"),
        ("exp", 1e300, "Expected `int`, got `float` - at `$.exp`"),
        ("admin", True, "Object contains unknown field `admin`"),
    ],
)
def test_a_wrong_claim_is_refused_though_well_signed(claim: str, value: object, reason: str) -> None:
    assert refused(forge(good_claims(**{claim: value}))) == reason


@pytest.mark.parametrize("algorithm", ["none", "None", "HS384", "HS512", "RS256", "ES256", "HS", "hs256", ""])
def test_another_algorithm_is_refused(algorithm: str) -> None:  # other-algorithm
    assert refused(forge(good_claims(), {"alg": algorithm})) == "header"


def test_an_unsigned_token_is_refused() -> None:  # F29, other-algorithm
    head, claims, _ = forge(good_claims(), {"alg": "none"}).split(".")
    assert refused(f"{head}.{claims}.") == "shape"


def test_a_truly_hs512_signed_token_is_refused() -> None:
    header = {"alg": "HS512", "typ": "JWT", "kid": derived("kid", "api")[:8]}
    key = OctKey.import_key(derived("key", "api"))
    assert refused(jwt.encode(header, good_claims(), key, algorithms=["HS512"])) == "header"


@pytest.mark.parametrize("extra", ["crit", "jku", "jwk", "x5u", "b64", "zip", "cty"])
def test_a_header_key_beyond_the_three_is_refused(extra: str) -> None:
    assert refused(forge(good_claims(), {extra: ["exp"]})) == f"Object contains unknown field `{extra}`"


@pytest.mark.parametrize("kid", ["annan", derived("kid", "rsvp")[:8], ""])
def test_a_foreign_key_id_is_refused(kid: str) -> None:
    assert refused(forge(good_claims(), {"kid": kid})) == "header"


@pytest.mark.parametrize("missing", ["alg", "typ", "kid"])
def test_a_header_without_one_of_the_three_is_refused(missing: str) -> None:
    assert refused(forge(good_claims(), {missing: None})) == f"Object missing required field `{missing}`"


@pytest.mark.parametrize("form", [Encoding.DER, Encoding.PEM])
def test_a_public_key_used_as_shared_secret_is_refused(form: Encoding) -> None:  # F29, forged-token
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    key = public.public_bytes(form, PublicFormat.SubjectPublicKeyInfo)
    assert refused(forge(good_claims(), key=key)) == "Signature verification failed."


def test_the_underived_secret_signs_nothing() -> None:
    assert refused(forge(good_claims(), key=SECRET.encode())) == "Signature verification failed."


def test_a_token_that_is_too_long_is_refused_before_it_is_parsed() -> None:
    assert refused(bearer() + "A" * 1024) == "too long"


def test_a_token_of_the_other_purpose_is_refused() -> None:  # swapped-token
    assert refused(answer()) == "header"
    with pytest.raises(TokenRefused) as caught:
        read_answer(SECRET, bearer(), NOW, issuer=ISSUER)
    assert caught.value.message == "Svarslänken gäller inte längre. Svara i stället från konferensens sida."


def test_the_other_purposes_key_is_refused_even_under_the_right_header_and_claims() -> None:
    assert refused(forge(good_claims(), key=derived("key", "rsvp").encode())) == "Signature verification failed."


def test_another_installations_token_is_refused() -> None:
    other = bearers.issue(SECRET[::-1], person_id=7, assignment_id=3, now=NOW, minutes=60, issuer=ISSUER)
    assert refused(other) == "header"


def test_no_single_character_can_be_changed() -> None:  # forged-token
    token = bearer()
    for place, old in enumerate(token):
        refused(token[:place] + ("A" if old != "A" else "B") + token[place + 1 :])


@pytest.mark.parametrize(
    "junk",
    [
        None,
        7,
        b"a.b.c",
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA",
        "å.b.c",
        "\ud800.b.c",
        "a.b.c\n",
        "AAAA.AAAA.AAAA",
        "W1tb.a.a",
    ],
)
def test_junk_is_refused_without_a_crash(junk: object) -> None:
    refused(junk)


def test_foreign_characters_between_good_ones_are_refused() -> None:
    assert refused(bearer()[:-1] + "!") == "shape"
    assert refused(bearer() + "\n") == "shape"


def test_a_short_secret_signs_and_reads_nothing() -> None:
    with pytest.raises(ValueError, match="shorter than 32"):
        bearers.issue("kort", person_id=7, assignment_id=3, now=NOW, minutes=60, issuer=ISSUER)
    with pytest.raises(ValueError, match="shorter than 32"):
        bearers.read("kort", bearer(), NOW, issuer=ISSUER)


@pytest.mark.parametrize("minutes", [0, -5, 366 * 24 * 60 + 1])
def test_a_token_without_a_sensible_life_is_not_issued(minutes: int) -> None:
    with pytest.raises(ValueError, match="lives between"):
        bearer(minutes=minutes)


def test_a_naive_time_is_refused_on_both_sides() -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="naive"):
        bearer(now=naive)
    with pytest.raises(ValueError, match="naive"):
        bearers.read(SECRET, bearer(), naive, issuer=ISSUER)


def test_a_token_longer_than_any_reader_takes_is_not_issued() -> None:
    with pytest.raises(ValueError, match="longer"):
        answer(conference_id="k" * 1024)
