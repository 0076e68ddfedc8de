"""Owns the way from settings to a database that knows the installation's own choices."""

from mdk.clinical.opioids import check_table
from mdk.db import Choices, Database
from mdk.errors import RuleBroken
from mdk.keyring import Masters, derived
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
    chosen = Choices(table, settings["VIDEO_URL_TEMPLATE"], settings["LANGUAGE"])
    return Database(settings.database_url, chosen, masters=masters(settings))


def masters(settings: Settings) -> Masters | None:
    """The key of the installation's own data, and the one before it; None when it has no secret to make one of.

    Before it is given a `DATA_KEY` it has one that follows from its secret, which still opens when it gets its own.
    """
    chosen, earlier = (bytes.fromhex(settings[name]) for name in ("DATA_KEY", "DATA_KEY_OLD"))
    found = [derived(each) for each in (chosen, settings["SECRET_KEY"].encode(), earlier) if each]
    return Masters(found[0], tuple(found[1:])) if found else None
