"""Guards against the ways around: replacing, truncating, signing without a seal, adding to a draft, losing a key."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_KEPT = "signed minutes never change"
_UNSEALED = "minutes are signed with their seal only"
_UNSIGNED = "only signed minutes are added to"
_KEY = "a published key never changes"

# name: (table, the acts it stands before, when it refuses, the refusal). SQLite's REPLACE removes the row that is in
# the way without firing a trigger of removal, so what a new row would push out is looked for before it comes.
_GUARDS: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "minutes_replaced": (
        "minutes",
        ("INSERT", "UPDATE"),
        (
            "EXISTS (SELECT 1 FROM minutes AS other WHERE other.signed_at IS NOT NULL AND (other.id = NEW.id OR "
            "(other.conference_id = NEW.conference_id AND other.case_id = NEW.case_id)))"
        ),
        _KEPT,
    ),
    "minutes_unsealed": (
        "minutes",
        ("INSERT", "UPDATE"),
        (
            "NEW.signed_at IS NOT NULL AND NOT EXISTS "
            "(SELECT 1 FROM minutes_seal AS seal WHERE seal.minutes_id = NEW.id AND seal.addendum = 0)"
        ),
        _UNSEALED,
    ),
    "minutes_addendum_replaced": (
        "minutes_addendum",
        ("INSERT",),
        "EXISTS (SELECT 1 FROM minutes_addendum AS other WHERE other.id = NEW.id)",
        _KEPT,
    ),
    "minutes_addendum_unsigned": (
        "minutes_addendum",
        ("INSERT",),
        "NOT EXISTS (SELECT 1 FROM minutes WHERE minutes.id = NEW.minutes_id AND minutes.signed_at IS NOT NULL)",
        _UNSIGNED,
    ),
    "minutes_seal_replaced": (
        "minutes_seal",
        ("INSERT",),
        (
            "EXISTS (SELECT 1 FROM minutes_seal AS other WHERE other.id = NEW.id OR "
            "(other.minutes_id = NEW.minutes_id AND other.addendum = NEW.addendum))"
        ),
        _KEPT,
    ),
    "signing_key_replaced": (
        "signing_key",
        ("INSERT",),
        "EXISTS (SELECT 1 FROM signing_key AS other WHERE other.kid = NEW.kid OR (other.active AND NEW.active))",
        _KEY,
    ),
    "signing_key_changed": (
        "signing_key",
        ("UPDATE",),
        "NEW.kid <> OLD.kid OR NEW.public <> OLD.public OR (NEW.active AND NOT OLD.active)",
        _KEY,
    ),
    "signing_key_removed": ("signing_key", ("DELETE",), "", _KEY),
}
# What PostgreSQL's TRUNCATE would take with it, and when that is refused.
_TRUNCATED = {
    "minutes": "EXISTS (SELECT 1 FROM minutes WHERE signed_at IS NOT NULL)",
    "minutes_addendum": "EXISTS (SELECT 1 FROM minutes_addendum)",
    "minutes_seal": "EXISTS (SELECT 1 FROM minutes_seal)",
    "signing_key": "EXISTS (SELECT 1 FROM signing_key)",
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        for name, (table, acts, condition, refusal) in _GUARDS.items():
            for act in acts:
                when = f"WHEN {condition} " if condition else ""
                op.execute(
                    f"CREATE TRIGGER {name}_by_{act.lower()} BEFORE {act} ON {table} {when}"
                    f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
                )
        return
    for name, (table, acts, condition, refusal) in _GUARDS.items():
        _guard(name, f"{' OR '.join(acts)} ON {table} FOR EACH ROW", condition or "true", refusal)
    for table, condition in _TRUNCATED.items():
        _guard(f"{table}_truncated", f"TRUNCATE ON {table} FOR EACH STATEMENT", condition, _KEPT)


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        for name, (_table, acts, _condition, _refusal) in _GUARDS.items():
            for act in acts:
                op.execute(f"DROP TRIGGER {name}_by_{act.lower()}")
        return
    tables = {name: guard[0] for name, guard in _GUARDS.items()} | {f"{table}_truncated": table for table in _TRUNCATED}
    for name, table in tables.items():
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")


def _guard(name: str, before: str, condition: str, refusal: str) -> None:
    row = "OLD" if before.startswith("DELETE") else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
        f"RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {row}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {before} EXECUTE FUNCTION {name}()")
