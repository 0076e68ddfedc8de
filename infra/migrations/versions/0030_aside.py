"""An answer to times that have changed waits beside until the change has been told."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participation", sa.Column("aside", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("participation") as table:
        table.drop_column("aside")
