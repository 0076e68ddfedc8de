"""Who looks and acts: roles, and the viewer that every act and query takes."""

from enum import StrEnum

import msgspec

from mdk.audit.structs import Actor


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
    """A page session that holds: the viewer, and the id of the session."""

    viewer: Viewer
    session_id: int
