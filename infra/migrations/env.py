"""Runs the migrations on the connection that `mdk.db` hands over, against every table of the program."""

import importlib

from alembic import context
from sqlmodel import SQLModel

from mdk.db import is_modelled

TABLES = (
    "mdk.audit.tables",
    "mdk.outbox.tables",
    "mdk.secrecy.tables",
    "mdk.people.tables",
    "mdk.cases.tables",
    "mdk.conferences.tables",
    "mdk.minutes.tables",
    "mdk.pathways.tables",
    "mdk.figures.tables",
    "mdk.learning.tables",
    "mdk.inspection.tables",
    "mdk.keeping.tables",
    "mdk_calendar.tables",
    "mdk_web.tables",
)

for module in TABLES:
    importlib.import_module(module)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transaction_per_migration=False,
    include_name=is_modelled,
)
with context.begin_transaction():
    context.run_migrations()
