"""The learning bank."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_OUTCOMES = (
    "'extern_pump', 'intern_pump', 'epidural', 'nerve_block', 'neurolysis', 'other_intervention', "
    "'optimise_conventional', 'further_workup', 'deferred', 'not_suitable', 'patient_declines', 'too_late', "
    "'no_recommendation'"
)


def upgrade() -> None:
    op.create_table(
        "learning_case",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("outcome", AutoString(), nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("reasoning", sa.Text(), nullable=False),
        sa.Column("six_weeks", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Integer(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("reviewed_by", sa.Integer(), nullable=True),
        sa.Column("published_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'review', 'published', 'withdrawn')", name="state_known"),
        sa.CheckConstraint(f"outcome IN ({_OUTCOMES})", name="outcome_known"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.ForeignKeyConstraint(["written_by"], ["person.id"]),
        sa.ForeignKeyConstraint(["reviewed_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id"),
    )
    op.create_index("ix_learning_case_state", "learning_case", ["state", "changed_at", "id"])


def downgrade() -> None:
    op.drop_table("learning_case")
