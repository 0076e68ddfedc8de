"""The pages and files of the register export, and the page on which its codes are mapped."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk import clock
from mdk.figures import register, service
from mdk.figures.register import Export
from mdk.figures.structs import MappingBody
from mdk.parsing import parse
from mdk.people.rules import check_role, may_ever
from mdk_web.calls import query_of
from mdk_web.figures.api import YearQuery
from mdk_web.figures.register_sheets import codes_of, dictionary_of, table_of
from mdk_web.figures.sheets import download
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.visits import PageRequest, go, page, reading, writing

Page = Response[Any]


@get("/register", sync_to_thread=True)
def index(request: PageRequest) -> Page:
    with reading(request) as visit:
        check_role("register.read", visit.viewer)
        return page(
            visit,
            "figures/register.html",
            dictionary=register.dictionary(),
            year=clock.today(visit.at).year,
            may_export=may_ever("register.export", visit.viewer),
            may_map=may_ever("register.map", visit.viewer),
        )


@get("/register/rows.csv", sync_to_thread=True)
def rows_csv(request: PageRequest) -> Page:
    found = _export(request)
    return download(f"register-{found.year}", table_of(found))


@get("/register/rows.json", sync_to_thread=True)
def rows_json(request: PageRequest) -> Page:
    found = _export(request)
    headers = {
        "Content-Disposition": f'attachment; filename="register-{found.year}.json"',
        "Cache-Control": "no-store",
    }
    return Response(msgspec.json.encode(found), media_type="application/json", headers=headers)


@get("/register/dictionary.csv", sync_to_thread=True)
def dictionary_csv(request: PageRequest) -> Page:
    with reading(request) as visit:
        check_role("register.export", visit.viewer)
        return download("register-ordlista", dictionary_of())


@get("/register/codes/{column:str}", sync_to_thread=True)
def codes(request: PageRequest, column: FromPath[str]) -> Page:
    return _codes(request, column)


@post("/register/codes/{column:str}", sync_to_thread=True)
@shown_again(again=lambda request, column, body, refusal: _codes(request, column, body=body, refusal=refusal))
def map_codes(request: PageRequest, column: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        check_role("register.map", visit.viewer)
        form = Form(body)
        name = _named(column)
        bodies = [_mapping(form, code) for code, _ in codes_of(name)]
        service.map_codes(visit.session, column=name, bodies=bodies, by=visit.viewer, at=visit.at)
        return go("/register", said="codes-mapped")


def _export(request: PageRequest) -> Export:
    with reading(request) as visit:
        check_role("register.export", visit.viewer)
        query: YearQuery = query_of(request, YearQuery)
        year = query.year or clock.today(visit.at).year
        secret = visit.settings.secret_key
        return register.export(visit.session, year=year, secret=secret, by=visit.viewer, at=visit.at)


def _named(part: str) -> str:
    """The column that a part of an address names: addresses have no underscore."""
    return part.replace("-", "_")


def _mapping(form: Form, code: str) -> MappingBody:
    raw = {name: form.get(f"{name}-{code}", "") for name in ("system", "version", "target")}
    body: MappingBody = parse(MappingBody, {"code": code, **raw})
    return body


def _codes(request: PageRequest, column: str, *, body: bytes = b"", refusal: Refusal = NO_REFUSAL) -> Page:
    with reading(request) as visit:
        check_role("register.map", visit.viewer)
        name = _named(column)
        known = {one.code: one for one in register.mappings(visit.session) if one.column == name}
        return page(
            visit,
            "figures/codes.html",
            status=refusal.status,
            column=name,
            what=next((each.what for each in register.dictionary().columns if each.name == name), ""),
            path=f"/register/codes/{column}",
            codes=codes_of(name),
            known=known,
            typed=Form(body),
            refusal=refusal,
        )


HANDLERS: list[Any] = [index, rows_csv, rows_json, dictionary_csv, codes, map_codes]
