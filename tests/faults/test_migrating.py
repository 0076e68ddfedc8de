"""A machine that dies while the schema is renewed: the database is what it was, and renewing it again succeeds."""

import os
import signal
import subprocess
import sys

import pytest
from alembic import command
from sqlalchemy import inspect, text

from mdk.db import BEHIND, Database, _alembic, check_revision, check_schema, migrate

EARLIER = "0016"
# One process forks another for each place, which kills itself before its n-th statement, or before its last commit (0).
DIES = """
import os, signal, sys
from sqlalchemy import event
from mdk.db import Database, migrate

def renew(die_at):
    database, left = Database(sys.argv[1]), die_at
    def step(*_):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)
    if die_at:
        event.listen(database.engine, "before_cursor_execute", step)
    else:
        event.listen(database.engine, "commit", die)
    migrate(database)
    os._exit(0)

for place in map(int, sys.argv[2].split(",")):
    child = os.fork()
    if not child:
        renew(place)
    _, status = os.waitpid(child, 0)
    print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
"""


def killed(url: str, places: list[int]) -> list[int]:
    """By which signal each died that was to be killed at a place while it renewed the schema; 0 if it came through."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    given = [url, ",".join(map(str, places))]
    done = subprocess.run([sys.executable, "-c", DIES, *given], env=environment, check=True, stdout=subprocess.PIPE)
    return [int(line) for line in done.stdout.split()]


def test_a_schema_that_was_being_renewed_when_the_machine_died_is_the_old_one_and_whole(
    empty_database_url: str,
) -> None:  # F4
    database = Database(empty_database_url)
    with database.engine.begin() as connection:
        command.upgrade(_alembic(connection), EARLIER)
        row = "INSERT INTO region (code, name, has_asih, profile) VALUES ('skane', 'Skåne', true, '{}')"
        connection.execute(text(row))
    with database.engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
    database.close()
    places = [3, 12, 40, 0]
    assert killed(empty_database_url, places) == [signal.SIGKILL] * len(places)
    assert check_revision(database) == BEHIND
    assert "mdk backup" in BEHIND
    with database.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == tables
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == EARLIER
    migrate(database)
    assert check_schema(database) == ""
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT name FROM region")).scalar_one() == "Skåne"
    database.close()


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_it_is_so_at_many_statements(empty_database_url: str) -> None:  # F4
    places = list(range(1, 2000, 30))
    ends = killed(empty_database_url, places)
    through = ends.index(0)
    assert through > 8
    assert ends[:through] == [signal.SIGKILL] * through
    database = Database(empty_database_url)
    assert check_schema(database) == ""
    database.close()
