"""The urgent lane: conferences held in writing, their reviews and opinions."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In plain SQL, which both stores read alike: a rebuilt table would lose what refers to it on SQLite.
    op.execute(
        "ALTER TABLE conference ADD COLUMN kind VARCHAR DEFAULT 'meeting' NOT NULL "
        "CONSTRAINT kind_known CHECK (kind IN ('meeting', 'urgent'))"
    )
    op.add_column("case_file", sa.Column("urgent_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    op.create_table(
        "urgent_review",
        sa.Column("member_ids", sa.Text(), nullable=False),
        sa.Column("conference_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("deadline", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("opened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("concluded_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ratified_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ratified_by", sa.Integer(), nullable=True),
        sa.Column("ratified_at_conference", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"]),
        sa.ForeignKeyConstraint(["opened_by"], ["person.id"]),
        sa.ForeignKeyConstraint(["ratified_at_conference"], ["conference.id"]),
        sa.ForeignKeyConstraint(["ratified_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("conference_id"),
    )
    op.create_index("ix_urgent_review_case_id", "urgent_review", ["case_id"])
    op.create_table(
        "urgent_opinion",
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conference_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["conference_id"], ["urgent_review.conference_id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_urgent_opinion_conference_id", "urgent_opinion", ["conference_id"])


def downgrade() -> None:
    op.drop_table("urgent_opinion")
    op.drop_table("urgent_review")
    op.drop_column("case_file", "urgent_until")
    with op.batch_alter_table("conference", schema=None) as batch_op:
        batch_op.drop_constraint("kind_known", type_="check")
        batch_op.drop_column("kind")
