"""Follow-ups of what was done."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "follow_up",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("week", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("nrs", sa.Integer(), nullable=True),
        sa.Column("omeq", sa.Float(), nullable=True),
        sa.Column("side_effects", sa.Text(), nullable=False),
        sa.Column("complications", sa.Text(), nullable=False),
        sa.Column("pump_state", AutoString(), nullable=False),
        sa.Column("care_place", AutoString(), nullable=False),
        sa.Column("alive", AutoString(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("alive IN ('yes', 'no')", name="alive_known"),
        sa.CheckConstraint("week IN (2, 6, 12)", name="week_known"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_follow_up_case", "follow_up", ["case_id", "week", "id"])


def downgrade() -> None:
    op.drop_table("follow_up")
