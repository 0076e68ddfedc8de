"""Signing keys and seals, and a database that keeps signed minutes from being changed behind the program's back."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

_REFUSAL = "signed minutes never change"
# table: the condition under which a row may no longer change
_KEPT = {"minutes": "OLD.signed_at IS NOT NULL", "minutes_addendum": "true", "minutes_seal": "true"}


def upgrade() -> None:
    op.create_table(
        "signing_key",
        sa.Column("kid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("private", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("retired_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("kid"),
    )
    active = sa.text("active")
    op.create_index(
        "ux_signing_key_active",
        "signing_key",
        ["active"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )
    op.create_table(
        "minutes_seal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("minutes_id", sa.Integer(), nullable=False),
        sa.Column("addendum", sa.Integer(), nullable=False),
        sa.Column("kid", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.Column("pdf_sha256", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["kid"], ["signing_key.kid"]),
        sa.ForeignKeyConstraint(["minutes_id"], ["minutes.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("minutes_id", "addendum"),
    )
    for table, condition in _KEPT.items():
        _guard(table, condition)


def downgrade() -> None:
    for table in _KEPT:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {table}_kept ON {table}")
            op.execute(f"DROP FUNCTION {table}_is_kept()")
        else:
            op.execute(f"DROP TRIGGER {table}_kept_from_change")
            op.execute(f"DROP TRIGGER {table}_kept_from_removal")
    op.drop_table("minutes_seal")
    op.drop_index("ux_signing_key_active", table_name="signing_key")
    op.drop_table("signing_key")


def _guard(table: str, condition: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {table}_is_kept()"
        )
        return
    for act, name in (("UPDATE", "change"), ("DELETE", "removal")):
        op.execute(
            f"CREATE TRIGGER {table}_kept_from_{name} BEFORE {act} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
