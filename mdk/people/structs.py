"""Who looks and acts: roles, and the viewer that every act and query takes."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from mdk.audit.structs import Actor

SIGN_IN_LASTS = timedelta(hours=10)  # however busy
SIGN_IN_IDLES = timedelta(minutes=60)  # without a page being asked for


class Role(StrEnum):
    """What a person does at a unit."""

    REFERRER = "referrer"
    COORDINATOR = "coordinator"
    CHAIR = "chair"
    CONSULTANT = "consultant"
    MEMBER = "member"
    NEUROSURGERY = "neurosurgery"
    REGIONAL_FUNCTION = "regional_function"
    STEERING = "steering"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Viewer(Actor, frozen=True, kw_only=True):
    """A person with the assignment that they act with, and where the request came from."""

    person_id: int
    assignment_id: int
    role: Role
    unit_id: str
    email: str
    name: str
    unit_name: str
    region: str | None = None
    language: str = "sv"


class PersonLine(msgspec.Struct, frozen=True):
    """A person with one assignment, as lists show it."""

    person_id: int
    assignment_id: int
    email: str
    name: str
    role: str
    unit_id: str
    unit_name: str
    region: str | None
    active: bool


class SignedIn(msgspec.Struct, frozen=True):
    """A page session that holds: the viewer, its id, when it was last used, and whether there is another assignment."""

    viewer: Viewer
    session_id: int
    seen_at: datetime
    can_switch: bool


class Holder(msgspec.Struct, frozen=True):
    """Whose page session it is, whether or not an assignment has been chosen in it."""

    session_id: int
    person_id: int
    name: str
    assignment_id: int | None
    vouched: tuple[int, ...]
    agent: str
    issuer: str
    ends_at: datetime


class SessionShown(msgspec.Struct, frozen=True):
    """A page session as its own person sees it."""

    id: int
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    address: str
    agent: str
    role: str | None
    unit_name: str | None


class Vouched(msgspec.Struct, frozen=True, kw_only=True):
    """What an identity provider says of who signs in: one of `hsa_id` and `email`, and for which places.

    `commissions` and `units` are HSA ids that narrow the person's assignments; None narrows nothing.
    """

    issuer: str
    hsa_id: str | None = None
    email: str | None = None
    commissions: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """How page sessions are opened here: who vouches for them, and how long they hold."""

    issuer: str = ""
    lasts: timedelta = SIGN_IN_LASTS
    idles: timedelta = SIGN_IN_IDLES


class Arrival(msgspec.Struct, frozen=True):
    """A page session just opened: its cookie, and whether an assignment is yet to be chosen."""

    cookie: str
    must_choose: bool
