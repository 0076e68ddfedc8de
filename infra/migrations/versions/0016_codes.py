"""What our codes are called in other code systems."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "code_mapping",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("column", AutoString(), nullable=False),
        sa.Column("code", AutoString(), nullable=False),
        sa.Column("system", AutoString(), nullable=False),
        sa.Column("version_of_system", AutoString(), nullable=False),
        sa.Column("target", AutoString(), nullable=False),
        sa.Column("set_at", UTCDateTime(), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["set_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("column", "code"),
    )


def downgrade() -> None:
    op.drop_table("code_mapping")
