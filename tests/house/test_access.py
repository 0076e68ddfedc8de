"""Every address says which act it is, in a table that is written out for people."""

import re
import runpy
from pathlib import Path

import stores
from mdk import settings
from mdk.db import sqlite_file
from mdk.people.rules import ACCESS
from mdk_web.access import ANYONE, BY_LINK, ROUTES, SIGNED_IN, WATCHING
from mdk_web.app import create_app
from tree import ROOT

WRITER = ROOT / "infra" / "docs" / "write_access.py"


def addresses(folder: Path) -> set[str]:
    """Every address that the application serves, as `METHOD /path/{id}`."""
    configured = settings.load({"MDK_SECRET_KEY": "0" * 64}, dotenv=Path("/dev/null"), data_dir=folder)
    database = stores.made(sqlite_file(folder / "none.sqlite"))
    found = {
        f"{method} {re.sub(r':[a-z]+', '', route.path)}"
        for route in create_app(configured, database).routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods - {"OPTIONS", "HEAD"}
    }
    database.close()
    return found


def test_every_address_has_its_act(tmp_path: Path) -> None:
    served = addresses(tmp_path)
    with_acts = {address.removesuffix("{act}") for address in served if address.endswith("/{act}")}
    told = {row if row in served else f"{row.rpartition('/')[0]}/" for row in ROUTES}
    without = {address for address in served if address.removesuffix("{act}") not in told | with_acts}
    assert without == set(), "add a row to web/mdk_web/access.py, then run: python infra/docs/write_access.py"
    assert told - served - with_acts == set(), "these rows of web/mdk_web/access.py are no addresses any more"


def test_every_act_of_an_address_is_in_the_table_of_who_may() -> None:
    assert set(ROUTES.values()) - {ANYONE, BY_LINK, WATCHING, SIGNED_IN} - set(ACCESS) == set()


def test_the_written_table_is_the_present_one() -> None:
    written = runpy.run_path(str(WRITER))
    assert WRITER.with_name("access.md").read_text(encoding="utf-8") == written["document"](), f"run: python {WRITER}"
