"""Pathways to their end: what was planned, done and reported, who hands over to whom, and what stands met for all."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_REASONS = (
    "'patient_wish', 'deterioration', 'died', 'no_theatre_time', 'no_bed', 'home_care_cannot', 'no_trained_staff', "
    "'infection_or_coagulation', 'other_treatment_worked', 'missing_documentation', 'other'"
)
_REGION = (
    "region VARCHAR NOT NULL DEFAULT 'skane' "
    "CONSTRAINT region_known CHECK (region IN ('skane', 'halland', 'kronoberg', 'blekinge'))"
)
# In plain SQL, which both stores take: a batch would rebuild the tables and lose the checks that they have.
_REASON = f"reason_code VARCHAR CONSTRAINT reason_code_known CHECK (reason_code IN ({_REASONS}) OR reason_code IS NULL)"
_COLUMNS = {
    "case_file": ("waits_for VARCHAR",),
    "implant_referral": (
        "planned_for DATE",
        "implanted_on DATE",
        "device VARCHAR NOT NULL DEFAULT ''",
        "placed_tip VARCHAR NOT NULL DEFAULT ''",
        "report TEXT NOT NULL DEFAULT ''",
        _REASON,
    ),
    "pump_assignment": (
        _REGION,
        "inserted_on DATE",
        "place VARCHAR NOT NULL DEFAULT ''",
        "placed_tip VARCHAR NOT NULL DEFAULT ''",
        "drug TEXT NOT NULL DEFAULT ''",
        "support_asked_at {time}",
        "support_answered_at {time}",
        _REASON,
    ),
    "pathway_prerequisite": ("person_id INTEGER REFERENCES person (id)", "valid_until DATE"),
}


def upgrade() -> None:
    time = "TIMESTAMP WITH TIME ZONE" if op.get_bind().dialect.name == "postgresql" else "DATETIME"
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column.format(time=time)}")
    op.execute("UPDATE pump_assignment SET region = home_region")
    op.create_table(
        "pack_fact",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("referral_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("field", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["referral_id"], ["implant_referral.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("referral_id", "field"),
    )
    op.create_table(
        "standing_prerequisite",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("municipality", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("owner", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("unit_id", "municipality", "n"),
    )


def downgrade() -> None:
    op.drop_table("standing_prerequisite")
    op.drop_table("pack_fact")
    for table, columns in _COLUMNS.items():
        for column in reversed(columns):
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column.split()[0]}")
