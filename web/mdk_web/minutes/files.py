"""Owns signed minutes as files: PDF, plain text and JWS, for the API and for the pages alike."""

from typing import Annotated

import msgspec
from litestar import Response
from msgspec import Meta

from mdk.minutes import sheets
from mdk.minutes.structs import Papers
from mdk_web.calls import query_of
from mdk_web.minutes.paper import plain_text
from mdk_web.visits import Visit


class EditionQuery(msgspec.Struct, forbid_unknown_fields=True):
    """Which edition: 0 is what was signed first, n what stood after the n-th addendum; otherwise the newest."""

    edition: Annotated[int, Meta(ge=0, le=1000)] | None = None


def pdf(visit: Visit, conference_id: str, number: str) -> Response[bytes]:
    """The PDF of an edition, under a name that holds nothing but the case's number."""
    papers = _papers(visit, conference_id, number)[0]
    return Response(papers.pdf, media_type="application/pdf", headers=_named(number, "pdf"))


def text(visit: Visit, conference_id: str, number: str) -> Response[str]:
    """The plain text of an edition."""
    papers = _papers(visit, conference_id, number)[0]
    return Response(plain_text(papers.sheet), media_type="text/plain; charset=utf-8", headers=_named(number, "txt"))


def signature(visit: Visit, conference_id: str, number: str) -> Response[str]:
    """The JWS of what was signed first, or of an addendum."""
    papers, edition = _papers(visit, conference_id, number)
    return Response(papers.jws[edition or 0], media_type="application/jose", headers=_named(number, "jws"))


def _papers(visit: Visit, conference_id: str, number: str) -> tuple[Papers, int | None]:
    edition = query_of(visit.request, EditionQuery).edition
    found = sheets.papers(visit.session, conference_id, number, by=visit.viewer, at=visit.at, edition=edition)
    return found, edition


def _named(number: str, kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'inline; filename="protokoll-{number}.{kind}"'}
