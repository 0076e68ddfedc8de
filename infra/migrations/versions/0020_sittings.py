"""Which case a conference discusses and for how long, who came, who watches, and whether the patient was heard."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_GOING_ON = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "discussion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conference_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"]),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_discussion_conference_id", "discussion", ["conference_id"])
    op.create_index(
        "ux_discussion_going_on",
        "discussion",
        ["conference_id"],
        unique=True,
        sqlite_where=_GOING_ON,
        postgresql_where=_GOING_ON,
    )
    op.create_table(
        "attendee",
        sa.Column("conference_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("arrived_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("left_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("conference_id", "person_id"),
    )
    op.create_table(
        "presence",
        sa.Column("stream_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("conference_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("stream_id"),
    )
    op.create_index("ix_presence_conference_id", "presence", ["conference_id"])
    op.add_column("agenda_item", sa.Column("completeness", sa.Float(), nullable=True))
    op.add_column("agenda_item", sa.Column("patient_heard_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("agenda_item", "patient_heard_at")
    op.drop_column("agenda_item", "completeness")
    op.drop_index("ix_presence_conference_id", table_name="presence")
    op.drop_table("presence")
    op.drop_table("attendee")
    op.drop_index("ux_discussion_going_on", table_name="discussion")
    op.drop_index("ix_discussion_conference_id", table_name="discussion")
    op.drop_table("discussion")
