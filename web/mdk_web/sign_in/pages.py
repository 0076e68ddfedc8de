"""Pages of the sign-in: in the demo a person is chosen; elsewhere the identity provider is asked."""

import re
from typing import Any

from litestar import MediaType, Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler
from litestar.params import RawBody

from mdk import clock
from mdk.errors import NotAllowed, NotFound, SignInRefused
from mdk.people import queries as people
from mdk.people import sign_ins
from mdk.people.structs import Role, Vouched
from mdk_web.callers import ATTEMPT_COOKIE, address_of, agent_of, cookie_name
from mdk_web.formkit import Form
from mdk_web.limits import REFUSED_SIGN_INS, SIGN_INS, Connection, limited
from mdk_web.proof import csrf_token
from mdk_web.rendering import render
from mdk_web.sign_in import attempt as attempts
from mdk_web.sign_in.holding import admitted, ended, held, holding, refusals_logged
from mdk_web.sign_in.provider import Provider
from mdk_web.visits import PageRequest, database_of, door_of, go, settings_of

_ID = re.compile(r"\d{1,9}", re.ASCII)
_SLOWLY = limited(SIGN_INS, REFUSED_SIGN_INS)
_JOURNEY: list[str] = list(Role)  # the roles stand in the order of a case's way


@get("/sign-in", sync_to_thread=True)
def choose(request: PageRequest) -> Response[Any]:
    settings = settings_of(request)
    with database_of(request).reading() as session:
        if held(request, session) is not None:
            return go("/assignments")
        choices = [line for line in people.people(session) if line.active] if settings.is_demo else []
    choices.sort(key=lambda line: _JOURNEY.index(line.role))
    html = render(
        "sign_in/choose.html",
        is_demo=settings.is_demo,
        provider=settings["OIDC_NAME"] if settings["OIDC_ISSUER"] else "",
        choices=choices,
        csrf_token=csrf_token(request),
    )
    return Response(html, media_type=MediaType.HTML)


def _as_a_page(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Let through who goes there, and what cannot tell; not what another page loads, such as an image.

    Otherwise anybody's page could use up the sign-ins that the visitor's hospital has. Raises `NotFound`.
    """
    if connection.headers.get("sec-fetch-dest", "document") != "document":
        raise NotFound


@post("/sign-in", guards=[_SLOWLY], sync_to_thread=True)
def enter(request: PageRequest, body: RawBody) -> Response[bytes]:
    settings, chosen = settings_of(request), Form(body).get("assignment", "")
    if not settings.is_demo:
        raise NotAllowed
    if not _ID.fullmatch(chosen):
        raise NotFound
    seen = {"address": address_of(request), "agent": agent_of(request)}
    with database_of(request).writing() as session:
        cookie = sign_ins.sign_in(session, assignment_id=int(chosen), at=clock.now(), door=door_of(settings), **seen)
    return admitted(request, cookie)


@get("/sign-in/start", guards=[_as_a_page, _SLOWLY])
async def start(request: PageRequest) -> Response[bytes]:
    settings, provider = settings_of(request), provider_of(request)
    value = attempts.begin(clock.now())
    there = await provider.apart(lambda: provider.way_there(attempts.made_of(settings.secret_key, value)))
    answer = Response(b"", status_code=303, headers={"Location": there})
    seconds = int(attempts.LASTS.total_seconds())
    name = cookie_name(settings, ATTEMPT_COOKIE)
    answer.cookies.append(Cookie(key=name, value=value, path="/", httponly=True, samesite="lax", max_age=seconds))
    return answer


@get("/sign-in/callback", guards=[_as_a_page, _SLOWLY])
async def back(request: PageRequest) -> Response[bytes]:
    provider = provider_of(request)
    async with refusals_logged(request):
        attempt, code, issuer = _answered(request)
        who = await provider.apart(lambda: provider.who(code, attempt, issuer=issuer, now=clock.now()))
        return await sync_to_thread(_arrive, request, who)


def _answered(request: PageRequest) -> tuple[attempts.Attempt, str, str | None]:
    """The attempt, the code and the issuer of an answer. Raises `SignInRefused`."""
    given = request.query_params
    settings = settings_of(request)
    value = request.cookies.get(cookie_name(settings, ATTEMPT_COOKIE), "")
    attempt = attempts.recall(settings.secret_key, value, state=given.get("state") or "", now=clock.now())
    if given.get("error") == "access_denied":
        raise SignInRefused("sign-in.cancelled", "Inloggningen avbröts.")
    if not given.get("code"):
        raise SignInRefused("sign-in.provider", "Inloggningstjänsten släppte inte in dig. Försök igen.")
    return attempt, given["code"], given.get("iss")


def _arrive(request: PageRequest, who: Vouched) -> Response[bytes]:
    seen = {"address": address_of(request), "agent": agent_of(request)}
    with database_of(request).writing() as session:
        arrival = sign_ins.arrive(session, who=who, at=clock.now(), door=door_of(settings_of(request)), **seen)
    return admitted(request, arrival.cookie, must_choose=arrival.must_choose)


@post("/sign-out", sync_to_thread=True)
def leave(request: PageRequest) -> Response[bytes]:
    with holding(request) as (session, holder):
        sign_ins.sign_out(session, held=holder, at=clock.now(), address=address_of(request))
    is_elsewhere = bool(settings_of(request)["OIDC_ISSUER"]) and not settings_of(request).is_demo
    return ended(request, "/sign-out/there" if is_elsewhere else "/sign-in")


@get("/sign-out/there")
async def leave_provider(request: PageRequest) -> Response[str]:
    """The page between our end and the provider's: a form may lead to no other place than ours, but a page may."""
    provider = provider_of(request)
    there = await provider.apart(provider.way_out)
    html = render("sign_in/signed_out.html", there=there, provider=settings_of(request)["OIDC_NAME"])
    return Response(html, media_type=MediaType.HTML)


@get("/signed-out", sync_to_thread=True)
def signed_out(request: PageRequest) -> Response[str]:
    html = render("sign_in/signed_out.html", there="", provider=settings_of(request)["OIDC_NAME"])
    return Response(html, media_type=MediaType.HTML)


def provider_of(request: PageRequest) -> Provider:
    """The configured identity provider. Raises `NotFound` where there is none."""
    settings = settings_of(request)
    if settings.is_demo or not settings["OIDC_ISSUER"]:
        raise NotFound
    provider: Provider = request.app.state.provider
    return provider


HANDLERS: list[Any] = [choose, enter, start, back, leave, leave_provider, signed_out]
