"""Spot checks of the access log."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spot_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("drawn_by", sa.Integer(), nullable=False),
        sa.Column("verdict", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("concluded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("concluded_by", sa.Integer(), nullable=True),
        sa.CheckConstraint("verdict IS NULL OR verdict IN ('as_expected', 'asked', 'deviation')", name="verdict_known"),
        sa.ForeignKeyConstraint(["concluded_by"], ["person.id"]),
        sa.ForeignKeyConstraint(["drawn_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_spot_check_month", "spot_check", ["month"])
    op.create_table(
        "spot_check_row",
        sa.Column("check_id", sa.Integer(), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["spot_check.id"]),
        sa.PrimaryKeyConstraint("check_id", "log_id"),
    )


def downgrade() -> None:
    op.drop_table("spot_check_row")
    op.drop_index("ix_spot_check_month", table_name="spot_check")
    op.drop_table("spot_check")
