"""The API of a case's attachments: add one, read one, remove one."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from mdk.cases import attached, attachments, queries
from mdk.cases.file_structs import AttachmentLine
from mdk.cases.files import MEDIA_TYPES
from mdk.cases.structs import CaseView, ReasonBody
from mdk.conferences.outlook import foreseen
from mdk.errors import BadFile, Invalid, NotFound, Problem
from mdk_web import openapi, uploads
from mdk_web.attachments import serving, taken
from mdk_web.idempotency import once
from mdk_web.uploads import Upload
from mdk_web.visits import PageRequest, Visit, api_reading, api_writing, body_of

_PATH = "/cases/{number:str}/attachments"


@post(_PATH, opt=openapi.takes_file(), request_max_body_size=taken.BODY_LIMIT, sync_to_thread=True)
def add(request: PageRequest, number: FromPath[str], body: RawBody) -> AttachmentLine:
    with api_reading(request) as visit:
        queries.load(visit.session, number, act="case.attach", by=visit.viewer, at=visit.at)
    sent = _one(uploads.files_of(request.headers.get("content-type", ""), body))
    file = _kept(sent)
    with api_writing(request) as visit:

        def make() -> str:
            (line,) = attachments.attach(visit.session, number=number, files=[file], by=visit.viewer, at=visit.at)
            return line.id

        told = sent.name.encode() + b"\0" + sent.content  # a client that tries again may draw the form's lines anew
        return _line(visit, number, once(visit, f"cases/{number}/attachments", told, make))


@get(f"{_PATH}/{{attachment_id:str}}", opt=openapi.gives(*MEDIA_TYPES.values()), sync_to_thread=True)
def show(request: PageRequest, number: FromPath[str], attachment_id: FromPath[str]) -> Response[bytes]:
    with api_reading(request) as visit:
        return serving.served(visit, number, attachment_id)


@post(f"{_PATH}/{{attachment_id:str}}/remove", opt=openapi.takes(ReasonBody), status_code=200, sync_to_thread=True)
def remove(request: PageRequest, number: FromPath[str], attachment_id: FromPath[str], body: RawBody) -> CaseView:
    with api_writing(request) as visit:
        queries.load(visit.session, number, act="case.detach", by=visit.viewer, at=visit.at)
        reason = body_of(ReasonBody, body).reason
        named = {"number": number, "attachment_id": attachment_id}
        attachments.detach(visit.session, **named, reason=reason, by=visit.viewer, at=visit.at)
        visit.session.flush()
        case = queries.load(visit.session, number, act="case.read", by=visit.viewer, at=visit.at)
        view = queries.view_of(visit.session, case, by=visit.viewer, at=visit.at)
        return foreseen(visit.session, view, at=visit.at)


def _one(sent: list[Upload]) -> Upload:
    if len(sent) != 1:
        raise Invalid([Problem("file", "Skicka en fil i varje anrop, i fältet file.")])
    return sent[0]


def _kept(sent: Upload) -> Any:
    try:
        return taken.cleaned(sent)
    except BadFile as bad:
        raise type(bad)(bad.rule, bad.message, (Problem("file", bad.message),)) from bad


def _line(visit: Visit, number: str, attachment_id: str) -> AttachmentLine:
    """The file as it is listed; the act that led here is in the log."""
    case = queries.load(visit.session, number, act="case.read", by=visit.viewer, at=visit.at)
    for line in attached.lines(visit.session, case.id or 0):
        if line.id == attachment_id:
            return line
    raise NotFound


HANDLERS: list[Any] = [add, show, remove]
