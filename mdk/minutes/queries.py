"""Reads of minutes: drafts by the conference's own, signed ones by the case's readers."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from mdk.audit.service import seen
from mdk.cases import queries as case_queries
from mdk.cases.rules import is_child, value_at
from mdk.cases.shut import is_shut
from mdk.cases.submission_structs import Submission
from mdk.cases.tables import Case, UrgentOpinion
from mdk.clinical.reference import region
from mdk.clock import today
from mdk.conferences import held, invited
from mdk.conferences import queries as conference_queries
from mdk.conferences.rules import Attending, lacking_for_quorum
from mdk.conferences.structs import ConferenceKind, ConferenceState, ReleasedItem
from mdk.conferences.tables import Conference
from mdk.errors import NotFound
from mdk.minutes import rules
from mdk.minutes.structs import Addendum, Attendance, MinutesBody, MinutesView, Signed
from mdk.minutes.tables import Minutes, MinutesAddendum
from mdk.people.queries import names
from mdk.people.rules import Relation, check_may, check_role, may
from mdk.people.structs import Role, Viewer
from mdk.people.tables import Person, Unit

_COORDINATES = frozenset({Role.COORDINATOR})


def load(
    session: Session, conference_id: str, number: str, *, act: str, by: Viewer, lock: bool = False
) -> tuple[Conference, Case, Minutes | None]:
    """A case on a conference's released agenda with its minutes, if any, checked for `act`.

    With `lock` the minutes are read as they now stand, and stay so until this unit of work ends.
    Raises `NotFound` when the case is not on that agenda or the viewer may not know, `NotAllowed`.
    """
    check_role(act, by)
    conference, case, minutes = _find(session, conference_id, number, lock=lock)
    if is_shut(session, case.id or 0, by=by):
        raise NotFound
    held = conference_queries.relations(session, conference, by)
    check_may(act, by, held, known=may("conference.read", by, held))
    return conference, case, minutes


def signed_before(
    session: Session, conference_id: str, number: str, *, version: int, by: Viewer, at: datetime
) -> Minutes | None:
    """The minutes, if this viewer has signed this very version of them: a signature that is asked for again.

    Raises `NotFound`, `NotAllowed`.
    """
    minutes = load(session, conference_id, number, act="minutes.sign", by=by, lock=True)[2]
    if minutes is None or minutes.signed_by != by.person_id or minutes.version != version + 1:
        return None
    seen(session, "minutes.read", by=by, at=at, cases=(number,))
    return minutes


def view(session: Session, conference_id: str, number: str, *, by: Viewer, at: datetime) -> MinutesView:
    """The minutes of a case, or suggested content with version 0 before the first save; the read is logged.

    Raises `NotFound`, `NotAllowed`.
    """
    conference, case, minutes = _readable(session, conference_id, number, by=by, at=at)
    seen(session, "minutes.read", by=by, at=at, cases=(number,))
    return view_of(session, conference, case, minutes)


def on_paper(session: Session, conference_id: str, number: str, *, by: Viewer, at: datetime) -> Minutes | None:
    """The stored minutes, if any, for someone who may read them as printed, with the patient's name; the caller logs.

    Raises `NotFound`, `NotAllowed`.
    """
    _, case, minutes = _readable(session, conference_id, number, by=by, at=at)
    case_queries.check_identity(session, case, by=by, at=at)
    return minutes


def view_of(session: Session, conference: Conference, case: Case, minutes: Minutes | None) -> MinutesView:
    """The view of minutes that were already checked and logged."""
    body = suggestion(session, conference, case) if minutes is None else body_of(minutes)
    return MinutesView(
        **{name: getattr(body, name) for name in MinutesBody.__struct_fields__},
        case=case.number,
        conference=conference.id,
        kind=conference.kind,
        version=0 if minutes is None else minutes.version,
        signed=None if minutes is None else _signed(session, minutes),
        addenda=[] if minutes is None else addenda(session, minutes),
        rules=verdicts(case),
        quorum_lacking=lacking(session, conference, case, body),
    )


def of_case(session: Session, number: str, *, by: Viewer, at: datetime) -> list[MinutesView]:
    """The signed minutes of a case, oldest first, for its readers; the read is logged. Raises `NotFound`."""
    case = case_queries.load(session, number, act="minutes.read-signed", by=by, at=at)
    signed = session.execute(
        select(Minutes, Conference)
        .join(Conference, col(Conference.id) == col(Minutes.conference_id))
        .where(col(Minutes.case_id) == case.id, col(Minutes.signed_at).is_not(None))
        .order_by(col(Minutes.signed_at))
    ).all()
    if signed:
        seen(session, "minutes.read", by=by, at=at, cases=(number,))
    return [view_of(session, conference, case, minutes) for minutes, conference in signed]


def states(session: Session, conference_id: str) -> dict[int, tuple[bool, str | None]]:
    """For each case of a conference with saved minutes: whether they are signed, and the outcome."""
    rows = session.execute(
        select(col(Minutes.case_id), col(Minutes.signed_at), col(Minutes.outcome)).where(
            col(Minutes.conference_id) == conference_id
        )
    )
    return {case_id: (signed_at is not None, outcome) for case_id, signed_at, outcome in rows}


def body_of(minutes: Minutes) -> MinutesBody:
    """The stored content."""
    return msgspec.json.decode(minutes.document, type=MinutesBody)


def addenda(session: Session, minutes: Minutes) -> list[Addendum]:
    """What was added to signed minutes, oldest first."""
    rows = session.execute(
        select(MinutesAddendum, col(Person.name))
        .join(Person, col(Person.id) == col(MinutesAddendum.person_id))
        .where(col(MinutesAddendum.minutes_id) == minutes.id)
        .order_by(col(MinutesAddendum.id))
    )
    return [Addendum(by=name, at=row.at, text=row.text) for row, name in rows]


def verdicts(case: Case) -> list[Any]:
    """The intern criteria on what the case says."""
    submission = case_queries.submission_of(case)
    months = value_at(submission, "diagnosis.expected_treatment_months")
    mobility = value_at(submission, "patient_view.mobility_benefit")
    return rules.intern_verdicts(months or None if months != 0 else 0, mobility or None)


def lacking(session: Session, conference: Conference, case: Case, body: MinutesBody) -> list[str]:
    """Who is lacking for quorum among those marked present; in writing, one opinion is enough."""
    if conference.kind == ConferenceKind.URGENT:
        return [] if _is_heard(session, conference) else ["skriftliga yttranden"]
    present = {row.email.strip().lower(): row for row in body.attendance if row.present}
    found = session.execute(select(col(Person.id), col(Person.email)).where(col(Person.email).in_(present)))
    accounts = {email: person_id or 0 for person_id, email in found}
    people = {
        person_id: (present[email].profession, present[email].knows_patient) for email, person_id in accounts.items()
    }
    known = invited.attending(session, people)
    guests = [
        Attending(person_id=0, profession=row.profession, knows_patient=row.knows_patient)
        for email, row in present.items()
        if email not in accounts
    ]
    return lacking_for_quorum(
        known + guests,
        consultant_ids=invited.consultant_ids(conference),
        implant=body.outcome == "intern_pump",
        child=is_child(case.birth_date, today(conference.starts_at)),
    )


def suggestion(session: Session, conference: Conference, case: Case) -> MinutesBody:
    """Content to begin with, from what is known; everything in it can be changed."""
    submission = case_queries.submission_of(case)
    item = _item(session, conference, case.number)
    people = invited.invited_people(session, conference, conference_queries.released_items(session, conference))
    presenter = session.get(Person, item.presenter_id if item else case.created_by)
    there = held.present_emails(session, conference)
    blood_thinners = value_at(submission, "safety.anticoagulants")
    home = region(case.home_region or "")
    return MinutesBody(
        attendance=[
            Attendance(
                email=person.email,
                profession=person.profession,
                present=person.partstat == "ACCEPTED" if there is None else person.email in there,
                knows_patient=presenter is not None and person.email == presenter.email,
            )
            for person in people
            if person.role != "presenter" or (presenter is not None and person.email == presenter.email)
        ],
        alternatives=_tried(submission),
        opioid_plan_owner=("" if case.protected else _text(submission, "patient.care_place"))
        or session.get_one(Unit, case.unit_id).name,  # where someone protected is cared for, not all readers may know
        contraindications=rules.suggested_contraindications(
            infection=value_at(submission, "safety.infection") or None,
            intraspinal=value_at(submission, "safety.intraspinal_growth") or None,
            raised_pressure=value_at(submission, "safety.raised_icp_suspected") or None,
            anticoagulants=len(blood_thinners) if isinstance(blood_thinners, list) else None,
        ),
        informs_patient="" if presenter is None else presenter.name,
        out_of_hours_contact=home.out_of_hours if home and home.out_of_hours_cover == "round_the_clock" else "",
    )


def _tried(submission: Submission) -> str:
    """What the case says was tried and is going on, to begin the account of alternatives with."""
    said = (("Prövat", "treatments.earlier"), ("Pågår", "treatments.ongoing"))
    return "\n".join(f"{word}: {text}" for word, path in said if (text := _text(submission, path)))


def _text(submission: Submission, path: str) -> str:
    value = value_at(submission, path)
    return value.strip() if isinstance(value, str) else ""


def _is_heard(session: Session, conference: Conference) -> bool:
    query = select(col(UrgentOpinion.id)).where(col(UrgentOpinion.conference_id) == conference.id)
    return session.scalar(query.limit(1)) is not None


def _find(
    session: Session, conference_id: str, number: str, *, lock: bool = False
) -> tuple[Conference, Case, Minutes | None]:
    conference = session.get(Conference, conference_id)
    item = None if conference is None else _item(session, conference, number)
    if conference is None or item is None:
        raise NotFound
    case = session.get_one(Case, item.case_id)
    query = select(Minutes).where(col(Minutes.conference_id) == conference_id, col(Minutes.case_id) == case.id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return conference, case, session.scalar(query)


def _item(session: Session, conference: Conference, number: str) -> ReleasedItem | None:
    items = conference_queries.released_items(session, conference)
    return next((item for item in items if item.number == number), None)


def _readable(
    session: Session, conference_id: str, number: str, *, by: Viewer, at: datetime
) -> tuple[Conference, Case, Minutes | None]:
    check_role("minutes.read-signed", by)
    conference, case, minutes = _find(session, conference_id, number)
    _check_readable(session, conference, case, minutes, by=by, at=at)
    return conference, case, minutes


def _check_readable(
    session: Session, conference: Conference, case: Case, minutes: Minutes | None, *, by: Viewer, at: datetime
) -> None:
    if minutes is not None and minutes.signed_at is not None:
        check_may("minutes.read-signed", by, case_queries.relations(session, case, by=by, at=at))
        return
    if is_shut(session, case.id or 0, by=by):
        raise NotFound
    held = conference_queries.relations(session, conference, by)
    if held & {Relation.CHAIRS, Relation.CONSULTS} or by.role in _COORDINATES:
        check_may("minutes.read-draft", by, held)
        return
    own = by.role != Role.REFERRER or case.unit_id == by.unit_id
    if conference.state != ConferenceState.IN_SESSION or not own:
        raise NotFound
    check_may("minutes.read-draft", by, held)


def _signed(session: Session, minutes: Minutes) -> Signed | None:
    if minutes.signed_at is None:
        return None
    signer = names(session, {minutes.signed_by})[minutes.signed_by]
    return Signed(by=signer, at=minutes.signed_at, kid=minutes.kid, digest=minutes.digest or "")
