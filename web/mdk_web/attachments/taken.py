"""Owns the way from the files that were sent to those that may be kept, one request at a time."""

from collections.abc import Sequence
from threading import Lock

from mdk.cases import files
from mdk.cases.files import CleanFile
from mdk.errors import BadFile, Problem
from mdk_web.uploads import Upload

FIELD = "files"
# A whole case's files at once, and what a form adds around them.
BODY_LIMIT = files.LARGEST_CASE + 1_000_000
# A picture may take 150 MB while it is written anew.
_one_at_a_time = Lock()


def cleaned(upload: Upload) -> CleanFile:
    """The file as it is kept. Raises `BadFile`."""
    with _one_at_a_time:
        return files.clean(upload.name, upload.content)


def sorted_out(uploads: Sequence[Upload]) -> tuple[list[CleanFile], list[Problem]]:
    """Those that may be kept, and a sentence for each of the others that names it."""
    kept: list[CleanFile] = []
    problems: list[Problem] = []
    for upload in uploads:
        try:
            kept.append(cleaned(upload))
        except BadFile as bad:
            problems.append(Problem(FIELD, f"{files.shown_name(upload.name)}: {bad.message}"))
    return kept, problems
