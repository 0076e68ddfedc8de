"""Owns who may: one table of acts, roles and relations."""

from collections.abc import Mapping
from enum import StrEnum

from mdk.errors import NotAllowed, NotFound
from mdk.people.structs import Role, Viewer

CLINICAL_ROLES = frozenset(
    {
        Role.REFERRER,
        Role.COORDINATOR,
        Role.CHAIR,
        Role.CONSULTANT,
        Role.MEMBER,
        Role.NEUROSURGERY,
        Role.REGIONAL_FUNCTION,
    }
)


class Relation(StrEnum):
    """What ties a viewer to a case, a conference or a pathway."""

    ANY = "any"
    OWN_UNIT = "own_unit"
    SUBMITTED = "submitted"
    CONFERENCE = "conference"
    RECEIVER = "receiver"
    GLASS = "glass"
    INVITED = "invited"
    CHAIRS = "chairs"
    CONSULTS = "consults"
    HOME_REGION = "home_region"
    SUPPORTS = "supports"
    SELF = "self"


_ANY = frozenset({Relation.ANY})
_OWN = frozenset({Relation.OWN_UNIT})
_SUBMITTED = frozenset({Relation.SUBMITTED})
_GRANTED = frozenset({Relation.CONFERENCE, Relation.RECEIVER, Relation.GLASS})
_INVITED = frozenset({Relation.INVITED})
_CHAIRS = frozenset({Relation.CHAIRS})
_RECEIVER = frozenset({Relation.RECEIVER})
_SELF = frozenset({Relation.SELF})

_TRIAGE: Mapping[Role, frozenset[Relation]] = {Role.COORDINATOR: _SUBMITTED, Role.CONSULTANT: _SUBMITTED}
_KEEPS_BLOCKS: Mapping[Role, frozenset[Relation]] = {Role.REFERRER: _OWN, Role.COORDINATOR: _SUBMITTED}
_PLANS: Mapping[Role, frozenset[Relation]] = {Role.COORDINATOR: _ANY, Role.CHAIR: _ANY}
_OWN_TIME: Mapping[Role, frozenset[Relation]] = dict.fromkeys(CLINICAL_ROLES, _SELF) | {Role.COORDINATOR: _ANY}
_KEEPS: Mapping[Role, frozenset[Relation]] = {Role.AUDITOR: _ANY, Role.ADMIN: _ANY}
_LEADS = _SUBMITTED | {Relation.CONFERENCE, Relation.GLASS}
_SEES_ALL: Mapping[Role, frozenset[Relation]] = dict.fromkeys((Role.COORDINATOR, Role.CHAIR, Role.CONSULTANT), _LEADS)

# What makes someone treat the patient: these see who it is when the identity is protected.
TREATING = frozenset({Relation.OWN_UNIT, Relation.CONFERENCE, Relation.RECEIVER, Relation.GLASS})

ACCESS: Mapping[str, Mapping[Role, frozenset[Relation]]] = {
    "case.create": {Role.REFERRER: _ANY},
    "case.patch": {Role.REFERRER: _OWN},
    "case.submit": {Role.REFERRER: _OWN},
    "case.supplement": {Role.REFERRER: _OWN},
    "case.confirm-read": {Role.REFERRER: _OWN},
    "case.withdraw": {Role.REFERRER: _OWN},
    "case.report-death": {Role.REFERRER: _OWN},
    "case.revoke-death": {Role.REFERRER: _OWN, Role.COORDINATOR: _SUBMITTED},
    "case.report-deterioration": {Role.REFERRER: _OWN},
    "case.treatment-decision": {Role.REFERRER: _OWN},
    "case.attach": {Role.REFERRER: _OWN},
    "case.detach": {Role.REFERRER: _OWN},
    "case.block": _KEEPS_BLOCKS,
    "case.lift-block": _KEEPS_BLOCKS,
    "case.read-blocks": _KEEPS_BLOCKS,
    "case.read": {
        **_SEES_ALL,
        Role.REFERRER: _OWN | _GRANTED,
        Role.MEMBER: _GRANTED,
        Role.NEUROSURGERY: _GRANTED,
        Role.REGIONAL_FUNCTION: _GRANTED,
    },
    "case.accept": _TRIAGE,
    "case.request-supplement": _TRIAGE,
    "case.take-back": _TRIAGE,
    "case.answer": _TRIAGE,
    "case.redirect": _TRIAGE,
    "case.decline": _TRIAGE,
    "urgent.open": _TRIAGE,
    "urgent.opine": dict.fromkeys(CLINICAL_ROLES, frozenset({Relation.CONFERENCE})),
    "urgent.read-opinions": {**dict.fromkeys(CLINICAL_ROLES, frozenset({Relation.CONFERENCE})), **_SEES_ALL},
    "urgent.conclude": {Role.CONSULTANT: _SUBMITTED},
    "urgent.ratify": {Role.CHAIR: _SUBMITTED},
    "case.ask-home-care": {
        **_TRIAGE,
        Role.REFERRER: _OWN,
        Role.REGIONAL_FUNCTION: frozenset({Relation.RECEIVER}),
    },
    "contact.keep": {Role.REGIONAL_FUNCTION: _ANY},
    "case.break-glass": dict.fromkeys(CLINICAL_ROLES, _ANY),
    "case.access-log": {Role.AUDITOR: _ANY},
    "log.read": {Role.AUDITOR: _ANY},
    "log.check": {Role.AUDITOR: _ANY},
    "log.extract": {Role.AUDITOR: _ANY},
    "record.export": {Role.AUDITOR: _ANY},
    "keeping.read": _KEEPS,
    "removal.decide": _KEEPS,
    "removal.confirm": _KEEPS,
    "removal.execute": _KEEPS,
    "answer.unread": {Role.COORDINATOR: _ANY},
    "queue.read": {Role.COORDINATOR: _ANY, Role.CHAIR: _ANY, Role.CONSULTANT: _ANY},
    "series.create": _PLANS,
    "series.read": _PLANS,
    "series.change": _PLANS,
    "series.skip": _PLANS,
    "series.end": _PLANS,
    "conference.plan": _PLANS,
    "conference.change": _PLANS,
    "conference.agenda": _PLANS,
    "conference.release": _PLANS,
    "conference.move": _PLANS,
    "conference.cancel": _PLANS,
    "conference.read": {**dict.fromkeys(CLINICAL_ROLES, _INVITED), **_PLANS},
    "conference.reply": dict.fromkeys(CLINICAL_ROLES, _INVITED),
    "conference.conflicts": _PLANS,
    "conference.free-slots": _PLANS,
    "conference.postpone": _PLANS,
    "absence.record": _OWN_TIME,
    "absence.read": {**_OWN_TIME, Role.CHAIR: _ANY},
    "calendar.keep": _OWN_TIME,
    "language.choose": _OWN_TIME,
    "conference.open": {Role.CHAIR: _CHAIRS},
    "conference.close": {Role.CHAIR: _CHAIRS},
    "conference.run": {Role.CHAIR: _CHAIRS},
    "minutes.write": {Role.CHAIR: _CHAIRS},
    "minutes.sign": {Role.CHAIR: _CHAIRS},
    "minutes.add": {Role.CHAIR: _CHAIRS, Role.CONSULTANT: _CHAIRS},
    "minutes.read-draft": {
        Role.COORDINATOR: _ANY,
        Role.CHAIR: _CHAIRS | _INVITED,
        Role.CONSULTANT: frozenset({Relation.CONSULTS}) | _INVITED,
        Role.MEMBER: _INVITED,
        Role.NEUROSURGERY: _INVITED,
        Role.REGIONAL_FUNCTION: _INVITED,
        Role.REFERRER: _INVITED,
    },
    "minutes.read-signed": {
        **_SEES_ALL,
        Role.REFERRER: _OWN | _GRANTED,
        Role.MEMBER: _GRANTED,
        Role.NEUROSURGERY: _GRANTED,
        Role.REGIONAL_FUNCTION: _GRANTED,
    },
    "referral.read": {
        Role.NEUROSURGERY: _RECEIVER,
        Role.REFERRER: _OWN,
        Role.REGIONAL_FUNCTION: frozenset({Relation.HOME_REGION}),
        Role.COORDINATOR: _ANY,
        Role.CHAIR: _ANY,
        Role.CONSULTANT: _ANY,
    },
    "referral.work": {Role.NEUROSURGERY: _RECEIVER},
    "referral.supply": {Role.REFERRER: _OWN},
    "referral.prerequisite": {
        Role.NEUROSURGERY: _RECEIVER,
        Role.REGIONAL_FUNCTION: frozenset({Relation.HOME_REGION}),
    },
    "assignment.read": {
        Role.REGIONAL_FUNCTION: frozenset({Relation.RECEIVER, Relation.SUPPORTS}),
        Role.REFERRER: _OWN,
        Role.COORDINATOR: _ANY,
        Role.CHAIR: _ANY,
        Role.CONSULTANT: _ANY,
    },
    "assignment.work": {Role.REGIONAL_FUNCTION: _RECEIVER},
    "assignment.support": {Role.REGIONAL_FUNCTION: frozenset({Relation.SUPPORTS})},
    "action.read": {Role.REFERRER: _OWN, Role.COORDINATOR: _ANY, Role.CHAIR: _ANY, Role.CONSULTANT: _ANY},
    "action.end": {Role.REFERRER: _OWN, Role.COORDINATOR: _ANY},
    "case.follow-up": {
        Role.REFERRER: _OWN,
        Role.NEUROSURGERY: _RECEIVER,
        Role.REGIONAL_FUNCTION: _RECEIVER,
    },
    "overdue.read": {Role.COORDINATOR: _ANY},
    "standing.read": {Role.REGIONAL_FUNCTION: _ANY, Role.NEUROSURGERY: _ANY},
    "standing.keep": {Role.REGIONAL_FUNCTION: _ANY, Role.NEUROSURGERY: _ANY},
    "figures.read": {
        Role.COORDINATOR: _ANY,
        Role.CHAIR: _ANY,
        Role.CONSULTANT: _ANY,
        Role.STEERING: _ANY,
    },
    "figures.read-whole": {Role.COORDINATOR: _ANY, Role.CHAIR: _ANY, Role.CONSULTANT: _ANY},
    "figures.set-goal": {Role.COORDINATOR: _ANY, Role.STEERING: _ANY},
    "prevalence.import": {Role.COORDINATOR: _ANY, Role.STEERING: _ANY},
    "learning.read": dict.fromkeys(CLINICAL_ROLES, _ANY),
    "learning.write": {Role.COORDINATOR: _ANY, Role.CHAIR: _ANY, Role.CONSULTANT: _ANY},
    "learning.review": {Role.CONSULTANT: _ANY},
    "register.read": {Role.ADMIN: _ANY, Role.COORDINATOR: _ANY, Role.CONSULTANT: _ANY},
    "register.export": {Role.COORDINATOR: _ANY, Role.CONSULTANT: _ANY},
    "register.map": {Role.ADMIN: _ANY, Role.COORDINATOR: _ANY},
    "outbox.read": {Role.COORDINATOR: _ANY},
    "people.change": {Role.ADMIN: _ANY},
    "session.end": dict.fromkeys(Role, _SELF),
}


def may_ever(act: str, viewer: Viewer) -> bool:
    """Whether the viewer's role may do the act to anything at all."""
    return viewer.role in ACCESS[act]


def check_role(act: str, viewer: Viewer) -> frozenset[Relation]:
    """The relations that let this viewer do the act. Raises `NotAllowed` when the role never may."""
    if not may_ever(act, viewer):
        raise NotAllowed
    return ACCESS[act][viewer.role]


def may(act: str, viewer: Viewer, held: frozenset[Relation]) -> bool:
    """Whether role and held relations together allow the act."""
    wanted = ACCESS[act].get(viewer.role, frozenset())
    return Relation.ANY in wanted or bool(wanted & held)


def check_may(act: str, viewer: Viewer, held: frozenset[Relation], *, known: bool = False) -> None:
    """Let the viewer through or raise.

    Raises `NotAllowed` when the role never may, or when the viewer may know of the thing (`known`) but not do this;
    `NotFound` when the viewer may not know of it.
    """
    check_role(act, viewer)
    if may(act, viewer, held):
        return
    if known:
        raise NotAllowed
    raise NotFound
