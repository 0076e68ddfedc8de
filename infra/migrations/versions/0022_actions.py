"""Actions: what follows a recommendation that no pump is for."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_OUTCOMES = (
    "'extern_pump', 'intern_pump', 'epidural', 'nerve_block', 'neurolysis', 'other_intervention', "
    "'optimise_conventional', 'further_workup', 'deferred', 'not_suitable', 'patient_declines', 'too_late', "
    "'no_recommendation'"
)
_REASONS = (
    "'patient_wish', 'deterioration', 'died', 'no_theatre_time', 'no_bed', 'home_care_cannot', 'no_trained_staff', "
    "'infection_or_coagulation', 'other_treatment_worked', 'missing_documentation', 'other'"
)


def upgrade() -> None:
    op.create_table(
        "pathway_action",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", AutoString(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("minutes_id", sa.Integer(), nullable=False),
        sa.Column("conference_id", AutoString(), nullable=False),
        sa.Column("unit_id", AutoString(), nullable=False),
        sa.Column("outcome", AutoString(), nullable=False),
        sa.Column("responsible_unit", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.Column("reason_code", AutoString(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'done', 'partly', 'not_done')", name="state_known"),
        sa.CheckConstraint(f"outcome IN ({_OUTCOMES})", name="outcome_known"),
        sa.CheckConstraint(f"reason_code IN ({_REASONS}) OR reason_code IS NULL", name="reason_code_known"),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.ForeignKeyConstraint(["minutes_id"], ["minutes.id"]),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("minutes_id"),
    )
    op.create_index("ix_pathway_action_case_id", "pathway_action", ["case_id"])
    op.create_index("ix_pathway_action_unit", "pathway_action", ["unit_id", "state", "due"])
    op.create_index("ix_pathway_action_due", "pathway_action", ["state", "due", "id"])


def downgrade() -> None:
    op.drop_table("pathway_action")
