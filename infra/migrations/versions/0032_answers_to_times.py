"""Every answer to an invitation is kept with the times that it was given to."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_ANSWERED = """
    SELECT p.conference_id, p.person_id, p.role, p.partstat, p.comment, p.answered_at, p.answered_via,
           c.starts_at, c.duration_minutes, r.items
    FROM participation p
    JOIN conference c ON c.id = p.conference_id
    LEFT JOIN agenda_release r ON r.conference_id = c.id AND r.number = c.release
    WHERE p.partstat <> 'NEEDS-ACTION'
"""
_KEEP = sa.text("UPDATE participation SET given = :given WHERE conference_id = :conference AND person_id = :person")


def upgrade() -> None:
    op.add_column("participation", sa.Column("given", sa.Text(), server_default="[]", nullable=False))
    connection = op.get_bind()
    for row in connection.execute(sa.text(_ANSWERED)).mappings().all():
        given = {"conference": row["conference_id"], "person": row["person_id"], "given": json.dumps([_answer(row)])}
        connection.execute(_KEEP, given)
    with op.batch_alter_table("participation") as table:
        table.alter_column("given", server_default=None)
        table.drop_column("aside")


def downgrade() -> None:
    op.add_column("participation", sa.Column("aside", sa.Text(), nullable=True))
    with op.batch_alter_table("participation") as table:
        table.drop_column("given")


def _answer(row: Any) -> dict[str, Any]:
    """What someone answered before, as an answer to the times that held at the migration."""
    at = row["answered_at"]
    return {
        "to": _times(row),
        "partstat": row["partstat"],
        "comment": row["comment"],
        "at": _moment(at if at is not None else row["starts_at"]).isoformat(),
        "via": row["answered_via"],
    }


def _times(row: Any) -> dict[str, Any]:
    begins = moment = _moment(row["starts_at"])
    slots = []
    for item in json.loads(row["items"] or "[]"):
        if item["presenter_id"] == row["person_id"]:
            slots.append((moment, item["minutes"]))
        moment += timedelta(minutes=item["minutes"])
    ends = begins + timedelta(minutes=row["duration_minutes"])
    if row["role"] == "presenter" and slots:
        begins, ends = slots[0][0], slots[-1][0] + timedelta(minutes=slots[-1][1])
    shown = [(start.isoformat(), minutes) for start, minutes in slots]
    return {"starts_at": begins.isoformat(), "ends_at": ends.isoformat(), "slots": shown}


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
