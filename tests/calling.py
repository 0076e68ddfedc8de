"""Owns calls of the API in tests: the application on a database, called as a demo person with a real token."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from httpx import Response
from litestar.testing import TestClient

import lending
import make
from mdk import bearers, clock, settings
from mdk.db import Database
from mdk.settings import Settings

SECRET = make.SECRET
API = "/api/v1"


class Caller:
    """Someone who calls the API; `body` is sent as JSON, bytes as they are."""

    def __init__(self, client: TestClient[Any], authorization: str | None) -> None:
        self.client = client
        self.headers = {"Authorization": authorization} if authorization else {}

    def get(self, path: str, **query: Any) -> Response:
        return self.client.get(API + path, params=query, headers=self.headers)

    def post(self, path: str, body: Any = b"", *, version: Any = None, key: str | None = None) -> Response:
        return self.send("POST", path, body, version=version, key=key)

    def put(self, path: str, body: Any, *, version: Any = None) -> Response:
        return self.send("PUT", path, body, version=version)

    def patch(self, path: str, body: Any, *, version: Any = None) -> Response:
        return self.send("PATCH", path, body, version=version)

    def send(self, method: str, path: str, body: Any, *, version: Any = None, key: str | None = None) -> Response:
        """One request; `version` becomes If-Match, in quotation marks when it is a number."""
        headers = dict(self.headers)
        if version is not None:
            headers["If-Match"] = f'"{version}"' if isinstance(version, int) else version
        if key is not None:
            headers["Idempotency-Key"] = key
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return self.client.request(method, API + path, content=content, headers=headers)


class Callers:
    """The application on one database, and whoever calls it."""

    def __init__(self, client: TestClient[Any], database: Database, configured: Settings) -> None:
        self.client, self.database, self.settings = client, database, configured

    def __getitem__(self, name: str) -> Caller:
        """A demo person by the part of the address before the @."""
        return Caller(self.client, f"Bearer {self.token(name)}")

    def with_header(self, authorization: str | None) -> Caller:
        """Someone who shows any Authorization header, or none."""
        return Caller(self.client, authorization)

    def token(self, name: str, *, minutes: int = 60, ago: timedelta = timedelta()) -> str:
        """A person's token, made some time ago."""
        by = make.viewer(self.database, name)
        return bearers.issue(
            SECRET,
            person_id=by.person_id,
            assignment_id=by.assignment_id,
            now=clock.now() - ago,
            minutes=minutes,
            issuer=self.settings["BASE_URL"],
        )


@contextmanager
def calling(database: Database) -> Iterator[Callers]:
    """Callers of an application on a database that holds the demo's people."""
    make.people(database)
    with TemporaryDirectory() as folder, ExitStack() as stack:
        configured = settings.load({"MDK_SECRET_KEY": SECRET}, dotenv=Path(os.devnull), data_dir=Path(folder))
        client = stack.enter_context(lending.lent(configured, database))
        yield Callers(client, database, configured)


def fields(answer: Response) -> set[str]:
    """The bad fields that a refusal names."""
    return {problem["field"] for problem in answer.json()["errors"]}


def refusal(answer: Response) -> tuple[int, str]:
    """The status and the code of a refusal."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["code"]
