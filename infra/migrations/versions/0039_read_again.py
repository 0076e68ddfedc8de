"""Since when an answer that had been read waits to be read again; the release before leaves it empty and does not look."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_WHERE = sa.text("read_confirmed_at IS NULL AND read_again_since IS NOT NULL")


def upgrade() -> None:
    op.add_column("case_file", sa.Column("read_again_since", UTCDateTime(), nullable=True))
    where = {"sqlite_where": _WHERE, "postgresql_where": _WHERE}
    op.create_index("ix_case_read_again", "case_file", ["read_again_since", "id"], **where)


def downgrade() -> None:
    op.drop_index("ix_case_read_again", table_name="case_file")
    op.drop_column("case_file", "read_again_since")
