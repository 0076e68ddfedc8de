"""A log that the database itself keeps: nothing in it is changed or removed, and its chain's ends are signed."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_REFUSAL = "the log is only added to"
_BATCH = 5000
# table: what of it a new row must not push out. SQLite's REPLACE removes the row that is in the way without firing a
# trigger of removal, so that is looked for before it comes; in PostgreSQL such a row is an update.
_KEPT = {
    "access_log": "other.id = NEW.id OR other.previous = NEW.previous OR other.digest = NEW.digest",
    "access_log_case": "other.case_number = NEW.case_number AND other.log_id = NEW.log_id",
    "access_log_head": "other.id = NEW.id",
    "state_move": "other.id = NEW.id",
}


def upgrade() -> None:
    op.create_table(
        "access_log_case",
        sa.Column("case_number", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_number", "log_id"),
    )
    op.create_table(
        "access_log_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.drop_index("ix_access_log_person_id", table_name="access_log")
    op.create_index("ix_access_log_person", "access_log", ["person_id", "at", "id"])
    op.create_index("ix_access_log_act", "access_log", ["act", "at", "id"])
    _find_the_cases()
    op.create_index("ix_access_log_case_log_id", "access_log_case", ["log_id"])
    for table, pushed_out in _KEPT.items():
        _guard(table, pushed_out)


def downgrade() -> None:
    for table in _KEPT:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {table}_kept ON {table}")
            op.execute(f"DROP TRIGGER {table}_truncated ON {table}")
            op.execute(f"DROP FUNCTION {table}_is_kept()")
        else:
            for name in ("change", "removal", "replacement"):
                op.execute(f"DROP TRIGGER {table}_kept_from_{name}")
    op.drop_index("ix_access_log_act", table_name="access_log")
    op.drop_index("ix_access_log_person", table_name="access_log")
    op.create_index("ix_access_log_person_id", "access_log", ["person_id"])
    op.drop_table("access_log_head")
    op.drop_index("ix_access_log_case_log_id", table_name="access_log_case")
    op.drop_table("access_log_case")


def _find_the_cases() -> None:
    """Write down which rows hold which case, as the program does from now on."""
    connection = op.get_bind()
    log = sa.table("access_log", sa.column("id"), sa.column("cases"))
    held = sa.table("access_log_case", sa.column("case_number"), sa.column("log_id"))
    last = 0
    while True:
        batch = sa.select(log.c.id, log.c.cases).where(log.c.id > last).order_by(log.c.id).limit(_BATCH)
        rows = connection.execute(batch).all()
        if not rows:
            return
        last = rows[-1][0]
        found = [{"case_number": one, "log_id": row} for row, cases in rows for one in dict.fromkeys(cases.split())]
        if found:
            connection.execute(held.insert(), found)


def _guard(table: str, pushed_out: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        for name, before in (("kept", "UPDATE OR DELETE"), ("truncated", "TRUNCATE")):
            each = "ROW" if name == "kept" else "STATEMENT"
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {before} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION {table}_is_kept()"
            )
        return
    replaced = f"WHEN EXISTS (SELECT 1 FROM {table} AS other WHERE {pushed_out}) "  # noqa: S608 - our own words
    for act, name, when in (
        ("UPDATE", "change", ""),
        ("DELETE", "removal", ""),
        ("INSERT", "replacement", replaced),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_kept_from_{name} BEFORE {act} ON {table} {when}"
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
