"""Reports of what has passed its least time, decisions to remove it, and guards that let nothing else be removed."""

# ruff: noqa: S608 - every word of it is our own
import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_LOG, _MINUTES = "the log is only added to", "signed minutes never change"
_DECISION = "a decision to remove is kept as it was made"
_STANDS = (
    "d.confirmed_at IS NOT NULL AND d.confirmed_by <> d.made_by AND d.withdrawn_at IS NULL AND d.finished_at IS NULL"
)
_IN_HAND = f"removal_case AS r JOIN removal_decision AS d ON d.id = r.decision_id AND {_STANDS}"
_CASE = f"EXISTS (SELECT 1 FROM {_IN_HAND} WHERE r.state = 'in_hand' AND r.case_id = {{}})"
_OF_MINUTES = (
    f"EXISTS (SELECT 1 FROM {_IN_HAND} JOIN minutes AS m ON m.case_id = r.case_id "
    "WHERE r.state = 'in_hand' AND m.id = OLD.minutes_id)"
)
_OF_ROW = (
    "EXISTS (SELECT 1 FROM access_log_removal AS c JOIN removal_decision AS d ON d.id = c.decision_id "
    f"AND c.last_id <= d.log_last_id AND {_STANDS} WHERE OLD.{{}} BETWEEN c.first_id AND c.last_id)"
)
# What hangs on a case and has moves of its own: the kind of the move, and the table that its subject is a row of.
_THINGS = {
    "referral": "implant_referral",
    "assignment": "pump_assignment",
    "action": "pathway_action",
    "learning": "learning_case",
}
_OF_MOVE = (
    f"EXISTS (SELECT 1 FROM {_IN_HAND} WHERE r.state = 'in_hand' AND ("
    "(OLD.kind = 'case' AND OLD.subject = r.number) OR (OLD.kind = 'minutes' AND OLD.subject LIKE '%/' || r.number)"
    + "".join(
        f" OR (OLD.kind = '{kind}' AND EXISTS (SELECT 1 FROM {table} AS t WHERE t.id = OLD.subject AND t.case_id = r.case_id))"
        for kind, table in _THINGS.items()
    )
    + "".join(
        f" OR (OLD.kind = 'prerequisite' AND EXISTS (SELECT 1 FROM {table} AS t "
        "WHERE OLD.subject LIKE t.id || '.%' AND t.case_id = r.case_id))"
        for table in ("implant_referral", "pump_assignment")
    )
    + "))"
)
# table: (when removing one of its rows is refused, the refusal)
_REMOVALS = {
    "access_log": (f"NOT {_OF_ROW.format('id')}", _LOG),
    "access_log_case": (f"NOT {_OF_ROW.format('log_id')}", _LOG),
    "state_move": (f"NOT {_OF_MOVE}", _LOG),
    "minutes": (f"OLD.signed_at IS NOT NULL AND NOT {_CASE.format('OLD.case_id')}", _MINUTES),
    "minutes_addendum": (f"NOT {_OF_MINUTES}", _MINUTES),
    "minutes_seal": (f"NOT {_OF_MINUTES}", _MINUTES),
}
_BEFORE = {"minutes": "OLD.signed_at IS NOT NULL"}  # when these refused it, and refuse a change still; others always
_MADE = ("reference", "reason", "records_before", "log_before", "log_last_id", "made_at", "made_by")
_SAME = "NEW.{0} IS NOT OLD.{0}", "NEW.{0} IS DISTINCT FROM OLD.{0}"  # each store's word for "is another", NULL or not
_TAKEN = "EXISTS (SELECT 1 FROM {0} AS other WHERE {1})"


def upgrade() -> None:
    _create_tables()
    for table, (condition, refusal) in _REMOVALS.items():
        _let_through(table, condition, refusal)
    for name, (table, act, condition) in _guards().items():
        _guard(name, table, act, condition, _LOG if table == "access_log_removal" else _DECISION)


def downgrade() -> None:
    for name, (table, _act, _condition) in _guards().items():
        _drop(name, table)
    for table, (_condition, refusal) in _REMOVALS.items():
        _shut(table, refusal)
    for table in ("access_log_removal", "removal_case", "removal_decision", "keeping_report"):
        op.drop_table(table)


def _create_tables() -> None:
    op.create_table(
        "keeping_report",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("patients", sa.Integer(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("oldest_entry", sa.Date(), nullable=True),
        sa.Column("log_rows", sa.Integer(), nullable=False),
        sa.Column("oldest_row", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("month"),
    )
    op.create_table(
        "removal_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("records_before", sa.Date(), nullable=True),
        sa.Column("log_before", sa.Date(), nullable=True),
        sa.Column("log_last_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("confirmed_by", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.Integer(), nullable=True),
        sa.Column("finished_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("confirmed_by <> made_by", name="two_decide"),
        sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed_whole"),
        sa.CheckConstraint("records_before IS NOT NULL OR log_before IS NOT NULL", name="covers_something"),
        *(sa.ForeignKeyConstraint([name], ["person.id"]) for name in ("made_by", "confirmed_by", "withdrawn_by")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "removal_case",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("state", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("removed_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('listed', 'in_hand', 'removed', 'kept')", name="state_known"),
        sa.ForeignKeyConstraint(["decision_id"], ["removal_decision.id"]),
        sa.PrimaryKeyConstraint("decision_id", "number"),
    )
    in_hand = sa.text("state = 'in_hand'")
    op.create_index(
        "ix_removal_case_in_hand", "removal_case", ["case_id"], sqlite_where=in_hand, postgresql_where=in_hand
    )
    op.create_index("ix_removal_case_state", "removal_case", ["decision_id", "state", "case_id"])
    op.create_table(
        "access_log_removal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.Integer(), nullable=False),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(), nullable=False),
        sa.Column("at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _guards() -> dict[str, tuple[str, str, str]]:
    """What keeps decisions and checkpoints as they were made: (table, the act it stands before, when it refuses)."""
    other = _SAME[_is_postgres()]
    made = " OR ".join(other.format(name) for name in (*_MADE, "id"))
    settled = " OR ".join(
        f"(OLD.{name} IS NOT NULL AND {other.format(name)})"
        for name in ("confirmed_at", "confirmed_by", "withdrawn_at", "finished_at")
    )
    case = " OR ".join(other.format(name) for name in ("decision_id", "number", "case_id"))
    confirmed = (
        "EXISTS (SELECT 1 FROM removal_decision AS d WHERE d.id = NEW.decision_id AND d.confirmed_at IS NOT NULL)"
    )
    same_case = "other.decision_id = NEW.decision_id AND other.number = NEW.number"
    taken = {name: _TAKEN.format(name, "other.id = NEW.id") for name in ("removal_decision", "access_log_removal")}
    begun = "NEW.confirmed_at IS NOT NULL OR NEW.finished_at IS NOT NULL"
    return {
        "removal_decision_changed": ("removal_decision", "UPDATE", f"{made} OR {settled}"),
        "removal_decision_removed": ("removal_decision", "DELETE", "1 = 1"),
        "removal_decision_forged": ("removal_decision", "INSERT", f"{begun} OR {taken['removal_decision']}"),
        "removal_case_changed": ("removal_case", "UPDATE", f"{case} OR OLD.state IN ('removed', 'kept')"),
        "removal_case_removed": ("removal_case", "DELETE", "1 = 1"),
        "removal_case_added": (
            "removal_case",
            "INSERT",
            f"NEW.state <> 'listed' OR {confirmed} OR {_TAKEN.format('removal_case', same_case)}",
        ),
        "access_log_removal_changed": ("access_log_removal", "UPDATE", "1 = 1"),
        "access_log_removal_removed": ("access_log_removal", "DELETE", "1 = 1"),
        "access_log_removal_replaced": ("access_log_removal", "INSERT", taken["access_log_removal"]),
    }


def _guard(name: str, table: str, act: str, condition: str, refusal: str) -> None:
    if not _is_postgres():
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {act} ON {table} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        )
        return
    row = "OLD" if act == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
        f"RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {row}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    if act == "DELETE" and condition == "1 = 1":
        op.execute(
            f"CREATE TRIGGER {name}_by_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def _drop(name: str, table: str) -> None:
    if _is_postgres():
        op.execute(f"DROP TRIGGER IF EXISTS {name}_by_truncate ON {table}")
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")
    else:
        op.execute(f"DROP TRIGGER {name}")


def _let_through(table: str, condition: str, refusal: str) -> None:
    """Refuse a change as before, and a removal unless it is one that a confirmed decision covers."""
    if not _is_postgres():
        op.execute(f"DROP TRIGGER IF EXISTS {table}_kept_from_removal")
        _guard(f"{table}_kept_from_removal", table, "DELETE", condition, refusal)
        return
    op.execute(f"DROP TRIGGER IF EXISTS {table}_kept ON {table}")
    _keep_from(table, "UPDATE")
    _guard(f"{table}_removed", table, "DELETE", condition, refusal)


def _shut(table: str, refusal: str) -> None:
    """Refuse every removal again."""
    if not _is_postgres():
        op.execute(f"DROP TRIGGER {table}_kept_from_removal")
        _guard(f"{table}_kept_from_removal", table, "DELETE", _BEFORE.get(table, "1 = 1"), refusal)
        return
    _drop(f"{table}_removed", table)
    op.execute(f"DROP TRIGGER {table}_kept ON {table}")
    _keep_from(table, "UPDATE OR DELETE")


def _keep_from(table: str, acts: str) -> None:
    when = f"WHEN ({_BEFORE[table]}) " if table in _BEFORE else ""
    op.execute(
        f"CREATE TRIGGER {table}_kept BEFORE {acts} ON {table} FOR EACH ROW {when}EXECUTE FUNCTION {table}_is_kept()"
    )
