"""Owns identity providers for tests: one that says what a test wants, two of others' making; and a guest's browser."""

import base64
import hashlib
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import Key, RSAKey
from litestar.testing import TestClient

import lending
import make
from leftout import skip_or_fail
from mdk import settings
from mdk.db import Database
from running import free_port
from tree import ROOT

CLIENT_ID, CLIENT_SECRET = "mdk", "hemligt + 50 %"
BASE_URL = "https://mdk.example"
CALLBACK = f"{BASE_URL}/sign-in/callback"
_TOKEN = re.compile(r'name="_csrf_token" value="([^"]+)"')
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')
_ACTION = re.compile(r'<form[^>]*action="([^"]+)"')


class Guest:
    """A browser of someone who signs in over the installation's protected address."""

    def __init__(self, client: TestClient[Any]) -> None:
        self.client = client
        client.cookies.clear()

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path, follow_redirects=False)

    def post(self, path: str, **fields: str) -> httpx.Response:
        token = self.client.cookies.get("__Host-csrftoken", "")
        return self.client.post(path, data={**fields, "_csrf_token": token}, follow_redirects=False)

    def holds(self, name: str, value: str) -> None:
        """Have the browser hold another cookie than it was given."""
        self.client.cookies.set(name, value, domain="mdk.example", path="/")

    def begin(self) -> str:
        """Go to the provider: its address with what is asked."""
        answer = self.get("/sign-in/start")
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"])

    def come_back(self, address: str) -> httpx.Response:
        """Follow the provider's answer home."""
        assert address.startswith(CALLBACK)
        return self.get(address.removeprefix(BASE_URL))


@contextmanager
def installed(database: Database, issuer: str, **more: str) -> Iterator[TestClient[Any]]:
    """An installation whose people sign in at `issuer`; `more` are settings."""
    given = {
        "SECRET_KEY": make.SECRET,
        "BASE_URL": BASE_URL,
        "OIDC_ISSUER": issuer,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        **more,
    }
    configured = settings.load({f"MDK_{name}": value for name, value in given.items()}, dotenv=Path("/dev/null"))
    with lending.lent(configured, database) as client:
        yield client


# ------------------------------------------------------------------------------------------ says what a test wants
class Teller:
    """An identity provider that keeps the rules, until a test changes what it says."""

    def __init__(self, address: str) -> None:
        self.issuer = address
        self.settle()

    def settle(self) -> None:
        """Keep the rules again, with a key that nobody has seen."""
        self.key: Key = new_key()
        self.published: list[dict[str, Any]] = [published(self.key)]
        self.claims: dict[str, Any] = {"email": make.email(make.CHAIR), "email_verified": True}
        self.told_when_asked: dict[str, Any] = {}
        self.document: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = self.signed
        self.key_reads = 0
        self.is_down = False
        self._codes: dict[str, dict[str, str]] = {}

    def authorize(self, address: str) -> str:
        """Let the guest in who was sent to `address`: where they are sent back to."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def signed(self, claims: dict[str, Any]) -> str:
        """A token as it should be."""
        header = {"alg": "RS256", "kid": self.key.kid}
        return jwt.encode(header, claims, self.key)

    def answer(self, target: str, headers: Mapping[str, str], body: str) -> tuple[int, Any]:
        path, asked = urlsplit(target).path, dict(parse_qsl(urlsplit(target).query))
        told: dict[str, Callable[[], Any]] = {
            "/.well-known/openid-configuration": lambda: self._described() | self.document,
            "/keys": self._keys_told,
            "/about-me": lambda: {"sub": "anna", **self.told_when_asked},
            "/authorize": lambda: _page("Intyga vem jag är", self.authorize(target)),
            "/leave": lambda: _page("Avsluta här med", asked["post_logout_redirect_uri"]),
        }
        if self.is_down:
            return 503, {}
        return (200, told[path]()) if path in told else self._grant(headers, dict(parse_qsl(body)))

    def _keys_told(self) -> dict[str, Any]:
        self.key_reads += 1
        return {"keys": self.published}

    def _described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/about-me",
            "end_session_endpoint": f"{self.issuer}/leave",
        }

    def _grant(self, headers: Mapping[str, str], form: dict[str, str]) -> tuple[int, Any]:
        pair = "mdk:hemligt%20%2B%2050%20%25"
        asked = self._codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        is_proved = headers["Authorization"] == "Basic " + base64.b64encode(pair.encode()).decode()
        if asked is None or challenge.decode() != asked["code_challenge"] or not is_proved:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "sub": "anna", "iat": now, "exp": now + 300,
            "nonce": asked["nonce"], **self.claims,
        }  # fmt: skip
        left = {name: value for name, value in claims.items() if value is not None}
        return 200, {"id_token": self.sign(left), "access_token": "at", "token_type": "Bearer"}


@cache
def _keys() -> Iterator[RSAKey]:
    """A few keys again and again: to make one takes longer than a whole sign-in."""
    return cycle([RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True) for _ in range(4)])


def _page(words: str, there: str) -> bytes:
    """The provider's own page: one link."""
    head = '<!DOCTYPE html><html lang="sv"><meta charset="utf-8"><link rel="icon" href="data:,"><title>Intyg</title>'
    return f'{head}<a href="{escape(there)}">{words}</a></html>'.encode()


def published(key: Key) -> dict[str, Any]:
    """A key as its provider tells it to everybody."""
    return {**key.as_dict(private=False), "alg": "RS256"}


def new_key() -> RSAKey:
    """Another key than the last three."""
    return next(_keys())


@contextmanager
def telling() -> Iterator[Teller]:
    """The provider that says what a test wants, on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    teller = Teller(f"http://127.0.0.1:{server.server_port}")

    class Desk(BaseHTTPRequestHandler):
        def _say(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            status, told = teller.answer(self.path, dict(self.headers), body)
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Type", "text/html" if isinstance(told, bytes) else "application/json")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _say  # noqa: N815 - named by the base class

        def log_message(self, *_args: Any) -> None:
            return

    server.RequestHandlerClass = Desk
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield teller
    server.shutdown()
    server.server_close()


# ------------------------------------------------------------------------------------------ of others' making
@contextmanager
def mock_provider(people: dict[str, dict[str, Any]]) -> Iterator[str]:
    """`oidc-provider-mock`, which knows `people` by their subject; its address."""
    told = [part for sub, claims in people.items() for part in ("--user-claims", json.dumps({"sub": sub, **claims}))]
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "-p", str(port), "--require-nonce", *told]
    with _running(command, f"http://127.0.0.1:{port}") as address:
        yield address


@contextmanager
def certified_provider(person: dict[str, Any]) -> Iterator[str]:
    """The certified `oidc-provider` of npm, where anybody who signs in is `person`; its address."""
    if not (ROOT / ".node" / "node_modules" / "oidc-provider").is_dir():
        skip_or_fail("oidc-provider is not installed under .node: run .ci/run once")
    port = free_port()
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": [CALLBACK]}
    client |= {"post_logout_redirect_uris": [f"{BASE_URL}/signed-out"]}
    script = str(ROOT / "tests" / "oidc_provider.mjs")
    command = ["node", "--no-warnings", script, str(port), json.dumps(client), json.dumps(person)]
    with _running(command, f"http://127.0.0.1:{port}") as address:
        yield address


@contextmanager
def _running(command: list[str], address: str) -> Iterator[str]:
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=nowhere, stderr=nowhere, cwd=ROOT) as running:
        try:
            _wait(address)
            yield address
        finally:
            running.kill()


def _wait(address: str) -> None:
    for _ in range(200):
        try:
            if httpx.get(f"{address}/.well-known/openid-configuration").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the identity provider did not start")


def walk_through(address: str, **typed: str) -> str:
    """Fill in every form of the provider's pages, from `address` on, until it sends back; where to."""
    with httpx.Client(timeout=20) as browser:
        answer = browser.get(address)
        for _ in range(12):
            if answer.is_redirect:
                there = str(answer.next_request.url) if answer.next_request else ""
                if there.startswith(BASE_URL):
                    return there
                answer = browser.get(there)
                continue
            actions = _ACTION.findall(answer.text)
            fields = {**dict(_HIDDEN.findall(answer.text)), **typed}
            answer = browser.post(str(answer.url.join(actions[0] if actions else "")), data=fields)
    pytest.fail(f"the provider never sent back: {answer.status_code} {answer.text[:300]}")


def asked_for(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)
