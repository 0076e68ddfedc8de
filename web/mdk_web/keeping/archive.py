"""Owns the file in which a patient's record leaves: a ZIP with the record as JSON, its summary, and its files."""

import hashlib
import io
import zipfile

import msgspec

from mdk.keeping.queries import Found
from mdk.keeping.structs import Record, RecordFile
from mdk_web.keeping.paper import summary

SUMMARY, RECORD, SUMS = "sammanfattning.pdf", "record.json", "SHA256SUMS"
_THE_SAME = (1980, 1, 1, 0, 0, 0)  # ZIP's own beginning of time, so that the same record gives the same bytes


def packed(found: Found) -> bytes:
    """The ZIP: `record.json`, `sammanfattning.pdf`, each case's files, and `SHA256SUMS` over all of them.

    `sha256sum -c SHA256SUMS` checks what was unpacked. No name in it tells whose record it is.
    """
    printed = summary(found.record)
    told = RecordFile(SUMMARY, "summary", "", hashlib.sha256(printed).hexdigest(), len(printed))
    record = msgspec.structs.replace(found.record, files=[told, *found.record.files])
    contents = {RECORD: as_json(record), SUMMARY: printed, **found.contents}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in contents.items())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in (*contents.items(), (SUMS, sums.encode("ascii"))):
            entry = zipfile.ZipInfo(path, _THE_SAME)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def as_json(record: Record) -> bytes:
    """The record as JSON for people and programs: indented, every object's names in order."""
    return msgspec.json.format(msgspec.json.encode(record, order="sorted"), indent=1)
