"""Acts on minutes: save a draft, sign, add. What a signature sets going is in `mdk.journey.decisions`."""

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from mdk.audit.service import did, moved
from mdk.cases import service as cases
from mdk.cases.structs import CaseState
from mdk.cases.tables import Case
from mdk.conferences.held import discussions, is_passed_over
from mdk.conferences.structs import ConferenceKind, ConferenceState
from mdk.conferences.tables import Conference
from mdk.errors import RuleBroken, Stale
from mdk.live import publish
from mdk.minutes import keys, queries, rules
from mdk.minutes.seals import Sealing, seal
from mdk.minutes.sheets import edition, fingerprint, sheet_of
from mdk.minutes.structs import MinutesBody
from mdk.minutes.tables import Minutes, MinutesAddendum
from mdk.people.structs import Viewer

_WRITABLE = frozenset({ConferenceState.IN_SESSION, ConferenceState.CLOSED})


def save(
    session: Session,
    *,
    conference_id: str,
    number: str,
    version: int,
    body: MinutesBody,
    by: Viewer,
    at: datetime,
    saved_from: str = "",
) -> Minutes:
    """Save a draft, from the conference's opening on; the first save (version 0) makes the case discussed.

    `saved_from` names the opened form that it comes from, if any.

    Raises `NotFound`, `NotAllowed`, `Stale`, and `RuleBroken`: `minutes.signed`, `minutes.not-in-session`, and
    `minutes.not-discussed` for a case whose turn never came.
    """
    conference, case, minutes = queries.load(session, conference_id, number, act="minutes.write", by=by)
    cases.check_version(0 if minutes is None else minutes.version, version)
    _check_writable(conference, minutes)
    if minutes is None and is_passed_over(conference, discussions(session, conference), case.id or 0):
        message = "Ärendet togs inte upp på den här konferensen. Protokollet skrivs när det tas upp på en annan."
        raise RuleBroken("minutes.not-discussed", message)
    document = msgspec.json.encode(body, order="sorted").decode()
    if minutes is None:
        minutes = Minutes(
            conference_id=conference.id,
            case_id=case.id or 0,
            document=document,
            outcome=body.outcome,
            saved_at=at,
            saved_by=by.person_id,
            saved_from=saved_from,
        )
        session.add(minutes)
        if case.state == CaseState.SCHEDULED:
            cases.step(session, case, "discuss", by=by, at=at)
    minutes.document, minutes.outcome = document, body.outcome
    minutes.saved_at, minutes.saved_by, minutes.saved_from = at, by.person_id, saved_from
    session.flush()
    did(session, "minutes.save", by=by, at=at, cases=(number,))
    publish(session, conference.id, "minutes", number=number)
    return minutes


def sign(
    session: Session,
    *,
    conference_id: str,
    number: str,
    version: int,
    sealing: Sealing,
    by: Viewer,
    at: datetime,
    shown: str | None = None,
) -> tuple[Conference, Case, Minutes]:
    """Sign the saved minutes: the chair states that those present confirmed them, and they never change again.

    The signature covers the content and the printed PDF (`mdk.minutes.seals`). `shown` is the `fingerprint` of the
    sheet that the chair has read, where one was: then nothing else is signed.
    Raises `NotFound`, `NotAllowed`, `Stale`, `RuleBroken`: `minutes.not-saved`, `minutes.signed`,
    `minutes.not-in-session`, and those of `rules.check_signable`.
    """
    conference, case, minutes = queries.load(session, conference_id, number, act="minutes.sign", by=by, lock=True)
    cases.check_version(0 if minutes is None else minutes.version, version)
    if minutes is None:
        raise RuleBroken("minutes.not-saved", "Det finns inget sparat protokoll att signera. Spara det först.")
    _check_writable(conference, minutes)
    body = queries.body_of(minutes)
    check_signable(session, conference, case, body)
    if shown is not None and shown != fingerprint(sheet_of(session, conference, case, body, kid="", by=by, at=at)):
        raise Stale(minutes.version)
    seal_minutes(session, conference, minutes, case=case, sealing=sealing, by=by, at=at)
    return conference, case, minutes


def conclude(
    session: Session,
    *,
    conference: Conference,
    case: Case,
    body: MinutesBody,
    sealing: Sealing,
    by: Viewer,
    at: datetime,
) -> Minutes:
    """Write and sign the minutes of a written conference at once, as part of a larger act whose right was checked.

    Raises `RuleBroken`: those of `rules.check_signable`.
    """
    check_signable(session, conference, case, body)
    minutes = Minutes(
        conference_id=conference.id,
        case_id=case.id or 0,
        document=msgspec.json.encode(body, order="sorted").decode(),
        outcome=body.outcome,
        saved_at=at,
        saved_by=by.person_id,
    )
    session.add(minutes)
    cases.step(session, case, "urgent-conclude", by=by, at=at)
    seal_minutes(session, conference, minutes, case=case, sealing=sealing, by=by, at=at)
    return minutes


def check_signable(session: Session, conference: Conference, case: Case, body: MinutesBody) -> None:
    """Raises `RuleBroken` as `rules.check_signable` does, on what the case says and who is heard."""
    rules.check_signable(body, queries.verdicts(case), queries.lacking(session, conference, case, body))


def seal_minutes(
    session: Session,
    conference: Conference,
    minutes: Minutes,
    *,
    case: Case,
    sealing: Sealing,
    by: Viewer,
    at: datetime,
) -> None:
    """Set the signature under minutes whose content and right to sign were already checked."""
    body, key = queries.body_of(minutes), keys.at_work(session, secret=sealing.secret, at=at)
    minutes.digest = seal(
        session,
        minutes_id=minutes.id or 0,
        addendum=0,
        sheet=sheet_of(session, conference, case, body, kid=key.kid, by=by, at=at),
        content=rules.signed_content(
            body, case=case.number, conference=conference.id, signer=by.email, at=at.isoformat()
        ),
        key=key,
        sealing=sealing,
        at=at,
    )
    minutes.signed_at, minutes.signed_by, minutes.kid = at, by.person_id, key.kid
    session.flush()
    moved(session, "minutes", f"{conference.id}/{case.number}", move=("draft", "signed"), act="sign", by=by, at=at)
    did(session, "minutes.sign", by=by, at=at, cases=(case.number,))
    publish(session, conference.id, "minutes", number=case.number)


def add(
    session: Session, *, conference_id: str, number: str, text: str, sealing: Sealing, by: Viewer, at: datetime
) -> Minutes:
    """Add a correction or addition to signed minutes, which stay as they were; it is signed likewise.

    Raises `NotFound`, `NotAllowed`, `RuleBroken("minutes.not-signed")`.
    """
    conference, case, minutes = queries.load(session, conference_id, number, act="minutes.add", by=by)
    if minutes is None or minutes.signed_at is None:
        raise RuleBroken("minutes.not-signed", "Protokollet är inte signerat än. Ändra det direkt i stället.")
    append(session, conference, minutes, case=case, text=text, sealing=sealing, by=by, at=at)
    return minutes


def append(
    session: Session,
    conference: Conference,
    minutes: Minutes,
    *,
    case: Case,
    text: str,
    sealing: Sealing,
    by: Viewer,
    at: datetime,
) -> None:
    """Put a signed addendum to signed minutes, as part of an act whose right was checked; the referrer is told."""
    session.add(MinutesAddendum(minutes_id=minutes.id or 0, text=text, at=at, person_id=by.person_id))
    session.flush()
    _seal_addendum(session, conference, minutes, case=case, text=text, sealing=sealing, by=by, at=at)
    cases.ask_to_read(session, case, by=by, at=at)
    did(session, "minutes.add", by=by, at=at, cases=(case.number,))
    publish(session, conference.id, "minutes", number=case.number)


def _seal_addendum(
    session: Session,
    conference: Conference,
    minutes: Minutes,
    *,
    case: Case,
    text: str,
    sealing: Sealing,
    by: Viewer,
    at: datetime,
) -> None:
    """The new edition of the paper holds what was signed first, as it was printed then, and every addendum."""
    first, latest = edition(session, minutes, 0), queries.addenda(session, minutes)
    key = keys.at_work(session, secret=sealing.secret, at=at)
    seal(
        session,
        minutes_id=minutes.id or 0,
        addendum=len(latest),
        sheet=msgspec.structs.replace(first, addenda=latest),
        content={
            "addendum": text,
            "number": len(latest),
            "minutes_sha256": minutes.digest,
            "case": case.number,
            "conference": conference.id,
            "signer": by.email,
            "signed_at": at.isoformat(),
        },
        key=key,
        sealing=sealing,
        at=at,
    )


def _check_writable(conference: Conference, minutes: Minutes | None) -> None:
    if minutes is not None and minutes.signed_at is not None:
        message = "Protokollet är signerat och kan inte ändras. Skriv ett tillägg i stället."
        raise RuleBroken("minutes.signed", message)
    if conference.kind != ConferenceKind.MEETING or conference.state not in _WRITABLE:
        message = "Konferensen har inte börjat. Börja den innan du skriver protokoll."
        raise RuleBroken("minutes.not-in-session", message)
