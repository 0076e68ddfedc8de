"""A published calendar remembers when it was asked, and a series' conference the day that it stands for."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

STOCKHOLM = ZoneInfo("Europe/Stockholm")
conference = sa.table(
    "conference",
    sa.column("id", sa.String()),
    sa.column("occurrence", sa.String()),
    sa.column("starts_at", UTCDateTime()),
)


def upgrade() -> None:
    with op.batch_alter_table("busy_calendar", schema=None) as batch_op:
        batch_op.add_column(sa.Column("modified", AutoString(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("checked_at", UTCDateTime(), nullable=True))
    with op.batch_alter_table("busy_calendar", schema=None) as batch_op:
        batch_op.alter_column("modified", existing_type=AutoString(), server_default=None)
    _rewrite(lambda text, _: datetime.fromisoformat(text).astimezone(STOCKHOLM).date().isoformat())


def downgrade() -> None:
    _rewrite(lambda _, starts_at: starts_at.astimezone(UTC).isoformat())
    with op.batch_alter_table("busy_calendar", schema=None) as batch_op:
        batch_op.drop_column("checked_at")
        batch_op.drop_column("modified")


def _rewrite(said: Callable[[str, datetime], str]) -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.select(conference).where(conference.c.occurrence.is_not(None))).all()
    for row in rows:
        named = sa.update(conference).where(conference.c.id == row.id)
        connection.execute(named.values(occurrence=said(row.occurrence, row.starts_at)))
