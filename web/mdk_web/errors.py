"""Owns what an error becomes outside: the only table of status codes, problem+json, and the error page."""

import re
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, quote

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException, ValidationException
from litestar.utils.scope.state import ScopeState

from mdk.errors import (
    BadFile,
    FileTooLarge,
    Invalid,
    MdkError,
    NotAllowed,
    NotFound,
    Problem,
    RuleBroken,
    SignInRefused,
    Stale,
    Unavailable,
)
from mdk.keyring import WrongKey
from mdk.tokens import TokenRefused
from mdk_web.callers import NEXT_COOKIE, cookie_name
from mdk_web.edge import BadHost, TooSlow
from mdk_web.limits import TooMany
from mdk_web.proof import csrf_token
from mdk_web.rendering import CSRF_FIELD, render

log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = "5"
API = "/api/"
MAX_FIELDS = 4000
WAY_BACK = 900  # seconds
LONGEST_WAY_BACK = 200
# Every sign has one place in it, or a path that almost fits would be read in more ways than there is time for.
_PATH = re.compile(r"/(?:[0-9A-Za-z-][0-9A-Za-z_.-]*(?:/[0-9A-Za-z-][0-9A-Za-z_.-]*){0,7}/?)?", re.ASCII)


class SignInNeeded(MdkError):
    """Nobody is signed in, or the sign-in is over."""

    code = "sign-in-needed"

    def __init__(self) -> None:
        super().__init__("Du behöver logga in.")


class VersionNeeded(MdkError):
    """The request changes something and does not say which version it has seen."""

    code = "version-needed"

    def __init__(self) -> None:
        super().__init__('Ange den version du har läst i sidhuvudet If-Match, till exempel If-Match: "3".')


STATUS: dict[type[MdkError], tuple[int, int]] = {  # first for the API, then for pages
    SignInNeeded: (401, 401),
    TokenRefused: (401, 401),
    SignInRefused: (403, 403),
    BadHost: (400, 400),
    TooSlow: (408, 408),
    TooMany: (429, 429),
    NotAllowed: (403, 403),
    NotFound: (404, 404),
    VersionNeeded: (428, 428),
    Invalid: (400, 422),
    Stale: (412, 409),
    RuleBroken: (409, 422),
    BadFile: (400, 422),
    FileTooLarge: (413, 422),
    Unavailable: (503, 503),
    WrongKey: (503, 503),
}

TITLES = {
    400: "Uppgifter behöver rättas",
    401: "Du behöver logga in",
    403: "Det får du inte göra",
    404: "Sidan finns inte",
    405: "Det går inte att göra så här",
    408: "Det tog för lång tid",
    409: "Någon annan hann före",
    412: "Någon annan hann före",
    413: "För stort",
    422: "Uppgifter behöver rättas",
    428: "Version saknas",
    429: "För många försök",
    500: "Något gick fel hos oss",
    503: "Systemet kan inte svara just nu",
}

_TITLES_OF = {"bad-host": "Fel adress"}  # where the status says less

API_TITLES = TITLES | {
    404: "Finns inte",
    409: "Det går inte som det nu står",
}


class ProblemDetail(msgspec.Struct, kw_only=True):
    """RFC 9457: what went wrong, with a stable code and every bad field."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[Problem] = []


def status_of(error: MdkError, *, api: bool) -> int:
    """The status code of a domain error."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind][0 if api else 1]
    return 400 if api else 422


def problems_of(error: MdkError) -> list[Problem]:
    """Every bad field that an error names."""
    return list(error.problems) if isinstance(error, Invalid | RuleBroken) else []


def on_domain_error(request: Request[Any, Any, Any], error: MdkError) -> Response[Any]:
    """The answer to a domain error: problem+json for the API, a calm page for people."""
    api = is_api(request)
    if isinstance(error, Unavailable):
        _note_why(error)
    return answer(
        request,
        status=status_of(error, api=api),
        code=error.code,
        detail=error.message,
        problems=problems_of(error),
        headers={"Retry-After": str(error.wait)} if isinstance(error, TooMany) else {},
    )


def _note_why(error: Unavailable) -> None:
    """The log gets the name and code of the fault that the store had, never its text, which may hold patient data."""
    cause: Any = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None) or ""
    log.error("unavailable", kind=type(cause).__name__, code=code)


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """The answer to what the framework refuses: unknown addresses, bad parameters, bodies that are too large."""
    if error.status_code == 405 and request.method == "GET" and not is_api(request):
        return _beside_the_act(request)
    problems = _parameter_problems(error) if isinstance(error, ValidationException) else []
    too_large = _too_large(request) if error.status_code == 413 else ""
    details = {404: NotFound().message, 413: too_large, 403: _CSRF}
    status = 400 if problems else error.status_code
    detail = (
        "Rätta de markerade uppgifterna." if problems else details.get(status, TITLES.get(status, "Det gick inte."))
    )
    codes = {404: "not-found", 413: "too-large", 405: "method-not-allowed", 403: "csrf", 400: "invalid"}
    allowed = (error.headers or {}).get("allow")
    headers = {"Allow": allowed} if allowed else {}
    code = codes.get(status, "refused")
    return answer(request, status=status, code=code, detail=detail, problems=problems, headers=headers)


def _beside_the_act(request: Request[Any, Any, Any]) -> Response[Any]:
    """Whoever reloads the address of an act that was refused comes to the page that the act stands on."""
    page = request.scope["path"].strip("/").rpartition("/")[0]
    return Response(b"", status_code=303, headers={"Location": f"/{quote(page, errors='replace')}"})


def on_unexpected_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer to a fault of ours; the log gets its kind and place, never its text, which may hold patient data."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = "" if frame is None else f"{frame.tb_frame.f_code.co_name}:{frame.tb_lineno}"
    log.error("unexpected", kind=type(error).__name__, place=place)
    detail = "Felet är noterat. Inget har ändrats. Försök igen, och hör av dig om det upprepas."
    return answer(request, status=500, code="unexpected", detail=detail, problems=[])


def answer(
    request: Request[Any, Any, Any],
    *,
    status: int,
    code: str,
    detail: str,
    problems: list[Problem],
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response[Any]:
    """A refusal in the form that the caller reads."""
    headers = {**({"Retry-After": RETRY_AFTER} if status == 503 else {}), **headers}
    if is_api(request):
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        body = ProblemDetail(
            type=f"urn:mdk:problem:{code}",
            title=API_TITLES.get(status, "Det gick inte"),
            status=status,
            detail=detail,
            code=code,
            errors=problems,
        )
        return Response(msgspec.json.encode(body), status_code=status, media_type=PROBLEM_JSON, headers=headers)
    if status == 401:
        return _sign_in_again(request)
    if code.startswith("sign-in."):
        html = render("sign_in/refused.html", detail=detail)
        return Response(html, status_code=status, media_type=MediaType.HTML)
    told = {
        "title": _TITLES_OF.get(code) or TITLES.get(status, "Det gick inte"),
        "detail": detail,
        "problems": problems,
    }
    if request.headers.get("hx-request"):
        return noticed("layout/_notice.html", status=status, headers=headers, **told)
    if status == 503 and (typed := typed_in(request)):
        html = render("layout/again.html", **told, **_again(request, typed))
    else:
        html = render("layout/error.html", **told)
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=headers)


def _sign_in_again(request: Request[Any, Any, Any]) -> Response[Any]:
    """Who sends a form and is signed out keeps what was typed: in the page for htmx, else in the answer itself."""
    if request.headers.get("hx-request"):
        if request.method == "POST":
            return noticed("layout/_signed_out.html", status=401, headers={})
        return Response(b"", status_code=401, headers={"HX-Redirect": "/sign-in"})
    typed = typed_in(request)
    if not typed:
        return Response(b"", status_code=303, headers={"Location": "/sign-in"}, cookies=_way_back(request))
    html = render("layout/kept.html", **_again(request, typed))
    return Response(html, status_code=401, media_type=MediaType.HTML)


def _again(request: Request[Any, Any, Any], typed: list[tuple[str, str]]) -> dict[str, Any]:
    """What a page needs that keeps a form to be sent again."""
    return {"action": request.scope["path"], "typed": typed, "csrf_token": csrf_token(request)}


def _way_back(request: Request[Any, Any, Any]) -> list[Cookie]:
    """Keeps for some minutes which page was asked for, in the browser only: its address may name a case."""
    path = request.scope["path"]
    is_page = request.method == "GET" and request.headers.get("sec-fetch-dest", "document") == "document"
    if not is_page or "text/event-stream" in request.headers.get("accept", "") or not is_way_back(path):
        return []
    name = cookie_name(request.app.state.settings, NEXT_COOKIE)
    return [Cookie(key=name, value=path, path="/", httponly=True, samesite="lax", max_age=WAY_BACK)]


def is_way_back(path: str) -> bool:
    """Whether a path is one of ours, and leads to no other place."""
    return len(path) <= LONGEST_WAY_BACK and _PATH.fullmatch(path) is not None


def noticed(template: str, *, status: int, headers: dict[str, str], **context: Any) -> Response[Any]:
    """A refusal that htmx puts beside the page, which stays as it is with all its typing."""
    aimed = {"HX-Retarget": "#notice", "HX-Reswap": "innerHTML", "HX-Reselect": ".mdk-notice__text"}
    html = render(template, **context)
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=headers | aimed)


def typed_in(request: Request[Any, Any, Any]) -> list[tuple[str, str]]:
    """The fields of the form that a request brought, but for its proof of origin; none where it brought no form."""
    body = ScopeState.from_scope(request.scope).body if request.method == "POST" else None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not isinstance(body, bytes) or kind != "application/x-www-form-urlencoded":
        return []
    with suppress(ValueError):
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
        return [(name, value) for name, value in pairs if name != CSRF_FIELD]
    return []


def is_api(request: Request[Any, Any, Any]) -> bool:
    """Whether the caller is a program."""
    return request.scope["path"].startswith(API)


_CSRF = "Sidan var för gammal. Ladda om den och försök igen."


def _too_large(request: Request[Any, Any, Any]) -> str:
    limit = (request.route_handler.resolve_request_max_body_size() or 0) // 1_000_000
    return f"Innehållet är för stort. Högst {limit} MB tas emot på en gång."


def _parameter_problems(error: ValidationException) -> list[Problem]:
    extra = error.extra if isinstance(error.extra, list) else []
    return [
        Problem(str(item.get("key", "")), "Värdet har fel form eller ligger utanför det tillåtna.")
        for item in extra
        if isinstance(item, dict)
    ]
