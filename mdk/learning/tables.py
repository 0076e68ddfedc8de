"""Learning cases."""

from datetime import datetime
from typing import ClassVar, get_args

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from mdk.columns import Versioned, one_of
from mdk.learning.structs import LearningState
from mdk.minutes.structs import Outcome


class LearningCase(Versioned, table=True):
    """What a closed case taught, with nobody in it; `case_id` is known to those who write and review it alone."""

    __tablename__ = "learning_case"
    __table_args__ = (
        one_of("state", LearningState),
        one_of("outcome", get_args(Outcome)),
        Index("ix_learning_case_state", "state", "changed_at", "id"),
    )
    personal: ClassVar[frozenset[str]] = frozenset(
        {"title", "question", "reasoning", "six_weeks", "note", "search_text"}
    )

    id: str = Field(primary_key=True)
    case_id: int = Field(foreign_key="case_file.id", unique=True)
    state: str = LearningState.DRAFT
    outcome: str
    title: str = ""
    question: str = Field(default="", sa_column=Column(Text, nullable=False))
    reasoning: str = Field(default="", sa_column=Column(Text, nullable=False))
    six_weeks: str = Field(default="", sa_column=Column(Text, nullable=False))
    search_text: str = Field(default="", sa_column=Column(Text, nullable=False))
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
    written_by: int = Field(foreign_key="person.id")
    changed_at: datetime
    reviewed_by: int | None = Field(default=None, foreign_key="person.id")
    published_at: datetime | None = None
