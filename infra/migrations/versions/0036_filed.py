"""The log's register follows behind, and a mark tells how far it has come; the mark only grows."""

# ruff: noqa: S608 - every word of it is our own
import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_TABLE, _REFUSAL = "access_log_filed", "the log is only added to"
_GUARDS = {
    "changed": ("UPDATE", "NEW.id <> OLD.id OR NEW.last_id < OLD.last_id"),
    "removed": ("DELETE", "1 = 1"),
    "replaced": ("INSERT", f"EXISTS (SELECT 1 FROM {_TABLE})"),
}


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(f"INSERT INTO {_TABLE} (id, last_id) SELECT 1, max(id) FROM access_log HAVING max(id) IS NOT NULL")
    for name, (act, condition) in _GUARDS.items():
        _guard(f"{_TABLE}_{name}", act, condition)


def downgrade() -> None:
    _file_the_rest()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {_TABLE}_removed_by_truncate ON {_TABLE}")
        for name in _GUARDS:
            op.execute(f"DROP TRIGGER {_TABLE}_{name} ON {_TABLE}")
            op.execute(f"DROP FUNCTION {_TABLE}_{name}()")
    op.drop_table(_TABLE)


def _file_the_rest() -> None:
    """The program before this one looks in the register alone."""
    connection = op.get_bind()
    log = sa.table("access_log", sa.column("id"), sa.column("cases"))
    held = sa.table("access_log_case", sa.column("case_number"), sa.column("log_id"))
    mark = connection.execute(sa.text(f"SELECT last_id FROM {_TABLE}")).scalar() or 0
    there = set(connection.execute(sa.select(held.c.log_id).where(held.c.log_id > mark)).scalars())
    rows = connection.execute(sa.select(log.c.id, log.c.cases).where(log.c.id > mark)).all()
    found = [
        {"case_number": one, "log_id": row}
        for row, cases in rows
        if row not in there
        for one in dict.fromkeys(cases.split())
    ]
    if found:
        connection.execute(held.insert(), found)


def _guard(name: str, act: str, condition: str) -> None:
    if op.get_bind().dialect.name != "postgresql":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {act} ON {_TABLE} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
        return
    row = "OLD" if act == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
        f"RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {row}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {act} ON {_TABLE} FOR EACH ROW EXECUTE FUNCTION {name}()")
    if act == "DELETE":
        op.execute(
            f"CREATE TRIGGER {name}_by_truncate BEFORE TRUNCATE ON {_TABLE} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
