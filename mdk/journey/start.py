"""Owns the way from settings to a database that knows the installation's own choices."""

from mdk.clinical.opioids import check_table
from mdk.db import Choices, Database
from mdk.errors import RuleBroken
from mdk.settings import BadSetting, Settings


def database(settings: Settings) -> Database:
    """The configured database; its units of work know the installation's choices.

    Raises `BadSetting` for an `OMEQ_TABLE` that is not shipped.
    """
    table = settings["OMEQ_TABLE"] or None
    try:
        check_table(table)
    except RuleBroken as unknown:
        raise BadSetting(f"MDK_OMEQ_TABLE: {unknown.message}") from unknown
    return Database(settings.database_url, Choices(table, settings["VIDEO_URL_TEMPLATE"]))
