"""Since when a person's tokens of the API are void; the release before leaves it empty and does not look."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import UTCDateTime

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("tokens_ended_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("person", "tokens_ended_at")
