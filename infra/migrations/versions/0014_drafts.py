"""A draft of minutes remembers which opened form saved it last."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "minutes", sa.Column("saved_from", sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("minutes", "saved_from")
