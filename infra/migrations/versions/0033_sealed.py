"""Patient data are sealed: keys of the store's own, every row so far, and a store that takes no plain value."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from mdk.db import REWRITTEN
from mdk.keyring import NO_KEY, Keyring, WrongKey
from mdk.sealing import KEYRING, opened_bytes, opened_text, sealed_bytes, sealed_text

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_REFUSAL = "patient data are sealed"
# table: its sealed columns of text and of bytes, and how many rows are held at a time.
_SEALED: dict[str, tuple[tuple[str, ...], tuple[str, ...], int]] = {
    "case_file": (("identity_number", "patient_name", "submission"), (), 500),
    "case_change": (("changes",), (), 500),
    "case_attachment": (("name",), ("content",), 5),
    "patient_block": (("identity_number",), (), 500),
    "minutes": (("document",), (), 500),
    "minutes_addendum": (("text",), (), 500),
    "minutes_seal": (("jws", "sheet"), ("pdf",), 50),
}
# table: {blind column: (kind, what it is found for)}
_BLIND: dict[str, dict[str, tuple[str, str]]] = {
    "case_file": {"identity_blind": ("identity", "identity_number"), "name_key": ("name", "patient_name")},
    "patient_block": {"identity_blind": ("identity", "identity_number")},
}
_FOUND_BY = ("case_file", "patient_block")


def upgrade() -> None:
    op.create_table(
        "data_key",
        sa.Column("id", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("purpose", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("wrapped", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("retired_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("purpose IN ('seal', 'index')", name="purpose_known"),
        sa.PrimaryKeyConstraint("id"),
    )
    active = sa.text("active")
    op.create_index(
        "ux_data_key_active", "data_key", ["purpose"], unique=True, sqlite_where=active, postgresql_where=active
    )
    for table in _FOUND_BY:
        blind = sa.Column("identity_blind", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default="")
        op.add_column(table, blind)
    _seal_all()
    for table in _FOUND_BY:
        op.drop_index(f"ix_{table}_identity_number", table_name=table)
        op.create_index(f"ix_{table}_identity_blind", table, ["identity_blind"])
    for table in _SEALED:
        _guard(table)


def downgrade() -> None:
    for table in _SEALED:
        _unguard(table)
    _open_all()
    for table in _FOUND_BY:
        op.drop_index(f"ix_{table}_identity_blind", table_name=table)
        op.drop_column(table, "identity_blind")
        op.create_index(f"ix_{table}_identity_number", table, ["identity_number"])
    op.drop_index("ux_data_key_active", table_name="data_key")
    op.drop_table("data_key")


def _seal_all() -> None:
    connection = op.get_bind()
    filled = [table for table in _SEALED if connection.scalar(sa.text(f"SELECT 1 FROM {table} LIMIT 1"))]  # noqa: S608 - our own names
    if not filled:
        return
    ring: Keyring = getattr(connection.dialect, KEYRING)
    ring.begin(connection)
    if not ring.is_open:
        raise WrongKey(NO_KEY)
    index = ring.sealing().indexes[0]

    def sealed(table: str, row: dict[str, Any]) -> dict[str, Any]:
        texts, blobs, _ = _SEALED[table]
        found = {name: row[name] and sealed_text(ring, f"{table}.{name}", row[name]) for name in texts}
        found |= {name: row[name] and sealed_bytes(ring, f"{table}.{name}", row[name]) for name in blobs}
        blind = _BLIND.get(table, {}).items()
        return found | {name: index.of(kind, row[source]) for name, (kind, source) in blind}

    for table in filled:
        _rewrite(table, sealed)
    connection.info[REWRITTEN] = filled


def _open_all() -> None:
    ring: Keyring = getattr(op.get_bind().dialect, KEYRING)
    ring.follow(op.get_bind())

    def opened(table: str, row: dict[str, Any]) -> dict[str, Any]:
        texts, blobs, _ = _SEALED[table]
        found = {name: row[name] and opened_text(ring, f"{table}.{name}", row[name]) for name in texts}
        found |= {name: row[name] and opened_bytes(ring, f"{table}.{name}", row[name]) for name in blobs}
        named = {"name_key": " ".join(found["patient_name"].split()).casefold()} if table == "case_file" else {}
        return found | named

    for table in _SEALED:
        _rewrite(table, opened)


def _rewrite(name: str, anew: Any) -> None:
    """Write every row of a table in its other form, a batch at a time, past the guards of what never changes."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("SET LOCAL statement_timeout = 0")
    texts, blobs, size = _SEALED[name]
    columns = [sa.column(one, sa.Text()) for one in texts] + [sa.column(one, sa.LargeBinary()) for one in blobs]
    blind = [sa.column(one, sa.Text()) for one in _BLIND.get(name, {})]
    table = sa.table(name, sa.column("id"), *columns, *blind)
    page = sa.select(table.c.id, *columns).order_by(table.c.id).limit(size)
    last: Any = None
    with _unguarded(name):
        while rows := connection.execute(page if last is None else page.where(table.c.id > last)).mappings().all():
            for row in rows:
                values = anew(name, dict(row))
                connection.execute(table.update().where(table.c.id == row["id"]).values(values))
            last = rows[-1]["id"]


@contextmanager
def _unguarded(table: str) -> Iterator[None]:
    """Without the triggers that keep a table's rows; within this transaction they are put back just as they were."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        return
    query = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table ORDER BY name")
    kept = connection.execute(query, {"table": table}).all()
    for name, _ in kept:
        op.execute(f"DROP TRIGGER {name}")
    yield
    for _, statement in kept:
        connection.exec_driver_sql(statement)


def _guard(table: str) -> None:
    """Refuse a value that is neither empty nor sealed, such as an earlier release would write."""
    texts, blobs, _ = _SEALED[table]
    if op.get_bind().dialect.name == "postgresql":
        for name in texts:
            op.create_check_constraint(f"{name}_sealed", table, f"{name} = '' OR {name} LIKE 'mdk1.%'")
        for name in blobs:
            op.create_check_constraint(f"{name}_sealed", table, f"substr({name}, 1, 5) IN ('mdk1.'::bytea, ''::bytea)")
        return
    plain = " OR ".join(f"(NEW.{name} <> '' AND substr(NEW.{name}, 1, 5) <> 'mdk1.')" for name in texts)
    plain += "".join(f" OR substr(NEW.{name}, 1, 5) NOT IN (x'6d646b312e', x'')" for name in blobs)
    for act in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER {table}_sealed_by_{act.lower()} BEFORE {act} ON {table} WHEN {plain} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )


def _unguard(table: str) -> None:
    texts, blobs, _ = _SEALED[table]
    if op.get_bind().dialect.name == "postgresql":
        for name in (*texts, *blobs):
            op.drop_constraint(f"{name}_sealed", table)
        return
    for act in ("insert", "update"):
        op.execute(f"DROP TRIGGER {table}_sealed_by_{act}")
