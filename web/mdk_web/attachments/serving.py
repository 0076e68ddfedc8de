"""Owns how an attached file is answered: as what it is, under a name of ours, where nothing in it can act."""

from litestar import Response

from mdk.cases import attachments
from mdk_web.visits import Visit

# The answer is no page of ours: it may run nothing, fetch nothing and be framed nowhere.
_HEADERS = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}


def served(visit: Visit, number: str, attachment_id: str) -> Response[bytes]:
    """One file; the read is logged before its bytes go out. Raises `NotFound`, `NotAllowed`."""
    found = attachments.read(visit.session, number, attachment_id, by=visit.viewer, at=visit.at)
    named = {"Content-Disposition": f'inline; filename="{found.file_name}"'}
    return Response(found.content, media_type=found.media_type, headers=_HEADERS | named)
