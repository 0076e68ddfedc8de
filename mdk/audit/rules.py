"""The chain of the access log: what a row's digest is made of. Pure."""

import hashlib

import msgspec

from mdk.audit.structs import Entry

GENESIS = "0" * 64


def digest_of(previous: str, entry: Entry) -> str:
    """SHA-256, in hex, over the previous digest and the entry's canonical JSON."""
    canonical = msgspec.json.encode(entry, order="sorted")
    return hashlib.sha256(previous.encode() + b"\n" + canonical).hexdigest()
