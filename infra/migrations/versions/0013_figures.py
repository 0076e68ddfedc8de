"""Point prevalences that are imported, and the levels that goals are to reach."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prevalence_survey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("week", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("imported_at", UTCDateTime(), nullable=False),
        sa.Column("imported_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["imported_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("year", "week"),
    )
    op.create_table(
        "prevalence_count",
        sa.Column("survey_id", sa.Integer(), nullable=False),
        sa.Column("place", AutoString(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("region", AutoString(), nullable=False),
        sa.Column("patients", sa.Integer(), nullable=False),
        sa.Column("high_dose", sa.Integer(), nullable=False),
        sa.Column("advanced", sa.Integer(), nullable=False),
        sa.CheckConstraint("region IN ('skane', 'halland', 'kronoberg', 'blekinge')", name="region_known"),
        sa.CheckConstraint("0 <= high_dose AND high_dose <= patients AND 0 <= advanced", name="counts_fit"),
        sa.ForeignKeyConstraint(["survey_id"], ["prevalence_survey.id"]),
        sa.PrimaryKeyConstraint("survey_id", "place"),
    )
    op.create_table(
        "goal_level",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("goal", AutoString(), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("set_at", UTCDateTime(), nullable=False),
        sa.Column("set_by", sa.Integer(), nullable=False),
        sa.CheckConstraint("0 <= level AND level <= 1", name="level_is_share"),
        sa.ForeignKeyConstraint(["set_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("goal"),
    )


def downgrade() -> None:
    for table in ("goal_level", "prevalence_count", "prevalence_survey"):
        op.drop_table(table)
