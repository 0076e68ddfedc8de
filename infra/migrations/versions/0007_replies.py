"""Answers know which way they came; reminders, mails that came in, and the state of their mailbox are kept."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In plain SQL, which both stores take: a batch would rebuild the table and lose the checks that it has.
    op.execute(
        "ALTER TABLE participation ADD COLUMN answered_via VARCHAR NOT NULL DEFAULT '' "
        "CONSTRAINT answered_via_known CHECK (answered_via IN ('', 'login', 'link', 'mail'))"
    )
    op.execute("UPDATE participation SET answered_via = 'login' WHERE answered_at IS NOT NULL")
    op.create_table(
        "reminder",
        sa.Column("conference_id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("meets_on", sa.Date(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('meeting', 'missing')", name="kind_known"),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("conference_id", "person_id", "kind", "meets_on"),
    )
    op.create_table(
        "mail_reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("received_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("sender", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("fate", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("conference_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("stamp", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("partstat", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("delegate", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("proposed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("settled_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("fate IN ('recorded', 'ignored', 'noted', 'refused', 'quarantined')", name="fate_known"),
        sa.ForeignKeyConstraint(["conference_id"], ["conference.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_mail_reply_conference", "mail_reply", ["conference_id", "person_id"])
    op.create_index(op.f("ix_mail_reply_settled_at"), "mail_reply", ["settled_at"])
    op.create_table(
        "mail_box",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("read_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("failing_since", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("fault", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("mail_box")
    op.drop_table("mail_reply")
    op.drop_table("reminder")
    op.execute("ALTER TABLE participation DROP COLUMN answered_via")
