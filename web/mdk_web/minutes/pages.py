"""Pages of the session view: the case and its minutes side by side, reading back, signing, and addenda."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.audit import queries as audit
from mdk.conferences import queries as conferences
from mdk.journey import decisions, signing
from mdk.minutes import editing, keys, queries, service, sheets
from mdk.minutes.structs import AddendumBody
from mdk.pathways.queries import gaps_of
from mdk_web.calls import query_of
from mdk_web.filled import read_as
from mdk_web.formkit import NO_REFUSAL, Form, Refusal, shown_again
from mdk_web.minutes import along, drafts, files, paper, shown
from mdk_web.room.shown import is_chair
from mdk_web.visits import PageRequest, Visit, database_of, fragment, go, page, reading, wants_fragment, writing

Page = Response[Any]


def _path(conference_id: str, number: str) -> str:
    return f"/conferences/{conference_id}/session/{number}"


def _room(
    request: PageRequest, conference_id: str, number: str, typed: Form | None = None, refusal: Refusal = NO_REFUSAL
) -> Page:
    with reading(request) as visit:
        context = shown.room(visit, conference_id, number, typed, is_stale=refusal.is_stale)
        return page(visit, "minutes/session.html", status=refusal.status, refusal=refusal, **context)


def _typed_again(request: PageRequest, conference_id: str, number: str, body: bytes, *, refusal: Refusal) -> Page:
    if not wants_fragment(request):
        return _room(request, conference_id, number, Form(body), refusal)
    with reading(request) as visit:
        found = queries.view(visit.session, conference_id, number, by=visit.viewer, at=visit.at)
        if found.signed and along.is_of_minutes(Form(body)):
            return _read_instead(visit, conference_id, number, Form(body))
        standing = drafts.refused(found, Form(body), is_stale=refusal.is_stale)
        here = _path(conference_id, number)
        told = {"standing": standing, "refusal": refusal, "lacking": None, "taken": (), "form_path": here}
        return fragment(visit, "minutes/_autosaved.html", status=refusal.status, **told)


def _read_instead(visit: Visit, conference_id: str, number: str, typed: Form) -> Page:
    """The signed minutes in the place of the open form."""
    shown_now = shown.signed_meanwhile(visit, conference_id, number, typed)
    answer = fragment(visit, "minutes/_read.html", **shown_now)
    answer.headers |= {"HX-Retarget": "#minutes-form", "HX-Reswap": "outerHTML"}
    return answer


def _stored_again(request: PageRequest, conference_id: str, number: str, *, refusal: Refusal, **_: object) -> Page:
    return _room(request, conference_id, number, None, refusal)


@get("/conferences/{conference_id:str}/session", sync_to_thread=True)
def begin(request: PageRequest, conference_id: FromPath[str]) -> Page:
    with reading(request) as visit:
        meeting = conferences.view(visit.session, conference_id, by=visit.viewer, at=visit.at)
        number = shown.first_open(visit, meeting)
        follow = "" if is_chair(visit, meeting) else "?follow=yes"
        return go(_path(conference_id, number) + follow if number else f"/conferences/{conference_id}")


@get("/conferences/{conference_id:str}/session/{number:str}", sync_to_thread=True)
def show(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> Page:
    return _room(request, conference_id, number)


@get("/conferences/{conference_id:str}/session/{number:str}/read", sync_to_thread=True)
def read(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> Page:
    with reading(request) as visit:
        return fragment(visit, "minutes/_read.html", **shown.written(visit, conference_id, number))


@post("/conferences/{conference_id:str}/session/{number:str}", sync_to_thread=True)
@shown_again(again=_typed_again)
def save(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form = Form(body)
        queries.load(visit.session, conference_id, number, act="minutes.write", by=visit.viewer)
        kept = drafts.keep(visit, conference_id, number, form, is_asked=not wants_fragment(request))
        if wants_fragment(request):
            return fragment(visit, "minutes/_autosaved.html", **shown.saved(visit, conference_id, number, form, kept))
        following = "/sign" if form.get("do") == "review" else ""
        return go(_path(conference_id, number) + following, said="minutes-saved")


@get("/conferences/{conference_id:str}/session/{number:str}/sign", sync_to_thread=True)
@shown_again(again=_stored_again)
def read_back(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> Page:
    with reading(request) as visit:
        minutes, sheet, seen = signing.read_back(visit.session, conference_id, number, by=visit.viewer, at=visit.at)
        if minutes.signed:
            return go(_path(conference_id, number))
        return page(
            visit,
            "minutes/sign.html",
            minutes=minutes,
            sheet=sheet,
            paper=paper.paper_of(sheet),
            seen=seen,
            gaps=gaps_of(visit.session, number, minutes.catheter_tip) if minutes.outcome == "intern_pump" else [],
        )


@post("/conferences/{conference_id:str}/session/{number:str}/sign", sync_to_thread=True)
@shown_again(again=_stored_again)
def sign(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        form, named = Form(body), {"conference_id": conference_id, "number": number}
        sealing, seen = paper.sealing(visit.settings), form.get("shown", "")
        version, by, at = form.version(), visit.viewer, visit.at
        decisions.sign(visit.session, **named, version=version, sealing=sealing, shown=seen, by=by, at=at)
        return go(_path(conference_id, number), said="minutes-signed")


@get("/conferences/{conference_id:str}/session/{number:str}/editing", sync_to_thread=True)
def others_editing(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> Page:
    with reading(request) as visit:
        tab = query_of(request, drafts.TabQuery).tab
        found = editing.others(visit.session, conference_id, number, tab=tab, by=visit.viewer, at=visit.at)
        told: dict[str, Any] = {
            "editing": found,
            "tab": tab,
            "form_path": _path(conference_id, number),
            "case_number": number,
        }
        return fragment(visit, "minutes/_editing.html", **told)


@post("/conferences/{conference_id:str}/session/{number:str}/editing", status_code=204, sync_to_thread=True)
def tell_editing(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> None:
    with writing(request) as visit:
        form, named = Form(body), {"conference_id": conference_id, "number": number}
        queries.load(visit.session, conference_id, number, act="minutes.write", by=visit.viewer)
        tab, field = form.get("form.tab", "")[: drafts.LONGEST_TAB], form.get("form.field", "")
        if tab:
            editing.tell(visit.session, **named, tab=tab, field=field, by=visit.viewer, at=visit.at)


@post("/conferences/{conference_id:str}/session/{number:str}/addenda", sync_to_thread=True)
@shown_again(again=_typed_again)
def add(request: PageRequest, conference_id: FromPath[str], number: FromPath[str], body: RawBody) -> Page:
    with writing(request) as visit:
        queries.load(visit.session, conference_id, number, act="minutes.write", by=visit.viewer)
        text = read_as(Form(body), AddendumBody).text
        named = {"conference_id": conference_id, "number": number}
        sealing = paper.sealing(visit.settings)
        service.add(visit.session, **named, text=text, sealing=sealing, by=visit.viewer, at=visit.at)
        return go(_path(conference_id, number), said="addendum-saved")


_FILE = "/conferences/{conference_id:str}/session/{number:str}/minutes"


@get(f"{_FILE}.pdf", sync_to_thread=True)
def pdf(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> Response[bytes]:
    with reading(request) as visit:
        return files.pdf(visit, conference_id, number)


@get(f"{_FILE}.txt", sync_to_thread=True)
def text(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> Response[str]:
    with reading(request) as visit:
        return files.text(visit, conference_id, number)


@get(f"{_FILE}/text", sync_to_thread=True)
def text_to_paste(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> Page:
    with reading(request) as visit:
        papers = sheets.papers(visit.session, conference_id, number, by=visit.viewer, at=visit.at)
        return page(visit, "minutes/text.html", text=paper.plain_text(papers.sheet), number=number, width=paper.WIDTH)


@get(f"{_FILE}.jws", sync_to_thread=True)
def signature(request: PageRequest, conference_id: FromPath[str], number: FromPath[str]) -> Response[str]:
    with reading(request) as visit:
        return files.signature(visit, conference_id, number)


@get("/.well-known/jwks.json", sync_to_thread=True)
def published_keys(request: PageRequest) -> Response[dict[str, Any]]:
    with database_of(request).reading() as session:
        return Response({"keys": keys.published(session)}, headers={"Cache-Control": "public, max-age=300"})


@get("/.well-known/access-log-heads.json", sync_to_thread=True)
def published_heads(request: PageRequest) -> Response[dict[str, Any]]:
    """The signed ends and checkpoints of the access log, for anyone to keep: they tell nothing that is in it."""
    with database_of(request).reading() as session:
        signed = [{"at": head.at, "jws": head.jws} for head in audit.heads(session)]
        removed = [{"at": row.at, "jws": row.jws} for row in audit.removals(session)]
    return Response({"heads": signed, "removals": removed}, headers={"Cache-Control": "public, max-age=300"})


HANDLERS: list[Any] = [
    begin,
    show,
    read,
    save,
    read_back,
    sign,
    others_editing,
    tell_editing,
    add,
    pdf,
    text,
    text_to_paste,
    signature,
    published_keys,
    published_heads,
]
