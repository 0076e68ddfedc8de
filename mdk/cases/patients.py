"""Owns which cases are one patient's: whoever looks a patient up by identity number does it here."""

from contextlib import suppress
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Mapped, Session
from sqlmodel import col

from mdk.cases.tables import Case, PatientBlock
from mdk.clinical.identity import parse_identity
from mdk.errors import RuleBroken
from mdk.keyring import sought


def key() -> Mapped[str]:
    """What is the same in every case of a patient, and in no other's."""
    return col(Case.identity_blind)


def is_of(session: Session, identity: str) -> ColumnElement[bool]:
    """The condition that a case is that of the patient with an identity number in its stored form."""
    return key().in_(sought(session, "identity", identity))


def is_block_of(session: Session, identity: str) -> ColumnElement[bool]:
    """The condition that a block is that patient's."""
    return col(PatientBlock.identity_blind).in_(sought(session, "identity", identity))


def named(session: Session, text: str, *, today: date) -> list[Case]:
    """Every case of the patient whom a case number or an identity number stands for, oldest first; none if unknown."""
    identity = session.scalar(select(col(Case.identity_number)).where(col(Case.number) == text.strip().upper()))
    if identity is None:
        with suppress(RuleBroken):
            identity = parse_identity(text.strip(), today=today).value
    if identity is None:
        return []
    return list(session.scalars(select(Case).where(is_of(session, identity)).order_by(col(Case.id))))
