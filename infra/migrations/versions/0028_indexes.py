"""Indexes for what is read first, however many cases there are: filters of the queue, unread answers, open reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_QUEUED = "state = 'accepted'"
_QUEUE = ["days_allowed", "waiting_from", "id"]
_NEW = (
    (
        "ix_case_unread_decision",
        "case_file",
        ["decided_at", "id"],
        "state IN ('decided', 'closed')",
        "read_confirmed_at",
    ),
    ("ix_case_unread_answer", "case_file", ["ended_at", "id"], "state = 'answered'", "read_confirmed_at"),
    ("ix_urgent_review_waiting", "urgent_review", ["deadline", "conference_id"], "", "ratified_at"),
)


def upgrade() -> None:
    op.drop_index("ix_case_queue", table_name="case_file")
    _index("ix_case_queue", "case_file", [*_QUEUE, "birth_date", "home_region"], _QUEUED)
    for name, table, columns, state, empty in _NEW:
        _index(name, table, columns, " AND ".join(filter(None, (state, f"{empty} IS NULL"))))


def downgrade() -> None:
    for name, table, *_ in _NEW:
        op.drop_index(name, table_name=table)
    op.drop_index("ix_case_queue", table_name="case_file")
    _index("ix_case_queue", "case_file", _QUEUE, _QUEUED)


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
