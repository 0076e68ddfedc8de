"""By whom a sign-in was vouched for and where from, and what the identity provider calls people and places."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_TEXTS = ("issuer", "vouched", "address", "agent")


def upgrade() -> None:
    for table in ("unit", "person", "assignment"):
        op.add_column(table, sa.Column("hsa_id", sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    for table in ("unit", "person"):
        op.create_index(op.f(f"ix_{table}_hsa_id"), table, ["hsa_id"], unique=True)
    with op.batch_alter_table("sign_in") as batch:
        batch.alter_column("assignment_id", existing_type=sa.Integer(), nullable=True)
        for name in _TEXTS:
            batch.add_column(sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=""))


def downgrade() -> None:
    op.execute("DELETE FROM sign_in WHERE assignment_id IS NULL")
    with op.batch_alter_table("sign_in") as batch:
        batch.alter_column("assignment_id", existing_type=sa.Integer(), nullable=False)
        for name in _TEXTS:
            batch.drop_column(name)
    for table in ("unit", "person"):
        op.drop_index(op.f(f"ix_{table}_hsa_id"), table_name=table)
    for table in ("unit", "person", "assignment"):
        op.drop_column(table, "hsa_id")
