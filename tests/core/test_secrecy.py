"""The keys that seal patient data are changed while people work: nothing is lost, everyone is found, and it goes on."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlmodel import col

import make
import stores
from core.test_attachments import attach, listed, some
from core.test_sealing import NAME, OTHER, a_patient, other_key, run
from mdk import backups
from mdk.audit.structs import SYSTEM
from mdk.cases import lists, shut
from mdk.cases.tables import Case, PatientBlock
from mdk.db import Database
from mdk.errors import RuleBroken
from mdk.journey import resealing
from mdk.keyring import Masters, WrongKey
from mdk.secrecy import service
from mdk.secrecy.tables import DataKey

NEXT = Masters(OTHER.current, (stores.MASTERS.current,))
KEPT = {"minutes.document", "minutes_addendum.text", "minutes_seal.jws", "minutes_seal.pdf", "minutes_seal.sheet"}


def rotated(database: Database, masters: Masters = NEXT) -> int:
    with database.writing() as session:
        return service.rotate(session, masters=masters, by=SYSTEM, at=make.AT)


def renewed(database: Database) -> bool:
    with database.writing() as session:
        return service.renew(session, masters=stores.MASTERS, by=SYSTEM, at=make.AT)


def found(database: Database, text: str = NAME) -> list[str]:
    return [line.number for line in make.ask(database, make.COORDINATOR, lists.lines, text=text)[0]]


def left(database: Database) -> set[str]:
    """The columns in which something is sealed with an earlier key; whatever there is opens."""
    tried = resealing.tried(database)
    assert [each.place for each in tried if each.bad] == []
    return {each.place for each in tried if each.earlier}


def test_the_installation_s_key_is_changed_at_once_and_whoever_works_goes_on(clinic: Database) -> None:
    number = a_patient(clinic)
    both, only = other_key(clinic, NEXT), other_key(clinic, OTHER)
    with pytest.raises(WrongKey):
        only.unlock()
    assert (rotated(both), rotated(both)) == (2, 0)
    only.unlock()
    assert found(only) == found(both) == found(clinic) == [number]
    later = make.submitted(clinic, make.submission(**{"patient.name": "Senare"}))  # a process that was never restarted
    assert found(only, "Senare") == [later]
    clinic.close()
    with pytest.raises(WrongKey):
        clinic.unlock()
    for each in (both, only):
        each.close()


def test_new_keys_seal_everything_that_may_change_and_what_is_signed_stays(clinic: Database) -> None:
    number = a_patient(clinic)
    assert left(clinic) == set()
    assert renewed(clinic)
    assert left(clinic) > KEPT - {"minutes_addendum.text"}
    assert found(clinic) == found(clinic, make.ADULT) == [number]
    assert not renewed(clinic)  # the change goes on
    resealing.reseal(clinic, by=SYSTEM, size=1)
    assert left(clinic) <= KEPT
    assert found(clinic) == found(clinic, make.ADULT) == [number]
    assert resealing.reseal(clinic, by=SYSTEM) == 0
    with clinic.reading() as session:
        keys = session.execute(select(col(DataKey.purpose), col(DataKey.active), col(DataKey.retired_at).is_(None)))
        assert sorted(tuple(row) for row in keys) == [
            ("index", False, False), ("index", True, True), ("seal", False, False), ("seal", True, True),
        ]  # fmt: skip
    assert [line.name for line in listed(clinic, number)] != []
    assert renewed(clinic)


def test_while_keys_change_all_rows_of_a_patient_are_found_by_the_same(clinic: Database) -> None:
    number = a_patient(clinic)
    renewed(clinic)
    later = make.submitted(clinic, make.submission())
    new = make.submitted(clinic, make.submission(**{"patient.identity_number": make.OTHER_ADULT}))
    with clinic.reading() as session:
        blind = dict(session.execute(select(col(Case.number), col(Case.identity_blind))).all())
        block = session.scalars(select(col(PatientBlock.identity_blind))).one()
    assert blind[number] == blind[later] == block
    assert blind[new][:8] != block[:8]
    ids = [make.case_row(clinic, each).id or 0 for each in (number, later, new)]
    assert make.ask(clinic, make.NURSE, lambda session, by, at: shut.open_to(session, ids, by=by)) == {ids[2]}
    resealing.reseal(clinic, by=SYSTEM)
    assert make.ask(clinic, make.NURSE, lambda session, by, at: shut.open_to(session, ids, by=by)) == {ids[2]}
    assert set(found(clinic, make.ADULT)) == {number, later}


def test_keys_are_changed_under_load(clinic: Database) -> None:
    numbers = [make.submitted(clinic) for _ in range(6)]
    attach(clinic, numbers[0], some())
    renewed(clinic)

    def work(turn: int) -> str:
        number = make.submitted(clinic, make.submission(**{"patient.name": f"Arbetande {turn}"}))
        assert found(clinic, f"arbetande {turn}") == [number]
        assert set(found(clinic, make.ADULT)) >= {*numbers, number}
        return number

    with ThreadPoolExecutor(3) as pool:
        working = pool.map(work, range(9))
        resealing.reseal(clinic, by=SYSTEM, size=2)
        made = list(working)
    resealing.reseal(clinic, by=SYSTEM)
    assert left(clinic) == set()
    assert set(found(clinic, make.ADULT)) == {*numbers, *made}
    assert run(clinic, "SELECT count(DISTINCT identity_blind) FROM case_file") == 1
    assert run(clinic, "SELECT count(DISTINCT substr(name_key, 1, 8)) FROM case_file") == 1


# Children die at their n-th commit, the first before anything is done; each goes on where the one before was cut off.
DIES = """
import os, signal, sys
import stores
from sqlalchemy import event
from mdk.audit.structs import SYSTEM
from mdk.journey import resealing

def work(die_at):
    database = stores.made(sys.argv[1])
    left = [die_at]
    def step(*_):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(database.engine, "commit", step)
    resealing.reseal(database, by=SYSTEM, size=2)

deaths = 0
for die_at in range(1, 60):
    child = os.fork()
    if child == 0:
        work(die_at)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
    deaths += 1
print(deaths)
"""


def test_a_change_of_keys_that_was_killed_again_and_again_is_finished(clinic: Database) -> None:
    numbers = [make.submitted(clinic, make.submission(**{"patient.name": f"Patient {each}"})) for each in range(5)]
    renewed(clinic)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    address = clinic.url if clinic.is_sqlite else clinic.url.set(drivername="postgresql")
    command = [sys.executable, "-c", DIES, address.render_as_string(hide_password=False)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) >= 3
    assert left(clinic) == set()
    assert [found(clinic, f"patient {each}") for each in range(5)] == [[number] for number in numbers]
    assert resealing.reseal(clinic, by=SYSTEM) == 0


def test_a_value_that_does_not_open_is_counted_and_the_others_with_it(clinic: Database) -> None:
    for _ in range(3):
        make.submitted(clinic)
    run(clinic, "UPDATE case_file SET patient_name = identity_number WHERE number LIKE '%2'")
    counted = {each.place: each[1:] for each in resealing.tried(clinic, size=2)}
    assert counted["case_file.patient_name"] == (2, 1, 0)
    assert counted["case_file.identity_number"] == (3, 0, 0)


def test_a_copy_that_is_sealed_with_another_key_is_not_restored(clinic: Database, tmp_path: Path) -> None:
    number = make.submitted(clinic)
    backups.save(clinic, tmp_path / "copy")
    assert stores.MASTERS.current not in (tmp_path / "copy").read_bytes()
    for masters in (OTHER, None):
        other = other_key(clinic, masters)
        with pytest.raises(RuleBroken) as refused:
            backups.restore(other, tmp_path / "copy", replaces=True)
        assert refused.value.rule == "backup.key"
        other.close()
    later = make.submitted(clinic)
    backups.restore(clinic, tmp_path / "copy", replaces=True)
    assert found(clinic, make.ADULT) == [number]
    assert later not in found(clinic, make.ADULT)


def test_a_change_of_keys_stands_in_the_log(ward: Database) -> None:
    make.submitted(ward)
    rotated(ward)
    renewed(ward)
    resealing.reseal(ward, by=SYSTEM)
    logged = "SELECT group_concat(act, ' ') FROM (SELECT act FROM access_log WHERE act LIKE 'data-key.%' ORDER BY id)"
    assert run(ward, logged) == "data-key.rotate data-key.renew data-key.retire"
