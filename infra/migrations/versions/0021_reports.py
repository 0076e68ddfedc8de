"""Keep what is reported of a patient at any time, and since when triage waits."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

WORSE = sa.text("deteriorated_at IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.add_column(sa.Column("triage_from", UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("deteriorated_at", UTCDateTime(), nullable=True))
        batch_op.add_column(sa.Column("died_on", sa.Date(), nullable=True))
    op.execute("UPDATE case_file SET triage_from = submitted_at WHERE state = 'submitted'")
    op.create_index("ix_case_worse", "case_file", ["deteriorated_at", "id"], sqlite_where=WORSE, postgresql_where=WORSE)


def downgrade() -> None:
    op.drop_index("ix_case_worse", table_name="case_file")
    for column in ("died_on", "deteriorated_at", "triage_from"):
        op.execute(f"ALTER TABLE case_file DROP COLUMN {column}")
