"""What cannot change needs no guard: a row of the log's register is nothing but its key.

SQLite's REPLACE of such a row puts back the very same. The look before each row cost half of what a list's entry did.
"""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_TRIGGER = "access_log_case_kept_from_replacement"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {_TRIGGER}")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {_TRIGGER} BEFORE INSERT ON access_log_case WHEN EXISTS (SELECT 1 FROM access_log_case AS "  # noqa: S608 - our own words
            "other WHERE other.case_number = NEW.case_number AND other.log_id = NEW.log_id) "
            "BEGIN SELECT RAISE(ABORT, 'the log is only added to'); END"
        )
