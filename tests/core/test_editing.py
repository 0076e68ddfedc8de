"""Who has which field of a draft open: told to the others who write, by name only, and soon forgotten."""

import pytest

import make
from mdk.db import Database
from mdk.errors import NotAllowed
from mdk.minutes import editing


def tell(database: Database, held: str, number: str, tab: str, field: str, **given: object) -> None:
    told = {"at": make.MEETS, **given}
    make.act(database, make.CHAIR, editing.tell, conference_id=held, number=number, tab=tab, field=field, **told)


def others(database: Database, held: str, number: str, tab: str, **given: object) -> list[tuple[str, str, bool]]:
    found = make.ask(database, make.CHAIR, editing.others, held, number, tab=tab, **{"at": make.MEETS, **given})
    return [(each.field, each.by, each.is_self) for each in found]


def test_one_window_sees_which_field_another_has_open_and_not_its_own(clinic: Database) -> None:
    number = make.accepted(clinic)
    held = make.in_session(clinic, [number])
    tell(clinic, held, number, "a", "answer")
    tell(clinic, held, number, "a", "motivation")
    assert others(clinic, held, number, "a") == []
    assert others(clinic, held, number, "b") == [("motivation", "Olga Förare", True)]
    assert others(clinic, held, number, "b", at=make.MEETS + editing.LASTS + make.MINUTE) == []
    for field in ("", "ingen sådan"):
        tell(clinic, held, number, "a", field)
        assert others(clinic, held, number, "b") == []


def test_only_who_writes_tells_and_sees(ward: Database) -> None:
    number = make.accepted(ward)
    held = make.in_session(ward, [number])
    with pytest.raises(NotAllowed):
        make.ask(ward, make.NURSE, editing.others, held, number, tab="b")
    with pytest.raises(NotAllowed):
        make.act(ward, make.NURSE, editing.tell, conference_id=held, number=number, tab="b", field="answer")
