"""What follows on the first schema: search, and the indexes that keep every list flat."""

import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

from mdk.errors import Unavailable

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BATCH = 5000
NO_TRIGRAMS = (
    "Databasen saknar tillägget pg_trgm, som sökningen behöver. Installera PostgreSQL:s contrib-paket och låt databasens "
    "ägare köra: CREATE EXTENSION pg_trgm. Kör sedan mdk migrate igen."
)
INDEXES = {
    "ix_case_triage": (["waiting_from", "id"], "state = 'submitted'"),
    "ix_case_asked": (["unit_id", "supplement_until", "id"], "state = 'supplement_requested'"),
    "ix_case_unread": (
        ["unit_id", "submitted_at", "id"],
        "state IN ('decided', 'closed', 'answered') AND read_confirmed_at IS NULL",
    ),
}


def upgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    if not is_sqlite:
        op.execute("SET LOCAL statement_timeout = 0")
        _add_trigrams()
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.add_column(sa.Column("search_text", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("name_key", sa.String(), nullable=False, server_default=""))
    _fill()
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_file_name_key"), ["name_key"], unique=False)
        batch_op.create_index("ix_case_unit_state", ["unit_id", "state", "id"], unique=False)
        for name, (columns, condition) in INDEXES.items():
            where = sa.text(condition)
            batch_op.create_index(name, columns, unique=False, sqlite_where=where, postgresql_where=where)
    if is_sqlite:
        _index_words()
    else:
        op.execute("CREATE INDEX case_search ON case_file USING gin (search_text gin_trgm_ops)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for moment in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER case_search_{moment}")
        op.execute("DROP TABLE case_search")
    else:
        op.execute("DROP INDEX case_search")
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        for name in ("ix_case_file_name_key", "ix_case_unit_state", *INDEXES):
            batch_op.drop_index(name)
        batch_op.drop_column("name_key")
        batch_op.drop_column("search_text")


def _add_trigrams() -> None:
    """pg_trgm is a trusted extension: the right to create in the database suffices."""
    if op.get_bind().scalar(sa.text("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'")):
        return
    try:
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DBAPIError as refused:
        raise Unavailable(NO_TRIGRAMS) from refused


def _fill() -> None:
    """What each case is found by, as mdk.cases.search made it when this was written."""
    connection = op.get_bind()
    cases = sa.table("case_file", *map(sa.column, ("id", "number", "unit_id", "question", "patient_name")))
    units = sa.table("unit", sa.column("id"), sa.column("name"))
    query = sa.select(cases.c.id, cases.c.number, units.c.name, cases.c.question, cases.c.patient_name)
    page = query.join(units, units.c.id == cases.c.unit_id).order_by(cases.c.id).limit(BATCH)
    put = sa.text("UPDATE case_file SET search_text = :text, name_key = :name WHERE id = :id")
    last = 0
    while rows := connection.execute(page.where(cases.c.id > last)).all():
        filled = [
            {"id": row[0], "text": "\n".join(map(_folded, row[1:4])), "name": _folded(" ".join(row[4].split()))}
            for row in rows
        ]
        connection.execute(put, filled)
        last = rows[-1][0]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _index_words() -> None:
    """A full-text table that keeps no text of its own; SQLite drops the triggers whenever case_file is made anew."""
    op.execute(
        "CREATE VIRTUAL TABLE case_search USING fts5(search_text, content='case_file', content_rowid='id', "
        "tokenize='trigram')"
    )
    op.execute("INSERT INTO case_search(case_search) VALUES ('rebuild')")
    add = "INSERT INTO case_search(rowid, search_text) VALUES (new.id, new.search_text);"
    drop = "INSERT INTO case_search(case_search, rowid, search_text) VALUES ('delete', old.id, old.search_text);"
    for moment, on, act in (
        ("insert", "INSERT", add),
        ("delete", "DELETE", drop),
        ("update", "UPDATE OF search_text", f"{drop} {add}"),
    ):
        op.execute(f"CREATE TRIGGER case_search_{moment} AFTER {on} ON case_file BEGIN {act} END")
