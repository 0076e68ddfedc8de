"""Owns the frame that conferences and series share: who is who in it, and its link."""

from collections.abc import Collection

from sqlalchemy import delete
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.conferences import rules
from mdk.conferences.invited import ids_of
from mdk.conferences.series_structs import SeriesBody, SeriesChange
from mdk.conferences.structs import ConferenceBody
from mdk.conferences.tables import Conference, ConferenceMember
from mdk.db import choices
from mdk.errors import Invalid, Problem
from mdk.people.queries import holders_of_any, person_ids
from mdk.people.rules import CLINICAL_ROLES
from mdk.people.structs import Role

Frame = ConferenceBody | SeriesBody | SeriesChange
STANDS_IN = frozenset({Role.CONSULTANT, Role.CHAIR, Role.MEMBER, Role.COORDINATOR, Role.NEUROSURGERY})


def set_members(session: Session, conference: Conference, ids: list[int]) -> None:
    """Make these people, and no others, the standing members of a conference."""
    session.execute(delete(ConferenceMember).where(col(ConferenceMember.conference_id) == conference.id))
    session.add_all(
        ConferenceMember(conference_id=conference.id, person_id=person_id) for person_id in dict.fromkeys(ids)
    )
    session.flush()


def named_people(
    session: Session, body: Frame, problems: list[Problem], *, kept: ConferenceBody | None = None
) -> dict[str, int]:
    """The ids of the people by address; raises `Invalid` with `problems` and whatever is wrong with the people."""
    wanted = {"chair": body.chair, "consultant": body.consultant, "deputy": body.deputy or ""}
    wanted |= {f"members.{place}": email for place, email in enumerate(body.members)}
    staying, stayed = _staying(kept), set(kept.members if kept else [])
    known = ids_of(session, stayed | set(staying.values())) | person_ids(
        session, [email for email in wanted.values() if email]
    )
    ids = {email: known.get(email.strip().lower(), 0) for email in wanted.values()}
    problems = problems + [
        Problem(field, "Det finns ingen aktiv person med den adressen.")
        for field, email in wanted.items()
        if email and not ids[email]
    ]
    new = {
        field: email
        for field, email in wanted.items()
        if staying.get(field) != email and not (field.startswith("members.") and email in stayed)
    }
    problems += _role_problems(session, new, ids)
    problems += rules.link_problems(body.video_url)
    if problems:
        raise Invalid(problems)
    return ids


def stand_in_ids(session: Session) -> set[int]:
    """Those who can stand in for the consultant, doctors or not."""
    return _holding(session, STANDS_IN)


def _role_problems(session: Session, wanted: dict[str, str], ids: dict[str, int]) -> list[Problem]:
    needed = (
        (
            "chair",
            _holding(session, {Role.CHAIR}),
            "Personen har inte uppdraget konferensordförande. Välj någon som har det.",
        ),
        (
            "consultant",
            _holding(session, {Role.CONSULTANT}),
            "Personen har inte uppdraget konsult. Ange personen som ersättare i stället.",
        ),
        ("deputy", stand_in_ids(session), "Personen kan inte vara ersättare. Välj någon som deltar i konferenser."),
    )
    problems = [
        Problem(field, words)
        for field, holding, words in needed
        if ids.get(wanted.get(field, "")) and ids[wanted[field]] not in holding
    ]
    clinical = _holding(session, CLINICAL_ROLES)
    return problems + [
        Problem(field, "Personen har inget kliniskt uppdrag och kan inte vara deltagare.")
        for field, email in wanted.items()
        if field.startswith("members.") and ids[email] and ids[email] not in clinical
    ]


def _staying(kept: ConferenceBody | None) -> dict[str, str]:
    if kept is None:
        return {}
    return {"chair": kept.chair, "consultant": kept.consultant, "deputy": kept.deputy or ""}


def _holding(session: Session, roles: Collection[Role]) -> set[int]:
    return {line.person_id for line in holders_of_any(session, roles)}


def own_link(session: Session, conference_id: str) -> str | None:
    """The video link that the installation gives a conference; None when it gives none."""
    return choices(session).video_url_template.replace("{id}", conference_id) or None
